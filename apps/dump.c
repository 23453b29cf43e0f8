/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-dump: writes what a port receives to a capture file, or a line per frame, chosen by a tcpdump expression. */
#include "app_base.h"
#include "app_figures.h"
#include "app_halt.h"
#include "app_nap.h"
#include "app_placement.h"
#include "app_ports.h"
#include "app_run.h"
#include "dump_file.h"
#include "dump_merge.h"

#include <ctype.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAME_BYTES_MAX 65535u /* frames in several buffers are put together up to here */
#define WAIT_NS         50000  /* of the writer, when no queue has brought anything */
/* With --poll adaptive, a writer that has waited so often sleeps until a thread that receives wakes it; and such a
 * thread says at least so often that nothing has come. */
#define IDLE_WAITS    20
#define SLEEP_NS      10000000
#define LANE_NAP_US   50000
#define CLOCK_STEP_NS 100000 /* by so much somebody has set the clock, rather than that reading it takes its time */

/* What is known of a queue besides its counters. */
struct queue {
	/* The receiving thread's. */
	_Alignas(64) bool in_frame; /* a frame in several buffers has begun, and not ended */
	bool cut;                   /* the frame before the next in the lane has no end, if it has none there */
	unsigned known_resets;      /* of the port */
	_Atomic uint64_t not_matched;
	/* The writer's: what has come of a frame in several buffers. */
	_Alignas(64) unsigned frame_bytes;
	uint8_t frame[FRAME_BYTES_MAX];
};

static struct {
	struct app_options options;
	char *expression; /* NULL: all frames */
	unsigned snaplen;
	uint64_t frames_wanted; /* 0: no limit */

	struct dump_file file;
	bool has_filter;
	struct bpf_program filter;
	bool enough;                                            /* no further frame is written */
	_Atomic uint64_t captured, not_matched, writing_cycles; /* by the writer */

	struct queue queues[APP_QUEUES];
	struct dump_lane lanes[APP_QUEUES];
	sem_t came; /* wakes the writer, where it has a thread of its own */
	struct app app;
} dump;

/* ---- Capturing ---- */

static bool matches(const uint8_t *data, unsigned bytes)
{
	const struct pcap_pkthdr whole = {.len = bytes, .caplen = bytes};

	return !dump.has_filter || pcap_offline_filter(&dump.filter, &whole, data) != 0;
}

static void capture(const struct timespec *at, const uint8_t *data, unsigned bytes)
{
	/* With nanosecond precision, libpcap keeps nanoseconds in tv_usec. */
	struct pcap_pkthdr header = {
		.ts = {.tv_sec = at->tv_sec, .tv_usec = at->tv_nsec},
		.len = bytes,
		.caplen = bytes < dump.snaplen ? bytes : dump.snaplen,
	};

	dump_file_write(&dump.file, &header, data);
	app_add(&dump.captured, 1);
	dump.enough = dump.frames_wanted && app_get(&dump.captured) >= dump.frames_wanted;
}

/* What has come of a frame in several buffers, if anything has, is all that comes. */
static void cut_frame(unsigned queue)
{
	struct queue *q = &dump.queues[queue];

	app_add(&dump.app.ports[0].queues[queue].counters.rx_broken, q->frame_bytes > 0);
	q->frame_bytes = 0;
}

/* Takes one buffer: a frame, which matches, or a piece of one. */
static void take(const struct timespec *at, unsigned queue, const struct pkt *pkt)
{
	struct queue *q = &dump.queues[queue];
	bool more = pkt->flags & PKT_MORE;

	if (!more && q->frame_bytes == 0) {
		capture(at, pkt->data, pkt->len);
		return;
	}
	if (pkt->len > FRAME_BYTES_MAX - q->frame_bytes) {
		cut_frame(queue);
		return;
	}
	memcpy(q->frame + q->frame_bytes, pkt->data, pkt->len);
	q->frame_bytes += pkt->len;
	if (more)
		return;
	if (matches(q->frame, q->frame_bytes))
		capture(at, q->frame, q->frame_bytes);
	else
		app_add(&dump.not_matched, 1);
	q->frame_bytes = 0;
}

