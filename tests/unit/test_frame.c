/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the frames that the generator makes: their sums by a reference that adds byte by byte, their flows, and
 * whether what comes back is recognised. */
#include "../../apps/gen_frame.c"
#include "../../apps/gen_rate.c"
#include "../../apps/gen_stream.c"
#include "../../apps/gen_headers.c"
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

int main(void)
{
	CU_TestInfo tests[] = {
		{"frames are right and come back with their number", frames_are_right_and_come_back_with_their_number},
		{"flows differ in address or port", flows_differ_in_address_or_port},
		{"a flow is one sender's", a_flow_is_one_senders},
		{"pieces of long frames are compared where they belong",
			pieces_of_long_frames_are_compared_where_they_belong},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "frames of the generator", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
