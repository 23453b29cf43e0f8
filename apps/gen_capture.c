/* SPDX-License-Identifier: BSD-2-Clause
 * Reads a capture file into the generator's schedule, and accounts for what of it is not sent as it was on the wire. */
#include "gen_capture.h"

#include "app_args.h"
#include "app_base.h"
#include "app_figures.h"
#include "app_frame.h"
#include "app_output.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TELL_NS     UINT64_C(5000000000) /* between two lines on how far reading a long file is */
#define LOOK_MS     200                  /* between looks whether to stop, while a pipe has nothing to read */
#define LONG_GAP_NS UINT64_C(10000000000)

/* A file or pipe that is being read. */
struct source {
	const char *name;
	int fd;
	uint8_t start[8]; /* what it begins with, which tells what it is */
	unsigned start_bytes;
	uint64_t read_bytes;
	uint64_t file_bytes; /* of the whole file; 0: not known */
	int error;           /* that reading failed with */
	uint64_t told_ns;    /* when progress was told last */
	const struct gen_capture *capture;
	bool quiet;
};

static void tell_progress(struct source *source)
{
	uint64_t now = app_now_ns();

	if (source->quiet || now - source->told_ns < TELL_NS)
		return;
	source->told_ns = now;
	if (source->file_bytes)
		app_error("%s: %llu frames read, %llu of %llu MB", source->name,
			(unsigned long long)source->capture->frames, (unsigned long long)(source->read_bytes / 1000000),
			(unsigned long long)(source->file_bytes / 1000000));
	else
		app_error("%s: %llu frames read, %llu MB; waiting for more", source->name,
			(unsigned long long)source->capture->frames,
			(unsigned long long)(source->read_bytes / 1000000));
}

/* Reads for libpcap, by fopencookie: like read(), but a stop ends it also while a pipe has nothing to give. */
static ssize_t read_more(void *cookie, char *to, size_t bytes)
{
	struct source *source = cookie;

	while (!app_stopping()) {
		struct pollfd fd = {.fd = source->fd, .events = POLLIN};
		int ready = poll(&fd, 1, LOOK_MS);
		ssize_t got = ready > 0 ? read(source->fd, to, bytes) : -1;

		tell_progress(source);
		if (got >= 0) {
			for (ssize_t i = 0; i < got && source->start_bytes < sizeof(source->start); i++)
				source->start[source->start_bytes++] = (uint8_t)to[i];
			source->read_bytes += (size_t)got;
			return got;
		}
		if (ready > 0 && errno != EINTR && errno != EAGAIN) {
			source->error = errno;
			return -1;
		}
	}
	errno = EINTR;
	return -1;
}

/* Says of a file that is no capture what it seems to be. */
static void say_what_it_is(const struct source *source, const char *error)
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
		if (source->start_bytes < strlen(packed[i].magic) ||
			memcmp(source->start, packed[i].magic, strlen(packed[i].magic)) != 0)
			continue;
		app_error("%s: compressed with %s: unpack it on the way (%s -dc FILE | pollux-gen --replay - ...)",
			source->name, packed[i].name, packed[i].unpack);
		return;
	}
	for (unsigned i = 0; i < source->start_bytes; i++)
		printable += source->start[i] == '\n' || source->start[i] == '\t' ||
			     (source->start[i] >= 0x20 && source->start[i] < 0x7f);
	app_error("%s: not a pcap or pcapng capture%s: %s", source->name,
		source->start_bytes == 0           ? ", the file is empty"
		: printable == source->start_bytes ? ", it looks like text"
		: memcmp(source->start,
			  "\x7f"
			  "ELF",
			  4) == 0
			? ", it is a program"
			: "",
		error);
}

