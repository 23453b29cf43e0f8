/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-tap: a port as an interface of the kernel, by a TAP: what the port receives the kernel gets, and what the
 * kernel sends there leaves by the port. The way for what an application leaves to the kernel's stack. */
#include "app_base.h"
#include "app_cpu.h"
#include "app_figures.h"
#include "app_halt.h"
#include "app_nap.h"
#include "app_output.h"
#include "app_placement.h"
#include "app_ports.h"
#include "app_run.h"
#include "app_tap.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PARTS_MAX   (APP_MTU_MAX / PKT_DATA_BYTES + 2) /* buffers of the longest frame */
#define UNSURE_MS   1                                  /* a sleep whose end no descriptor may tell */
#define HANDLES_MAX (APP_FRAME_HANDLES + APP_BURST_MAX)

/* All below the application's state is the worker's. */
static struct {
	struct app_options options;
	const char *name;
	int fd, rx_fd;       /* of the interface; of the queue's interrupts */
	bool carrier;        /* that the interface has */
	atomic_bool gone;    /* the interface */
	unsigned part_count; /* buffers with room for more than the port sends */
	struct app app;

	struct app_queue *queue;
	struct pkt in[HANDLES_MAX];
	unsigned unfinished; /* handles at the front of `in`: a frame whose end has not come */
	unsigned known_resets;
	struct pkt parts[PARTS_MAX]; /* empty, for the host's next frame */
	unsigned part_fill;          /* of these, that are there */
	struct pkt out[APP_BURST_MAX];
	unsigned out_count; /* handles of the host's frames that the ring has not taken */
	/* received = to_host + host_refused; from_host = sent + tx_ring_full + those in `out` */
	_Atomic uint64_t to_host, host_refused, from_host;
} tap = {.options.adaptive = true, .fd = -1, .rx_fd = -1};

/* ---- Moving packets ---- */

static void write_frame(const struct pkt *parts, unsigned count)
{
	struct iovec pieces[HANDLES_MAX];

	for (unsigned i = 0; i < count; i++)
		pieces[i] = (struct iovec){.iov_base = parts[i].data, .iov_len = parts[i].len};
	if (writev(tap.fd, pieces, (int)count) >= 0) {
		app_add(&tap.to_host, 1);
	} else {
		app_add(&tap.host_refused, 1);
		tap.gone |= errno == EBADFD;
	}
}

static void drop_unfinished(void)
{
	pkt_free(tap.in, tap.unfinished);
	app_add(&tap.queue->counters.rx_broken, tap.unfinished > 0);
	tap.unfinished = 0;
}

/* @return whether packets have come */
static bool give_to_host(void)
{
	struct app_counters *counters = &tap.queue->counters;
	uint64_t start = app_tsc();
	unsigned n, whole = 0;

	if (app_was_reset(&tap.app.ports[0], &tap.known_resets))
		drop_unfinished();
	n = nic_rx(tap.queue->rx, tap.in + tap.unfinished, tap.options.burst);
	if (n == 0) {
		app_add(&counters->empty_polls, 1);
		return false;
	}
	n += tap.unfinished;
	for (unsigned i = 0; i < n; i++) {
		if (tap.in[i].flags & PKT_MORE)
			continue;
		write_frame(tap.in + whole, i + 1 - whole);
		whole = i + 1;
	}
	app_add(&counters->received, app_frames(tap.in, whole));
	pkt_free(tap.in, whole);
	tap.unfinished = n - whole;
	memmove(tap.in, tap.in + whole, tap.unfinished * sizeof(*tap.in));
	if (tap.unfinished > APP_FRAME_HANDLES)
		drop_unfinished();
	app_add(&counters->busy_polls, 1);
	app_add(&counters->busy_cycles, app_tsc() - start);
	return true;
}

/* Reads one frame of the host into buffers. One that is longer than the port sends is cut to their size, which is too
 * long as well: nic_tx drops and counts it.
 * @return false: there is none, or no buffer for it */
