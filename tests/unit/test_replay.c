/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of captures that are replayed: what of them is read, in which order and when it is sent, and what each loop
 * changes. */
#include "../../apps/gen_capture.c"
#include "../../apps/gen_rate.c"
#include "../../apps/gen_reader.c"
#include "../../apps/gen_replay.c"
#include "../../apps/gen_schedule.c"
#include "../../apps/gen_unique.c"

#include "unit.h"

/* ---- Captures ---- */

static FILE *begin_capture(char *path, uint32_t link_type)
{
	strcpy(path, "/tmp/pollux-gen-XXXXXX");
	FILE *file = fdopen(mkstemp(path), "w");
	fwrite((uint32_t[]){0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, link_type}, 4, 6, file);
	return file;
}

static void add_record(FILE *file, uint32_t s, uint32_t us, const void *data, uint32_t caplen, uint32_t len)
{
	fwrite((uint32_t[]){s, us, caplen, len}, 4, 4, file);
	fwrite(data, 1, caplen, file);
}

static void record(FILE *file, uint32_t s, uint32_t us, uint32_t caplen, uint32_t len)
{
	static const uint8_t zeros[65536];

	add_record(file, s, us, zeros, caplen, len);
}

static struct gen_replay replay;

/* Opens a capture, quietly. */
static bool open_replay(const char *path, struct gen_capture *capture, uint64_t loops, bool strict)
{
	capture->file = path;
	capture->mtu = 1500;
	capture->speed = 1;
	replay = (struct gen_replay){.capture = capture, .loops = loops, .ahead_bytes = GEN_REPLAY_AHEAD_BYTES};
	return gen_replay_open(&replay, strict, true);
}

static bool open_file_once(FILE *file, const char *path, struct gen_capture *capture, bool strict)
{
	fclose(file);
	bool good = open_replay(path, capture, 1, strict);
	unlink(path);
	return good;
}

/* The next frame, once it is there. NULL: there is none */
static const struct gen_replay_frame *await_frame(void)
{
	while (!gen_replay_due(&replay)) {
		if (gen_replay_ended(&replay))
			return NULL;
		wait_ns(WAIT_NS);
	}
	gen_replay_pass(&replay);
	return gen_replay_next(&replay);
}

static void times_are_unsigned_and_may_be_odd(void)
{
	static const uint64_t gaps[] = {0, 1000, (UINT64_C(0xffffffff) - 0x80000000) * 1000000000, 0};
	struct gen_capture c = {.own_timing = true};
	char path[32];
	FILE *file = begin_capture(path, 1);

	record(file, 0x7fffffff, 999999, 60, 60);
	record(file, 0x80000000, 0, 60, 60);
	record(file, 0xffffffff, 0, 60, 60);
	record(file, 0, 0xffffffff, 60, 60);
	CU_ASSERT_TRUE(open_file_once(file, path, &c, false));
	for (unsigned i = 0; i < 4; i++)
		ASSERT_NUMBER(await_frame()->gap_ns, gaps[i]);
	CU_ASSERT_PTR_NULL(await_frame());
	ASSERT_NUMBER(c.frames, 4);
	ASSERT_NUMBER(c.backwards, 1);
	ASSERT_NUMBER(c.longest_gap_ns, UINT64_C(0x7fffffff) * 1000000000);
	ASSERT_NUMBER(c.longest_gap_after, 2);
	gen_replay_close(&replay);
}

static void what_cannot_be_sent_as_it_was_is_counted(void)
{
	char path[32];

	for (unsigned strict = 0; strict < 2; strict++) {
		struct gen_capture c = {0};
		FILE *file = begin_capture(path, 1);
		record(file, 1, 0, 60, 60);
		record(file, 1, 0, 0, 60);
		record(file, 1, 0, 60, 1514);
		record(file, 1, 0, 80, 60); /* longer than it was */
		record(file, 1, 0, 1515, 1515);
		record(file, 1, 0, 13, 13);
		CU_ASSERT_EQUAL(open_file_once(file, path, &c, strict), !strict);
		ASSERT_NUMBER(c.frames, 4);
		ASSERT_NUMBER(c.empty, 1);
		ASSERT_NUMBER(c.cut, 1);
		ASSERT_NUMBER(c.too_long, 1);
		ASSERT_NUMBER(c.longest_payload, 1501);
		CU_ASSERT_STRING_EQUAL(c.damage, "");
		gen_replay_close(&replay);
	}
}

