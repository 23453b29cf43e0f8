/* SPDX-License-Identifier: BSD-2-Clause
 * Fuzzes what the generator makes of a capture file: the first bytes say how it is replayed, the others are the file.
 * All that is said to be sent can be sent, at a time that can be waited for; each loop has the same frames but for
 * their IP addresses, whose change leaves every checksum as it was; and what a thread reads while it is sent is what is
 * read at once. */
#include "../../apps/app_figures.c"
#include "../../apps/app_parse.c"
#include "../../apps/gen_capture.c"
#include "../../apps/gen_rate.c"
#include "../../apps/gen_reader.c"
#include "../../apps/gen_replay.c"
#include "../../apps/gen_schedule.c"
#include "../../apps/gen_unique.c"

#include "input.h"

#include <sys/mman.h>

/* In place of the applications' shared part: nothing is said, and no time passes. */
atomic_bool app_stop_flag;
bool app_error(const char *format, ...)
{
	(void)format;
	return false;
}
uint64_t app_now_ns(void)
{
	return 0;
}
double app_tsc_hz(void)
{
	return 3e9;
}

#define FRAMES_MAX 128u
static struct frame {
	uint32_t bytes;
	uint64_t gap_ns;
	uint8_t data[APP_FRAME_MAX];
} first_loop[FRAMES_MAX], frame;
static uint64_t now;      /* cycles since the start */
static uint64_t per_loop; /* frames; 0: not known, as --strict refused the file */

static uint32_t sum_of(const struct frame *f)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < f->bytes; i++)
		sum += (uint64_t)f->data[i] << (i & 1 ? 0 : 8);
	return (uint32_t)(sum % 65535);
}

/* Takes the next frame, when it is due. False: there is none any more */
static bool take(struct gen_replay *replay, struct gen_schedule *schedule)
{
	while (gen_schedule_due(schedule, now, 1) == 0) {
		double wait = gen_schedule_wait(schedule, now);
		if (gen_schedule_ended(schedule))
			return false;
		HOLDS(wait <= GEN_WAIT_MAX && (schedule->starved || wait > 0));
		if (schedule->starved)
			wait_ns(WAIT_NS);
		else
			now += (uint64_t)wait + 1;
	}
	const struct gen_replay_frame *next = gen_replay_next(replay);
	HOLDS(next->bytes > 0 && next->bytes <= APP_FRAME_MAX && next->bytes <= replay->longest_bytes);
	frame.bytes = next->bytes;
	frame.gap_ns = next->gap_ns;
	memcpy(frame.data, next->data, next->bytes);
	return true;
}

/* Frame number n of all is what it was in the first loop, when the file was read at once. */
static void compare(uint64_t n, bool unique_ip)
{
	const struct frame *f = &first_loop[n % per_loop];

	HOLDS(f->bytes == frame.bytes && sum_of(f) == sum_of(&frame));
	HOLDS(n % per_loop == 0 || f->gap_ns == frame.gap_ns);
	HOLDS((unique_ip && n >= per_loop) || memcmp(f->data, frame.data, f->bytes) == 0);
}

static void replay_file(const char *path, uint8_t how, uint16_t mtu, bool streamed)
{
	static struct gen_replay replay;
	struct gen_capture capture = {
		.file = path,
		.mtu = 68 + mtu % 16000u,
		.own_timing = how & 1,
		.pad = how & 2,
		.unique_ip = how & 4,
		.speed = how & 8 ? 1e-6 : 2,
		.max_gap_ns = how & 0x10 ? 1000 : 0,
		.streamed = streamed,
	};
	bool strict = (how & 0x80) && !streamed;

	replay = (struct gen_replay){.capture = &capture, .loops = 1 + (how >> 5 & 3), .ahead_bytes = 3 * 16448};
	if (gen_replay_open(&replay, strict, true)) {
		struct gen_schedule schedule;
		uint64_t n = 0;
		gen_schedule_init(&schedule, NULL, &replay,
			&(struct gen_rate){1e6, how & 1 ? GEN_RATE_UNLIMITED : GEN_RATE_BITS}, 10000);
		now = 0;
		if (!streamed)
			per_loop = app_get(&replay.frames);
		for (; take(&replay, &schedule); n++) {
			if (!streamed && n < per_loop && n < FRAMES_MAX)
				first_loop[n] = frame;
			else if (per_loop && n % per_loop < FRAMES_MAX)
				compare(n, how & 4);
		}
		gen_replay_stop(&replay);
		HOLDS(n == capture.frames * replay.loops);
		HOLDS(!strict || gen_capture_whole(&capture));
		HOLDS(capture.cut + capture.padded <= capture.frames && capture.backwards < capture.frames);
		HOLDS(capture.same_ip <= capture.frames && capture.header_added <= capture.frames);
	}
	gen_replay_close(&replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input in = {data, bytes};
	uint8_t how = input_8(&in);
	uint16_t mtu = input_16(&in);
	char path[32];
	int file = memfd_create("capture", MFD_CLOEXEC);

	HOLDS(file >= 0 && write(file, in.at, in.left) == (ssize_t)in.left);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	per_loop = 0;
	replay_file(path, how, mtu, false);
	replay_file(path, how, mtu, true);
	close(file);
	return 0;
}