static bool read_frame(void)
{
	struct iovec pieces[PARTS_MAX];
	unsigned used = 0;

	tap.part_fill += pkt_alloc(tap.app.pools[0], tap.parts + tap.part_fill, tap.part_count - tap.part_fill);
	if (tap.part_fill < tap.part_count)
		return false;
	for (unsigned i = 0; i < tap.part_count; i++)
		pieces[i] = (struct iovec){.iov_base = tap.parts[i].data, .iov_len = PKT_DATA_BYTES};
	ssize_t left = readv(tap.fd, pieces, (int)tap.part_count);
	tap.gone |= left < 0 && errno == EBADFD;
	for (; left > 0; left -= PKT_DATA_BYTES) {
		struct pkt *part = &tap.out[tap.out_count++];
		*part = tap.parts[used++];
		part->len = (uint16_t)(left < PKT_DATA_BYTES ? left : PKT_DATA_BYTES);
		part->flags = left > PKT_DATA_BYTES ? PKT_MORE : 0;
	}
	app_add(&tap.from_host, used > 0);
	tap.part_fill -= used;
	memmove(tap.parts, tap.parts + used, tap.part_fill * sizeof(*tap.parts));
	return used > 0;
}

/* While the ring has no room for what was read, no more is: it waits in the kernel.
 * @return whether any was read or sent */
static bool take_from_host(void)
{
	unsigned most = tap.out_count ? 0 : tap.options.burst, n = 0;

	while (n < most && tap.out_count + tap.part_count <= APP_BURST_MAX && read_frame())
		n++;
	if (!tap.out_count)
		return false;
	unsigned sent = nic_tx(tap.queue->tx, tap.out, tap.out_count);
	app_add(&tap.queue->counters.sent, app_frames(tap.out, sent));
	tap.out_count -= sent;
	memmove(tap.out, tap.out + sent, tap.out_count * sizeof(*tap.out));
	return n || sent;
}

/* Sleeps until the port or the host has a frame. */
static void nap(struct app_worker *worker)
{
	uint64_t now = app_tsc();

	if (!worker->idle_since_tsc)
		worker->idle_since_tsc = now;
	if (now - worker->idle_since_tsc < app_nap_after)
		return;
	bool armed = nic_rxq_arm(tap.queue->rx), reads = !tap.gone && !tap.out_count;
	struct pollfd fds[] = {{.fd = tap.rx_fd, .events = POLLIN}, {.fd = reads ? tap.fd : -1, .events = POLLIN}};
	uint64_t begin = app_now_ns();
	poll(fds, 2, armed && reads ? APP_NAP_US / 1000 : UNSURE_MS);
	app_add(&worker->naps, 1);
	app_add(&worker->napped_ns, app_now_ns() - begin);
	worker->last_poll_tsc = app_tsc();
}

static void work(unsigned index)
{
	struct app_worker *worker = &app_workers[index];

	while (!app_stopping()) {
		app_halt_point();
		app_polled(worker, app_tsc());
		bool found = give_to_host();
		found |= take_from_host();
		if (found)
			worker->idle_since_tsc = 0;
		else if (app_nap_after)
			nap(worker);
		else
			app_idle();
	}
	pkt_free(tap.in, tap.unfinished);
	app_add(&tap.queue->counters.tx_ring_full, app_frames(tap.out, tap.out_count));
	pkt_free(tap.out, tap.out_count);
	pkt_free(tap.parts, tap.part_fill);
}

/* ---- Statistics ---- */