/* What CLOCK_REALTIME shows more than CLOCK_MONOTONIC. It stays the same, so that the order of time does, unless
 * somebody sets the clock. */
static int64_t clock_difference(void)
{
	static int64_t difference;
	uint64_t before = app_now_ns(), real = app_clock_ns(CLOCK_REALTIME), after = app_now_ns();
	int64_t now = (int64_t)(real - before), off = now - difference;

	if (after - before < CLOCK_STEP_NS / 10 && (off > CLOCK_STEP_NS || off < -CLOCK_STEP_NS))
		difference = now;
	return difference;
}

static void write_record(const struct dump_record *record, unsigned lane, int64_t difference)
{
	uint64_t real = record->ns + (uint64_t)difference;
	struct timespec at = {(time_t)(real / 1000000000u), (long)(real % 1000000000u)};

	dump.enough = dump.enough || !dump_file_turn(&dump.file, at.tv_sec);
	if (dump.enough) {
		app_add(&dump.app.ports[0].queues[lane].counters.in_hand, app_frames(&record->pkt, 1));
		return;
	}
	if (record->cut)
		cut_frame(lane);
	take(&at, lane, &record->pkt);
}

/* Writes what comes next in order of time; when nothing does, lets readers have what there is. What came behind the
 * last frame that is wanted is in hand.
 * @return whether something came; *lane as dump_next has it */
static bool write_next(unsigned *lane)
{
	unsigned n = dump_next(dump.lanes, dump.options.queues, lane);
	uint64_t begin = app_tsc();
	int64_t difference = n ? clock_difference() : 0;

	for (unsigned i = 0; i < n; i++) {
		const struct dump_record *record = dump_record_at(&dump.lanes[*lane], i);
		write_record(record, *lane, difference);
		pkt_free(&record->pkt, 1);
	}
	if (n)
		dump_take(&dump.lanes[*lane], n);
	else if (!dump.enough)
		dump.enough = !dump_file_offer(&dump.file) || !dump_file_turn(&dump.file, time(NULL));
	if (dump.enough)
		app_stop();
	app_add(&dump.writing_cycles, n ? app_tsc() - begin : 0);
	return n;
}

static void end_writing(void)
{
	app_stop(); /* before the flush, which would wait for a reader that stands still */
	if (dump.file.out)
		dump_file_flush(&dump.file);
}

/* ---- Receiving: a thread for each queue ---- */

/* Leaves of n packets those that may have to be written, in front. @return how many */
static unsigned keep_matching(struct queue *q, struct pkt *pkts, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		bool more = pkts[i].flags & PKT_MORE, is_piece = q->in_frame || more;
		q->in_frame = more;
		if (is_piece || matches(pkts[i].data, pkts[i].len)) {
			pkts[kept++] = pkts[i];
		} else {
			app_add(&q->not_matched, 1);
			pkt_free(&pkts[i], 1);
		}
	}
	return kept;
}

/* Wakes the writer, when the first frames after a quiet time have come. */
static void wake_writer(const struct app_worker *worker)
{
	int woken = 0;

	if (worker->idle_since_tsc && sem_getvalue(&dump.came, &woken) == 0 && !woken)
		sem_post(&dump.came);
}

