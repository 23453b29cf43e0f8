/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-dump: writes what a port receives to a capture file, or a line per frame, chosen by a tcpdump expression. */
#include "app_base.h"
#include "app_figures.h"
#include "app_halt.h"
#include "app_nap.h"
#include "app_output.h"
#include "app_placement.h"
#include "app_ports.h"
#include "app_run.h"
#include "dump_file.h"
#include "dump_merge.h"

#include <pcap/pcap.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
	unsigned known_resets;      /* of the port */
	_Atomic uint64_t not_matched;
	/* The writing thread's: what has come of a frame in several buffers. */
	_Alignas(64) unsigned frame_bytes;
	uint8_t frame[FRAME_BYTES_MAX];
};

static struct {
	struct app_options options;
	const char *file; /* NULL: lines; "-": a capture on stdout */
	char *expression; /* NULL: all frames */
	unsigned snaplen;
	uint64_t frames_wanted; /* 0: no limit */

	pcap_t *pcap;
	pcap_dumper_t *dumper; /* NULL: lines */
	FILE *out;      /* of frames, and the writer's alone: the file; stdout; or stderr for lines beside JSON */
	bool unflushed; /* something may be in its buffer */
	bool has_filter;
	struct bpf_program filter;
	_Atomic uint64_t captured, not_matched; /* by the writer */

	struct queue queues[APP_QUEUES];
	struct dump_lane lanes[APP_QUEUES]; /* with several queues */
	sem_t came;                         /* wakes the writer */
	struct app app;
} dump;

/* ---- Capturing ---- */

static void print_line(const struct pcap_pkthdr *header, const uint8_t *d)
{
	char at[32] = "", who[64] = "";
	struct tm tm;
	time_t seconds = header->ts.tv_sec;

	strftime(at, sizeof(at), "%H:%M:%S", localtime_r(&seconds, &tm));
	if (header->caplen >= NIC_HEADER_BYTES)
		snprintf(who, sizeof(who),
			"%02x:%02x:%02x:%02x:%02x:%02x > %02x:%02x:%02x:%02x:%02x:%02x type 0x%02x%02x ", d[6], d[7],
			d[8], d[9], d[10], d[11], d[0], d[1], d[2], d[3], d[4], d[5], d[12], d[13]);
	fprintf(dump.out, "%s.%09ld %slength %u\n", at, (long)header->ts.tv_usec, who, header->len);
}

static bool matches(const uint8_t *data, unsigned bytes)
{
	const struct pcap_pkthdr whole = {.len = bytes, .caplen = bytes};

	return !dump.has_filter || pcap_offline_filter(&dump.filter, &whole, data) != 0;
}

/* Writes one frame. False: no further one is wanted. */
static bool capture(const struct timespec *now, const uint8_t *data, unsigned bytes)
{
	/* With nanosecond precision, libpcap keeps nanoseconds in tv_usec. */
	struct pcap_pkthdr header = {
		.ts = {.tv_sec = now->tv_sec, .tv_usec = now->tv_nsec},
		.len = bytes,
		.caplen = bytes < dump.snaplen ? bytes : dump.snaplen,
	};

	if (dump.dumper)
		pcap_dump((uint8_t *)dump.dumper, &header, data);
	else
		print_line(&header, data);
	dump.unflushed = true;
	app_add(&dump.captured, 1);
	return !dump.frames_wanted || app_get(&dump.captured) < dump.frames_wanted;
}

/* The same of a frame that has not been compared with the expression. */
static bool compare(const struct timespec *now, const uint8_t *data, unsigned bytes)
{
	if (matches(data, bytes))
		return capture(now, data, bytes);
	app_add(&dump.not_matched, 1);
	return true;
}

/* What has come of a frame in several buffers, if anything has, is all that comes. */
static void cut_frame(unsigned queue)
{
	struct queue *q = &dump.queues[queue];

	app_add(&dump.app.ports[0].queues[queue].counters.rx_broken, q->frame_bytes > 0);
	q->frame_bytes = 0;
}

/* Takes one buffer: a frame, or a piece of one. compared: whole frames in one buffer match. False: no further frame is
 * wanted. */
static bool take(const struct timespec *now, unsigned queue, const struct pkt *pkt, bool compared)
{
	struct queue *q = &dump.queues[queue];
	bool more = pkt->flags & PKT_MORE;

	if (!more && q->frame_bytes == 0)
		return compared ? capture(now, pkt->data, pkt->len) : compare(now, pkt->data, pkt->len);
	if (pkt->len > FRAME_BYTES_MAX - q->frame_bytes) {
		cut_frame(queue);
		return true;
	}
	memcpy(q->frame + q->frame_bytes, pkt->data, pkt->len);
	q->frame_bytes += pkt->len;
	if (more)
		return true;
	unsigned bytes = q->frame_bytes;
	q->frame_bytes = 0;
	return compare(now, q->frame, bytes);
}

