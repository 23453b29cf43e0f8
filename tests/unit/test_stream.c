/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the texts of streams: what is in them, and where they are wrong. */
#include "../../apps/gen_headers.c"
#include "../../apps/gen_layers.c"
#include "../../apps/gen_rate.c"
#include "../../apps/gen_stream.c"
#include "../../apps/gen_streams.c"
#include "../../apps/gen_values.c"

#include "unit.h"

#include <unistd.h>

static struct gen_stream stream;
static struct gen_stream_error error;

/* The text is a stream's. */
static bool good(const char *text)
{
	if (gen_stream_parse(&stream, text, &error))
		return true;
	printf("\n    '%s', byte %u: expected %s ", text, error.offset, error.expected);
	return false;
}

static void layers_are_bytes_in_their_order(void)
{
	static const struct {
		const char *text;
		unsigned bytes, l3_at, ip_version, l4_at, sum_at, type;
	} cases[] = {
		{"", 42, 14, 4, 34, 40, 0x0800},
		{"eth ip udp", 42, 14, 4, 34, 40, 0x0800},
		{"tcp", 54, 14, 4, 34, 50, 0x0800},
		{"vlan=1 icmp", 46, 18, 4, 38, 40, 0x0800},
		{"vlan=1 vlan=2 ip6", 70, 22, 6, 62, 68, 0x86dd},
		{"ip6 tcp", 74, 14, 6, 54, 70, 0x86dd},
		{"arp", 42, 14, 0, 0, 0, 0x0806},
		{"eth type=0x88b5", 14, 14, 0, 0, 0, 0x88b5},
		{"vlan=1 type=0x88b5", 18, 18, 0, 0, 0, 0x88b5},
		{"ip proto=253", 34, 14, 4, 0, 0, 0x0800},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_TRUE_FATAL(good(cases[i].text));
		const struct gen_headers *h = &stream.headers;
		ASSERT_NUMBER(h->bytes, cases[i].bytes);
		ASSERT_NUMBER(h->l3_at, cases[i].l3_at);
		ASSERT_NUMBER(h->ip_version, cases[i].ip_version);
		ASSERT_NUMBER(h->l4_at, cases[i].l4_at);
		ASSERT_NUMBER(h->l4_sum_at, cases[i].sum_at);
		ASSERT_NUMBER(h->data[h->l3_at - 2] << 8 | h->data[h->l3_at - 1], cases[i].type);
		gen_stream_free(&stream);
	}
	CU_ASSERT_TRUE_FATAL(good("vlan=1 pcp=7 vlan=4095 dei=1 ip6 icmp"));
	CU_ASSERT_EQUAL(memcmp(stream.headers.data + 12, "\x88\xa8\xe0\1\x81\0\x1f\xff\x86\xdd", 10), 0);
	CU_ASSERT_EQUAL(stream.headers.data[22 + 6], 58);
	CU_ASSERT_EQUAL(stream.headers.data[62], 128);
	CU_ASSERT_TRUE_FATAL(good("vlan=1 tpid=0x9100 vlan=2"));
	CU_ASSERT_EQUAL(memcmp(stream.headers.data + 12, "\x91\0\0\1\x81\0\0\2\x08\0", 10), 0);
}

