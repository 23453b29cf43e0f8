/* SPDX-License-Identifier: BSD-2-Clause
 * Where a capture goes: lines for people, or files, one after the other, with names as tcpdump gives them. */
#ifndef POLLUX_APPS_DUMP_FILE_H
#define POLLUX_APPS_DUMP_FILE_H

#include "app.h"

#include <limits.h>
#include <pcap/pcap.h>

struct dump_file {
	/* As on the command line. */
	const char *path; /* NULL: lines on stdout, or on stderr beside JSON; "-": a capture on stdout; else a file,
			     whose name may have a time's conversions for strftime */
	pcap_t *pcap;
	uint64_t bytes_limit; /* the first frame after a file has grown beyond begins the next one; 0: no limit */
	unsigned seconds;     /* after so many, the next one begins; 0: never */
	unsigned count_limit; /* files by size: the first is overwritten then; else files by time: no more; 0: no limit
			       */

	/* The writer's. */
	FILE *out;
	pcap_dumper_t *dumper; /* NULL: lines */
	char name[PATH_MAX];
	unsigned number;              /* of the file, among those of its time */
	time_t began;                 /* its time */
	unsigned periods;             /* times that have ended */
	bool unflushed;               /* something may be in its buffer */
	bool failed;                  /* there is no file any more: why has been printed */
	uint64_t frames;              /* in this file */
	uint64_t bytes;               /* of these and of the file's header */
	_Atomic uint64_t files, lost; /* begun; frames that are in none, because writing failed */
	uint32_t sizes[16384];        /* of the last frames, by number: more than can be on their way to a file */
};

/** Looks whether the first file can be written, as far as that can be seen without opening it: nothing is made or cut
 * before the port is open, and who reads a FIFO is not told of an end. False, and printed: not. */
bool dump_file_check(struct dump_file *file);

/** Opens the first one. A FIFO can be opened only once somebody reads it: until then, serves the ports. False, and
 * printed: failed. */
bool dump_file_open(struct dump_file *file, struct app *app);

/** Begins the next file when the time of this one is over. To be called before each frame and in quiet moments.
 * @return false: no further frame can be written, or is wanted */
bool dump_file_turn(struct dump_file *file, time_t now);

/** Writes a frame, in a new file when this one is large enough. */
void dump_file_write(struct dump_file *file, const struct pcap_pkthdr *header, const uint8_t *data);

/** A quiet moment: who reads the other end of a pipe gets all that there is. False: that failed. */
bool dump_file_offer(struct dump_file *file);

/** Writes what is left. */
void dump_file_flush(struct dump_file *file);

/** Closes the file. @return false, and printed once: some of it was not written */
bool dump_file_close(struct dump_file *file);

#endif
