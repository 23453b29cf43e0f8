/* SPDX-License-Identifier: BSD-2-Clause
 * The frames of a capture in the order in which they are sent, loop by loop. */
#include "gen_replay.h"

#include "app_base.h"
#include "app_counter.h"
#include "app_output.h"
#include "gen_rate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_BYTES   (UINT64_C(1) << 20) /* of a store that grows: more than any frame has */
#define WAIT_NS       100000              /* for room, or for frames */
#define AHEAD_NS      UINT64_C(200000000) /* so long frames are read ahead before any is sent */
#define PLACE_BYTES   16u                 /* frames lie at multiples of this */
#define NO_MORE_BELOW UINT32_MAX          /* the length of no frame: the next one is at the start of the store */

_Static_assert(sizeof(struct gen_replay_frame) == PLACE_BYTES, "a frame's head fits where any frame may begin");

static void wait_ns(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

static struct gen_replay_frame *frame_at(const struct gen_replay *replay, uint64_t at)
{
	return (struct gen_replay_frame *)(replay->store + (replay->streamed ? at % replay->store_bytes : at));
}

static uint64_t place_bytes(uint32_t frame_bytes)
{
	return (sizeof(struct gen_replay_frame) + frame_bytes + PLACE_BYTES - 1) / PLACE_BYTES * PLACE_BYTES;
}

/* ---- Reading ---- */

static uint64_t free_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	unsigned long long kib = 0;

	while (file && fgets(line, sizeof(line), file) && sscanf(line, "MemAvailable: %llu", &kib) != 1)
		;
	if (file)
		fclose(file);
	return kib ? kib * 1024 : UINT64_MAX;
}

/* Makes room in a store that has all frames. NULL: no memory */
static struct gen_replay_frame *grow(struct gen_replay *replay, uint64_t at, uint64_t bytes)
{
	if (at + bytes > replay->most_bytes)
		return NULL;
	if (at + bytes > replay->store_bytes) {
		uint64_t room = 2 * replay->store_bytes + FIRST_BYTES;
		uint8_t *store = realloc(replay->store, room);
		if (!store)
			return NULL;
		replay->store = store;
		replay->store_bytes = room;
	}
	return frame_at(replay, at);
}

/* Waits until the sender has left room for a frame at *at, or behind it at the start of the store. NULL: it is to stop
 */
static struct gen_replay_frame *await_room(struct gen_replay *replay, uint64_t *at, uint64_t bytes)
{
	uint64_t to_end = replay->store_bytes - *at % replay->store_bytes, skipped = bytes > to_end ? to_end : 0;

	while (*at + skipped + bytes - atomic_load_explicit(&replay->released, memory_order_acquire) >
		replay->store_bytes) {
		if (replay->stop || app_stopping())
			return NULL;
		wait_ns(WAIT_NS);
	}
	if (skipped)
		frame_at(replay, *at)->bytes = NO_MORE_BELOW;
	*at += skipped;
	return frame_at(replay, *at);
}

/* Puts a frame behind the others. */
static bool keep_frame(struct gen_replay *replay, const struct gen_captured *captured, uint64_t gap_ns, uint64_t loop)
{
	uint64_t at = app_get(&replay->written), bytes = place_bytes(captured->bytes);
	struct gen_replay_frame *frame = replay->streamed ? await_room(replay, &at, bytes) : grow(replay, at, bytes);

	if (!frame)
		return false;
	*frame = (struct gen_replay_frame){.gap_ns = gap_ns, .bytes = captured->bytes};
	memcpy(frame->data, captured->data, captured->held_bytes);
	memset(frame->data + captured->held_bytes, 0, captured->bytes - captured->held_bytes);
	if (replay->capture->unique_ip)
		frame->addresses = gen_unique_find(captured->data, captured->held_bytes);
	gen_unique_move(frame->data, frame->addresses, 0, loop);
	if (frame->bytes > replay->longest_bytes)
		replay->longest_bytes = frame->bytes;
	app_add(&replay->frames, 1);
	app_add(&replay->wire_bits, (uint64_t)gen_wire_bits(frame->bytes));
	app_add(&replay->gaps_ns, gap_ns);
	atomic_store_explicit(&replay->written, at + bytes, memory_order_release);
	return true;
}

static bool open_reader(struct gen_replay *replay, bool quiet)
{
	replay->reader = (struct gen_reader){
		.name = replay->capture->name, .quiet = quiet, .stop = &replay->stop, .to = replay->to};
	return gen_reader_open(&replay->reader, replay->capture->file);
}

/* Reads an open capture to its end. False: it is to stop, or there is no memory */
static bool read_all(struct gen_replay *replay, struct gen_capture *capture, uint64_t loop)
{
	struct gen_captured frame;
	uint64_t gap_ns, again_ns = loop ? gen_capture_again_ns(replay->capture) : 0;
	bool good = true;

	while (good && gen_reader_next(&replay->reader, &frame, capture->damage, sizeof(capture->damage)))
		if (gen_capture_count(capture, &frame, &gap_ns))
			good = keep_frame(replay, &frame, capture->frames == 1 ? again_ns : gap_ns, loop);
	gen_reader_close(&replay->reader);
	return good && !replay->stop && !app_stopping();
}

static void *read_stream(void *argument)
{
	struct gen_replay *replay = argument;
	/* only the first loop's frames are counted: the others are the same */
	struct gen_capture *first = replay->capture, again = *first;
	bool good = read_all(replay, first, 0);

	for (uint64_t loop = 1; good && first->frames && loop != replay->loops; loop++) {
		struct gen_capture found = again;
		replay->failed = !open_reader(replay, true) && !replay->stop && !app_stopping();
		good = replay->reader.pcap && read_all(replay, &found, loop);
	}
	atomic_store_explicit(&replay->ended, true, memory_order_release);
	return NULL;
}

