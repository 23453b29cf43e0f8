/* SPDX-License-Identifier: BSD-2-Clause
 * How a program writes: to descriptors that are open, to readers that may stand still, and with a sentence where
 * something could not be written. Needs nothing else of the applications: the programs of tests/model write in the same
 * way. */
#ifndef POLLUX_APPS_APP_OUTPUT_H
#define POLLUX_APPS_APP_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/** Prints "pollux-x: sentence" to stderr. @return false, for callers that fail with that sentence */
bool app_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Prints "note: sentence" to stderr: something happened that is no failure. */
void app_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** To be called first in a program: opens /dev/null as those of the descriptors 0, 1 and 2 that came closed. Otherwise
 * a capture or a device's socket would get such a number, and with it what is written for people. What goes to 2 is
 * then thrown away, and what goes to 1 fails, as somebody wanted it. From now on, a limit to the size of files (ulimit
 * -f) makes writes fail, and does not kill. Ends the program when /dev/null is missing. */
void app_output_descriptors(void);

/** From now on nobody waits for readers of stdout and stderr. Text that finds no room for a second, because its reader
 * stands still, is left out, and so is later text until there is room again. A text of at most 64 KiB between two
 * flushes, to a file or pipe, comes out whole or not at all. */
void app_output_unblock(void);

/** Opens a stream to a descriptor that leaves nothing out: it waits for room, until app_output_hurry and a second more.
 * Whether a write failed is its ferror().
 *  @param name  for sentences; must last
 *  @param lines  flushes after each line
 *  @return NULL: no memory */
FILE *app_output_open(int fd, const char *name, bool lines);

/** Flushes what there is room for now, in a quiet moment, of a stream of app_output_open. Does not wait.
 *  @return 1: all; 0: not all; -1: a write has failed */
int app_output_offer(FILE *file);

/** Flushes what app_output_open returned. @return how many of its bytes were written: the first ones, as nothing is
 * written behind what could not be */
unsigned long long app_output_written(FILE *file);

/** Flushes what app_output_open returned, stdout, or stderr; only fclose may follow. A reader who went away has seen
 * enough: what it left is no failure.
 *  @return false, and printed once: some of it was not written */
bool app_output_end(FILE *file);

/** Does app_output_end of stdout and stderr, at a program's end. */
bool app_output_end_all(void);

/** The program is to end: streams of app_output_open wait no longer than a second. From any thread and from signal
 * handlers. */
void app_output_hurry(void);

#endif