/* --pad: what was cut has its length again, if that is one that can be sent. */
static void cut_frames_are_padded_with_zeros(void)
{
	static const uint8_t ones[60] = {[0 ... 59] = 0xff};
	struct gen_capture c = {.pad = true};
	char path[32];
	FILE *file = begin_capture(path, 1);

	add_record(file, 1, 0, ones, 60, 1514);
	add_record(file, 1, 0, ones, 60, 1515);
	add_record(file, 1, 0, ones, 60, 0xffffffff);
	CU_ASSERT_TRUE(open_file_once(file, path, &c, false));
	const struct gen_replay_frame *frame = await_frame();
	ASSERT_NUMBER(frame->bytes, 1514);
	CU_ASSERT_EQUAL(frame->data[59], 0xff);
	for (unsigned i = 60; i < frame->bytes; i++)
		CU_ASSERT_EQUAL(frame->data[i], 0);
	ASSERT_NUMBER(c.padded, 1);
	ASSERT_NUMBER(c.cut, 0);
	ASSERT_NUMBER(c.too_long, 2);
	CU_ASSERT_FALSE(gen_capture_whole(&c));
	gen_replay_close(&replay);
}

/* Files that end, or go on as no capture does, behind two frames. */
static void damaged_captures_are_good_up_to_there(void)
{
	static const struct {
		uint32_t words[4];
		unsigned bytes;
	} ends[] = {{{0}, 1}, {{1}, 15}, {{1, 0, 60, 60}, 16}, {{1, 0, 0xffffffff, 60}, 16},
		{{1, 0, 0x7fffffff, 0x7fffffff}, 16}};
	char path[32];

	for (size_t i = 0; i < 2 * sizeof(ends) / sizeof(ends[0]); i++) {
		struct gen_capture c = {.streamed = i & 1};
		FILE *file = begin_capture(path, 1);
		record(file, 1, 0, 60, 60);
		record(file, 1, 0, 61, 61);
		fwrite(ends[i / 2].words, 1, ends[i / 2].bytes, file);
		CU_ASSERT_TRUE(open_file_once(file, path, &c, false));
		ASSERT_NUMBER(await_frame()->bytes, 60);
		ASSERT_NUMBER(await_frame()->bytes, 61);
		CU_ASSERT_PTR_NULL(await_frame());
		gen_replay_close(&replay);
		ASSERT_NUMBER(c.frames, 2);
		CU_ASSERT_NOT_EQUAL(c.damage[0], 0);
	}
}

