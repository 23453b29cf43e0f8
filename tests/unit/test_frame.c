/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the frames that the generator makes: their sums by a reference that adds byte by byte, their flows, and
 * whether what comes back is recognised. */
#include "../../apps/gen_fields.c"
#include "../../apps/gen_frame.c"
#include "../../apps/gen_headers.c"
#include "../../apps/gen_layers.c"
#include "../../apps/gen_match.c"
#include "../../apps/gen_rate.c"
#include "../../apps/gen_stream.c"
#include "../../apps/gen_values.c"

#include "unit.h"

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
static struct gen_makers makers, others;

/* ---- The reference ---- */

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

/* Adds bytes as the Internet checksum does, with what is there already. */
static unsigned add_bytes(unsigned sum, const uint8_t *data, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		sum += i % 2 ? data[i] : data[i] * 256u;
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return sum;
}

/* Whether lengths and sums of a frame are what any receiver would want. */
static bool is_right(const uint8_t *frame, unsigned bytes)
{
	unsigned at = 12;
	while (get16(frame + at) == 0x8100 || get16(frame + at) == 0x88a8)
		at += 4;
	unsigned type = get16(frame + at), l4, protocol, pseudo;
	at += 2;
	if (type == 0x0800) {
		if (get16(frame + at + 2) != bytes - at || add_bytes(0, frame + at, 20) != 0xffff)
			return false;
		protocol = frame[at + 9];
		l4 = at + 20;
		pseudo = add_bytes(0, frame + at + 12, 8);
	} else if (type == 0x86dd) {
		if (get16(frame + at + 4) != bytes - at - 40)
			return false;
		protocol = frame[at + 6];
		l4 = at + 40;
		pseudo = add_bytes(0, frame + at + 8, 32);
	} else {
		return true;
	}
	if (protocol == 17 && get16(frame + l4 + 4) != bytes - l4)
		return false;
	if (protocol == 17 && get16(frame + l4 + 6) == 0)
		return false;
	uint8_t rest[4] = {0, (uint8_t)protocol, (uint8_t)((bytes - l4) >> 8), (uint8_t)(bytes - l4)};
	pseudo = protocol == 1 ? 0 : add_bytes(pseudo, rest, 4);
	return (protocol != 17 && protocol != 6 && protocol != 1 && protocol != 58) ||
	       add_bytes(pseudo, frame + l4, bytes - l4) == 0xffff;
}

/* ---- Today's default ---- */

static void make_default(struct gen_makers *m, struct gen_stream *stream, unsigned bytes, uint64_t flows,
	unsigned senders, uint64_t seed)
{
	struct gen_stream_error error;
	char text[64];

	snprintf(text, sizeof(text), "size=%u flows=%llu", bytes + NIC_FCS_BYTES, (unsigned long long)flows);
	CU_ASSERT_TRUE_FATAL(gen_stream_parse(stream, text, &error));
	gen_makers_free(m);
	gen_makers_init(m, stream, 1, seed, senders, mac, mac);
}

/* Whether a received frame is a whole one of ours, as it was sent. */
static bool intact(const struct gen_makers *m, const uint8_t *data, unsigned bytes, uint64_t *number)
{
	unsigned hint = 0;
	struct gen_stamp stamp;
	const struct gen_maker *maker = gen_makers_find(m, &hint, data, bytes, &stamp);

	*number = maker ? stamp.number : UINT64_MAX;
	return maker && stamp.bytes == bytes && gen_maker_is_intact(maker, &stamp, data, bytes);
}

