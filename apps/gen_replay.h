/* SPDX-License-Identifier: BSD-2-Clause
 * The frames of a capture in the order in which they are sent, loop by loop: all of them in memory; or, of captures
 * that are too large for that or have not ended, those that a thread has read ahead. */
#ifndef POLLUX_APPS_GEN_REPLAY_H
#define POLLUX_APPS_GEN_REPLAY_H

#include "gen_capture.h"
#include "gen_unique.h"

#include <pthread.h>

struct gen_replay_frame {
	uint64_t gap_ns; /* from the start of the frame in front, as captured */
	uint32_t bytes;  /* without FCS */
	struct gen_unique addresses;
	uint8_t data[];
};

/** A place in the store, and the loop that it is in. */
struct gen_replay_place {
	uint64_t at, loop;
};

#define GEN_REPLAY_AHEAD_BYTES (UINT64_C(64) << 20)

/** The thread that sends uses it, but for what is atomic. */
struct gen_replay {
	struct gen_capture *capture;
	uint64_t loops; /* 0: for ever */
	bool streamed;  /* a thread reads the capture meanwhile */
	bool quiet;
	uint64_t ahead_bytes; /* that such a thread reads ahead, three of the longest frames at least */
	const uint8_t *to;    /* as in the reader */

	/* Frames one behind the other: all of them; or of the stream some, at their places modulo the store's size. */
	uint8_t *store;
	uint64_t store_bytes;
	uint64_t most_bytes;               /* that it may have where it has all frames */
	struct gen_replay_place due, next; /* of the frame that becomes due next; that is sent next */
	unsigned longest_bytes;            /* that a frame has, or may have */

	/* The frames so far, or all: what means are made of. */
	_Atomic uint64_t frames, wire_bits, gaps_ns;

	/* The thread that reads. */
	_Alignas(64) _Atomic uint64_t written;  /* up to here the store has frames, in bytes since the start */
	atomic_bool ended;                      /* and there will be no more */
	atomic_bool failed;                     /* because the capture could not be opened again; that was said */
	_Alignas(64) _Atomic uint64_t released; /* up to here they are not needed any more */
	pthread_t thread;
	bool has_thread;
	atomic_bool stop;
	struct gen_reader reader;
};

/** Reads a capture: all, or with `streamed`, or if a file is larger than a quarter of the free memory, as far as it
 * goes. Says what is remarkable, unless quiet.
 * @param strict  to send nothing if not all frames can be sent as they were on the wire
 * @return false, and said why: there is nothing to send; or it was asked to stop, and said nothing */
bool gen_replay_open(struct gen_replay *replay, bool strict, bool quiet);

/** How many frames it has in all its loops; 0: nobody knows, or without end. */
uint64_t gen_replay_total(const struct gen_replay *replay);

/** The frame that becomes due next; NULL: there is none, or none has been read yet. */
const struct gen_replay_frame *gen_replay_due(struct gen_replay *replay);
/** It is due: the one behind it becomes due next. */
void gen_replay_pass(struct gen_replay *replay);
/** The next one of those that were passed, for as long as it is not called again. */
const struct gen_replay_frame *gen_replay_next(struct gen_replay *replay);

/** Whether all was passed. */
bool gen_replay_ended(struct gen_replay *replay);

/** Ends the reading; what was read stays. Only then all is known of a capture that is read while it is sent. */
void gen_replay_stop(struct gen_replay *replay);
void gen_replay_close(struct gen_replay *replay);

#endif
