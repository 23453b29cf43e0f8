/* SPDX-License-Identifier: BSD-2-Clause
 * What Pollux's applications share: options, opening ports, threads and signals, and statistics.
 * Not part of the library: an application is its one file, this header, and driver/nic.h. */
#ifndef POLLUX_APPS_APP_H
#define POLLUX_APPS_APP_H

#include "../driver/nic.h"
#include "app_output.h"

#include <argp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <x86intrin.h>

enum { APP_OK = 0, APP_FAILED = 1, APP_USAGE = 2 }; /* exit statuses */

#define APP_PORTS   16u
#define APP_CPUS    16u
#define APP_BURST   256u
#define APP_MTU_MAX 16000u /* that --mtu takes; a card may take less */

/* What a frame takes on the wire besides the bytes that the counters count: FCS 4, preamble 8, gap 12. */
#define APP_FCS_BYTES     4u
#define APP_FRAMING_BYTES 24u
#define APP_FRAME_MIN     60u /* bytes without FCS; cards pad what is shorter */

/* ---- Options (app_args.c) ---- */

/** The options that every program understands, and its ports. */
struct app_options {
	const char *addresses[APP_PORTS];
	unsigned address_count;
	unsigned burst, ring, mtu; /* mtu 0: 1500 */
	unsigned tx_ring;          /* no option, but a program's need; 0: as ring */
	unsigned cpus[APP_CPUS], cpu_count;
	double duration_s, interval_s, link_wait_s; /* duration 0: until stopped */
	bool no_promiscuous, json, quiet;
	enum pkt_simd simd;
};

/** As a child of a program's own argp; its input is a struct app_options, which it fills with the defaults first. */
extern const struct argp app_common_argp;

/** What --help says after the options of each program. */
#define APP_HELP_PORT "PORT is vfio-user:/path/to/socket, or a PCI address such as 0000:03:00.0."
#define APP_HELP_STATUS                                                                                                \
	"Exit status: 0 all went well, also when ended by SIGINT, SIGTERM or SIGHUP; 1 something failed, a device is " \
	"gone, or what was to be written could not be, as by a reader that stands still for a second; 2 the command "  \
	"line was wrong."

/** argp_parse with exit status 2 for a wrong command line. Wrong values end the program inside. */
void app_parse(const struct argp *argp, int argc, char **argv, void *input);

/** Whether a text has the form of a port's address: vfio-user:PATH, or one of PCI. There need be no such port. */
bool app_is_address(const char *text);
#define APP_NO_ADDRESS                                                                                                 \
	"'%s' is no address: 0000:03:00.0 (pollux-bind lists them) or vfio-user:/path/to/socket is wanted"

/** Adds a port to the options; too many end the program. */
void app_add_port(struct app_options *options, struct argp_state *state, const char *address);

enum app_rate_unit { APP_RATE_UNLIMITED, APP_RATE_PACKETS, APP_RATE_BITS, APP_RATE_PERCENT };

struct app_rate {
	double value; /* packets per second; bits per second with framing; percent of the line rate, which is with
			 framing */
	enum app_rate_unit unit;
};

/* Each is false, and leaves the result alone, when the text is not wholly what it should be. */
bool app_parse_count(
	const char *text, uint64_t min, uint64_t max, uint64_t *value); /* 100, 64k, 1.5M, 2G: decimal multiples */
bool app_parse_seconds(const char *text, double min, double max, double *value);
bool app_parse_mac(const char *text, uint8_t mac[6]);                            /* 02:00:00:00:00:01 */
bool app_parse_cpus(const char *text, unsigned cpus[APP_CPUS], unsigned *count); /* 2,4-6 */

/** 1Mpps, 14.88M, 10Gbit, 50%. @return NULL, or what is wanted instead, and rate is left alone */
const char *app_parse_rate(const char *text, struct app_rate *rate);
#define APP_RATE_MIN 1e-6
#define APP_RATE_MAX 1e15

/** app_parse_count for an option: ends the program with a sentence that names the option and its range. */
uint64_t app_count_option(struct argp_state *state, const char *option, const char *text, uint64_t min, uint64_t max);
/** The same of app_parse_seconds. */
double app_seconds_option(struct argp_state *state, const char *option, const char *text, double min, double max);

/** Bits that a frame of so many bytes (without FCS) takes on the wire, with padding and framing. */
double app_wire_bits(unsigned frame_bytes);

/** The gap between the starts of two frames in cycles, for a frame of so many bytes (without FCS); 0: unlimited. */
double app_rate_gap(const struct app_rate *rate, unsigned frame_bytes, unsigned link_mbps, double tsc_hz);

/* ---- Counters and ports (app_ports.c) ---- */

/** A worker's counters for one port. Each has a single writer; the main thread reads. What receives and what sends may
 * be two threads, hence two cache lines. */
