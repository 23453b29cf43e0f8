/* SPDX-License-Identifier: BSD-2-Clause
 * The file that a capture is written to. */
#ifndef POLLUX_APPS_DUMP_FILE_H
#define POLLUX_APPS_DUMP_FILE_H

#include "app.h"

/** Looks whether a file can be written, as far as that can be seen without opening it: nothing is made or cut before
 * the port is open, and who reads a FIFO is not told of an end. NULL and "-" can. False, and printed: not. */
bool dump_check_path(const char *path);

/** Opens the file. A FIFO can be opened only once somebody reads it: until then, serves the ports. @return its
 * descriptor; -1, and printed: failed */
int dump_open_path(struct app *app, const char *path);

#endif