static bool open_source(struct source *source, const char *file)
{
	struct stat status;

	source->fd = STDIN_FILENO;
	/* With O_NONBLOCK, to open a FIFO does not wait for a writer; to read from it does. */
	if (strcmp(file, "-") != 0)
		source->fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	else if (isatty(STDIN_FILENO))
		return app_error(
			"stdin is a terminal: lead a capture into it (gzip -dc FILE | pollux-gen --replay - ...)");
	if (source->fd < 0 || fstat(source->fd, &status) < 0)
		return app_error("%s: %s", source->name, strerror(errno));
	source->file_bytes = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	return true;
}

static pcap_t *open_pcap(struct source *source)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	FILE *stream = fopencookie(source, "r", (cookie_io_functions_t){.read = read_more});
	pcap_t *pcap =
		stream ? pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error) : NULL;

	if (pcap && pcap_datalink(pcap) == DLT_EN10MB)
		return pcap;
	if (pcap) {
		const char *name = pcap_datalink_val_to_name(pcap_datalink(pcap));
		app_error("%s: a capture of frames of type %s (%d), not of Ethernet frames", source->name,
			name ? name : "unknown", pcap_datalink(pcap));
		pcap_close(pcap); /* the stream, too */
	} else {
		if (source->error && source->start_bytes < sizeof(source->start))
			app_error("%s: %s", source->name, strerror(source->error));
		else if (!app_stopping())
			say_what_it_is(source, *error ? error : "no memory");
		if (stream)
			fclose(stream);
	}
	return NULL;
}

/* The bytes of a frame that the MTU limits: none of the header, nor of VLAN tags, of which a frame may have two. */
static unsigned payload_bytes(const uint8_t *frame, unsigned bytes)
{
	unsigned header = NIC_HEADER_BYTES;

	while (header < NIC_HEADER_BYTES + 2 * NIC_VLAN_TAG_BYTES && bytes >= header) {
		unsigned type = (unsigned)frame[header - 2] << 8 | frame[header - 1];
		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		header += NIC_VLAN_TAG_BYTES;
	}
	return bytes > header ? bytes - header : 0;
}

/* When a frame was captured. A pcap file has unsigned seconds, which libpcap takes for signed ones. */
static uint64_t captured_ns(const struct pcap_pkthdr *header)
{
	uint64_t s = header->ts.tv_sec < 0 ? (uint32_t)header->ts.tv_sec : (uint64_t)header->ts.tv_sec;
	uint64_t ns = header->ts.tv_usec < 0 ? 0 : (uint64_t)header->ts.tv_usec;

	return (s < UINT64_C(1) << 34 ? s : UINT64_C(1) << 34) * 1000000000u + (ns < 1000000000u ? ns : 999999999u);
}

static void note_gap(struct gen_capture *capture, uint64_t before, uint64_t now)
{
	if (now < before) {
		capture->backwards++;
	} else if (now - before > capture->longest_gap_ns) {
		capture->longest_gap_ns = now - before;
		capture->longest_gap_after = capture->frames;
	}
	if (capture->max_gap_ns && now > before && now - before > capture->max_gap_ns)
		capture->gaps_shortened++;
}

/* Reads all frames that there are. */
static bool read_frames(struct gen_capture *capture, struct gen_schedule *schedule, pcap_t *pcap)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	uint64_t before = 0;
	int result;

	while ((result = pcap_next_ex(pcap, &header, &data)) == 1 && !app_stopping()) {
		unsigned payload = payload_bytes(data, header->caplen);
		uint64_t ns = captured_ns(header);
		if (header->caplen == 0) {
			capture->empty++;
			continue;
		}
		if (payload > capture->mtu || header->caplen > APP_FRAME_MAX) {
			capture->too_long++;
			capture->longest_payload =
				payload > capture->longest_payload ? payload : capture->longest_payload;
			continue;
		}
		if (!gen_schedule_add(schedule, data, header->caplen, ns))
			return app_error("%s: no memory for all of its frames", capture->name);
		if (capture->frames && capture->own_timing)
			note_gap(capture, before, ns);
		capture->cut += header->caplen < header->len;
		capture->frames++;
		before = ns;
	}
	if (result != 1 && result != PCAP_ERROR_BREAK)
		snprintf(capture->damage, sizeof(capture->damage), "%s", pcap_geterr(pcap));
	return !app_stopping();
}

