/* SPDX-License-Identifier: BSD-2-Clause
 * guest-cable: the host's end of a cable into a guest, a datagram netdev of QEMU: sends the frames of a capture, writes
 * a capture of what comes. Nothing is lost on the way in: QEMU leaves in the socket what its card has no room for, and
 * we wait. Only a card that does not receive yet loses a frame now and then, so somebody says when to begin. */
#include "../model/wire/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 65536

static const char help[] =
	"Usage: guest-cable OURS THEIRS [CAPTURE-IN [CAPTURE-OUT]]\n"
	"The host's end of `-netdev dgram,local.type=unix,local.path=THEIRS,remote.type=unix,remote.path=OURS`. At "
	"SIGUSR1 it\n"
	"begins to send the frames of CAPTURE-IN; what comes it writes to CAPTURE-OUT, until SIGTERM or SIGINT.\n"
	"Exit status: 0; 1: something failed on the way; 2: the command line or the capture cannot be used.\n";

static volatile sig_atomic_t stopping, sending;

static void take(int number)
{
	if (number == SIGUSR1)
		sending = 1;
	else
		stopping = 1;
}

static int fail(const char *what, const char *name)
{
	fprintf(stderr, "guest-cable: %s %s: %s\n", what, name, strerror(errno));
	return 1;
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= (int)sizeof(address.sun_path))
		errno = ENAMETOOLONG;
	else if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	return -1;
}

/** Sends as many frames from *next on as THEIRS takes. @return false: no more will go */
static bool send_some(int fd, const char *theirs, const struct capture *in, uint32_t *next)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", theirs);
	while (*next < in->count) {
		const struct model_frame *frame = &in->frames[*next];

		if (sendto(fd, frame->data, frame->len, 0, (struct sockaddr *)&address, sizeof(address)) < 0)
			return errno == EAGAIN || errno == ENOENT || errno == ECONNREFUSED || errno == EINTR;
		(*next)++;
	}
	return true;
}

/** Writes all frames that wait. */
static bool receive_some(int fd, pcap_dumper_t *out)
{
	static uint8_t frame[FRAME_MAX];
	ssize_t bytes;

	while ((bytes = recv(fd, frame, sizeof(frame), 0)) >= 0) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		struct pcap_pkthdr header = {
			.ts = {now.tv_sec, now.tv_nsec}, .caplen = (bpf_u_int32)bytes, .len = (bpf_u_int32)bytes};
		if (out) {
			pcap_dump((u_char *)out, &header, frame);
			pcap_dump_flush(out); /* so that who waits for it sees it come */
		}
	}
	return errno == EAGAIN || errno == EINTR;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = take};
	struct capture in = {0};
	char error[512];
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, FRAME_MAX, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *out = NULL;
	uint32_t sent = 0;

	if (argc < 3 || argc > 5 || !pcap) {
		fputs(help, stderr);
		return 2;
	}
	if (argc > 3 && capture_load(&in, argv[3], error, sizeof(error))) {
		fprintf(stderr, "guest-cable: %s\n", error);
		return 2;
	}
	if (argc > 4 && !(out = pcap_dump_open(pcap, argv[4]))) {
		fprintf(stderr, "guest-cable: %s: %s\n", argv[4], pcap_geterr(pcap));
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	struct pollfd wait = {.fd = open_socket(argv[1]), .events = POLLIN};
	if (wait.fd < 0)
		return fail("cannot make the socket", argv[1]);
	while (!stopping) {
		if (sending && !send_some(wait.fd, argv[2], &in, &sent))
			return fail("cannot send to", argv[2]);
		if (poll(&wait, 1, sending && sent < in.count ? 5 : 200) < 0 && errno != EINTR)
			return fail("cannot wait for", argv[1]);
		if (!receive_some(wait.fd, out))
			return fail("cannot receive from", argv[1]);
	}
	printf("%u of %u frames sent\n", sent, in.count);
	if (out)
		pcap_dump_close(out);
	pcap_close(pcap);
	capture_free(&in);
	unlink(argv[1]);
	return 0;
}