static void vlan_tags_are_no_payload(void)
{
	static const struct {
		uint8_t types[12];
		unsigned bytes, payload;
	} cases[] = {
		{{8, 0}, 1514, 1500},
		{{0x81, 0, 0, 1, 8, 0}, 1518, 1500},
		{{0x88, 0xa8, 0, 1, 0x81, 0, 0, 1, 8, 0}, 1522, 1500},
		{{0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0}, 1526, 1504},
		{{0x81, 0}, 14, 0},
		{{0x81, 0}, 13, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t frame[24] = {0};
		struct gen_captured captured = {.data = frame, .held_bytes = cases[i].bytes, .bytes = cases[i].bytes};
		memcpy(frame + 12, cases[i].types, 12);
		ASSERT_NUMBER(payload_bytes(&captured), cases[i].payload);
	}
}

/* Packets of links without Ethernet's header get one; those that Ethernet has no type for are left out. */
static void other_links_get_an_ethernet_header(void)
{
	static const struct {
		uint32_t link;
		uint8_t data[28];
		unsigned bytes, header, type;
	} cases[] = {
		{101, {0x45, 1, 2}, 28, 0, 0x0800}, /* LINKTYPE_RAW */
		{228, {0x45, 1, 2}, 28, 0, 0x0800},
		{229, {0x60, 1, 2}, 28, 0, 0x86dd},
		{101, {0x50, 1, 2}, 28, 0, 0},
		{0, {2, 0, 0, 0, 0x45, 7}, 28, 4, 0x0800}, /* BSD loopback */
		{0, {0, 0, 0, 30, 0x60, 7}, 28, 4, 0x86dd},
		{108, {0, 0, 0, 24, 0x60, 7}, 28, 4, 0x86dd},
		{0, {2, 0, 0, 0}, 4, 4, 0},
		{0, {2, 0, 0}, 3, 4, 0},
		{113, {0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 6, 0, 1}, 28, 16, 0x0806},      /* Linux cooked */
		{113, {0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 0, 4, 0x42, 0x42, 3}, 28, 16, 12}, /* LLC */
		{113, {0, 4, 1, 24, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 0, 12, 1, 2}, 28, 16, 0},         /* CAN */
		{113, {0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8}, 15, 16, 0},
		{276, {0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 0x60}, 28, 20, 0x86dd},
	};
	char path[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gen_capture c = {0};
		FILE *file = begin_capture(path, cases[i].link);
		add_record(file, 1, 0, cases[i].data, cases[i].bytes, cases[i].bytes);
		bool good = open_file_once(file, path, &c, false);
		CU_ASSERT_EQUAL(good, cases[i].type != 0);
		ASSERT_NUMBER(c.header_added, cases[i].type != 0);
		ASSERT_NUMBER(c.no_ether_type, cases[i].type == 0);
		CU_ASSERT_FALSE(gen_capture_whole(&c));
		const struct gen_replay_frame *frame = good ? await_frame() : NULL;
		if (frame && cases[i].type) {
			unsigned payload = cases[i].bytes - cases[i].header;
			ASSERT_NUMBER(frame->bytes, 14 + payload);
			ASSERT_NUMBER(get_16(frame->data + 12), cases[i].type);
			CU_ASSERT_EQUAL(memcmp(frame->data + 14, cases[i].data + cases[i].header, payload), 0);
		}
		gen_replay_close(&replay);
	}
	/* with a header in front they are too long, or just not */
	struct gen_capture c = {0};
	FILE *file = begin_capture(path, 113);
	uint8_t sll[65536] = {[14] = 8};
	add_record(file, 1, 0, sll, 1516, 1516);
	add_record(file, 1, 0, sll, 1517, 1517);
	add_record(file, 1, 0, sll, 65535, 65535);
	add_record(file, 1, 0, sll, 116, 1516);
	CU_ASSERT_TRUE_FATAL(open_file_once(file, path, &c, false));
	ASSERT_NUMBER(await_frame()->bytes, 1514);
	ASSERT_NUMBER(await_frame()->bytes, 114);
	ASSERT_NUMBER(c.too_long, 2);
	ASSERT_NUMBER(c.longest_payload, 65535 - 14);
	ASSERT_NUMBER(c.cut, 1);
	gen_replay_close(&replay);
	file = begin_capture(path, 105); /* IEEE 802.11 */
	CU_ASSERT_FALSE(open_file_once(file, path, &c, false));
}

/* ---- Loops ---- */

/* A capture of so many frames, each of another length, that tell their number; 3 us apart. */
static void make_capture(char *path, unsigned frames)
{
	FILE *file = begin_capture(path, 1);

	for (unsigned i = 0; i < frames; i++) {
		uint8_t data[1514];
		memset(data, (int)(i & 0xff), sizeof(data));
		memcpy(data + 12, "\x08\x00\x45", 3);
		memcpy(data + 26, (const uint8_t[]){10, 0, 0, 1, 10, 1, (uint8_t)(i >> 8), (uint8_t)i}, 8);
		add_record(file, 1, 3 * i, data, 60 + i * 37 % 1455, 60 + i * 37 % 1455);
	}
	fclose(file);
}

static void loops_start_again_after_the_mean_gap(void)
{
	struct gen_capture c = {.own_timing = true};
	char path[32];
	FILE *file = begin_capture(path, 1);

	record(file, 1, 0, 60, 60);
	record(file, 1, 10, 61, 61);
	record(file, 1, 40, 62, 62);
	fclose(file);
	for (unsigned streamed = 0; streamed < 2; streamed++) {
		c = (struct gen_capture){.own_timing = true, .streamed = streamed};
		CU_ASSERT_TRUE(open_replay(path, &c, 4, false));
		for (unsigned i = 0; i < 12; i++) {
			const struct gen_replay_frame *frame = await_frame();
			ASSERT_NUMBER(frame->bytes, 60 + i % 3);
			ASSERT_NUMBER(frame->gap_ns, i == 0 ? 0 : i % 3 == 0 ? 20000 : i % 3 == 1 ? 10000 : 30000);
		}
		CU_ASSERT_PTR_NULL(await_frame());
		CU_ASSERT_TRUE(gen_replay_ended(&replay));
		ASSERT_NUMBER(gen_replay_total(&replay), streamed ? 0 : 12);
		gen_replay_close(&replay);
		ASSERT_NUMBER(c.frames, 3);
	}
	/* --max-gap is about that gap, too */
	c = (struct gen_capture){.own_timing = true, .max_gap_ns = 15000};
	CU_ASSERT_TRUE(open_replay(path, &c, 0, false));
	for (unsigned i = 0; i < 100; i++)
		ASSERT_NUMBER(await_frame()->gap_ns, i == 0 ? 0 : i % 3 == 1 ? 10000 : 15000);
	ASSERT_NUMBER(c.gaps_shortened, 1);
	ASSERT_NUMBER(gen_replay_total(&replay), 0);
	gen_replay_close(&replay);
	unlink(path);
}

/* What a thread reads ahead, through a store that is much smaller than the capture, is what is read at once. */
static void streams_are_what_is_read_at_once(void)
{
	enum { FRAMES = 500, LOOPS = 3 };
	static uint8_t wanted[FRAMES * LOOPS][1514];
	static unsigned lengths[FRAMES * LOOPS];
	char path[32];

	make_capture(path, FRAMES);
	for (unsigned streamed = 0; streamed < 2; streamed++) {
		struct gen_capture c = {.mtu = 1500, .file = path, .speed = 1, .streamed = streamed, .unique_ip = true};
		replay = (struct gen_replay){.capture = &c, .loops = LOOPS, .ahead_bytes = 3 * 1600 + 16};
		CU_ASSERT_TRUE_FATAL(gen_replay_open(&replay, false, true));
		for (unsigned i = 0; i < FRAMES * LOOPS; i++) {
			const struct gen_replay_frame *frame = await_frame();
			CU_ASSERT_PTR_NOT_NULL_FATAL(frame);
			if (streamed) {
				ASSERT_NUMBER(frame->bytes, lengths[i]);
				CU_ASSERT_EQUAL(memcmp(frame->data, wanted[i], frame->bytes), 0);
			}
			lengths[i] = frame->bytes;
			memcpy(wanted[i], frame->data, frame->bytes);
			CU_ASSERT_EQUAL(frame->data[29], 1 + i / FRAMES); /* 10.0.0.1, 10.0.0.2, ... */
		}
		CU_ASSERT_PTR_NULL(await_frame());
		gen_replay_close(&replay);
		ASSERT_NUMBER(c.frames, FRAMES);
		ASSERT_NUMBER(c.same_ip, 0);
	}
	unlink(path);
}

static void frames_of_a_pipe_are_there_when_they_come(void)
{
	int ends[2];
	char path[32];

	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	FILE *file = fdopen(ends[1], "w");
	fwrite((uint32_t[]){0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1}, 4, 6, file);
	record(file, 1, 0, 60, 60);
	fflush(file);
	struct gen_capture c = {.streamed = true};
	CU_ASSERT_FALSE(open_replay(path, &c, 0, false)); /* a loop cannot read it again */
	CU_ASSERT_TRUE(open_replay(path, &c, 1, false));
	CU_ASSERT_PTR_NOT_NULL(await_frame());
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_PTR_NULL(gen_replay_due(&replay));
		CU_ASSERT_FALSE(gen_replay_ended(&replay));
		record(file, 2 + i, 0, 61 + i, 61 + i);
		fflush(file);
		const struct gen_replay_frame *frame = await_frame();
		ASSERT_NUMBER(frame->bytes, 61 + i);
		ASSERT_NUMBER(frame->gap_ns, 1000000000);
	}
	fclose(file);
	CU_ASSERT_PTR_NULL(await_frame());
	gen_replay_close(&replay);
	close(ends[0]);
	ASSERT_NUMBER(c.frames, 4);
	CU_ASSERT_STRING_EQUAL(c.damage, "");
}