/* Starts to read ahead, and waits for the first frame, and for more that come soon. */
static bool begin_stream(struct gen_replay *replay)
{
	struct gen_capture *capture = replay->capture;
	uint64_t since = app_now_ns();

	replay->store_bytes = replay->ahead_bytes;
	replay->store = malloc(replay->store_bytes);
	replay->longest_bytes = capture->mtu + NIC_HEADER_BYTES + 2 * NIC_VLAN_TAG_BYTES;
	if (!replay->store)
		return app_error("%s: no memory to read it ahead", capture->name);
	int error = pthread_create(&replay->thread, NULL, read_stream, replay);
	if (error)
		return app_error("no thread: %s", strerror(error));
	replay->has_thread = true;
	while (!app_stopping() && !replay->ended &&
		(!app_get(&replay->frames) ||
			(app_now_ns() - since < AHEAD_NS && app_get(&replay->written) < replay->store_bytes / 2)))
		wait_ns(1000000);
	return !app_stopping();
}

static bool load(struct gen_replay *replay)
{
	struct gen_capture *capture = replay->capture;

	if (!read_all(replay, capture, 0))
		return app_stopping() ? false
				      : app_error("%s: more than half of the free memory: --stream-capture reads it "
						  "while it is sent",
						capture->name);
	app_add(&replay->gaps_ns, gen_capture_again_ns(capture));
	return true;
}

bool gen_replay_open(struct gen_replay *replay, bool strict, bool quiet)
{
	struct gen_capture *capture = replay->capture;
	struct stat file;
	bool from_stdin = strcmp(capture->file, "-") == 0,
	     is_file = !from_stdin && stat(capture->file, &file) == 0 && S_ISREG(file.st_mode);

	capture->name = from_stdin ? "stdin" : capture->file;
	replay->quiet = quiet;
	replay->most_bytes = free_bytes() / 2;
	if (is_file && !strict && !capture->streamed && (uint64_t)file.st_size > replay->most_bytes / 2) {
		capture->streamed = true;
		if (!quiet)
			app_error("%s: more than a quarter of the free memory: read while it is sent", capture->name);
	}
	replay->streamed = capture->streamed;
	if (replay->streamed && !is_file && replay->loops != 1)
		return app_error("%s: not a file: what --stream-capture reads of it cannot be read again for --loop",
			capture->name);
	if (!open_reader(replay, quiet || replay->streamed))
		return false;
	if (!(replay->streamed ? begin_stream(replay) : load(replay)))
		return false;
	if (replay->streamed && replay->ended)
		gen_replay_stop(replay);
	else if (!replay->streamed && (!quiet || !app_get(&replay->frames) || (strict && !gen_capture_whole(capture))))
		gen_capture_tell(capture);
	if (!app_get(&replay->frames))
		return app_error("%s: no frame in it can be sent", capture->name);
	if (strict && !gen_capture_whole(capture))
		return app_error(
			"%s: --strict: nothing is sent, as not all frames can be sent as they were on the wire",
			capture->name);
	return true;
}

uint64_t gen_replay_total(const struct gen_replay *replay)
{
	return replay->streamed ? 0 : replay->loops * app_get(&replay->frames);
}

void gen_replay_stop(struct gen_replay *replay)
{
	if (!replay->has_thread)
		return;
	replay->stop = true;
	pthread_join(replay->thread, NULL);
	replay->has_thread = false;
	if (!replay->quiet || !replay->capture->frames)
		gen_capture_tell(replay->capture);
}

void gen_replay_close(struct gen_replay *replay)
{
	gen_replay_stop(replay);
	free(replay->store);
	replay->store = NULL;
}

/* ---- Sending ---- */

/* The frame at a place. NULL: there is none, or none yet */
static struct gen_replay_frame *look(struct gen_replay *replay, struct gen_replay_place *place)
{
	if (!replay->streamed)
		return replay->loops && place->loop == replay->loops ? NULL : frame_at(replay, place->at);
	if (place->at == atomic_load_explicit(&replay->written, memory_order_acquire))
		return NULL;
	if (frame_at(replay, place->at)->bytes == NO_MORE_BELOW)
		place->at += replay->store_bytes - place->at % replay->store_bytes;
	return frame_at(replay, place->at);
}

static void advance(struct gen_replay *replay, struct gen_replay_place *place)
{
	place->at += place_bytes(frame_at(replay, place->at)->bytes);
	if (replay->streamed || place->at < app_get(&replay->written))
		return;
	place->at = 0;
	place->loop++;
}

const struct gen_replay_frame *gen_replay_due(struct gen_replay *replay)
{
	return look(replay, &replay->due);
}

void gen_replay_pass(struct gen_replay *replay)
{
	advance(replay, &replay->due);
	if (!replay->streamed && replay->due.at == 0 && replay->due.loop == 1)
		frame_at(replay, 0)->gap_ns = gen_capture_again_ns(replay->capture);
}

const struct gen_replay_frame *gen_replay_next(struct gen_replay *replay)
{
	struct gen_replay_frame *frame = look(replay, &replay->next);

	/* the frame in front, which was sent, may be overwritten */
	atomic_store_explicit(&replay->released, replay->next.at, memory_order_release);
	/* each loop goes on from the addresses of the one before */
	if (replay->next.loop)
		gen_unique_move(frame->data, frame->addresses, replay->next.loop - 1, replay->next.loop);
	advance(replay, &replay->next);
	return frame;
}

bool gen_replay_ended(struct gen_replay *replay)
{
	if (!replay->streamed)
		return replay->loops && replay->due.loop == replay->loops;
	return atomic_load_explicit(&replay->ended, memory_order_acquire) &&
	       replay->due.at == app_get(&replay->written);
}
