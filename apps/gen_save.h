/* SPDX-License-Identifier: BSD-2-Clause
 * Reports in files of their own: opened before anything is measured, written when all is, and never lost. */
#ifndef POLLUX_APPS_GEN_SAVE_H
#define POLLUX_APPS_GEN_SAVE_H

#include <stdbool.h>
#include <stdio.h>

/** A report: a text that is collected in memory, and then goes into a file. */
struct gen_save {
	const char *path;
	FILE *text; /* where to write it */
	char *data; /* what was written: text's */
	size_t bytes;
	int fd;
};

/** Opens the file of a report, and empties it. False, and printed: it cannot be written, or there is no memory; nothing
 * is to be closed.
 * @param path  must last; NULL: no report is wanted, and text is NULL */
bool gen_save_open(struct gen_save *save, const char *path);

/** Writes what was collected, and closes the file. False, and printed: it could not be written; then the report is
 * printed on `instead`. */
bool gen_save_end(struct gen_save *save, FILE *instead);

#endif
