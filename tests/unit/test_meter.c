/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the comparison's meter: what it sends, which answers it takes, how it counts and what it says. */
#include "../model/wire/meter_icrc.h"
#include "../model/wire/meter_text.h"
#include "unit_meter.h"

#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define USEC   1000ull
#define MSEC   1000000ull
#define SECOND 1000000000ull

static const uint8_t echo_mac[6] = {0x02, 0x82, 0, 0, 0, 0x0E};
static struct meter *meter;
static uint64_t now;

static const struct meter_config basic = {.bytes = 64,
	.window = 4,
	.duration_ns = SECOND,
	.to = {0x02, 0x82, 0, 0, 0, 0x0E},
	.qpn = 0x1234,
	.qkey = 0x77};

static void begin(const struct meter_config *config)
{
	if (!meter)
		meter = meter_open();
	now = now ? now : 1;
	meter_begin(meter, config);
}

/** The requests that go now. */
static unsigned give(struct model_frame *frames)
{
	return meter_give(meter, now, frames, METER_BATCH);
}

static void take(const uint8_t *data, uint32_t len)
{
	const struct model_frame frame = {.data = data, .len = len};
	meter_take(meter, now, &frame, 1, false);
}

static uint16_t ip_checksum(const uint8_t *ip)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < 20; i += 2)
		sum += i == 10 ? 0 : (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t) ~((sum & 0xFFFF) + (sum >> 16));
}

static void set_ip_checksum(uint8_t *frame)
{
	uint16_t sum = ip_checksum(frame + ECHO_IP_AT);
	frame[ECHO_IP_AT + 10] = (uint8_t)(sum >> 8);
	frame[ECHO_IP_AT + 11] = (uint8_t)sum;
}

static const struct meter_result *ended(void)
{
	return meter_ended(meter, now);
}

/** Ends the measurement, with what is under way lost. */
static struct meter_counts counts(void)
{
	meter_give_up(meter, now);
	const struct meter_result *result = ended();
	CU_ASSERT_PTR_NOT_NULL_FATAL(result);
	ASSERT_NUMBER(result->counts.sent, result->counts.received + result->counts.lost);
	ASSERT_NUMBER(gen_histogram_count(&result->round_trips), result->counts.received);
	CU_ASSERT_PTR_NULL(ended());
	CU_ASSERT_FALSE(meter_runs(meter));
	return result->counts;
}

/** The window is full, and stays so: each answer brings a request. */
static void test_window(void)
{
	struct model_frame frames[METER_BATCH];
	begin(&basic);
	ASSERT_NUMBER(give(frames), 4);
	ASSERT_NUMBER(frames[3].len, 60);
	CU_ASSERT_EQUAL(memcmp(frames[0].data, echo_mac, 6), 0);
	ASSERT_NUMBER(ip_checksum(frames[0].data + ECHO_IP_AT),
		frames[0].data[ECHO_IP_AT + 10] << 8 | frames[0].data[ECHO_IP_AT + 11]);
	ASSERT_NUMBER(give(frames), 0);
	ASSERT_NUMBER(meter_due_ns(meter, now), UINT64_MAX);
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.sent, 4);
	ASSERT_NUMBER(c.lost, 4);

	begin(&basic);
	unsigned n = give(frames);
	for (unsigned round = 0; round < 1000; round++) {
		now += 10 * USEC;
		take(echo_answer(&frames[n - 1]), 60);
		n = give(frames);
		ASSERT_NUMBER(n, 1);
	}
	c = counts();
	ASSERT_NUMBER(c.received, 1000);
	ASSERT_NUMBER(c.lost, 4);
	ASSERT_NUMBER(c.wrong + c.other + c.late, 0);
}

/** The UDP checksum of a request is right, computed the plain way. */
static void test_udp_checksum(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	for (config.bytes = 64; config.bytes < 80; config.bytes++) {
		begin(&config);
		give(frames);
		for (unsigned f = 0; f < 4; f++) {
			uint32_t bytes = frames[f].len - ECHO_UDP_AT, sum = 17 + bytes;
			for (uint32_t i = ECHO_IP_AT + 12; i < frames[f].len; i++)
				sum += (uint32_t)frames[f].data[i] << (i & 1 ? 0 : 8);
			while (sum >> 16)
				sum = (sum & 0xFFFF) + (sum >> 16);
			ASSERT_NUMBER(sum, 0xFFFF);
		}
	}
}