/* A reader that waits for room, or in a pipe for more, ends when it should; so does one of a file that is gone. */
static void readers_end_when_they_should(void)
{
	struct gen_capture c = {.mtu = 1500, .speed = 1, .streamed = true};
	char path[32];

	make_capture(path, 100);
	c.file = path;
	replay = (struct gen_replay){.capture = &c, .ahead_bytes = 4800};
	CU_ASSERT_TRUE(gen_replay_open(&replay, false, true));
	CU_ASSERT_PTR_NOT_NULL(await_frame());
	gen_replay_close(&replay);

	c = (struct gen_capture){.streamed = true};
	CU_ASSERT_TRUE(open_replay(path, &c, 0, false));
	unlink(path);
	unsigned frames = 0;
	/* the first loops fit, and more may have begun before the file was gone */
	while (await_frame())
		frames++;
	CU_ASSERT_TRUE(frames >= 100 && frames % 100 == 0);
	CU_ASSERT_TRUE(replay.failed);
	gen_replay_close(&replay);
	ASSERT_NUMBER(c.frames, 100);

	FILE *file = begin_capture(path, 1);
	c = (struct gen_capture){.streamed = true};
	fclose(file);
	CU_ASSERT_FALSE(open_replay(path, &c, 0, false)); /* without a frame, for ever */
	gen_replay_close(&replay);
	unlink(path);
}