static void values_are_fixed_counting_lists_or_random(void)
{
	static const struct {
		const char *text;
		enum gen_order order;
		uint64_t first, step, count;
	} cases[] = {
		{"udp dst=1-1024", GEN_COUNTING, 1, 1, 1024},
		{"udp dst=0x10-20/2", GEN_COUNTING, 16, 2, 3},
		{"udp dst=7,9,8", GEN_LIST, 7, 0, 3},
		{"udp dst=random", GEN_RANDOM, 0, 1, 65536},
		{"udp dst=random(5-9)", GEN_RANDOM, 5, 1, 5},
		{"ip dst=10.0.0.0-10.0.0.255/3", GEN_COUNTING, 0x0a000000, 3, 86},
		{"ip dst=0.0.0.0-255.255.255.255", GEN_COUNTING, 0, 1, UINT64_C(1) << 32},
		{"eth dst=02:00:00:00:00:00-02:00:00:00:00:ff", GEN_COUNTING, UINT64_C(0x020000000000), 1, 256},
		{"ip6 dst=2001:2::1-2001:2::5", GEN_COUNTING, 1, 1, 5},
		{"ip6 src=random", GEN_RANDOM, 0, 1, 0},
		{"tcp flags=S,SA,0x10", GEN_LIST, 2, 0, 3},
		{"vlan=0-4095", GEN_COUNTING, 0, 1, 4096},
		{"arp op=1-2", GEN_COUNTING, 1, 1, 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_TRUE_FATAL(good(cases[i].text));
		ASSERT_NUMBER(stream.headers.field_count, 1);
		const struct gen_values *v = &stream.headers.fields[0].values;
		ASSERT_NUMBER(v->order, cases[i].order);
		ASSERT_NUMBER(v->list ? v->list[0] : v->first, cases[i].first);
		ASSERT_NUMBER(v->step, cases[i].step);
		ASSERT_NUMBER(v->count, cases[i].count);
		gen_stream_free(&stream);
	}
	/* both halves of IPv6 addresses are in the list */
	CU_ASSERT_TRUE_FATAL(good("ip6 dst=1::2,3::4"));
	ASSERT_NUMBER(stream.headers.field_count, 2);
	ASSERT_NUMBER(stream.headers.fields[0].values.list[1], UINT64_C(3) << 48);
	ASSERT_NUMBER(stream.headers.fields[1].values.list[1], 4);
	gen_stream_free(&stream);
}

static void words_of_the_whole_stream_stand_anywhere(void)
{
	CU_ASSERT_TRUE_FATAL(
		good(" rate=20%\tvlan=5 count=3M pace=burst(32) ip6 name=a-b_1 udp dst=7 sum=wrong stamp=no "));
	ASSERT_NUMBER(stream.rate.value, 20);
	ASSERT_NUMBER(stream.rate.unit, GEN_RATE_PERCENT);
	ASSERT_NUMBER(stream.count, 3000000);
	ASSERT_NUMBER(stream.pace, GEN_PACE_BURST);
	ASSERT_NUMBER(stream.burst, 32);
	CU_ASSERT_STRING_EQUAL(stream.name, "a-b_1");
	CU_ASSERT_TRUE(stream.wrong_sum && stream.no_stamp);
	ASSERT_NUMBER(stream.size.first, 70); /* as many as the headers need */
	CU_ASSERT_TRUE_FATAL(good("flows=5 udp dst=7"));
	ASSERT_NUMBER(stream.headers.field_count, 2);
	ASSERT_NUMBER(stream.size.first, 64);
}

/* What sizes there are, and how often each. */
static void mix_is(const char *text, const unsigned sizes[3], const unsigned counts[3], unsigned all)
{
	unsigned got[3] = {0};

	CU_ASSERT_TRUE_FATAL(good(text));
	ASSERT_NUMBER(stream.size.count, all);
	for (unsigned i = 0; i < stream.size.count; i++)
		for (unsigned k = 0; k < 3; k++)
			got[k] += stream.size.list[i] == sizes[k];
	for (unsigned k = 0; k < 3; k++)
		ASSERT_NUMBER(got[k], counts[k]);
	gen_stream_free(&stream);
}

static void mixes_of_sizes_are_what_their_names_say(void)
{
	mix_is("size=imix", (unsigned[]){64, 594, 1518}, (unsigned[]){7, 4, 1}, 12);
	mix_is("size=imix-csit", (unsigned[]){64, 570, 1518}, (unsigned[]){28, 16, 4}, 48);
	mix_is("size=imix-ip", (unsigned[]){64, 594, 1518}, (unsigned[]){7, 4, 1}, 12);
	mix_is("vlan=1 ip6 tcp size=imix", (unsigned[]){100, 594, 1518}, (unsigned[]){7, 4, 1}, 12);
	mix_is("vlan=1 ip6 tcp size=imix stamp=no", (unsigned[]){82, 594, 1518}, (unsigned[]){7, 4, 1}, 12);
	mix_is("size=64:1,100:2,16384:3", (unsigned[]){64, 100, 16384}, (unsigned[]){1, 2, 3}, 6);
	/* no run of small ones is longer than it must be */
	CU_ASSERT_TRUE_FATAL(good("size=imix"));
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_FALSE(
			stream.size.list[i] == 64 && stream.size.list[i + 1] == 64 && stream.size.list[i + 2] == 64);
	gen_stream_free(&stream);
	CU_ASSERT_TRUE_FATAL(good("size=100-200/7"));
	ASSERT_NUMBER(gen_stream_shortest(&stream), 100);
	ASSERT_NUMBER(gen_stream_longest(&stream), 198);
}

static void wrong_texts_say_where_and_what_was_expected(void)
{
	static const struct {
		const char *text;
		unsigned offset;
		const char *expected;
	} cases[] = {
		{"foo", 0, "a layer"},
		{"udp  ttl=5", 5, "a field of udp (src= dst=)"},
		{"tcp =5", 4, "a field of tcp"},
		{"udp dst", 4, "a field of udp"},
		{"udp dst=", 8, "a number from 0 to 65535"},
		{"udp dst=65536", 8, "a number from 0 to 65535"},
		{"udp dst=-1", 8, "a number from 0 to 65535"},
		{"udp dst=99999999999999999999999", 8, "a number from 0 to 65535"},
		{"udp dst=0x", 9, "a space behind"},
		{"udp dst=5x", 9, "a space behind"},
		{"udp dst=9-8", 10, "a value no less than the first"},
		{"udp dst=1-2/0", 12, "a number from 1 to 4294967295"},
		{"udp dst=1,2,", 12, "a number"},
		{"udp dst=random(3)", 16, "- and the greatest value"},
		{"udp dst=random(3-4", 18, ") behind the greatest value"},
		{"udp dst=random(3-9/2)", 20, ") behind the greatest value"},
		{"udp dst=1 dst=2", 10, "each field once"},
		{"udp ip", 4, "each layer once, and in the order"},
		{"arp udp", 4, "each layer once, and in the order"},
		{"eth src=random arp", 18, "sha= behind arp"},
		{"ip6 ip", 4, "each layer once, and in the order"},
		{"udp tcp", 4, "each layer once, and in the order"},
		{"ip vlan=4", 3, "each layer once, and in the order"},
		{"eth dst=02:00:00:00:00:01 eth", 26, "each layer once, and in the order"},
		{"vlan=1 vlan=2 vlan=3", 14, "at most two VLAN tags"},
		{"vlan udp", 4, "=ID behind vlan"},
		{"udp=5", 3, "a space behind a layer"},
		{"eth type=1 ip", 11, "no layer behind type= or proto="},
		{"ip proto=1 icmp", 11, "no layer behind type= or proto="},
		{"eth dst=02:00:00:00:00:0", 8, "an Ethernet address such as"},
		{"ip dst=1.2.3", 7, "an IPv4 address such as"},
		{"ip6 dst=1.2.3.4", 8, "an IPv6 address such as"},
		{"ip6 dst=1::1-2::2", 13, "differs in its last 64 bits"},
		{"ip6 dst=::-::ffff:ffff:ffff:ffff", 8, "fewer than 2^64 values"},
		{"tcp flags=X", 10, "letters of FSRPAUEC"},
		{"size=0", 5, "a number from 64 to 16384"},
		{"size=63:1", 5, "a size from 64 to 16384"},
		{"size=64:", 7, "a colon and a weight"},
		{"size=64:0", 8, "weights from 1"},
		{"size=64:4000,65:97", 16, "weights from 1, at most 4096 in all"},
		{"size=64:99999999999999999999", 8, "weights from 1, at most 4096 in all"},
		{"size=64:1;", 9, "a comma, or a space"},
		{"size=imixx", 5, "a number"},
		{"size=64 size=65", 8, "size= once"},
		{"ip6 tcp size=77", 13, "sizes from 78 on"},
		{"rate=1e30", 5, "bits per second"},
		{"rate=0", 5, "0.000001"},
		{"rate=-1", 5, "packets per second"},
		{"pace=burst(0)", 5, "burst(N)"},
		{"pace=burst(5", 5, "burst(N)"},
		{"pace=burst(99999999999)", 5, "burst(N)"},
		{"count=0", 6, "a number of packets"},
		{"count=1e30", 6, "a number of packets"},
		{"name=", 5, "a name"},
		{"name=a/b", 5, "a name"},
		{"name=abcdefghijklmnopqrstuvwxyzabcdef", 5, "a name of at most 31"},
		{"sum=maybe", 4, "right or wrong"},
		{"stamp=", 6, "yes or no"},
		{"flows=0", 6, "a number of flows"},
		{"icmp flows=2", 11, "udp or tcp, whose source port"},
		{"udp src=5 flows=2", 16, "no other source port"},
		{"ip src=random udp flows=2", 24, "no other source port, nor a source address that varies"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (gen_stream_parse(&stream, cases[i].text, &error)) {
			printf("\n    '%s' was taken ", cases[i].text);
			CU_FAIL("a wrong text was taken");
			gen_stream_free(&stream);
			continue;
		}
		if (error.offset != cases[i].offset || !strstr(error.expected, cases[i].expected)) {
			printf("\n    '%s', byte %u: expected %s ", cases[i].text, error.offset, error.expected);
			CU_FAIL("another error was expected");
		}
	}
}

/* A text of very many values, or of very many fields, takes no memory to speak of. */
static void long_texts_are_refused_where_they_get_too_long(void)
{
	const size_t bytes = 1 << 20;
	char *text = malloc(bytes + 1);

	for (size_t i = 0; i < bytes; i++)
		text[i] = i % 2 ? ',' : '7';
	memcpy(text, "udp dst=", 8);
	text[bytes] = '\0';
	CU_ASSERT_FALSE(gen_stream_parse(&stream, text, &error));
	ASSERT_NUMBER(error.offset, 8 + 2 * GEN_LIST_MAX);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.expected, "at most 4096 values"));
	memset(text, 'a', bytes);
	CU_ASSERT_FALSE(gen_stream_parse(&stream, text, &error));
	ASSERT_NUMBER(error.offset, 0);
	memset(text, ' ', bytes);
	CU_ASSERT_TRUE(gen_stream_parse(&stream, text, &error));
	gen_stream_free(&stream);
	free(text);
}