/** No request says that it has no checksum, as 0 would, whatever the sum is. */
static void test_sum_of_zero(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	unsigned zeros = 0;
	config.window = METER_WINDOW_MAX;
	begin(&config);
	for (unsigned n, sent = 0; sent < 300000; sent += n) {
		n = give(frames);
		for (unsigned i = 0; i < n; i++) {
			zeros += !frames[i].data[ECHO_UDP_AT + 6] && !frames[i].data[ECHO_UDP_AT + 7];
			take(echo_answer(&frames[i]), 60);
		}
		now += 1000;
	}
	ASSERT_NUMBER(zeros, 0);
	counts();
}

/** A request is lost after a second, not before, and another one goes then. What comes later is late. */
static void test_lost_and_late(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	uint8_t old[4][60];
	config.duration_ns = 10 * SECOND;
	begin(&config);
	give(frames);
	for (unsigned i = 0; i < 4; i++)
		memcpy(old[i], echo_answer(&frames[i]), 60);
	now += SECOND - 1;
	ASSERT_NUMBER(give(frames), 0);
	take(old[0], 60);
	take(old[0], 60); /* twice */
	ASSERT_NUMBER(give(frames), 1);
	now += 1;
	ASSERT_NUMBER(give(frames), 3);
	take(old[1], 60);
	take(old[2], 60);
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.sent, 8);
	ASSERT_NUMBER(c.received, 1);
	ASSERT_NUMBER(c.lost, 7);
	ASSERT_NUMBER(c.late, 3);
	ASSERT_NUMBER(c.wrong, 0);
}

/** No bit of an answer may be another one, but for so many that routers change. */
static void each_bit(const struct meter_config *config, unsigned changeable)
{
	struct model_frame frames[METER_BATCH];
	uint8_t frame[ECHO_FRAME];
	begin(config);
	give(frames);
	memcpy(frame, echo_answer(&frames[0]), frames[0].len);
	for (uint32_t bit = 0; bit < frames[0].len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		take(frame, frames[0].len);
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (uint32_t len = 0; len < frames[0].len; len++)
		take(frame, len);
	take(frame, frames[0].len + 1);
	take(frame, frames[0].len);
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.received, 1);
	ASSERT_NUMBER(c.late, changeable);
	ASSERT_NUMBER(c.wrong + c.other, frames[0].len * 9 + 1 - changeable);
	CU_ASSERT(c.wrong > c.other * 2);
}

static void test_each_bit(void)
{
	struct meter_config config = basic;
	each_bit(&config, 0);
	config.bytes = 77;
	each_bit(&config, 0);
}

/** A kernel that answers has headers of its own. */
static void test_other_headers(void)
{
	struct model_frame frames[METER_BATCH];
	begin(&basic);
	give(frames);
	uint8_t *frame = echo_answer(&frames[0]);
	frame[ECHO_IP_AT + 1] = 0x10;                        /* type of service */
	frame[ECHO_IP_AT + 4] = 0x12;                        /* id */
	frame[ECHO_IP_AT + 6] = 0;                           /* may be cut into fragments */
	frame[ECHO_IP_AT + 8] = 128;                         /* time to live */
	frame[ECHO_UDP_AT + 6] = frame[ECHO_UDP_AT + 7] = 0; /* no checksum */
	set_ip_checksum(frame);
	take(frame, 60);
	frame = echo_answer(&frames[1]);
	frame[ECHO_IP_AT + 6] = 0x20; /* a fragment */
	set_ip_checksum(frame);
	take(frame, 60);
	frame = echo_answer(&frames[2]);
	frame[ECHO_IP_AT + 15] ^= 1; /* another host, with checksums to match: both sums lose what the data gain */
	frame[ECHO_UDP_AT + 6] = frame[ECHO_UDP_AT + 7] = 0;
	set_ip_checksum(frame);
	take(frame, 60);
	take(frames[3].data, 60); /* it came back as it was */
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.received, 1);
	ASSERT_NUMBER(c.wrong, 3);
	ASSERT_NUMBER(c.other, 0);
}

/** Answers to requests that were never sent: another time, a slot outside of the window, a number of the future. */
static void test_forged(void)
{
	struct model_frame frames[METER_BATCH];
	static const unsigned places[] = {ECHO_BTH_AT + 8, ECHO_BTH_AT + 1, ECHO_BTH_AT + 7};
	begin(&basic);
	give(frames);
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t *frame = echo_answer(&frames[0]);
		frame[places[i]] ^= 1;
		frame[ECHO_UDP_AT + 6] = frame[ECHO_UDP_AT + 7] = 0;
		take(frame, 60);
	}
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.received + c.late, 0);
	ASSERT_NUMBER(c.wrong, 3);
}

