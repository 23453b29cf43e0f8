/* SPDX-License-Identifier: BSD-2-Clause
 * The peer of the comparison where there is no software card: its meter at a TAP interface, or at the socket of QEMU's
 * `-netdev dgram`. Prints the measurement as one line of JSON. */
#include "../../apps/app_tap.h"
#include "../model/wire/meter_text.h"
#include "echo_frame.h"

#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FAILED      1
#define MISUSED     2
#define FRAME_MAX   16384u
#define MIRROR_MAX  9024u    /* METER_BYTES_MAX, in an odd number of cache lines */
#define AT_ONCE     64u      /* frames read before others are sent */
#define SPIN_NS     50000u   /* nothing came for so long: sleeps until something comes, ... */
#define SLEEP_NS    1000000u /* ... and looks at the time so often */
#define SOCKET_TIME 5        /* seconds in which the other end of a socket has to appear */
#define LINK_TIME   2        /* seconds in which the kernel notices that the interface has a carrier */

/** Where the frames go, and come from. */
struct end {
	int fd; /* -1: a mirror */
	const char *name;
	bool is_tap;
	char local[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* our socket's path */
};

struct options {
	const char *tap, *dgram, *id;
	bool mirror, has_to;
	struct meter_config config;
};

static const char usage[] =
	"Usage: compare-meter --tap NAME | --dgram LOCAL,REMOTE | --mirror [--KEY VALUE]...\n"
	"Sends requests to an echo (198.18.0.2, UDP port 7007) as 198.18.0.1, port 4000, checks and times the answers, "
	"and\n"
	"prints a line of JSON. SIGINT or SIGTERM ends a measurement earlier; a second one does not wait for the last "
	"answers.\n"
	"      --tap NAME         at a TAP interface, which is made if it is not there\n"
	"      --dgram LOCAL,REMOTE  at the UNIX sockets of QEMU's -netdev dgram: our path, and QEMU's\n"
	"      --mirror           answers itself: what the meter costs alone\n"
	"      --id ID            in the line of JSON: letters, digits, and ._:/+- (default: meter)\n"
	"What is measured, as --KEY VALUE or --KEY=VALUE:\n";

static volatile sig_atomic_t stops;

static void on_signal(int number)
{
	(void)number;
	stops++;
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/** @return false: the reason was printed */
static bool understand(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{"tap", required_argument, NULL, 't'},
		{"dgram", required_argument, NULL, 'd'},
		{"mirror", no_argument, NULL, 'm'},
		{"id", required_argument, NULL, 'i'},
		{"help", no_argument, NULL, 'h'},
		{"protocol", required_argument, NULL, 0},
		{"bytes", required_argument, NULL, 0},
		{"window", required_argument, NULL, 0},
		{"rate", required_argument, NULL, 0},
		{"seconds", required_argument, NULL, 0},
		{"warmup", required_argument, NULL, 0},
		{"to", required_argument, NULL, 0},
		{"qpn", required_argument, NULL, 0},
		{"qkey", required_argument, NULL, 0},
		{0},
	};
	char error[256] = "";
	int option, at;
	*options = (struct options){.id = "meter", .config = meter_default};
	while ((option = getopt_long(argc, argv, "h", names, &at)) != -1) {
		if (option == 'h') {
			printf("%s%s", usage, meter_keys);
			exit(EXIT_SUCCESS);
		} else if (option == 't') {
			options->tap = optarg;
		} else if (option == 'd') {
			options->dgram = optarg;
		} else if (option == 'm') {
			options->mirror = true;
		} else if (option == 'i') {
			options->id = optarg;
		} else if (option || meter_set(&options->config, names[at].name, optarg, error, sizeof(error))) {
			break;
		} else if (strcmp(names[at].name, "to") == 0) {
			options->has_to = true;
		}
	}
	if (option == -1 && optind == argc && !!options->tap + !!options->dgram + options->mirror == 1 &&
		meter_good_id(options->id) && (options->has_to || !options->dgram) &&
		(options->config.protocol == METER_UDP || (options->config.qpn && !options->mirror)))
		return true;
	if (error[0])
		fprintf(stderr, "compare-meter: %s\n", error);
	fprintf(stderr, "%s%s", usage, meter_keys);
	return false;
}

/** Waits until the kernel sends by the interface. It has a carrier since it was opened, and the kernel, which looks at
 * such changes once a second, discards what it is to send until then. A TAP that is down stays so: sending says it. */
static void wait_for_link(const char *name)
{
	struct ifreq request = {0};
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (uint64_t began = now_ns(); now_ns() - began < LINK_TIME * 1000000000ull && !stops; usleep(10000))
		if (ioctl(any, SIOCGIFFLAGS, &request) || !(request.ifr_flags & IFF_UP) ||
			request.ifr_flags & IFF_RUNNING)
			break;
	close(any);
}

/** The address of the kernel's side of the interface, unless another was given. */
static bool open_tap(struct end *end, struct options *options)
{
	char error[256];
	struct ifreq request = {0};
	*end = (struct end){
		.name = options->tap, .is_tap = true, .fd = app_tap_open(options->tap, error, sizeof(error))};
	if (end->fd < 0) {
		fprintf(stderr, "compare-meter: %s\n", error);
		return false;
	}
	app_tap_up(options->tap); /* where that is not allowed, it may be up all the same */
	wait_for_link(options->tap);
	if (!options->has_to && ioctl(end->fd, SIOCGIFHWADDR, &request) == 0)
		memcpy(options->config.to, request.ifr_hwaddr.sa_data, 6);
	return true;
}

static bool open_socket(struct end *end, const struct options *options)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX}, remote = local;
	const char *comma = strchr(options->dgram, ',');
	size_t length = comma ? (size_t)(comma - options->dgram) : 0;
	if (!length || length >= sizeof(local.sun_path) || !comma[1] || strlen(comma + 1) >= sizeof(remote.sun_path)) {
		fprintf(stderr, "compare-meter: --dgram takes two paths with a comma between, of at most %zu bytes\n",
			sizeof(local.sun_path) - 1);
		return false;
	}
	memcpy(local.sun_path, options->dgram, length);
	strcpy(remote.sun_path, comma + 1);
	*end = (struct end){.name = comma + 1, .fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
	if (end->fd < 0 || bind(end->fd, (struct sockaddr *)&local, sizeof(local))) {
		fprintf(stderr, "compare-meter: cannot make the socket %s: %s\n", local.sun_path,
			errno == EADDRINUSE ? "there is something of this name; remove it, or name another path"
					    : strerror(errno));
		return false;
	}
	strcpy(end->local, local.sun_path);
	for (uint64_t began = now_ns(); connect(end->fd, (struct sockaddr *)&remote, sizeof(remote));) {
		if (stops || now_ns() - began > SOCKET_TIME * 1000000000ull) {
			fprintf(stderr, "compare-meter: nobody is at the socket %s: %s; start QEMU first\n", end->name,
				strerror(errno));
			return false;
		}
		usleep(10000);
	}
	return true;
}

