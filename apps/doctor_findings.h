/* SPDX-License-Identifier: BSD-2-Clause
 * What pollux-doctor finds, in words and as JSON, with what mends it. */
#ifndef POLLUX_APPS_DOCTOR_FINDINGS_H
#define POLLUX_APPS_DOCTOR_FINDINGS_H

#include <stdbool.h>

/** A problem keeps the forwarder from starting; a warning does not. */
enum doctor_level { FINE, WARNING, PROBLEM };

extern struct doctor_findings {
	bool json;    /* how findings are printed */
	bool printed; /* there was one */
	unsigned problems;
} doctor_findings;

/** Tells what was found.
 * @param about  the address of a device, or a part of the machine
 * @param mend   a command or two, or what to do; "": nothing */
void doctor_find(enum doctor_level level, const char *about, const char *mend, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** Formats what mends something, for doctor_find. The text lasts until the next call. */
const char *doctor_mend(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