/* ---- When frames are due ---- */

static struct gen_schedule schedule;

/* So many frames are due so many microseconds after the start. */
static void assert_due(double us, unsigned frames)
{
	uint64_t now = (uint64_t)(us * app_tsc_hz() / 1e6);

	gen_schedule_give_up(&schedule, now);
	unsigned due = gen_schedule_due(&schedule, now, 100);

	if (due != frames)
		printf("\n    after %.3f us:", us);
	ASSERT_NUMBER(due, frames);
	while (due-- > 0)
		gen_replay_next(&replay);
}

static void frames_are_due_when_they_were_captured_or_by_the_rate(void)
{
	struct gen_capture c;
	char path[32];
	FILE *file = begin_capture(path, 1);

	record(file, 1, 0, 42, 42);
	record(file, 1, 10, 60, 60);
	record(file, 1, 30, 60, 60);
	record(file, 1, 20, 106, 106);
	fclose(file);
	for (unsigned speed = 1; speed <= 2; speed++) {
		c = (struct gen_capture){.own_timing = true};
		CU_ASSERT_TRUE(open_replay(path, &c, 0, false));
		c.speed = speed;
		gen_schedule_init(&schedule, NULL, &replay, &(struct gen_rate){0}, 10000);
		assert_due(0, 1);
		assert_due(9.9 / speed, 0);
		assert_due(10.1 / speed, 1);
		assert_due(29.9 / speed, 0);
		assert_due(30.1 / speed, 2); /* the last is older */
		assert_due(36.6 / speed, 0);
		assert_due(36.7 / speed, 1);
		CU_ASSERT_DOUBLE_EQUAL(gen_schedule_wait(&schedule, (uint64_t)(36.7 / speed * app_tsc_hz() / 1e6)),
			9.966 / speed * app_tsc_hz() / 1e6, 1e-3 * app_tsc_hz() / 1e6);
		assert_due(76.6 / speed, 4);
		ASSERT_NUMBER(schedule.given_up_cycles, 0);
		gen_replay_close(&replay);
	}
	/* 100 Mbit/s: 6.72 us for the short ones, which the card pads, and 10.4 us for the last */
	CU_ASSERT_TRUE(open_replay(path, &c, 2, false));
	gen_schedule_init(&schedule, NULL, &replay, &(struct gen_rate){1e8, GEN_RATE_BITS}, 10000);
	assert_due(0, 1);
	assert_due(6.71, 0);
	assert_due(13.45, 2);
	assert_due(20.17, 1);
	assert_due(30.55, 0);
	assert_due(30.57, 1);
	assert_due(1000, 3);
	CU_ASSERT_TRUE(gen_schedule_ended(&schedule));
	assert_due(2000, 0);
	CU_ASSERT_FALSE(schedule.starved);
	CU_ASSERT_DOUBLE_EQUAL(gen_schedule_mean(&schedule).bits, (3 * 672 + 1040) / 4.0, 1e-9);
	gen_replay_close(&replay);
	unlink(path);
}

