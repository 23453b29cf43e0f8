/* SPDX-License-Identifier: BSD-2-Clause
 * Reads a capture, from a file or a pipe, as Ethernet frames. */
#ifndef POLLUX_APPS_GEN_READER_H
#define POLLUX_APPS_GEN_READER_H

#include "app_frame.h"

#include <pcap/pcap.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** A frame of a capture. */
struct gen_captured {
	const uint8_t *data; /* until the next one is read */
	unsigned held_bytes; /* of data */
	unsigned bytes;      /* of the frame that is to be sent; what data has not is zeros */
	unsigned wire_bytes; /* as many it had on the wire */
	uint64_t ns;         /* when it was captured */
	bool header_added;   /* of another link: an Ethernet header is in front now, in place of its own */
	bool no_ether_type;  /* of another link: there is no Ethernet header for it */
};

/** A capture that is being read. */
struct gen_reader {
	const char *name;
	bool quiet;              /* says nothing of how far it is */
	const atomic_bool *stop; /* stops the reader, as the program's stop does; or NULL */
	pcap_t *pcap;
	const struct gen_link *link; /* the kind of the frames that are not Ethernet's; or NULL */
	const uint8_t *to;           /* of the headers that are put in front, the destination; NULL: the usual one */

	int fd;
	uint8_t start[8]; /* what it begins with, which tells what it is */
	unsigned start_bytes;
	uint64_t frames, read_bytes;
	uint64_t file_bytes;          /* of the whole file; 0: not known */
	int error;                    /* that reading failed with */
	uint64_t told_ns;             /* when progress was told last */
	uint8_t frame[APP_FRAME_MAX]; /* one with a header in front */
	char buffer[1 << 16];         /* of what was read */
};

/** Opens a capture whose name, and how to read it, is in the reader. @param file  "-" is stdin
 * @return false, and said why; or it was asked to stop, and said nothing */
bool gen_reader_open(struct gen_reader *reader, const char *file);

/** Reads the next frame. False: there is none; *damage is why, where it is not the end of the capture, or "". */
bool gen_reader_next(struct gen_reader *reader, struct gen_captured *frame, char *damage, unsigned damage_bytes);

void gen_reader_close(struct gen_reader *reader);

/** The bytes of a frame that the MTU does not limit: its header, and its VLAN tags, of which it may have two. More than
 * the frame has, where it ends inside of them. */
static inline unsigned gen_header_bytes(const uint8_t *frame, unsigned bytes)
{
	unsigned header = NIC_HEADER_BYTES;

	while (header < NIC_HEADER_BYTES + 2 * NIC_VLAN_TAG_BYTES && bytes >= header) {
		unsigned type = (unsigned)frame[header - 2] << 8 | frame[header - 1];
		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		header += NIC_VLAN_TAG_BYTES;
	}
	return header;
}

#endif