/** Behind a forwarder an answer is the request, and only there. */
static void test_far(void)
{
	struct model_frame frames[METER_BATCH];
	uint8_t frame[60];
	begin(&basic);
	give(frames);
	memcpy(frame, frames[0].data, 60);
	memset(frame, 0x22, 12);
	meter_take(meter, now, &(struct model_frame){.data = frame, .len = 60}, 1, true);
	memcpy(frame, echo_answer(&frames[1]), 60);
	meter_take(meter, now, &(struct model_frame){.data = frame, .len = 60}, 1, true);
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.received, 1);
	ASSERT_NUMBER(c.wrong, 1);
}

/** What is sent before the warm-up is over counts in nothing, whenever its answer comes. */
static void test_warm_up(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	uint8_t frame[2][60];
	config.warmup_ns = 10 * MSEC;
	begin(&config);
	give(frames);
	memcpy(frame[0], echo_answer(&frames[0]), 60);
	memcpy(frame[1], echo_answer(&frames[1]), 60);
	now += 9 * MSEC;
	take(frame[0], 60);
	take(frame[0], 20);
	ASSERT_NUMBER(give(frames), 1);
	now += MSEC;
	ASSERT_NUMBER(give(frames), 0);
	take(frame[1], 60);
	take(frame[1], 60);
	ASSERT_NUMBER(give(frames), 1);
	now += MSEC;
	take(echo_answer(&frames[0]), 60);
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.sent, 1);
	ASSERT_NUMBER(c.received, 1);
	ASSERT_NUMBER(c.late + c.wrong + c.other, 0);
}

/** A request of the warm-up that nobody answers keeps its place in the window for a tenth of a second only. */
static void test_lost_in_warm_up(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	uint8_t frame[60];
	config.warmup_ns = 50 * MSEC;
	config.window = 1;
	begin(&config);
	give(frames);
	memcpy(frame, echo_answer(&frames[0]), 60);
	now += 100 * MSEC - 1;
	ASSERT_NUMBER(give(frames), 0);
	now += 1;
	ASSERT_NUMBER(give(frames), 1);
	take(frame, 60);
	now += 100 * MSEC;
	ASSERT_NUMBER(give(frames), 0);
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.sent, 1);
	ASSERT_NUMBER(c.lost, 1);
	ASSERT_NUMBER(c.late, 0);
}

/** The end waits for the answers that are under way; stopped, it comes earlier. */
static void test_end(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	config.window = 1;
	begin(&config);
	ASSERT_NUMBER(give(frames), 1);
	now += SECOND - 5 * MSEC;
	CU_ASSERT_PTR_NULL(ended());
	take(echo_answer(&frames[0]), 60);
	ASSERT_NUMBER(give(frames), 1);
	now += 5 * MSEC;
	CU_ASSERT_PTR_NULL(ended());
	ASSERT_NUMBER(give(frames), 0);
	now += 5 * MSEC;
	take(echo_answer(&frames[0]), 60);
	const struct meter_result *result = ended();
	CU_ASSERT_PTR_NOT_NULL_FATAL(result);
	ASSERT_NUMBER(result->ns, SECOND);
	ASSERT_NUMBER(result->counts.sent, 2);
	ASSERT_NUMBER(result->counts.received, 2);
	ASSERT_NUMBER(app_get(&result->round_trips.least), 10 * MSEC);
	ASSERT_NUMBER(app_get(&result->round_trips.most), SECOND - 5 * MSEC);

	begin(&config);
	give(frames);
	now += 100 * MSEC;
	meter_stop(meter, now);
	CU_ASSERT_PTR_NULL(ended());
	ASSERT_NUMBER(give(frames), 0);
	now += 900 * MSEC;
	result = ended();
	CU_ASSERT_PTR_NOT_NULL_FATAL(result);
	ASSERT_NUMBER(result->ns, 100 * MSEC);
	ASSERT_NUMBER(result->counts.lost, 1);

	begin(&config); /* and before anything has gone */
	ASSERT_NUMBER(counts().sent, 0);
}