static struct gen_streams streams;

static bool add_file_of(const char *text, size_t bytes)
{
	char path[] = "/tmp/pollux-streams-XXXXXX", name[40];
	int fd = mkstemp(path);
	bool written = write(fd, text, bytes) == (ssize_t)bytes;

	close(fd);
	snprintf(name, sizeof(name), "@%s", path);
	bool added = written && gen_streams_add(&streams, name);
	unlink(path);
	return added;
}

static void files_have_a_stream_a_line(void)
{
	static const char text[] = "# one\nudp dst=5\r\n\n  \t# two\n tcp rate=5%", zero[] = "udp\ntcp \0 dst=5\n",
			  wrong[] = "udp\n\ntcp\n  foo\n", empty[] = "# nothing\n";

	CU_ASSERT_TRUE(add_file_of(text, sizeof(text) - 1));
	ASSERT_NUMBER(streams.count, 2);
	CU_ASSERT_TRUE(streams.each[0].headers.is_udp);
	ASSERT_NUMBER(streams.each[1].rate.value, 5);
	gen_streams_free(&streams);
	CU_ASSERT_FALSE(add_file_of(zero, sizeof(zero) - 1));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, ", line 2: a zero byte"));
	gen_streams_free(&streams);
	CU_ASSERT_FALSE(add_file_of(wrong, sizeof(wrong) - 1));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, ", line 4, byte 3, at 'foo': expected a layer"));
	gen_streams_free(&streams);
	CU_ASSERT_FALSE(add_file_of(empty, sizeof(empty) - 1));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, "no stream is in it"));
	CU_ASSERT_FALSE(gen_streams_add(&streams, "@/dev/zero"));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, "longer than 1 MiB"));
	CU_ASSERT_FALSE(gen_streams_add(&streams, "@/nonexistent"));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, "No such file"));
	CU_ASSERT_FALSE(gen_streams_add(&streams, "@/tmp"));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, "directory"));
	ASSERT_NUMBER(streams.count, 0);
}

