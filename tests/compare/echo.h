/* SPDX-License-Identifier: BSD-2-Clause
 * What the echo programs of the comparison share: arguments, signals, how they end. None of it is called per packet. */
#ifndef POLLUX_COMPARE_ECHO_H
#define POLLUX_COMPARE_ECHO_H

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define ECHO_ADDRESS "198.18.0.2"
#define ECHO_PORT    7007

/** An option, which sets a flag or takes a value. */
struct echo_option {
	const char *name;   /* "--zero-copy" */
	const char *help;   /* one line of --help */
	bool *flag;         /* set to true, or NULL: */
	const char **value; /* points to the option's value */
};

struct echo_program {
	const char *name;                  /* "echo-sockets" */
	const char *about;                 /* what --help says: lines of at most 80 columns, without the last newline */
	const char *port;                  /* what its arguments are: "INTERFACE" or "PORT" */
	int most_ports;                    /* 1; or 2, where a program forwards between two */
	const struct echo_option *options; /* ends with one that has no name; NULL: it has none but --help */
};

/** Set by SIGTERM and SIGINT. No call that blocks is begun again after a signal; and one that was begun just after the
 * signal returns with EINTR within a second, because the signal comes again as SIGALRM. */
extern volatile sig_atomic_t echo_stopped;

/** Reads the command line into ports[0], and ports[1] (NULL when it is not given), and takes the signals. --help and
 * wrong usage end the program, with status 0 and 2. Returns how many ports there are. */
int echo_begin(const struct echo_program *program, int argc, char **argv, const char *ports[2]);

/** Ends the program with status 2, what is wrong with the command line, and the usage. */
__attribute__((noreturn)) void echo_misused(const struct echo_program *program, const char *what, const char *which);

/** Says "ready": from now on requests are answered. */
void echo_ready(void);

/** Prints the last line, and returns main's value. */
int echo_end(const char *technique, uint64_t received, uint64_t sent);

/** Ends the program with status 1 and a sentence that names the remedy, on stderr. */
__attribute__((noreturn, format(printf, 1, 2))) void echo_fail(const char *format, ...);

/** Ends the program with status 77 and "skip: REASON" on stdout: this kernel or machine lacks the feature. */
__attribute__((noreturn, format(printf, 1, 2))) void echo_skip(const char *format, ...);

/** A UDP socket on 198.18.0.2, port 7007, for what comes by this interface. Fails as echo_fail does. */
int echo_socket(const char *interface);

#endif