/* A quiet moment: who reads the other end of a pipe gets all that there is. False: that failed. */
static bool offer(void)
{
	int flushed = dump.unflushed ? app_output_offer(dump.out) : 1;

	dump.unflushed = flushed == 0;
	return flushed >= 0;
}

static void end_writing(void)
{
	app_stop(); /* before the flush, which would wait for a reader that stands still */
	fflush(dump.out);
}

/* One queue: its thread receives and writes. */
static void work_alone(void)
{
	struct app_queue *queue = &dump.app.ports[0].queues[0];
	struct app_counters *counters = &queue->counters;
	struct pkt pkts[APP_BURST_MAX];
	struct timespec now;
	bool writable = true, more_wanted = true;

	while (writable && more_wanted && !app_stopping()) {
		app_halt_point();
		if (app_was_reset(&dump.app.ports[0], &dump.queues[0].known_resets))
			cut_frame(0);
		unsigned n = nic_rx(queue->rx, pkts, dump.options.burst);
		if (n == 0) {
			app_add(&counters->empty_polls, 1);
			writable = offer();
			app_looked(&app_workers[0], dump.unflushed, APP_NAP_US);
			continue;
		}
		app_looked(&app_workers[0], true, 0);
		clock_gettime(CLOCK_REALTIME, &now);
		unsigned i = 0;
		while (i < n && more_wanted)
			more_wanted = take(&now, 0, &pkts[i++], false);
		app_add(&counters->in_hand, app_frames(pkts + i, n - i));
		app_add(&counters->received, app_frames(pkts, n));
		app_add(&counters->busy_polls, 1);
		pkt_free(pkts, n);
		writable = !ferror(dump.out);
	}
	end_writing();
}

/* ---- Several queues: a thread for each, and one that writes ---- */

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