/** Puts a frame on the wire. @return 1; 0: there is no room now; -1: the reason was printed */
static int send_frame(const struct end *end, const struct model_frame *frame)
{
	for (;;) {
		if (write(end->fd, frame->data, frame->len) >= 0)
			return 1;
		if (errno == EAGAIN || errno == ENOBUFS)
			return 0;
		if (errno != EINTR)
			break;
	}
	fprintf(stderr, "compare-meter: cannot send to %s: %s%s%s\n", end->name, strerror(errno),
		end->is_tap && errno == EIO ? "; set the interface up: ip link set up dev " : "",
		end->is_tap && errno == EIO ? end->name : "");
	return -1;
}

/** Waits for frames, and for the time when one has to go. */
static void rest(const struct end *end, const struct meter *meter, uint64_t now, uint64_t quiet_ns, bool blocked)
{
	uint64_t due = meter_due_ns(meter, now), wait = due <= now ? 0 : due - now;
	if (wait == 0 && !blocked)
		return;
	if (quiet_ns < SPIN_NS) {
		sched_yield();
		return;
	}
	struct timespec timeout = {.tv_nsec = wait && wait < SLEEP_NS ? (long)wait : (long)SLEEP_NS};
	struct pollfd fd = {.fd = end->fd, .events = (short)(POLLIN | (blocked ? POLLOUT : 0))};
	ppoll(&fd, 1, &timeout, NULL);
}