/** A rate sends what is due, whatever is answered; what could not go for long is put off. */
static void test_rate(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	unsigned n = 0;
	config.window = 0;
	config.rate_pps = 300e3;
	begin(&config);
	for (unsigned i = 0; i < 10000; i++, now += 10 * USEC)
		n += give(frames);
	ASSERT_NUMBER(n, 29998); /* up to 99.99 ms */
	CU_ASSERT(meter_due_ns(meter, now) <= now + 4 * USEC);
	now += SECOND / 2;
	for (unsigned i = 0; i < 1000; i++, now += 10 * USEC)
		n += give(frames);
	CU_ASSERT(n >= 29998 + 2997 && n <= 29998 + 3000);
	ASSERT_NUMBER(counts().lost, n);

	config.rate_pps = 100e6; /* more than may wait */
	begin(&config);
	n = 0;
	for (unsigned i = 0; i < 2000; i++, now += 10 * USEC)
		n += give(frames);
	ASSERT_NUMBER(n, METER_IN_FLIGHT);
	ASSERT_NUMBER(counts().lost, METER_IN_FLIGHT);
}

/** Who has the meter's address is answered at any time; the same question from the far side is not. */
static void test_arp(void)
{
	struct model_frame frames[METER_BATCH];
	uint8_t request[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0,
		0, 0, 0, 9, 198, 18, 0, 2, 0, 0, 0, 0, 0, 0, 198, 18, 0, 1};
	static const uint8_t reply[42] = {2, 0, 0, 0, 0, 9, 2, 0, 0xC6, 0x12, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0,
		0xC6, 0x12, 0, 1, 198, 18, 0, 1, 2, 0, 0, 0, 0, 9, 198, 18, 0, 2};
	begin(&basic);
	counts();
	take(request, 42);
	ASSERT_NUMBER(give(frames), 1);
	ASSERT_NUMBER(frames[0].len, 60);
	CU_ASSERT_EQUAL(memcmp(frames[0].data, reply, sizeof(reply)), 0);
	ASSERT_NUMBER(give(frames), 0);
	take(request, 41);
	meter_take(meter, now, &(struct model_frame){.data = request, .len = 60}, 1, true);
	request[41] = 3;
	take(request, 60);
	ASSERT_NUMBER(give(frames), 0);
	request[41] = 1;
	for (unsigned i = 0; i < 100; i++) /* a storm of them */
		take(request, 60);
	ASSERT_NUMBER(meter_due_ns(meter, now), now);
	begin(&basic);
	ASSERT_NUMBER(give(frames), 8 + 4);
	ASSERT_NUMBER(counts().sent, 4);
}

/** A packet that a network card has sent: ConnectX-4's congestion notification. */
static void test_icrc(void)
{
	static const uint8_t packet[] = {0x45, 0xc2, 0, 0x3c, 0x71, 0x8c, 0x40, 0, 0x40, 0x11, 0x91, 0x61, 0x0a, 0,
		0x11, 1, 0x0a, 0, 0x12, 1, 0, 0, 0x12, 0xb7, 0, 0x28, 0, 0, 0x81, 0, 0xff, 0xff, 0x40, 0, 1, 0x18, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x82, 0xfd, 0, 0x2a};
	uint32_t crc = meter_icrc(packet, sizeof(packet) - 4);
	CU_ASSERT_EQUAL(memcmp(&crc, packet + sizeof(packet) - 4, 4), 0);
}

static void test_roce(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	config.protocol = METER_ROCE;
	ASSERT_NUMBER(meter_frame_bytes(&config), 86);
	config.bytes = 99;
	ASSERT_NUMBER(meter_frame_bytes(&config), 98);
	each_bit(&config, 8); /* the byte of congestion bits */
	config.bytes = 1500;
	ASSERT_NUMBER(meter_frame_bytes(&config), 1094);

	config.bytes = 64;
	begin(&config);
	give(frames);
	ASSERT_NUMBER(frames[0].len, 82);
	ASSERT_NUMBER(frames[0].data[ECHO_BTH_AT], 0x64);
	uint8_t *frame = echo_answer(&frames[0]);
	frame[ECHO_IP_AT + 8] = 3; /* what routers change */
	set_ip_checksum(frame);
	take(frame, 82);
	frame = echo_answer(&frames[1]);
	frame[ECHO_BTH_AT + 1] = 0x80; /* solicited */
	frame[ECHO_BTH_AT + 11] = 77;  /* a packet sequence number of its own */
	echo_set_icrc(frame, 82);
	take(frame, 82);
	static const unsigned fixed[] = {
		ECHO_BTH_AT, ECHO_BTH_AT + 3, ECHO_BTH_AT + 7, ECHO_BTH_AT + 15, ECHO_BTH_AT + 19};
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		frame = echo_answer(&frames[2]);
		frame[fixed[i]] ^= 1;
		echo_set_icrc(frame, 82);
		take(frame, 82);
	}
	struct meter_counts c = counts();
	ASSERT_NUMBER(c.received, 2);
	ASSERT_NUMBER(c.wrong, 5);
}