/* More cycles than the difference of two times may be: that is not at once. */
static void centuries_are_waited_for(void)
{
	struct gen_capture c = {.own_timing = true};
	char path[32];
	FILE *file = begin_capture(path, 1);

	record(file, 0, 0, 60, 60);
	record(file, 0xffffffff, 0, 60, 60);
	CU_ASSERT_TRUE(open_file_once(file, path, &c, false));
	c.speed = 0xffffffff * app_tsc_hz() / 1.3e19; /* between 2^63 and 2^64 */
	gen_schedule_init(&schedule, NULL, &replay, &(struct gen_rate){0}, 10000);
	assert_due(0, 1);
	for (double us = 1; us < 1e13; us *= 10)
		assert_due(us, 0);
	CU_ASSERT_TRUE(gen_schedule_wait(&schedule, (uint64_t)app_tsc_hz()) > 0.9 * GEN_WAIT_MAX);
	ASSERT_NUMBER(schedule.held_up_cycles, 0);
	gen_replay_close(&replay);
}

/* A capture without times is sent as fast as it can be, and is never late. */
static void captures_without_times_are_not_late(void)
{
	struct gen_capture c = {.own_timing = true};
	char path[32];
	FILE *file = begin_capture(path, 1);

	for (unsigned i = 0; i < 5; i++)
		record(file, 7, 7, 60, 60);
	CU_ASSERT_TRUE(open_file_once(file, path, &c, false));
	gen_schedule_init(&schedule, NULL, &replay, &(struct gen_rate){0}, 10000);
	ASSERT_NUMBER(gen_schedule_due(&schedule, 1000000000, 3), 3);
	gen_schedule_give_up(&schedule, UINT64_C(1000000000000));
	ASSERT_NUMBER(gen_schedule_due(&schedule, UINT64_C(1000000000000), 3), 2);
	ASSERT_NUMBER(schedule.held_up_cycles, 0);
	gen_replay_close(&replay);
}

/* What has not been read: a rate is missed for it at once, a capture's own timing when the frame comes. */
static void a_reader_that_is_late_is_told(void)
{
	int ends[2];
	char path[32];

	for (unsigned by_rate = 0; by_rate < 2; by_rate++) {
		CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
		snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
		FILE *file = fdopen(ends[1], "w");
		fwrite((uint32_t[]){0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1}, 4, 6, file);
		record(file, 1, 0, 60, 60);
		record(file, 1, 5, 60, 60);
		fflush(file);
		struct gen_capture c = {.own_timing = !by_rate, .streamed = true};
		CU_ASSERT_TRUE_FATAL(open_replay(path, &c, 1, false));
		while (app_get(&replay.written) < 2 * place_bytes(60))
			wait_ns(WAIT_NS);
		gen_schedule_init(&schedule, NULL, &replay,
			&(struct gen_rate){1e5, by_rate ? GEN_RATE_PACKETS : GEN_RATE_UNLIMITED}, 1);
		assert_due(0, 1);
		assert_due(10.1, 1);
		CU_ASSERT_EQUAL(schedule.starved, !by_rate);
		assert_due(1e6, 0);
		CU_ASSERT_TRUE(schedule.starved);
		/* a second, but for what can be made up for */
		double held_up_s = (double)schedule.held_up_cycles / app_tsc_hz();
		CU_ASSERT_DOUBLE_EQUAL(held_up_s, by_rate ? 0.99 - 2e-5 : 0, 1e-6);
		record(file, 1, 500000, 60, 60);
		fflush(file);
		while (!gen_replay_due(&replay))
			wait_ns(WAIT_NS);
		assert_due(1e6, 1);
		held_up_s = (double)schedule.held_up_cycles / app_tsc_hz();
		CU_ASSERT_DOUBLE_EQUAL(held_up_s, by_rate ? 0.99 - 2e-5 : 0.49, 1e-6);
		/* all of that is for want of a frame; what is late with one is not */
		ASSERT_NUMBER(schedule.unread_cycles, schedule.held_up_cycles);
		record(file, 1, 600000, 60, 60);
		fflush(file);
		while (!gen_replay_due(&replay))
			wait_ns(WAIT_NS);
		gen_schedule_due(&schedule, (uint64_t)app_tsc_hz(), 0);
		assert_due(2e6, 1);
		CU_ASSERT_TRUE(schedule.held_up_cycles > schedule.unread_cycles);
		fclose(file);
		CU_ASSERT_PTR_NULL(await_frame());
		assert_due(3e6, 0);
		CU_ASSERT_FALSE(schedule.starved);
		gen_replay_close(&replay);
		close(ends[0]);
	}
}

