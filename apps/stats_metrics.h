/* SPDX-License-Identifier: BSD-2-Clause
 * Files of metrics that a program writes with --metrics: read, checked, and brought together. Needs nothing of the
 * driver. */
#ifndef POLLUX_APPS_STATS_METRICS_H
#define POLLUX_APPS_STATS_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define STATS_FILES      64u
#define STATS_FILE_BYTES (4u << 20) /* of a file, at most */
#define STATS_FAMILIES   2048u      /* of all files */
#define STATS_SAMPLES    65536u     /* of all files */

#define STATS_OWN "pollux_stats_" /* begins the names of metrics on the files: no file has such */

/** A metric: all samples of one name. The texts are in the buffers of the files. */
struct stats_family {
	const char *name, *help;
	bool is_counter; /* else a gauge */
	unsigned file;   /* the last that has it */
};

struct stats_sample {
	const struct stats_family *family;
	unsigned file;
	const char *labels; /* port="0000:03:00.0",queue="3", in the order of names; "" when it has none */
	const char *value;  /* as it stands in the file */
	double number;      /* the same */
};

struct stats_file {
	const char *path;
	char problem[160]; /* why it could not be read: nothing of it is here then; "" when it could */
	char *text;
	struct timespec written; /* when */
};

/** What some files say, at one moment. */
struct stats_metrics {
	struct stats_file files[STATS_FILES];
	unsigned file_count;
	struct stats_family families[STATS_FAMILIES];
	unsigned family_count;
	struct stats_sample *samples; /* in the order of stats_compare */
	unsigned sample_count;
};

/** Reads files. One that cannot be read, or is none of metrics, has a `problem`. Of samples that are in several files
 * with the same labels, the first stays. @return NULL: no memory */
struct stats_metrics *stats_read(const char *const *paths, unsigned count);
void stats_free(struct stats_metrics *metrics);

/** Compares two samples, also of different reads, by their metrics' names and their labels: of one read, all differ. */
int stats_compare(const void *one, const void *two);

/** A label of a sample: its name, and its value without escapes. */
struct stats_label {
	char name[64], value[512];
};

/** Reads the label that *at leads to, and moves *at behind it and its comma. False: there is none, or it is none. */
bool stats_next_label(const char **at, struct stats_label *label);

#endif