/** Frames of any length and content, near an answer and far from it, in memory of just that length. */
static void test_nonsense(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	uint64_t sum = 0;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		if (round % 1000 == 0) {
			config.protocol = round / 1000 % 2 ? METER_ROCE : METER_UDP;
			config.bytes = 64 + round / 20;
			config.duration_ns = 1000 * SECOND;
			begin(&config);
			meter_give(meter, now, frames, 4);
		}
		uint32_t len = rand() % 3 ? frames[0].len : (uint32_t)rand() % (frames[0].len + 64);
		uint8_t *copy = malloc(len ? len : 1);
		const uint8_t *base = echo_answer(&frames[rand() % 4]);
		for (uint32_t i = 0; i < len; i++)
			copy[i] = i < frames[0].len && rand() % 4096 ? base[i] : (uint8_t)rand();
		for (int flips = rand() % 8; flips > 0 && len; flips--)
			copy[(uint32_t)rand() % len] = (uint8_t)rand();
		meter_take(meter, now, &(struct model_frame){.data = copy, .len = len}, 1, rand() % 4 == 0);
		free(copy);
		if (round % 1000 == 999) {
			struct meter_counts c = counts();
			sum += c.received + c.late + c.wrong + c.other;
		}
	}
	ASSERT_NUMBER(sum, 20000);
}

static void test_json(void)
{
	struct model_frame frames[METER_BATCH];
	struct meter_config config = basic;
	char text[METER_JSON_BYTES];
	config.window = 1;
	config.duration_ns = 8 * MSEC;
	begin(&config);
	give(frames);
	now += 3 * MSEC;
	take(echo_answer(&frames[0]), 60);
	give(frames);
	now += 5 * MSEC;
	take(echo_answer(&frames[0]), 60);
	CU_ASSERT_STRING_EQUAL(meter_json(ended(), "a/1", text),
		"{\"type\":\"meter\",\"id\":\"a/1\",\"protocol\":\"udp\",\"bytes\":64,\"frame_bytes\":64,\"window\":1,"
		"\"rate_pps\":null,\"seconds\":0.008,\"sent\":2,\"received\":2,\"lost\":0,\"late\":0,\"wrong\":0,"
		"\"other\":0,"
		"\"pps\":250.0,\"latency_ns\":{\"min\":3000000,\"mean\":4000000,\"p50\":3014655,\"p90\":5000000,"
		"\"p99\":5000000,\"p99.9\":5000000,\"max\":5000000}}");
	config.window = 0;
	config.rate_pps = 1000;
	config.protocol = METER_ROCE;
	begin(&config);
	meter_give_up(meter, now);
	CU_ASSERT_STRING_EQUAL(meter_json(ended(), "b", text),
		"{\"type\":\"meter\",\"id\":\"b\",\"protocol\":\"roce\",\"bytes\":64,\"frame_bytes\":86,\"window\":"
		"null,"
		"\"rate_pps\":1000.0,\"seconds\":0.000,\"sent\":0,\"received\":0,\"lost\":0,\"late\":0,\"wrong\":0,"
		"\"other\":0,\"pps\":0.0,\"latency_ns\":{\"min\":null,\"mean\":null,\"p50\":null,\"p90\":null,\"p99\":"
		"null,"
		"\"p99.9\":null,\"max\":null}}");
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a window stays full", test_window},
		{"UDP checksums of requests", test_udp_checksum},
		{"a sum of zero", test_sum_of_zero},
		{"lost after a second, and late", test_lost_and_late},
		{"each bit of an answer counts", test_each_bit},
		{"answers with headers of their own", test_other_headers},
		{"answers to what was not asked", test_forged},
		{"answers from behind a forwarder", test_far},
		{"the warm-up counts in nothing", test_warm_up},
		{"lost in the warm-up", test_lost_in_warm_up},
		{"the end", test_end},
		{"a rate", test_rate},
		{"ARP", test_arp},
		{"RoCE's invariant CRC", test_icrc},
		{"RoCE", test_roce},
		{"nonsense is counted", test_nonsense},
		{"the line of JSON", test_json},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "meter", .pTests = tests}, CU_SUITE_INFO_NULL};
	int status = unit_run(suites);
	meter_close(meter);
	return status;
}