/* Puts into a queue's lane what has come by it. @return whether something has, or has no room there */
static bool receive(unsigned index)
{
	struct app_queue *queue = &dump.app.ports[0].queues[index];
	struct app_counters *counters = &queue->counters;
	struct dump_lane *lane = &dump.lanes[index];
	struct queue *q = &dump.queues[index];
	struct pkt pkts[APP_BURST_MAX];

	app_halt_point();
	if (app_was_reset(&dump.app.ports[0], &q->known_resets)) {
		q->cut = true;
		q->in_frame = false;
	}
	/* what has no room here waits in the ring: the card counts what has none there */
	unsigned room = dump_room(lane), want = room < dump.options.burst ? room : dump.options.burst;
	unsigned n = want ? nic_rx(queue->rx, pkts, want) : 0;
	uint64_t now = app_now_ns();
	if (n) {
		app_add(&counters->received, app_frames(pkts, n));
		app_add(&counters->busy_polls, 1);
		unsigned kept = dump.has_filter ? keep_matching(q, pkts, n) : n;
		dump_put(lane, now, q->cut, pkts, kept);
		q->cut = q->cut && !kept;
		wake_writer(&app_workers[index]);
	} else {
		app_add(&counters->empty_polls, 1);
		app_idle();
	}
	dump_seen(lane, now);
	return n || !want;
}

static void wait_for_frames(uint64_t ns)
{
	uint64_t until = app_now_ns() + ns;

	sem_clockwait(&dump.came, CLOCK_MONOTONIC,
		&(struct timespec){(time_t)(until / 1000000000u), (long)(until % 1000000000u)});
}

/* Ends when all threads that receive have. */
static void write_in_order(void)
{
	unsigned lane, idle = 0;

	app_no_queues();
	for (;;) {
		bool came = write_next(&lane);
		if (!came && lane == dump.options.queues)
			break;
		idle = came ? 0 : idle + 1;
		if (!came)
			wait_for_frames(app_nap_after && idle > IDLE_WAITS ? SLEEP_NS : WAIT_NS);
	}
	end_writing();
}

/* One queue: its thread receives and writes. */
static void work_alone(void)
{
	unsigned lane;

	while (!app_stopping()) {
		bool came = receive(0);
		write_next(&lane);
		app_looked(&app_workers[0], came || dump.file.unflushed, APP_NAP_US);
	}
	end_writing();
}

static unsigned threads(void)
{
	return dump.options.queues > 1 ? dump.options.queues + 1 : 1;
}

static void work(unsigned index)
{
	if (dump.options.queues == 1) {
		work_alone();
	} else if (index < dump.options.queues) {
		while (!app_stopping()) {
			bool came = receive(index);
			app_looked(&app_workers[index], came, LANE_NAP_US);
		}
		dump_seen(&dump.lanes[index], UINT64_MAX);
	} else {
		write_in_order();
	}
}

/* ---- Reports ---- */