static void streams_are_64_and_fit_the_mtu(void)
{
	CU_ASSERT_FALSE(gen_streams_add(&streams, "udp\x01\x80 \xff"));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, "--stream, byte 1, at 'udp\?\?': expected a layer"));
	for (unsigned i = 0; i < GEN_STREAMS; i++)
		CU_ASSERT_TRUE(gen_streams_add(&streams, i == 63 ? "vlan=5 size=64-1522" : "size=1518"));
	CU_ASSERT_FALSE(gen_streams_add(&streams, "udp"));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, "at most 64 streams"));
	CU_ASSERT_TRUE(gen_streams_fit(&streams, 1500));
	CU_ASSERT_FALSE(gen_streams_fit(&streams, 1499));
	CU_ASSERT_FALSE(gen_streams_are_random(&streams));
	gen_streams_free(&streams);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_TRUE(gen_streams_add(&streams, "udp dst=1-9"));
		CU_ASSERT_TRUE(gen_streams_add(&streams, i == 0   ? "size=random(64-90)"
							 : i == 1 ? "pace=poisson"
								  : "ip src=random"));
		CU_ASSERT_TRUE(gen_streams_are_random(&streams));
		gen_streams_free(&streams);
	}
	CU_ASSERT_TRUE(gen_streams_add(&streams, "vlan=5 vlan=6 size=9000"));
	CU_ASSERT_FALSE(gen_streams_fit(&streams, 1500));
	CU_ASSERT_PTR_NOT_NULL(strstr(streams.error, "9000 bytes, and this MTU at most 1526: they need --mtu 8974"));
	gen_streams_free(&streams);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"layers are bytes in their order", layers_are_bytes_in_their_order},
		{"values are fixed, counting, lists or random", values_are_fixed_counting_lists_or_random},
		{"words of the whole stream stand anywhere", words_of_the_whole_stream_stand_anywhere},
		{"mixes of sizes are what their names say", mixes_of_sizes_are_what_their_names_say},
		{"wrong texts say where, and what was expected", wrong_texts_say_where_and_what_was_expected},
		{"long texts are refused where they get too long", long_texts_are_refused_where_they_get_too_long},
		{"files have a stream a line", files_have_a_stream_a_line},
		{"streams are 64, and fit the MTU", streams_are_64_and_fit_the_mtu},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "streams of the generator", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
