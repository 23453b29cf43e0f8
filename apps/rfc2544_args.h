/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-rfc2544's command line. */
#ifndef POLLUX_APPS_RFC2544_ARGS_H
#define POLLUX_APPS_RFC2544_ARGS_H

#include "app_args.h"
#include "gen_rate.h"
#include "gen_stream.h"
#include "rfc2544_plan.h"

struct rfc2544_args {
	struct app_options app;
	char *size_names[RFC2544_SIZES_MAX];          /* as they were typed */
	struct gen_stream streams[RFC2544_SIZES_MAX]; /* one for each size */
	unsigned sizes;
	const char *size_list; /* the whole option */
	const char *stream;    /* what the frames are but for their size */
	struct gen_rate most;  /* that is offered */
	unsigned tests;        /* a mask, as the plan's */
	double trial_s, wait_s, settle_s;
	double loss, width;             /* shares */
	const char *device, *csv, *svg; /* or NULL */
	uint8_t to[6];
	bool has_to;
};

/** Ends the program where the command line is wrong. */
void rfc2544_parse(struct rfc2544_args *args, int argc, char **argv);

#endif
