/* SPDX-License-Identifier: BSD-2-Clause
 * Reads a capture, from a file or a pipe, as Ethernet frames. */
#include "gen_reader.h"

#include "app_args.h"
#include "app_base.h"
#include "app_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TELL_NS UINT64_C(5000000000) /* between two lines on how far reading a long file is */
#define LOOK_MS 200                  /* between looks whether to stop, while a pipe has nothing to read */

/* A kind of frames that get an Ethernet header in place of their own. */
struct gen_link {
	int type;
	unsigned header_bytes;
	int ether_type_at; /* in its header; -1: there is IP behind it, whose first bits tell the version */
};

static bool stopping(const struct gen_reader *reader)
{
	return app_stopping() || (reader->stop && atomic_load_explicit(reader->stop, memory_order_relaxed));
}

static void tell_progress(struct gen_reader *reader)
{
	uint64_t now = app_now_ns();

	if (reader->quiet || now - reader->told_ns < TELL_NS)
		return;
	reader->told_ns = now;
	if (reader->file_bytes)
		app_error("%s: %llu frames read, %llu of %llu MB", reader->name, (unsigned long long)reader->frames,
			(unsigned long long)(reader->read_bytes / 1000000),
			(unsigned long long)(reader->file_bytes / 1000000));
	else
		app_error("%s: %llu frames read, %llu MB; waiting for more", reader->name,
			(unsigned long long)reader->frames, (unsigned long long)(reader->read_bytes / 1000000));
}

/* Reads for libpcap, by fopencookie: like read(), but a stop ends it also while a pipe has nothing to give. */
static ssize_t read_more(void *cookie, char *to, size_t bytes)
{
	struct gen_reader *reader = cookie;

	while (!stopping(reader)) {
		struct pollfd fd = {.fd = reader->fd, .events = POLLIN};
		int ready = poll(&fd, 1, LOOK_MS);
		ssize_t got = ready > 0 ? read(reader->fd, to, bytes) : -1;

		tell_progress(reader);
		if (got >= 0) {
			for (ssize_t i = 0; i < got && reader->start_bytes < sizeof(reader->start); i++)
				reader->start[reader->start_bytes++] = (uint8_t)to[i];
			reader->read_bytes += (size_t)got;
			return got;
		}
		if (ready > 0 && errno != EINTR && errno != EAGAIN) {
			reader->error = errno;
			return -1;
		}
	}
	errno = EINTR;
	return -1;
}

/* Says of a file that is no capture what it seems to be. */
static void say_what_it_is(const struct gen_reader *reader, const char *error)
{
	static const struct {
		const char *magic, *name, *unpack;
	} packed[] = {
		{"\x1f\x8b", "gzip", "gzip"},
		{"\x28\xb5\x2f\xfd", "zstd", "zstd"},
		{"\xfd"
		 "7zXZ",
			"xz", "xz"},
		{"BZh", "bzip2", "bzip2"},
		{"\x04\x22\x4d\x18", "lz4", "lz4"},
	};
	unsigned printable = 0;

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		if (reader->start_bytes < strlen(packed[i].magic) ||
			memcmp(reader->start, packed[i].magic, strlen(packed[i].magic)) != 0)
			continue;
		app_error("%s: compressed with %s: unpack it on the way (%s -dc FILE | pollux-gen --replay - ...)",
			reader->name, packed[i].name, packed[i].unpack);
		return;
	}
	for (unsigned i = 0; i < reader->start_bytes; i++)
		printable += reader->start[i] == '\n' || reader->start[i] == '\t' ||
			     (reader->start[i] >= 0x20 && reader->start[i] < 0x7f);
	app_error("%s: not a pcap or pcapng capture%s: %s", reader->name,
		reader->start_bytes == 0           ? ", the file is empty"
		: printable == reader->start_bytes ? ", it looks like text"
		: memcmp(reader->start,
			  "\x7f"
			  "ELF",
			  4) == 0
			? ", it is a program"
			: "",
		error);
}

static bool open_file(struct gen_reader *reader, const char *file)
{
	struct stat status;

	reader->fd = STDIN_FILENO;
	/* With O_NONBLOCK, to open a FIFO does not wait for a writer; to read from it does. */
	if (strcmp(file, "-") != 0)
		reader->fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	else if (isatty(STDIN_FILENO))
		return app_error(
			"stdin is a terminal: lead a capture into it (gzip -dc FILE | pollux-gen --replay - ...)");
	if (reader->fd < 0 || fstat(reader->fd, &status) < 0)
		return app_error("%s: %s", reader->name, strerror(errno));
	reader->file_bytes = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	return true;
}

static const struct gen_link links[] = {
	{DLT_RAW, 0, -1},
	{DLT_IPV4, 0, -1},
	{DLT_IPV6, 0, -1},
	/* the address family in front has other numbers on each system, and the bytes in one or the other order */
	{DLT_NULL, 4, -1},
	{DLT_LOOP, 4, -1},
	{DLT_LINUX_SLL, 16, 14},
	{DLT_LINUX_SLL2, 20, 0},
};