struct totals {
	uint64_t to_host, host_refused, from_host;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure figures[] = {
	{"to_host", "tap: %llu packets to the host", AT(to_host)},
	{"host_refused", ", %llu refused by it", AT(host_refused), APP_ZERO_IS_NOTHING},
	{"from_host", ", %llu from it\n", AT(from_host)},
	{0},
};
#undef AT

static void print_more(FILE *out, bool json, bool total)
{
	struct totals t = {app_get(&tap.to_host), app_get(&tap.host_refused), app_get(&tap.from_host)};

	if (total || json)
		app_figures_print(out, json, figures, &t);
	if (total)
		app_cpu_print(out, json);
}

static void more_metrics(struct app_metrics *m)
{
	const struct app_metric all[] = {
		{"tap_to_host", "packets", "Frames that the host took.", .count = app_get(&tap.to_host)},
		{"tap_host_refused", "packets", "Frames that it refused.", .count = app_get(&tap.host_refused)},
		{"tap_from_host", "packets", "Frames that it sent.", .count = app_get(&tap.from_host)},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		app_metrics_add_port(m, &all[i], 0);
}

/* ---- The interface ---- */

/* The carrier follows the link. @return whether the program is to end */
static bool follow_link(void)
{
	if (tap.carrier != tap.app.ports[0].link.up) {
		tap.carrier = tap.app.ports[0].link.up;
		app_tap_set_carrier(tap.fd, tap.carrier); /* before Linux 5.0 it has one always */
	}
	return tap.gone;
}

/* Makes the interface what the port is, as far as this user may. */
static void set_interface(void)
{
	app_tap_set_carrier(tap.fd, false);
	app_tap_set_mac(tap.fd, tap.app.ports[0].info.mac);
	if (app_tap_set_mtu(tap.name, tap.options.mtu) || app_tap_up(tap.name))
		app_note("this user may not set %s; as root: ip link set %s mtu %u up", tap.name, tap.name,
			tap.options.mtu);
	follow_link();
}

static bool run(void)
{
	tap.queue = &tap.app.ports[0].queues[0];
	app_watch(&app_workers[0], tap.queue->rx);
	tap.rx_fd = nic_rxq_fd(tap.queue->rx); /* with --poll busy there is none */
	set_interface();
	bool good = app_run(&tap.app, &(struct app_work){.thread_count = 1,
					      .thread_work = work,
					      .print_more = print_more,
					      .more_metrics = more_metrics,
					      .is_done = follow_link,
					      .may_leave_unsent = true});
	return tap.gone ? app_error("the interface %s is gone: somebody has deleted it", tap.name) : good;
}

/* ---- Command line ---- */

static const char doc[] =
	"Makes a port an interface of the kernel, NAME, with the port's address: what the port receives comes in "
	"there, and what the kernel sends there leaves by the port.\n" APP_HELP_PORT "\v"
	"The interface is a TAP: it is made if there is none of that name, and goes with the program then. That needs "
	"CAP_NET_ADMIN, or an interface that root has made for the user: ip tuntap add dev NAME mode tap user USER. "
	"Its carrier is the port's link. --poll is adaptive here, unless it is said to be busy; one queue is all "
	"that there is.\n"
	"\n"
	"Examples:\n"
	"  pollux-tap 0000:03:00.0 pollux0\n"
	"  pollux-tap --mtu 9000 --json vfio-user:/tmp/a pollux0\n"
	"\n" APP_HELP_STATUS;

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct app_options *o = &tap.options;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = o;
		return 0;
	case ARGP_KEY_ARG:
		if (o->address_count == 0)
			app_add_port(o, state, text);
		else if (!tap.name)
			tap.name = text;
		else
			argp_error(state, "one port and one interface are wanted");
		return 0;
	case ARGP_KEY_END:
		if (!tap.name)
			argp_error(state, "a port and the name of an interface are wanted");
		if (o->queues > 1)
			argp_error(state, "--queues %u: an interface of this kind has one", o->queues);
		app_check_cpus(o, state, 1);
		o->mtu = o->mtu ? o->mtu : APP_MTU_DEFAULT;
		tap.part_count = (o->mtu + NIC_HEADER_BYTES + 2 * NIC_VLAN_TAG_BYTES) / PKT_DATA_BYTES + 1;
		o->held = APP_BURST_MAX + PARTS_MAX;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {NULL, parse, "PORT NAME", doc, app_common_options, NULL, NULL};

	char error[512];

	app_parse(&argp, argc, argv, NULL);
	app_catch_signals();
	tap.fd = app_tap_open(tap.name, error, sizeof(error));
	bool good = (tap.fd >= 0 || app_error("%s", error)) && app_open(&tap.app, &tap.options, 1) && run();
	good = app_close(&tap.app) && good;
	close(tap.rx_fd);
	close(tap.fd);
	return good ? APP_OK : APP_FAILED;
}