static void frames_are_right_and_come_back_with_their_number(void)
{
	static const uint64_t numbers[] = {
		0, 1, 65535, 65536, 999999, 1 << 30, UINT64_C(0x123456789abc), GEN_NUMBER_LIMIT - 1};
	static const unsigned sizes[] = {60, 61, 64, 65, 511, 1514, 2048};
	static uint8_t frame[PKT_DATA_BYTES];
	struct gen_stream stream;
	unsigned hint = 0;
	struct gen_stamp stamp;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		make_default(&others, &stream, sizes[s], 1000003, 1, 43);
		make_default(&makers, &stream, sizes[s], 1000003, 1, 42);
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			uint64_t number = 0, time = numbers[i] * 12345;
			gen_maker_write(&makers.each[0], numbers[i], time, frame);
			CU_ASSERT_TRUE(is_right(frame, sizes[s]));
			CU_ASSERT_TRUE(intact(&makers, frame, sizes[s], &number));
			ASSERT_NUMBER(number, numbers[i]);
			CU_ASSERT_FALSE(intact(&others, frame, sizes[s], &number));
			CU_ASSERT_PTR_NULL(gen_makers_find(&makers, &hint, frame, 59, &stamp));
			CU_ASSERT_PTR_NOT_NULL(gen_makers_find(&makers, &hint, frame, sizes[s], &stamp));
			ASSERT_NUMBER(stamp.time, time % GEN_TIME_LIMIT);
			CU_ASSERT_FALSE(intact(&makers, frame, sizes[s] - 1, &number));
			for (unsigned byte = 0; byte < sizes[s]; byte++) {
				frame[byte] ^= 0x10;
				CU_ASSERT_EQUAL(intact(&makers, frame, sizes[s], &number), byte < 12);
				frame[byte] ^= 0x10;
			}
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void flows_differ_in_address_or_port(void)
{
	enum { FLOWS = 300000 };
	struct gen_stream stream;
	uint8_t frame[GEN_HEADERS_BYTES];
	uint64_t *seen = calloc(FLOWS, sizeof(*seen));
	unsigned same = 0;

	make_default(&makers, &stream, 60, FLOWS, 1, 1);
	for (unsigned i = 0; i < FLOWS; i++) {
		gen_maker_write(&makers.each[0], i, 0, frame);
		memcpy(&seen[i], frame + 26, 4);
		memcpy((uint8_t *)&seen[i] + 4, frame + 34, 2);
	}
	qsort(seen, FLOWS, sizeof(*seen), compare);
	for (unsigned i = 1; i < FLOWS; i++)
		same += seen[i] == seen[i - 1];
	ASSERT_NUMBER(same, 0);
	free(seen);
}

static void a_flow_is_one_senders(void)
{
	static const unsigned flows[] = {1, 2, 3, 7, 300};
	struct gen_stream stream;

	for (unsigned i = 0; i < sizeof(flows) / sizeof(*flows); i++) {
		unsigned sender_of[300], of_flow[300] = {0};
		make_default(&makers, &stream, 60, flows[i], 3, 1);
		memset(sender_of, 0xff, sizeof(sender_of));
		for (unsigned number = 0; number < 3000; number++) {
			uint64_t flow = flow_of(&makers.each[0], number);
			CU_ASSERT_TRUE_FATAL(flow < flows[i]);
			of_flow[flow]++;
			if (flows[i] >= 3 && sender_of[flow] != UINT32_MAX)
				ASSERT_NUMBER(sender_of[flow], number % 3);
			sender_of[flow] = number % 3;
		}
		for (unsigned flow = 0; flow < flows[i]; flow++)
			CU_ASSERT_TRUE(of_flow[flow] >= 1000 / (flows[i] / 3 + 1));
	}
}

static void pieces_of_long_frames_are_compared_where_they_belong(void)
{
	static uint8_t frame[APP_FRAME_MAX];
	struct gen_stream stream;
	struct gen_stamp stamp;
	unsigned hint = 0;

	make_default(&makers, &stream, 5000, 1, 1, 7);
	const struct gen_maker *maker = &makers.each[0];
	gen_maker_write(maker, 77, 5, frame);
	CU_ASSERT_TRUE(is_right(frame, 5000));
	CU_ASSERT_PTR_EQUAL_FATAL(gen_makers_find(&makers, &hint, frame, 2048, &stamp), maker);
	ASSERT_NUMBER(stamp.bytes, 5000);
	CU_ASSERT_TRUE(gen_maker_is_intact(maker, &stamp, frame, 2048));
	CU_ASSERT_TRUE(gen_maker_is_piece_intact(&stamp, frame + 2048, 2048, 2048));
	CU_ASSERT_TRUE(gen_maker_is_piece_intact(&stamp, frame + 4096, 904, 4096));
	CU_ASSERT_FALSE(gen_maker_is_piece_intact(&stamp, frame + 4096, 905, 4096)); /* longer than it was */
	CU_ASSERT_FALSE(gen_maker_is_piece_intact(&stamp, frame, 2048, 5001));
	frame[3000] ^= 1;
	CU_ASSERT_FALSE(gen_maker_is_piece_intact(&stamp, frame + 2048, 2048, 2048));
	frame[2000] ^= 1;
	CU_ASSERT_FALSE(gen_maker_is_intact(maker, &stamp, frame, 2048));
}

/* ---- All shapes ---- */

static const char *const shapes[] = {
	"",
	"flows=1000",
	"flows=1001",
	"udp dst=1-1024",
	"udp dst=1-5000", /* more than there are heads of */
	"vlan=5 ip6 udp dst=1-1024 size=imix",
	"vlan=1-7 pcp=0-7 vlan=100,200,300 tcp flags=S,SA,A seq=0-4294967295/65537 src=random",
	"ip src=10.0.0.1-10.0.0.7 dst=random(10.1.0.0-10.1.0.9) ttl=1-64/9 id=random tos=0-255 udp size=64-1518",
	"ip6 src=2001:2::1-2001:2::ff dst=2001:2::1,fe80::2,::3 tos=1-3 label=random ttl=7 tcp size=78",
	"ip6 src=random icmp type=128-129 id=5-9 seq=0-65535",
	"icmp type=8 code=0-3 id=random seq=0-99 size=imix-csit",
	"eth src=02:00:00:00:00:01-02:00:00:00:00:20 dst=random arp op=1,2 sha=random spa=1.0.0.0-1.0.0.9",
	"arp",
	"eth type=0x88b5 size=imix-ip",
	"vlan=5 type=0x1234",
	"ip proto=253 src=1.2.3.4-1.2.3.9",
	"ip df=0 mf=1 frag=0-3 proto=253",
	"ip src=10.0.0.0-10.255.255.255/3 id=0-65535 udp src=random size=100,200,300",
	"flows=1000000",
	"vlan=1-4094 ip6 src=random icmp id=random seq=0-65535",
	"ip ttl=random dst=random tcp flags=random size=78",
	"ip6 proto=59",
	"tcp size=68", /* no room for a stamp */
	"udp stamp=no dst=1-9",
	"udp sum=wrong dst=random",
	"tcp sum=wrong",
	"size=random(64-1518) flows=7",
	"size=64:5,65:3,9000:1 tcp window=random urgent=1,2 stamp=no",
	"ip6 tcp dst=1-7 flags=S,A size=9000",
	"vlan=1-3 icmp seq=0-99",
	"ip6 icmp id=1-420 size=100,101",
	"ip src=10.0.0.1-10.0.0.7 dst=random icmp", /* whose sum the addresses are not in */
	"ip src=10.0.0.1-10.0.0.7 icmp",
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static struct gen_stream streams[SHAPES];
static const uint8_t to[6] = {2, 0, 0, 0, 0, 9};

static void make_shapes(struct gen_makers *m, uint64_t seed, unsigned senders)
{
	struct gen_stream_error error;

	for (unsigned i = 0; i < SHAPES; i++)
		if (!gen_stream_parse(&streams[i], shapes[i], &error))
			CU_FAIL_FATAL("a shape is no stream");
	gen_makers_free(m);
	gen_makers_init(m, streams, SHAPES, seed, senders, to, mac);
}

static void free_shapes(struct gen_makers *m)
{
	gen_makers_free(m);
	for (unsigned i = 0; i < SHAPES; i++)
		gen_stream_free(&streams[i]);
}

static const enum pkt_simd simds[] = {PKT_SIMD_SCALAR, PKT_SIMD_AVX2, PKT_SIMD_AVX512};

/* Frames from heads, in bursts or alone, are what field by field makes of them. */
static void all_ways_make_the_same_frames(void)
{
	static uint8_t wanted[APP_FRAME_MAX], alone[APP_FRAME_MAX], buffers[40][APP_FRAME_MAX];
	static const unsigned senders[] = {1, 3, 4, 7};
	struct pkt pkts[40];
	unsigned with_heads = 0;

	for (size_t s = 0; s < sizeof(senders) / sizeof(*senders) * 3; s++) {
		make_shapes(&makers, 5, senders[s / 3]);
		for (unsigned i = 0; i < SHAPES; i++) {
			struct gen_maker *m = &makers.each[i];
			uint64_t number = GEN_NUMBER_LIMIT - 100000 + 11 * i;
			with_heads += m->heads != NULL && !m->is_partial;
			m->simd = m->simd < simds[s % 3] ? m->simd : simds[s % 3];
			for (unsigned burst = 0; burst < 40; burst++) {
				for (unsigned k = 0; k < burst; k++)
					pkts[k] = (struct pkt){.data = buffers[k], .flags = 7, .len = 7};
				gen_maker_write_burst(m, number, 1234567890123456789u + burst, pkts, burst);
				for (unsigned k = 0; k < burst; k++, number += makers.senders) {
					unsigned bytes = gen_maker_bytes(m, number);
					gen_fields_write(m, number, 1234567890123456789u + burst, wanted);
					gen_maker_write(m, number, 1234567890123456789u + burst, alone);
					bool same = memcmp(wanted, alone, m->head_bytes) == 0 &&
						    memcmp(wanted, buffers[k], m->head_bytes) == 0 &&
						    pkts[k].len == bytes && pkts[k].flags == 0;
					if (!same)
						printf("\n    '%s': another frame %llu ", shapes[i],
							(unsigned long long)number);
					CU_ASSERT_TRUE_FATAL(same);
				}
			}
		}
		free_shapes(&makers);
	}
	ASSERT_NUMBER(with_heads, 66); /* else only one way was tried */
}

/* A sum of 0 is sent as it is, but by UDP, for which it would be none. */
static void sums_of_zero_are_right_by_all_ways(void)
{
	static const char *const texts[] = {
		"udp dst=1-3", "tcp dst=1-3", "udp dst=1-9999", "tcp dst=1-9999", "ip id=0-65535"};
	static uint8_t wanted[APP_FRAME_MAX], alone[APP_FRAME_MAX], burst[APP_FRAME_MAX];
	struct gen_stream_error error;
	struct gen_stream stream;

	for (unsigned t = 0; t < 5; t++) {
		unsigned zeros = 0;
		CU_ASSERT_TRUE_FATAL(gen_stream_parse(&stream, texts[t], &error));
		gen_makers_init(&makers, &stream, 1, 1, 1, mac, mac);
		const struct gen_maker *m = &makers.each[0];
		for (uint64_t number = 0; number < 300000; number++) {
			struct pkt pkt = {.data = burst};
			gen_fields_write(m, number, 0, wanted);
			unsigned sum = get16(wanted + (t == 4 ? 24 : stream.headers.l4_sum_at));
			if (sum != (t % 2 || t == 4 ? 0 : 0xffff)) /* the last one: IP's sum */
				continue;
			zeros++;
			gen_maker_write(m, number, 0, alone);
			gen_maker_write_burst(m, number, 0, &pkt, 1);
			CU_ASSERT_EQUAL(memcmp(wanted, alone, m->head_bytes), 0);
			CU_ASSERT_EQUAL(memcmp(wanted, burst, m->head_bytes), 0);
		}
		CU_ASSERT_TRUE(zeros > 0);
		gen_makers_free(&makers);
	}
}

/* Whether a shape is one whose sums are wrong on purpose. */
static bool is_wrong(unsigned shape)
{
	return strstr(shapes[shape], "sum=wrong");
}

static void frames_of_all_shapes_are_right(void)
{
	static uint8_t frame[APP_FRAME_MAX];

	make_shapes(&makers, 77, 1);
	for (unsigned i = 0; i < SHAPES; i++) {
		for (uint64_t number = 0; number < 3000; number++) {
			unsigned bytes = gen_maker_bytes(&makers.each[i], number);
			gen_maker_write(&makers.each[i], number, number * 99991, frame);
			if (is_right(frame, bytes) == is_wrong(i)) {
				printf("\n    '%s': frame %llu is %s ", shapes[i], (unsigned long long)number,
					is_wrong(i) ? "right" : "wrong");
				CU_FAIL_FATAL("other sums or lengths were wanted");
			}
			CU_ASSERT_TRUE_FATAL(
				bytes >= NIC_FRAME_MIN_BYTES && bytes <= gen_maker_longest(&makers.each[i]));
		}
	}
	free_shapes(&makers);
}

/* Whoever changes what a seed makes breaks somebody's comparison with an earlier run. */
static void a_seed_makes_the_same_frames_everywhere(void)
{
	static uint8_t frame[APP_FRAME_MAX], other[APP_FRAME_MAX];
	uint64_t hash = 0;
	unsigned differ = 0;

	make_shapes(&makers, 1, 1);
	gen_makers_free(&others);
	gen_makers_init(&others, streams, SHAPES, 2, 1, to, mac);
	for (unsigned i = 0; i < SHAPES; i++) {
		for (uint64_t number = 0; number < 50; number++) {
			gen_maker_write(&makers.each[i], number, 0, frame);
			gen_maker_write(&others.each[i], number, 0, other);
			differ += memcmp(frame, other, makers.each[i].head_bytes) != 0;
			for (unsigned byte = 0; byte < makers.each[i].head_bytes; byte++)
				hash = gen_hash(hash, 0, frame[byte], number);
		}
	}
	ASSERT_NUMBER(hash, -7636495765472882467);
	CU_ASSERT_TRUE(differ > 50 * 15); /* those with stamps, at least */
	gen_makers_free(&others);
	free_shapes(&makers);
}

static void random_values_are_spread_evenly(void)
{
	struct gen_stream_error error;
	struct gen_stream stream;
	unsigned of[16] = {0};

	CU_ASSERT_TRUE_FATAL(gen_stream_parse(&stream, "udp dst=random(100-115)", &error));
	gen_makers_init(&makers, &stream, 1, 3, 1, mac, mac);
	for (uint64_t number = 0; number < 16000; number++) {
		uint64_t value = value_of(&makers.each[0], &stream.headers.fields[0].values, 7, number, number);
		CU_ASSERT_TRUE_FATAL(value >= 100 && value <= 115);
		of[value - 100]++;
	}
	for (unsigned i = 0; i < 16; i++)
		CU_ASSERT_TRUE(of[i] > 1000 - 150 && of[i] < 1000 + 150);
	gen_makers_free(&makers);
}

/* The frames of a set of values of the fields of flows are one sender's, of all shapes whose fields count. */
static void flows_of_all_shapes_are_one_senders(void)
{
	static const char *const texts[] = {
		"udp dst=1-12 src=1-5", "vlan=1-9 ip6 dst=::1,::2,::3,::4 tcp", "icmp id=1-10"};
	static struct {
		uint8_t head[GEN_HEADERS_BYTES];
		unsigned sender;
	} seen[100];
	struct gen_stream_error error;
	struct gen_stream stream;

	for (size_t t = 0; t < sizeof(texts) / sizeof(*texts); t++) {
		for (unsigned senders = 2; senders < 8; senders++) {
			unsigned count = 0;
			CU_ASSERT_TRUE_FATAL(gen_stream_parse(&stream, texts[t], &error));
			stream.no_stamp = true;
			gen_makers_init(&makers, &stream, 1, 3, senders, mac, mac);
			for (uint64_t number = 0; number < 2000; number++) {
				uint8_t head[GEN_HEADERS_BYTES];
				unsigned i = 0;
				gen_maker_write(&makers.each[0], number, 0, head);
				while (i < count && memcmp(seen[i].head, head, sizeof(head)) != 0)
					i++;
				if (i < count) {
					ASSERT_NUMBER(number % senders, seen[i].sender);
					continue;
				}
				CU_ASSERT_TRUE_FATAL(count < 100);
				memcpy(seen[count].head, head, sizeof(head));
				seen[count++].sender = (unsigned)(number % senders);
			}
			ASSERT_NUMBER(count, t == 0 ? 60 : t == 1 ? 36 : 10); /* and none is left out */
			gen_makers_free(&makers);
			gen_stream_free(&stream);
		}
	}
}

/* Any stream's frame is found by a receiver that saw another one's before, also with VLAN tags put on or taken off. */
static void frames_of_many_streams_are_found_and_compared(void)
{
	static uint8_t frame[APP_FRAME_MAX], tagged[APP_FRAME_MAX];
	struct gen_stamp stamp;
	unsigned hint = 0;

	make_shapes(&makers, 9, 2);
	for (unsigned round = 0; round < 200; round++) {
		unsigned i = (unsigned)(gen_hash(1, 0, 0, round) % SHAPES);
		const struct gen_maker *m = &makers.each[i];
		uint64_t number = gen_hash(2, 0, 0, round) % GEN_NUMBER_LIMIT;
		unsigned bytes = gen_maker_bytes(m, number), first = bytes < 2048 ? bytes : 2048;
		memset(frame, 0, sizeof(frame));
		gen_maker_write(m, number, round, frame);
		const struct gen_maker *found = gen_makers_find(&makers, &hint, frame, first, &stamp);
		CU_ASSERT_PTR_EQUAL(found, m->stamp_at ? m : NULL);
		if (!found)
			continue;
		ASSERT_NUMBER(stamp.stream, i);
		ASSERT_NUMBER(stamp.number, number);
		ASSERT_NUMBER(stamp.time, round);
		ASSERT_NUMBER(stamp.bytes, bytes);
		ASSERT_NUMBER(stamp.shift, 0);
		CU_ASSERT_TRUE(gen_maker_is_intact(m, &stamp, frame, first));
		/* where no checksum covers the time, nobody can tell that it has changed */
		unsigned byte = 12 + round % (first - 12), time_at = m->stamp_at + GEN_STAMP_TIME;
		if (!m->stream->headers.l4_sum_at && byte >= time_at && byte < time_at + 6)
			byte = 12;
		frame[byte] ^= 1;
		found = gen_makers_find(&makers, &hint, frame, first, &stamp);
		CU_ASSERT_FALSE(found && stamp.number == number && gen_maker_is_intact(found, &stamp, frame, first));
		frame[byte] ^= 1;
		for (int tags = -2; tags <= 2; tags++) {
			unsigned l3 = m->stream->headers.l3_at;
			if (tags == 0 || 14 - 4 * tags > (int)l3 || (tags < 0 && first > 2000))
				continue;
			unsigned shifted = (unsigned)((int)bytes + 4 * tags), piece = shifted < 2048 ? shifted : 2048;
			memset(tagged, 0x81, 24);
			memcpy(tagged + l3 - 2 + 4 * tags, frame + l3 - 2, sizeof(frame) - l3 - 8);
			found = gen_makers_find(&makers, &hint, tagged, piece, &stamp);
			CU_ASSERT_PTR_EQUAL_FATAL(found, m);
			ASSERT_NUMBER(stamp.shift, 4 * tags);
			ASSERT_NUMBER(stamp.bytes, shifted > 60 ? shifted : 60);
			if (!gen_maker_is_intact(m, &stamp, tagged, piece)) {
				printf("\n    '%s' with %d tags more is taken for changed ", shapes[i], tags);
				CU_FAIL("another judgement was wanted");
			}
			tagged[l3 + 4 * tags] ^= 1;
			CU_ASSERT_FALSE(gen_maker_is_intact(m, &stamp, tagged, piece));
		}
	}
	free_shapes(&makers);
}

/* The quick way takes what the other one takes, of streams with heads, and nothing that has changed. */
static void runs_end_at_what_has_changed(void)
{
	enum { N = 20 };
	static uint8_t buffers[N][APP_FRAME_MAX];
	uint64_t times[N], first;
	struct pkt pkts[N];
	unsigned with_heads = 0;

	for (unsigned simd = 0; simd < 3; simd++) {
		make_shapes(&makers, 11, 1);
		for (unsigned i = 0; i < SHAPES; i++) {
			struct gen_maker *m = &makers.each[i];
			if (!m->heads || m->is_partial || gen_maker_longest(m) > PKT_DATA_BYTES)
				continue;
			with_heads++;
			m->simd = m->simd < simds[simd] ? m->simd : simds[simd];
			for (unsigned k = 0; k < N; k++)
				pkts[k] = (struct pkt){.data = memset(buffers[k], 0, APP_FRAME_MAX)};
			gen_maker_write_burst(m, 1000000 + i, 77 << 20, pkts, N);
			ASSERT_NUMBER(gen_maker_match_run(m, pkts, N, &first, times), N);
			for (unsigned k = 0; k < N; k++)
				ASSERT_NUMBER(times[k], 77 << 20);
			ASSERT_NUMBER(first, 1000000 + i);
			struct pkt lost[] = {pkts[0], pkts[1], pkts[3], pkts[4]};
			ASSERT_NUMBER(gen_maker_match_run(m, lost, 4, &first, times), 2);
			ASSERT_NUMBER(gen_maker_match_run(m, lost + 2, 2, &first, times), 2);
			ASSERT_NUMBER(first, 1000003 + i);
			ASSERT_NUMBER(gen_maker_match_run(m, pkts, 0, &first, times), 0);
			pkts[7].flags = PKT_MORE;
			ASSERT_NUMBER(gen_maker_match_run(m, pkts, N, &first, times), 7);
			pkts[7].flags = (uint16_t)~PKT_MORE;
			ASSERT_NUMBER(gen_maker_match_run(m, pkts, N, &first, times), N);
			pkts[5].len++;
			ASSERT_NUMBER(gen_maker_match_run(m, pkts, N, &first, times), 5);
			pkts[5].len--;
			for (unsigned byte = 0; byte < pkts[9].len; byte++) {
				buffers[9][byte] ^= 0x40;
				unsigned wanted = byte < 12 ? N : 9;
				ASSERT_NUMBER(gen_maker_match_run(m, pkts, N, &first, times), wanted);
				buffers[9][byte] ^= 0x40;
			}
		}
		free_shapes(&makers);
	}
	ASSERT_NUMBER(with_heads, 24); /* else there was nothing to try */
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"frames are right and come back with their number", frames_are_right_and_come_back_with_their_number},
		{"flows differ in address or port", flows_differ_in_address_or_port},
		{"a flow is one sender's", a_flow_is_one_senders},
		{"pieces of long frames are compared where they belong",
			pieces_of_long_frames_are_compared_where_they_belong},
		{"all ways make the same frames", all_ways_make_the_same_frames},
		{"sums of zero are right by all ways", sums_of_zero_are_right_by_all_ways},
		{"frames of all shapes are right", frames_of_all_shapes_are_right},
		{"a seed makes the same frames everywhere", a_seed_makes_the_same_frames_everywhere},
		{"random values are spread evenly", random_values_are_spread_evenly},
		{"flows of all shapes are one sender's", flows_of_all_shapes_are_one_senders},
		{"frames of many streams are found and compared", frames_of_many_streams_are_found_and_compared},
		{"runs end at what has changed", runs_end_at_what_has_changed},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "frames of the generator", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