static void receive(unsigned index)
{
	struct app_queue *queue = &dump.app.ports[0].queues[index];
	struct app_counters *counters = &queue->counters;
	struct dump_lane *lane = &dump.lanes[index];
	struct queue *q = &dump.queues[index];
	struct pkt pkts[APP_BURST_MAX];
	bool cut = false;

	while (!app_stopping()) {
		app_halt_point();
		if (app_was_reset(&dump.app.ports[0], &q->known_resets)) {
			cut = true;
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
			dump_put(lane, now, cut, pkts, kept);
			cut = cut && !kept;
			wake_writer(&app_workers[index]);
		} else {
			app_add(&counters->empty_polls, 1);
			app_idle();
		}
		dump_seen(lane, now);
		app_looked(&app_workers[index], n || !want, LANE_NAP_US);
	}
	dump_seen(lane, UINT64_MAX);
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

static bool write_record(const struct dump_record *record, unsigned lane, int64_t difference)
{
	uint64_t real = record->ns + (uint64_t)difference;
	struct timespec at = {(time_t)(real / 1000000000u), (long)(real % 1000000000u)};

	if (record->cut)
		cut_frame(lane);
	return take(&at, lane, &record->pkt, true);
}

static void wait_for_frames(uint64_t ns)
{
	uint64_t until = app_now_ns() + ns;

	sem_clockwait(&dump.came, CLOCK_MONOTONIC,
		&(struct timespec){(time_t)(until / 1000000000u), (long)(until % 1000000000u)});
}

/* Ends when all threads that receive have. What came with the last frame that is wanted is in hand. */
static void write_in_order(void)
{
	bool more_wanted = true;
	unsigned lane, n, idle = 0;

	app_no_queues();
	while ((n = dump_next(dump.lanes, dump.options.queues, &lane)) || lane < dump.options.queues) {
		int64_t difference = clock_difference();
		for (unsigned i = 0; i < n; i++) {
			const struct dump_record *record = dump_record_at(&dump.lanes[lane], i);
			if (!more_wanted)
				app_add(&dump.app.ports[0].queues[lane].counters.in_hand, app_frames(&record->pkt, 1));
			else
				more_wanted = write_record(record, lane, difference);
			pkt_free(&record->pkt, 1);
		}
		if (n)
			dump_take(&dump.lanes[lane], n);
		more_wanted = more_wanted && (n ? !ferror(dump.out) : offer());
		if (!more_wanted)
			app_stop();
		idle = n ? 0 : idle + 1;
		if (!n)
			wait_for_frames(app_nap_after && idle > IDLE_WAITS ? SLEEP_NS : WAIT_NS);
	}
	end_writing();
}

static unsigned threads(void)
{
	return dump.options.queues > 1 ? dump.options.queues + 1 : 1;
}

static void work(unsigned index)
{
	if (dump.options.queues == 1)
		work_alone();
	else if (index < dump.options.queues)
		receive(index);
	else
		write_in_order();
}

struct totals {
	uint64_t captured, not_matched, in_hand;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure packets[] = {
	{"captured", "dump: %llu packets captured", AT(captured)},
	{"not_matched", ", %llu did not match", AT(not_matched)},
	{"in_hand", ", %llu in hand at the end", AT(in_hand), APP_ZERO_IS_NOTHING},
	{0},
};
#undef AT

static void print_more(FILE *out, bool json, bool total)
{
	struct totals t = {app_get(&dump.captured), app_get(&dump.not_matched), dump.app.latest.ports[0].own.in_hand};

	for (unsigned i = 0; i < dump.options.queues; i++)
		t.not_matched += app_get(&dump.queues[i].not_matched);
	if (!json && !total)
		return;
	app_figures_print(out, json, packets, &t);
	fputs(json ? "" : "\n", out);
}

static void more_metrics(struct app_metrics *m)
{
	struct app_metric captured = {"dump_captured", "packets", "Frames written.", .count = app_get(&dump.captured)};
	struct app_metric other = {"dump_not_matched", "packets", "Frames that the expression did not match.",
		.count = app_get(&dump.not_matched)};

	for (unsigned i = 0; i < dump.options.queues; i++)
		other.count += app_get(&dump.queues[i].not_matched);
	app_metrics_add_port(m, &captured, 0);
	app_metrics_add_port(m, &other, 0);
}

/* ---- Command line ---- */

static const struct argp_option options[] = {
	{"write", 'w', "FILE", 0,
		"write a capture file with nanosecond time stamps; - is stdout; default: one line per frame on stdout, "
		"or stderr with --json",
		0},
	{"snaplen", 's', "BYTES", 0, "keep only that many bytes of each frame, 14 to 65535; default 65535", 0},
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
	"\n" APP_HELP_STATUS;

static void add_word(const char *word)
{
	char *longer = NULL;

	if (asprintf(&longer, "%s%s%s", dump.expression ? dump.expression : "", dump.expression ? " " : "", word) < 0)
		exit(APP_FAILED);
	free(dump.expression);
	dump.expression = longer;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &dump.options;
		dump.snaplen = FRAME_BYTES_MAX;
		return 0;
	case 'w':
		dump.file = text;
		return 0;
	case 's':
		dump.snaplen = (unsigned)app_count_option(state, "snaplen", text, NIC_HEADER_BYTES, FRAME_BYTES_MAX);
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
		if (dump.options.json && dump.file && strcmp(dump.file, "-") == 0)
			argp_error(state, "--json and --write - would both have stdout");
		app_check_cpus(&dump.options, state, threads());
		dump.options.held = dump.options.queues > 1 ? dump.options.queues * DUMP_HELD : 0;
		dump.pcap =
			pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)dump.snaplen, PCAP_TSTAMP_PRECISION_NANO);
		if (!dump.pcap)
			argp_failure(state, APP_FAILED, 0, "no memory for libpcap");
		dump.has_filter = dump.expression != NULL;
		if (dump.has_filter &&
			pcap_compile(dump.pcap, &dump.filter, dump.expression, 1, PCAP_NETMASK_UNKNOWN) < 0)
			argp_error(state, "%s: %s", dump.expression, pcap_geterr(dump.pcap));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool open_file(void)
{
	bool lines = !dump.file, path = dump.file && strcmp(dump.file, "-") != 0;
	const char *name = path ? dump.file : dump.options.json ? "stderr" : "stdout";
	int fd = path ? dump_open_path(&dump.app, dump.file) : dump.options.json ? STDERR_FILENO : STDOUT_FILENO;

	if (fd < 0)
		return false;
	dump.out = app_output_open(fd, name, lines && (dump.options.json || isatty(fd)));
	if (!dump.out)
		return app_error("%s: no memory", name);
	if (!lines && !(dump.dumper = pcap_dump_fopen(dump.pcap, dump.out)))
		return app_error("%s: %s", name, pcap_geterr(dump.pcap));
	dump.unflushed = !lines; /* the capture's header, whose flush shows whether the file can be written */
	return true;
}

static bool run(void)
{
	/* Without a file, lines of frames and of reports would be mixed: there are only the totals. */
	dump.options.quiet |= !dump.file && !dump.options.json;
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
	dump.app.text_out = !dump.file || strcmp(dump.file, "-") == 0 || dump.options.json ? stderr : stdout;
	good = dump_check_path(dump.file) && app_open(&dump.app, &dump.options, threads()) && open_file() && run();
	if (dump.out)
		good = app_output_end(dump.out) && good;
	good = app_close(&dump.app) && good;
	if (dump.dumper)
		pcap_dump_close(dump.dumper);
	else if (dump.out)
		fclose(dump.out);
	if (dump.has_filter)
		pcap_freecode(&dump.filter);
	pcap_close(dump.pcap);
	free(dump.expression);
	return good ? APP_OK : APP_FAILED;
}
