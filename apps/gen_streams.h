/* SPDX-License-Identifier: BSD-2-Clause
 * The streams of a run, as the command line names them: texts, and files with texts. */
#ifndef POLLUX_APPS_GEN_STREAMS_H
#define POLLUX_APPS_GEN_STREAMS_H

#include "gen_stream.h"

#define GEN_STREAMS_FILE_MAX (1u << 20) /* bytes of a file */

struct gen_streams {
	struct gen_stream each[GEN_STREAMS];
	unsigned count;
	char error[512]; /* why the last one was not added */
};

/** Adds the stream of a text; or, of @FILE, one of each line that is neither empty nor a comment (#). False, and the
 * error says where and what was expected: nothing was added behind that place. */
bool gen_streams_add(struct gen_streams *streams, const char *text);

/** Whether all frames are no longer than an MTU allows, VLAN tags apart. False: the error says so. */
bool gen_streams_fit(struct gen_streams *streams, unsigned mtu);

/** Whether anything in them depends on the seed. */
bool gen_streams_are_random(const struct gen_streams *streams);

void gen_streams_free(struct gen_streams *streams);

#endif