/* A file that is larger than the memory: sparse, with two frames in front of what are records without any. */
static void large_captures_are_streamed(void)
{
	struct gen_capture c = {0};
	char path[32];
	FILE *file = begin_capture(path, 1);

	record(file, 1, 0, 60, 60);
	record(file, 1, 0, 61, 61);
	fflush(file);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fileno(file), (off_t)1 << 42), 0);
	CU_ASSERT_TRUE(open_file_once(file, path, &c, false));
	CU_ASSERT_TRUE(c.streamed);
	ASSERT_NUMBER(await_frame()->bytes, 60);
	ASSERT_NUMBER(await_frame()->bytes, 61);
	gen_replay_close(&replay);
	CU_ASSERT_TRUE(c.empty > 0);

	/* those of a pipe are known to be too large only when memory is short: that is not waited for */
	c = (struct gen_capture){.file = path, .name = path, .mtu = 1500, .speed = 1};
	make_capture(path, 100);
	replay = (struct gen_replay){.capture = &c, .loops = 1, .most_bytes = 10000};
	CU_ASSERT_TRUE(open_reader(&replay, true));
	CU_ASSERT_FALSE(load(&replay));
	CU_ASSERT_TRUE(c.frames > 5 && c.frames < 100);
	gen_replay_close(&replay);
	unlink(path);
}

/* ---- Addresses ---- */

static uint32_t sum_16(const uint8_t *data, unsigned bytes)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < bytes; i++)
		sum += (uint32_t)data[i] << (i & 1 ? 0 : 8);
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* A frame as it is captured, and in which its addresses lie. */
static const struct {
	const char *name;
	uint8_t bytes[80];
	unsigned length, ip; /* 0: not to be changed */
} packets[] = {
	{"IPv4", {[12] = 8, 0, 0x45, 0, 0, 40, [23] = 17, [26] = 10, 0, 0, 9, 192, 0, 2, 1, 1, 2, 3, 4, 0, 20}, 60, 14},
	{"a tag", {[12] = 0x81, 0, 0, 5, 8, 0, 0x45, [27] = 17, [30] = 192, 0, 2, 1, 10, 0, 0, 9}, 60, 18},
	{"two tags", {[12] = 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0, 0x45, [34] = 192, 0, 2, 1, 10, 0, 0, 9}, 60, 22},
	{"a fragment", {[12] = 8, 0, 0x45, [20] = 0x20, 0x10, 9, 6, [26] = 1, 1, 1, 1, 2, 2, 2, 2}, 40, 14},
	{"IPv6", {[12] = 0x86, 0xdd, 0x60, [20] = 6, [22] = 0x20, 1, [37] = 255, [38] = 0x20, 1, [53] = 3}, 80, 14},
	{"IPv6, carry",
		{[12] = 0x86,
			0xdd,
			0x60,
			[20] = 58,
			[22] = 0x20,
			0,
			[34] = 255,
			255,
			255,
			255,
			[38] = 0x20,
			1,
			[53] = 7},
		54, 14},
	{"multicast", {[12] = 8, 0, 0x45, [26] = 10, 0, 0, 9, 224, 0, 0, 1}, 60, 0},
	{"broadcast", {[12] = 8, 0, 0x45, [26] = 0, 0, 0, 0, 255, 255, 255, 255}, 60, 0},
	{"options", {[12] = 8, 0, 0x46, [26] = 10, 0, 0, 9, 10, 0, 0, 1}, 60, 0},
	{"IPv6 multicast", {[12] = 0x86, 0xdd, 0x60, [22] = 0x20, [38] = 0xff, 2}, 60, 0},
	{"a routing header", {[12] = 0x86, 0xdd, 0x60, [20] = 43, [22] = 0x20, [38] = 0x20}, 60, 0},
	{"one behind options", {[12] = 0x86, 0xdd, 0x60, [22] = 0x20, [38] = 0x20, [54] = 43}, 60, 0},
	{"ARP", {[12] = 8, 6, 0, 1, 8, 0, 6, 4}, 60, 0},
	{"cut IPv4", {[12] = 8, 0, 0x45, [26] = 10, 0, 0, 9, 10, 0, 0, 1}, 33, 0},
	{"cut IPv6", {[12] = 0x86, 0xdd, 0x60, [22] = 0x20, [38] = 0x20}, 53, 0},
	{"cut tag", {[12] = 0x81, 0, 0, 5}, 17, 0},
	{"nothing", {0}, 0, 0},
};