struct totals {
	uint64_t captured, not_matched, in_hand, files, lost, lost_card, lost_ring, lost_writer;
	double writing_share;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure packets[] = {
	{"captured", "dump: %llu packets captured", AT(captured)},
	{"not_matched", ", %llu did not match", AT(not_matched)},
	{"in_hand", ", %llu in hand at the end", AT(in_hand), APP_ZERO_IS_NOTHING},
	{0},
};
static const struct app_figure losses[] = {
	{NULL, "\ndump: %llu packets lost", AT(lost)},
	{"lost_card", ": %llu by the card, which found them bad or was reset", AT(lost_card), APP_ZERO_IS_NOTHING},
	{"lost_ring", ": %llu for want of room in the ring", AT(lost_ring), APP_ZERO_IS_NOTHING},
	{"lost_writer", ": %llu by the writer, of those captured", AT(lost_writer), APP_ZERO_IS_NOTHING},
	{"files", "\ndump: %llu files", AT(files)},
	{"writing_share", "; at work writing %.0f %% of the time", AT(writing_share), .decimals = 4, .scale = 100},
	{0},
};
#undef AT

static uint64_t all_not_matched(void)
{
	uint64_t sum = app_get(&dump.not_matched);

	for (unsigned i = 0; i < dump.options.queues; i++)
		sum += app_get(&dump.queues[i].not_matched);
	return sum;
}

static void print_more(FILE *out, bool json, bool total)
{
	const struct app_port_sample *port = &dump.app.latest.ports[0];
	double run_cycles = (double)(dump.app.end_ns - dump.app.start_ns) / 1e9 * app_tsc_hz();
	struct totals t = {
		.captured = app_get(&dump.captured),
		.not_matched = all_not_matched(),
		.in_hand = port->own.in_hand,
		.files = app_get(&dump.file.files),
		.lost_card = port->card.rx_errors + port->card.rx_bad_packets + port->own.rx_broken,
		.lost_ring = port->card.rx_missed + port->card.rx_no_descriptor,
		.lost_writer = app_get(&dump.file.lost),
		.writing_share = app_ratio((double)app_get(&dump.writing_cycles), run_cycles),
	};

	if (!json && !total)
		return;
	t.lost = t.lost_card + t.lost_ring + t.lost_writer;
	app_figures_print(out, json, packets, &t);
	if (total)
		app_figures_print(out, json, losses, &t);
	fputs(json ? "" : "\n", out);
}

static void more_metrics(struct app_metrics *m)
{
	struct app_metric captured = {"dump_captured", "packets", "Frames written.", .count = app_get(&dump.captured)};
	struct app_metric other = {
		"dump_not_matched", "packets", "Frames that the expression did not match.", .count = all_not_matched()};

	app_metrics_add_port(m, &captured, 0);
	app_metrics_add_port(m, &other, 0);
}

/* ---- Command line ---- */

static const struct argp_option options[] = {
	{"write", 'w', "FILE", 0,
		"write a capture file with nanosecond time stamps; - is stdout; default: one line per frame on stdout, "
		"or stderr with --json",
		0},
	{"file-size", 'C', "MB", 0,
		"begin the next file when one has grown beyond so many millions of bytes, or with k, M or G behind "
		"bytes: FILE, FILE1, "
		"FILE2 ...",
		0},
	{"file-time", 'G', "SECONDS", 0,
		"begin the next file after so many; FILE has conversions as strftime(3) for its time, such as %H%M%S",
		0},
	{"file-count", 'W', "N", 0,
		"with -C, overwrite the first file after N: FILE0, FILE1 ..., with as many digits as wanted; with -G "
		"alone, end after N files",
		0},
	{"snaplen", 's', "BYTES", 0, "keep only that many bytes of each frame, 14 to 65535; 0 and default: 65535", 0},
	{"snapshot-length", 0, NULL, OPTION_ALIAS, NULL, 0},
	{"count", 'n', "N", 0, "end after N frames that match; default: no limit", 0},
	{0},
};

static const char doc[] =
	"Captures the frames that a port receives: those that match an expression as of tcpdump (see pcap-filter(7)), "
	"or all.\n" APP_HELP_PORT "\v"
	"Frames taken from the card at once have the same time stamp: that of the clock when the driver gave them. "
	"With several queues, each has a thread, and one more writes what they receive, in order of time: on the CPU "
	"behind theirs in --cpu, if there is one more.\n"
	"\n"
	"Examples:\n"
	"  pollux-dump 0000:03:00.0 -w web.pcap tcp port 80\n"
	"  pollux-dump vfio-user:/tmp/a -n 10 'arp or icmp6'\n"
	"  pollux-dump 0000:03:00.0 -w - | tcpdump -n -r -\n"
	"  pollux-dump 0000:03:00.0 -w ring.pcap -C 100 -W 10\n"
	"\n" APP_HELP_STATUS;

static void add_word(const char *word)
{
	char *longer = NULL;

	if (asprintf(&longer, "%s%s%s", dump.expression ? dump.expression : "", dump.expression ? " " : "", word) < 0)
		exit(APP_FAILED);
	free(dump.expression);
	dump.expression = longer;
}

static void check_files(struct argp_state *state)
{
	const struct dump_file *file = &dump.file;
	bool is_stdout = file->path && strcmp(file->path, "-") == 0;

	if (dump.options.json && is_stdout)
		argp_error(state, "--json and --write - would both have stdout");
	if ((file->bytes_limit || file->seconds) && (!file->path || is_stdout))
		argp_error(state, "--file-size and --file-time want --write FILE");
	if (file->count_limit && !file->bytes_limit && !file->seconds)
		argp_error(state, "--file-count wants --file-size or --file-time");
	if (file->seconds && !strchr(file->path, '%') && file->count_limit != 1)
		argp_error(state, "--file-time: each file would overwrite the one before: FILE wants a time in its "
				  "name, such as %%H%%M%%S");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct dump_file *file = &dump.file;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &dump.options;
		dump.snaplen = FRAME_BYTES_MAX;
		return 0;
	case 'w':
		file->path = text;
		return 0;
	case 'C':
		file->bytes_limit = app_count_option(state, "file-size", text, 1, UINT64_C(1) << 53);
		file->bytes_limit *= isdigit((unsigned char)text[strlen(text) - 1]) ? 1000000 : 1;
		return 0;
	case 'G':
		file->seconds = (unsigned)app_count_option(state, "file-time", text, 1, 1000000000);
		return 0;
	case 'W':
		file->count_limit = (unsigned)app_count_option(state, "file-count", text, 1, 1000000000);
		return 0;
	case 's':
		dump.snaplen = (unsigned)app_count_option(
			state, "snaplen", text, strcmp(text, "0") == 0 ? 0 : NIC_HEADER_BYTES, FRAME_BYTES_MAX);
		dump.snaplen = dump.snaplen ? dump.snaplen : FRAME_BYTES_MAX;
		return 0;
	case 'n':
		dump.frames_wanted = app_count_option(state, "count", text, 1, UINT64_C(1) << 53);
		return 0;
	case ARGP_KEY_ARG:
		if (dump.options.address_count == 0)
			app_add_port(&dump.options, state, text);
		else
			add_word(text);
		return 0;
	case ARGP_KEY_END:
		if (dump.options.address_count == 0)
			argp_error(state, "a port is wanted");
		check_files(state);
		app_check_cpus(&dump.options, state, threads());
		dump.options.held = dump.options.queues > 1 ? dump.options.queues * DUMP_HELD : 0;
		file->pcap =
			pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)dump.snaplen, PCAP_TSTAMP_PRECISION_NANO);
		if (!file->pcap)
			argp_failure(state, APP_FAILED, 0, "no memory for libpcap");
		dump.has_filter = dump.expression != NULL;
		if (dump.has_filter &&
			pcap_compile(file->pcap, &dump.filter, dump.expression, 1, PCAP_NETMASK_UNKNOWN) < 0)
			argp_error(state, "%s: %s", dump.expression, pcap_geterr(file->pcap));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool run(void)
{
	/* Without a file, lines of frames and of reports would be mixed: there are only the totals. */
	dump.options.quiet |= !dump.file.path && !dump.options.json;
	sem_init(&dump.came, 0, 0);
	for (unsigned i = 0; i < dump.options.queues; i++)
		app_watch(&app_workers[i], dump.app.ports[0].queues[i].rx);
	return app_run(&dump.app, &(struct app_work){.thread_count = threads(),
					  .thread_work = work,
					  .print_more = print_more,
					  .more_metrics = more_metrics});
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "PORT [EXPRESSION...]", doc, app_common_options, NULL, NULL};
	bool good;

	app_parse(&argp, argc, argv, NULL);
	app_catch_signals();
	/* Where stdout has the frames, as lines or as a capture, all else goes to stderr. */
	dump.app.text_out = !dump.file.path || strcmp(dump.file.path, "-") == 0 || dump.options.json ? stderr : stdout;
	good = dump_file_check(&dump.file) && app_open(&dump.app, &dump.options, threads()) &&
	       dump_file_open(&dump.file, &dump.app) && run();
	good = dump_file_close(&dump.file) && good;
	good = app_close(&dump.app) && good;
	if (dump.has_filter)
		pcap_freecode(&dump.filter);
	pcap_close(dump.file.pcap);
	free(dump.expression);
	return good ? APP_OK : APP_FAILED;
}