static bool open_pcap(struct gen_reader *reader)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	FILE *stream = fopencookie(reader, "r", (cookie_io_functions_t){.read = read_more});

	if (stream)
		setvbuf(stream, reader->buffer, _IOFBF, sizeof(reader->buffer));
	reader->pcap =
		stream ? pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error) : NULL;
	if (!reader->pcap) {
		if (reader->error && reader->start_bytes < sizeof(reader->start))
			app_error("%s: %s", reader->name, strerror(reader->error));
		else if (!stopping(reader))
			say_what_it_is(reader, *error ? error : "no memory");
		if (stream)
			fclose(stream);
		return false;
	}
	int type = pcap_datalink(reader->pcap);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].type == type)
			reader->link = &links[i];
	if (type == DLT_EN10MB && reader->to)
		return app_error("%s: its frames have addresses of their own: without --to", reader->name);
	if (type == DLT_EN10MB || reader->link)
		return true;
	const char *name = pcap_datalink_val_to_name(type);
	return app_error("%s: a capture of frames of type %s (%d), not of Ethernet frames or IP packets", reader->name,
		name ? name : "unknown", type);
}

bool gen_reader_open(struct gen_reader *reader, const char *file)
{
	reader->told_ns = app_now_ns();
	if (open_file(reader, file) && open_pcap(reader))
		return true;
	gen_reader_close(reader);
	return false;
}

void gen_reader_close(struct gen_reader *reader)
{
	if (reader->pcap)
		pcap_close(reader->pcap); /* the stream, too */
	if (reader->fd > STDIN_FILENO)
		close(reader->fd);
	reader->pcap = NULL;
	reader->fd = -1;
}

/* When a frame was captured. A pcap file has unsigned seconds, which libpcap takes for signed ones. */
static uint64_t captured_ns(const struct pcap_pkthdr *header)
{
	uint64_t s = header->ts.tv_sec < 0 ? (uint32_t)header->ts.tv_sec : (uint64_t)header->ts.tv_sec;
	uint64_t ns = header->ts.tv_usec < 0 ? 0 : (uint64_t)header->ts.tv_usec;

	return (s < UINT64_C(1) << 34 ? s : UINT64_C(1) << 34) * 1000000000u + (ns < 1000000000u ? ns : 999999999u);
}

/* What Ethernet calls the packet in a frame of another link; 0: nothing. LLC frames have their length there. */
static unsigned ether_type(const struct gen_link *link, const uint8_t *data, unsigned bytes)
{
	unsigned payload = bytes - link->header_bytes;

	if (link->ether_type_at < 0) {
		unsigned version = payload ? data[link->header_bytes] >> 4 : 0;
		return version == 4 ? 0x0800 : version == 6 ? 0x86dd : 0;
	}
	unsigned type = (unsigned)data[link->ether_type_at] << 8 | data[link->ether_type_at + 1];
	return type >= 0x600 ? type : type == 4 && payload <= APP_MTU_DEFAULT ? payload : 0;
}

/* Puts an Ethernet header in place of another one. Frames that are too long stay that. */
static void add_header(struct gen_reader *reader, struct gen_captured *frame)
{
	static const uint8_t nobody[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};
	const unsigned header = reader->link->header_bytes, payload = frame->bytes - header;
	unsigned type = frame->bytes >= header ? ether_type(reader->link, frame->data, frame->bytes) : 0;

	frame->no_ether_type = !type;
	if (!type || payload > sizeof(reader->frame) - NIC_HEADER_BYTES)
		return;
	memcpy(reader->frame, reader->to ? reader->to : nobody, 6);
	memcpy(reader->frame + 6, from, 6);
	reader->frame[12] = (uint8_t)(type >> 8);
	reader->frame[13] = (uint8_t)type;
	memcpy(reader->frame + NIC_HEADER_BYTES, frame->data + header, payload);
	frame->data = reader->frame;
	frame->held_bytes = frame->bytes = NIC_HEADER_BYTES + payload;
	frame->wire_bytes += NIC_HEADER_BYTES - header;
	frame->header_added = true;
}

bool gen_reader_next(struct gen_reader *reader, struct gen_captured *frame, char *damage, unsigned damage_bytes)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int result = pcap_next_ex(reader->pcap, &header, &data);

	if (result == 1 && !stopping(reader)) {
		*frame = (struct gen_captured){
			.data = data,
			.held_bytes = header->caplen,
			.bytes = header->caplen,
			.wire_bytes = header->len > header->caplen ? header->len : header->caplen,
			.ns = captured_ns(header),
		};
		reader->frames++;
		if (reader->link && frame->bytes)
			add_header(reader, frame);
		return true;
	}
	if (result != 1 && result != PCAP_ERROR_BREAK && !stopping(reader))
		snprintf(damage, damage_bytes, "%s", pcap_geterr(reader->pcap));
	return false;
}