/* What of a capture cannot be sent as it was, or when it was. */
#define AT(member) APP_FIGURE(struct gen_capture, member)
static const struct app_figure remarks[] = {
	{"frames", NULL, AT(frames)},
	{"too_long", "too long for the MTU: left out: %llu", AT(too_long), APP_ZERO_IS_NOTHING},
	{"empty", "empty: left out: %llu", AT(empty), APP_ZERO_IS_NOTHING},
	{"cut", "cut when captured: sent as they are: %llu", AT(cut), APP_ZERO_IS_NOTHING},
	{"backwards", "older than the one in front: sent right behind it: %llu", AT(backwards), APP_ZERO_IS_NOTHING},
	{"gaps_shortened", "behind gaps that --max-gap shortens: %llu", AT(gaps_shortened), APP_ZERO_IS_NOTHING},
	{"damage", NULL, AT(damage), APP_ZERO_IS_UNKNOWN},
	{0},
};
#undef AT

static void tell(const struct gen_capture *c)
{
	for (const struct app_figure *f = remarks; f->key; f++) {
		char text[96];
		if (!f->text || app_figure_count(f, c) == 0)
			continue;
		snprintf(text, sizeof(text), f->text, (unsigned long long)app_figure_count(f, c));
		app_error("%s: frames %s", c->name, text);
	}
	if (c->too_long && c->longest_payload <= APP_MTU_MAX)
		app_error("%s: the longest needs --mtu %u", c->name, c->longest_payload);
	else if (c->too_long)
		app_error("%s: the longest needs an MTU of %u, more than cards have", c->name, c->longest_payload);
	if (*c->damage)
		app_error("%s: what follows frame %llu cannot be read, and is left out: %s", c->name,
			(unsigned long long)(c->frames + c->too_long + c->empty), c->damage);
	if (!c->gaps_shortened && c->longest_gap_ns >= LONG_GAP_NS)
		app_error("%s: no frame is due for %.0f s behind frame %llu; --max-gap SECONDS shortens such gaps",
			c->name, (double)c->longest_gap_ns / 1e9, (unsigned long long)c->longest_gap_after);
}

static bool whole(const struct gen_capture *capture)
{
	return !capture->too_long && !capture->empty && !capture->cut && !*capture->damage;
}

bool gen_capture_load(struct gen_capture *capture, struct gen_schedule *schedule, bool strict, bool quiet)
{
	capture->name = strcmp(capture->file, "-") == 0 ? "stdin" : capture->file;
	struct source source = {.name = capture->name, .told_ns = app_now_ns(), .capture = capture, .quiet = quiet};
	pcap_t *pcap = open_source(&source, capture->file) ? open_pcap(&source) : NULL;
	bool good = pcap && read_frames(capture, schedule, pcap);

	if (pcap)
		pcap_close(pcap);
	if (source.fd > STDIN_FILENO)
		close(source.fd);
	if (!good)
		return false;
	if (!quiet || (strict && !whole(capture)) || !capture->frames)
		tell(capture);
	if (!capture->frames)
		return app_error("%s: no frame in it can be sent", capture->name);
	if (strict && !whole(capture))
		return app_error(
			"%s: --strict: nothing is sent, as not all frames can be sent as they were on the wire",
			capture->name);
	return true;
}

void gen_capture_print(const struct gen_capture *c, FILE *out, bool json)
{
	static const char separator[] = "\ngenerator: frames of the capture ";

	if (json) {
		app_figures_json(out, ",\"capture\":{", remarks, c);
		fputc('}', out);
		return;
	}
	if (app_figures_text(out, separator + 1, separator, remarks, c))
		fputc('\n', out);
	if (*c->damage)
		fputs("generator: what follows in the capture could not be read, and is left out\n", out);
}