struct app_counters {
	_Alignas(64) _Atomic uint64_t busy_polls; /* that returned packets */
	_Atomic uint64_t empty_polls, busy_cycles, rx_broken;
	_Atomic uint64_t received; /* frames taken from the port */
	_Atomic uint64_t in_hand;  /* of these, not handed on when the worker ended */
	_Alignas(64) _Atomic uint64_t sent;
	_Atomic uint64_t tx_ring_full;  /* frames that found no room and were dropped */
	_Atomic uint64_t waited_cycles; /* for room to send */
};

/** Adds to a counter that only the calling thread writes. */
static inline void app_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/** Sets a value that only the calling thread writes. */
static inline void app_set(_Atomic uint64_t *value, uint64_t to)
{
	atomic_store_explicit(value, to, memory_order_relaxed);
}

static inline uint64_t app_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/** All of a port's counters at a time, from nic_start on. */
struct app_port_sample {
	struct nic_stats card;
	bool gone;       /* the device: card is what was known last ... */
	uint64_t age_ns; /* ... so long before; else 0 */
	uint64_t received, in_hand, rx_broken, tx_ring_full, busy_polls, empty_polls;
};

struct app_sample {
	uint64_t ns;
	struct app_port_sample ports[APP_PORTS];
};

struct app_port {
	struct app_counters counters;
	struct nic *nic;
	struct nic_info info;
	struct nic_link link;
	struct nic_rxq *rx;
	struct nic_txq *tx;
	bool started;
};

struct app {
	const struct app_options *options;
	struct dma_space *space;
	struct pkt_pool *pools[2]; /* all ports receive from the first */
	unsigned pool_count;
	unsigned port_count;
	bool refused; /* a device has refused an access: told, and no success */
	struct app_port ports[APP_PORTS];
	uint64_t start_ns, end_ns; /* when the workers began, and were asked to end: rates are per time between them */
	struct app_sample
		now; /* as last reported; exact in the totals, which are printed when all ports have stopped */
	FILE *human; /* where people read: stdout, or stderr when JSON has stdout */
};

/**
 * Opens and starts all ports of the options in one DMA space with one pool, says what they are, and waits for their
 * links.
 * @param threads  that use the pool, besides the calling one
 * @return false when something failed: the reason was printed, and app_close is still due
 */
bool app_open(struct app *app, const struct app_options *options, unsigned threads);

/** Opens a further pool, which app_close closes; prints why not. */
struct pkt_pool *app_open_pool(struct app *app, unsigned count);

/** Stops all ports: from then on their counters stay as they are. The workers must have ended. False, and printed: one
 * did not stop, or has refused an access. */
bool app_stop_ports(struct app *app);

/** Stops and closes whatever is open. The workers must have ended. False, and printed: packets were never given back,
 * or a report could not be written. */
bool app_close(struct app *app);

/** Serves all ports: false when one is gone; printed. */
bool app_service(struct app *app);

/** Frames in n handles: those that end one. */
static inline unsigned app_frames(const struct pkt *pkts, unsigned n)
{
	unsigned more = 0;
	for (unsigned i = 0; i < n; i++)
		more += pkts[i].flags & PKT_MORE;
	return n - more;
}
_Static_assert(PKT_MORE == 1, "app_frames adds up the flag itself");

/** Handles up to the end of the last whole frame. */
static inline unsigned app_whole(const struct pkt *pkts, unsigned n)
{
	while (n && (pkts[n - 1].flags & PKT_MORE))
		n--;
	return n;
}

/** More handles than any frame has: a tail this long without an end is thrown away rather than kept. */
#define APP_FRAME_HANDLES 64u

/* ---- Running (app_run.c) ---- */

/** Flushes stdout and stderr, at a program's end. False, and printed: not all that was written to them got there. */
bool app_written(void);

/** SIGINT, SIGTERM and SIGHUP stop the program in an orderly way; a further one of a kind, half a second later, ends it
 * at once. Readers of stdout and stderr that stand still do not: app_output_unblock. */
void app_catch_signals(void);

extern atomic_bool app_stop_flag;
static inline bool app_stopping(void)
{
	return atomic_load_explicit(&app_stop_flag, memory_order_relaxed);
}

/** Asks all threads to end. From any thread and from signal handlers. */
void app_stop(void);

/** Wakes the main thread out of app_sleep_until. From any thread. */
void app_wake(void);

uint64_t app_now_ns(void);

/** Sleeps until then, or until there is reason to look: a stop, a wake, an event of a port. */
void app_sleep_until(struct app *app, uint64_t until_ns);

static inline uint64_t app_tsc(void)
{
	return __rdtsc();
}

/** Time stamp counter ticks per second, measured once. */
double app_tsc_hz(void);

/** What is known of a thread that polls: its CPU, and the longest time in cycles between two polls. */
struct app_worker {
	_Alignas(64) uint64_t polled; /* time stamp counter */
	int64_t longest;
	uint64_t wall_ns, cpu_ns, preempted; /* once it has ended */
};
extern struct app_worker app_workers[APP_CPUS]; /* by the index of work() */