static void addresses_change_with_each_loop_and_sums_do_not(void)
{
	static const uint64_t loops[] = {
		1, 2, 3, 255, 256, 65535, 65536, 1 << 20, (1 << 24) - 1, (1 << 24) + 5, UINT64_C(1) << 40};

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		uint8_t frame[80], before[80];
		memcpy(frame, packets[i].bytes, sizeof(frame));
		struct gen_unique place = gen_unique_find(frame, packets[i].length);
		uint32_t sum = fold(sum_16(frame, 80));
		uint64_t from = 0;
		for (size_t n = 0; n < sizeof(loops) / sizeof(loops[0]); n++) {
			memcpy(before, frame, sizeof(frame));
			gen_unique_move(frame, place, from, loops[n]);
			bool moved = memcmp(frame, before, sizeof(frame)) != 0;
			from = loops[n];
			if (moved != (packets[i].ip != 0))
				fprintf(stderr, "%s, loop %llu\n", packets[i].name, (unsigned long long)loops[n]);
			CU_ASSERT_EQUAL(moved, packets[i].ip != 0);
			CU_ASSERT_EQUAL(fold(sum_16(frame, 80)), sum);
		}
		/* loop 2^40 has the addresses of the capture */
		CU_ASSERT_EQUAL(memcmp(frame, packets[i].bytes, sizeof(frame)), 0);
		if (!packets[i].ip)
			continue;
		/* only the addresses change */
		gen_unique_move(frame, place, 0, 77);
		bool v6 = (packets[i].bytes[packets[i].ip] & 0xf0) == 0x60;
		memcpy(frame + packets[i].ip + (v6 ? 8 : 12), packets[i].bytes + packets[i].ip + (v6 ? 8 : 12),
			v6 ? 32 : 8);
		CU_ASSERT_EQUAL(memcmp(frame, packets[i].bytes, sizeof(frame)), 0);
	}
}

static void both_directions_stay_one_conversation(void)
{
	uint8_t there[60] = {[12] = 8, 0, 0x45, [26] = 10, 0, 0, 9, 192, 0, 2, 1}, back[60];

	memcpy(back, there, sizeof(back));
	memcpy(back + 26, there + 30, 4);
	memcpy(back + 30, there + 26, 4);
	gen_unique_move(there, gen_unique_find(there, 60), 0, 1000);
	gen_unique_move(back, gen_unique_find(back, 60), 0, 1000);
	CU_ASSERT_EQUAL(memcmp(there + 26, (const uint8_t[]){10, 0, 3, 0xf1, 192, 0, 1, 255}, 4), 0);
	CU_ASSERT_EQUAL(memcmp(back + 26, there + 30, 4), 0);
	CU_ASSERT_EQUAL(memcmp(back + 30, there + 26, 4), 0);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"times are unsigned, and may be odd", times_are_unsigned_and_may_be_odd},
		{"what cannot be sent as it was is counted", what_cannot_be_sent_as_it_was_is_counted},
		{"cut frames are padded with zeros", cut_frames_are_padded_with_zeros},
		{"damaged captures are good up to there", damaged_captures_are_good_up_to_there},
		{"VLAN tags are no payload", vlan_tags_are_no_payload},
		{"other links get an Ethernet header", other_links_get_an_ethernet_header},
		{"loops start again after the mean gap", loops_start_again_after_the_mean_gap},
		{"streams are what is read at once", streams_are_what_is_read_at_once},
		{"frames of a pipe are there when they come", frames_of_a_pipe_are_there_when_they_come},
		{"readers end when they should", readers_end_when_they_should},
		{"large captures are streamed", large_captures_are_streamed},
		{"frames are due when they were captured, or by the rate",
			frames_are_due_when_they_were_captured_or_by_the_rate},
		{"centuries are waited for", centuries_are_waited_for},
		{"captures without times are not late", captures_without_times_are_not_late},
		{"a reader that is late is told", a_reader_that_is_late_is_told},
		{"addresses change with each loop, and sums do not", addresses_change_with_each_loop_and_sums_do_not},
		{"both directions stay one conversation", both_directions_stay_one_conversation},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "replay", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
