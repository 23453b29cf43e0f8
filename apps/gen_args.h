/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's command line. */
#ifndef POLLUX_APPS_GEN_ARGS_H
#define POLLUX_APPS_GEN_ARGS_H

#include "app_args.h"
#include "gen_streams.h"

struct gen_args {
	struct app_options app;
	struct gen_rate rate;
	unsigned size;         /* of a frame in bytes, with FCS */
	uint64_t count, flows; /* count 0: no limit was given */
	uint8_t to[6];
	bool has_to;
	bool has_shape;             /* --size or --flows was given */
	struct gen_streams streams; /* one at least, but with --replay */
	uint64_t seed, dry_count;   /* dry_count 0: this is no dry run */
	const char *dry_file;       /* NULL: print them */
	const char *replay;         /* a capture; or NULL */
	uint64_t loops;             /* of it; 0: for ever */
	double replay_speed;        /* 0: not given */
	bool looped, unique_ip, stream_capture, pad, strict;
	uint64_t max_gap_ns;   /* 0: not given */
	unsigned latency_each; /* measure each Nth packet's; 0: none */
	const char *csv, *svg; /* files for reports; or NULL */
};

/** Ends the program where the command line is wrong. */
void gen_parse(struct gen_args *args, int argc, char **argv);

static inline unsigned gen_mtu(const struct gen_args *args)
{
	return args->app.mtu ? args->app.mtu : APP_MTU_DEFAULT;
}

#endif