/** For a thread that polls without pause: now it does so again. */
static inline void app_polled(struct app_worker *worker, uint64_t tsc)
{
	/* signed: the counter of another CPU may be a little behind */
	int64_t away = (int64_t)(tsc - worker->polled);

	worker->polled = tsc;
	if (__builtin_expect(away > worker->longest, 0))
		worker->longest = away;
}

/** What a program adds to an interval or to the totals: a line of its own for people, or further JSON members, each
 * with a comma in front. */
typedef void app_more(FILE *out, bool json, bool total);

/** What a program does once its ports are open. */
struct app_work {
	unsigned threads;             /* at most APP_CPUS */
	void (*work)(unsigned index); /* each thread's, until app_stopping() */
	app_more *more;
	bool (*done)(void);      /* if given: whether it is time to end; asked once a second at least */
	void (*stop)(bool good); /* if given, instead of app_stop(): makes the threads end; good: nothing has failed */
	bool may_leave_unsent;   /* packets that a card did not send in the end are no failure */
};

/**
 * Runs a program: starts its threads, the index-th on the index-th CPU of --cpu if there is one; supervises them
 * (app_supervise); stops and joins them, stops the ports, and prints the totals.
 * @return false, and printed: a thread could not be started, a device is gone, or a card has not sent what it was given
 */
bool app_run(struct app *app, const struct app_work *work);

/* ---- The CPU (app_cpu.c) ---- */

struct app_cpu {
	double share;       /* of its time in which a thread had a CPU, 0 .. 1: the thread that had it least */
	double away_ms;     /* longest time between two polls; 0: unknown */
	uint64_t preempted; /* times that a thread lost its CPU to another */
	double allowed;     /* CPUs that the cgroup allows; 0: any number */
	double slept_s;     /* the machine was suspended */
	bool steady;        /* the time stamp counter went as the clock did: figures in cycles mean something */
};

/** A program that had the CPU for less of the time than this may have been limited by that. */
#define APP_CPU_SHARE 0.9

/** About the threads of app_run, in app_more's totals. */
const struct app_cpu *app_cpu(void);
/** Prints it: a line for people, or JSON members with a comma in front. */
void app_cpu_print(FILE *out, bool json);

/** For app_run: around each thread's work, and around all. */
void app_worker_begin(struct app_worker *worker);
void app_worker_end(struct app_worker *worker);
void app_cpu_begin(const struct app *app, unsigned threads);
void app_cpu_end(unsigned threads);

struct app_clocks {
	uint64_t monotonic_ns, boottime_ns, tsc;
};
struct app_clocks app_clocks(void);
void app_cpu_judge(struct app_cpu *result, const struct app_worker *workers, unsigned threads,
	const struct app_clocks *from, const struct app_clocks *to, double tsc_hz);

/** CPUs that the cgroups of this process allow it (cpu.max, cpu.cfs_quota_us); 0: no limit, or not known.
 *  @param root  of the file system, "" or a test's folder */
double app_cgroup_cpus(const char *root);

/* ---- Statistics (app_stats.c) ---- */

/** Gbit/s counts the bytes of frames without FCS; wire counts FCS, preamble and gap too: 10 at most on a 10 Gbit/s
 * link. */
struct app_rates {
	double rx_mpps, rx_gbit, rx_wire_gbit, tx_mpps, tx_gbit, tx_wire_gbit;
};
struct app_rates app_rates(const struct nic_stats *from, const struct nic_stats *to, double seconds);

/** Frames that the workers took from all ports. */
uint64_t app_received(const struct app *app);

/** Whether a device is gone, as last reported: what follows from its card's counters is then as far as is known, and
 * said to be. */
bool app_gone(const struct app *app);
#define APP_AS_KNOWN ", as far as is known"

/** Frames that the lines of all ports say were dropped, as last reported. */
uint64_t app_dropped(const struct app *app);

/** Frames that found no descriptor, as last reported, since the workers began. */
uint64_t app_missed(const struct app *app);

/** Share of empty polls between two samples, 0 .. 1; 0 when there were none. */
double app_empty_share(const struct app_port_sample *from, const struct app_port_sample *to);

/** a / b, and 0 where b is 0. */
double app_ratio(double a, double b);

/** Prints text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. */
void app_json_string(FILE *out, const char *text);

/** Notes what the cards have missed while the program started. */
void app_begin(struct app *app);

/**
 * The main thread's work: serves the ports and prints statistics once per interval, until the program is asked to stop,
 * its duration is over, done says so, or a device is gone. It does not stop the workers.
 * @return false when a device is gone
 */
bool app_supervise(struct app *app, const struct app_work *work);

/** Prints a last interval, if any was printed, and the totals, as text or as the final JSON object. Ports have stopped.
 */
void app_totals(struct app *app, app_more *more);

/** Packets handed to all ports that the cards did not send, once the ports have stopped. */
uint64_t app_unsent(const struct app *app);

#endif