/** Measures at a descriptor. broke: it ended there, and the reason was printed. @return what was measured */
static const struct meter_result *run(const struct end *end, struct meter *meter, bool *broke)
{
	static uint8_t buffer[FRAME_MAX];
	const struct meter_result *result;
	struct model_frame pending = {0}, frame = {.data = buffer};
	uint64_t moved = now_ns();
	sig_atomic_t heard = 0;
	int state;
	*broke = false;
	while (!(result = meter_ended(meter, now_ns()))) {
		bool busy = false;
		ssize_t got;
		if (stops != heard) {
			heard = stops;
			if (heard > 1)
				meter_give_up(meter, now_ns());
			else
				meter_stop(meter, now_ns());
		}
		for (unsigned i = 0; i < AT_ONCE && (got = read(end->fd, buffer, sizeof(buffer))) > 0; i++) {
			frame.len = (uint32_t)got;
			meter_take(meter, now_ns(), &frame, 1, false);
			busy = true;
		}
		for (unsigned i = 0; i < AT_ONCE; i++) {
			if (!pending.len && !meter_give(meter, now_ns(), &pending, 1))
				break;
			if ((state = send_frame(end, &pending)) < 0) {
				*broke = true;
				meter_give_up(meter, now_ns());
			}
			if (state <= 0)
				break;
			pending.len = 0;
			busy = true;
		}
		uint64_t now = now_ns();
		if (busy)
			moved = now;
		else
			rest(end, meter, now, now - moved, pending.len > 0);
	}
	return result;
}

/** Measures against itself: what the meter costs alone. */
static const struct meter_result *run_mirror(struct meter *meter)
{
	static uint8_t answers[METER_BATCH][MIRROR_MAX];
	struct model_frame frames[METER_BATCH];
	const struct meter_result *result;
	while (!(result = meter_ended(meter, now_ns()))) {
		if (stops)
			meter_stop(meter, now_ns());
		unsigned n = meter_give(meter, now_ns(), frames, METER_BATCH);
		for (unsigned i = 0; i < n; i++) {
			memcpy(answers[i], frames[i].data, frames[i].len);
			frames[i].data = answers[i];
			echo_answer(answers[i], answers[i] + frames[i].len);
		}
		meter_take(meter, now_ns(), frames, n, false);
	}
	return result;
}

int main(int argc, char **argv)
{
	struct options options;
	struct end end = {.fd = -1};
	char text[METER_JSON_BYTES];
	struct sigaction action = {.sa_handler = on_signal};
	bool broke = false;
	if (!understand(argc, argv, &options))
		return MISUSED;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);

	struct meter *meter = meter_open();
	const struct meter_result *result = NULL;
	if (!meter)
		fputs("compare-meter: no memory\n", stderr);
	else if (options.mirror || (options.tap ? open_tap(&end, &options) : open_socket(&end, &options))) {
		meter_begin(meter, &options.config);
		result = options.mirror ? run_mirror(meter) : run(&end, meter, &broke);
		puts(meter_json(result, options.id, text));
	}
	meter_close(meter);
	if (end.fd >= 0)
		close(end.fd);
	if (end.local[0])
		unlink(end.local);
	return result && !broke && fflush(stdout) == 0 ? EXIT_SUCCESS : FAILED;
}
