/* SPDX-License-Identifier: BSD-2-Clause
 * The QEMU process of a qtest machine: a processor that halts at once, so that all of the machine is the test's. */
#include "machine.h"

#include "../../vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRMWARE_BYTES 65536u
#define HLT            0xF4
#define OPTIONS_MAX    48u
#define WIRE_BYTES     (4 << 20)

struct options {
	const char *list[OPTIONS_MAX];
	char text[2048];
	size_t count, used;
};

static void add(struct options *options, const char *option)
{
	if (options->count < OPTIONS_MAX - 1)
		options->list[options->count++] = option;
}

static void add_format(struct options *options, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void add_format(struct options *options, const char *name, const char *format, ...)
{
	va_list arguments;
	char *text = options->text + options->used;
	va_start(arguments, format);
	options->used += (size_t)vsnprintf(text, sizeof(options->text) - options->used, format, arguments) + 1;
	va_end(arguments);
	add(options, name);
	add(options, text);
}

/* Firmware that loops for ever. */
static int firmware_open(void)
{
	static uint8_t halts[FIRMWARE_BYTES];
	memset(halts, HLT, sizeof(halts));
	int fd = memfd_create("halt", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, halts, sizeof(halts)) != (ssize_t)sizeof(halts)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* These descriptors are QEMU's ends of the channels and stay open over exec; all others are closed. */
struct ends {
	int control, monitor, firmware, wires[QTEST_CARDS];
};

static void describe(struct options *options, const struct qtest *qtest, const struct ends *ends, const char *program,
	const char *const *cards)
{
	static const char *const plain[] = {"-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg",
		"-qtest", "stdio", "-qtest-log", "none", "-icount", "shift=0,sleep=off"};
	const unsigned long long bytes = LOW_BYTES + HIGH_BYTES;
	/* With -icount the cards' clock leaps to what is due next, as the processor is always idle: QEMU's 82540EM
	 * takes nothing for a second after each change of RCTL. The PIT, which nobody programs, would have it leap all
	 * the time. */
	add(options, program);
	for (unsigned i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		add(options, plain[i]);
	add_format(options, "-machine", "q35,memory-backend=ram,pit=off");
	add_format(options, "-m", "%lluM", bytes >> 20);
	add_format(options, "-object", "memory-backend-file,id=ram,size=%llu,share=on,mem-path=/proc/self/fd/%d", bytes,
		qtest->memory);
	add_format(options, "-bios", "/proc/self/fd/%d", ends->firmware);
	add_format(options, "-chardev", "socket,id=monitor,fd=%d", ends->monitor);
	add_format(options, "-mon", "chardev=monitor,mode=control");
	for (unsigned i = 0; i < qtest->cards; i++) {
		add_format(options, "-netdev", "dgram,id=net%u,local.type=fd,local.str=%d", i, ends->wires[i]);
		/* the caller's options come last, since QEMU takes the last of a kind */
		size_t name = strcspn(cards[i], ",");
		add_format(options, "-device", "%.*s,id=card%u,netdev=net%u,addr=%u,romfile=%s%s", (int)name, cards[i],
			i, i, 4 + i,
			strstr(cards[i], "mac=") ? ""
			: i                      ? ",mac=52:54:00:00:00:11"
						 : ",mac=52:54:00:00:00:10",
			cards[i] + name);
	}
}

static void run(const struct options *options, const struct qtest *qtest, const struct ends *ends)
{
	const int kept[] = {qtest->memory, ends->monitor, ends->firmware, ends->wires[0], ends->wires[1]};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (kept[i] >= 0)
			fcntl(kept[i], F_SETFD, 0);
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (dup2(ends->control, 0) < 0 || dup2(ends->control, 1) < 0 ||
		(!getenv("POLLUX_QEMU_TALKS") && dup2(nothing, 2) < 0))
		_exit(127);
	execvp(options->list[0], (char *const *)(uintptr_t)options->list);
	_exit(127);
}

static int channel(int type, int *ours, int *theirs)
{
	int pair[2];
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int open_channels(struct qtest *qtest, struct ends *ends)
{
	int ret = channel(SOCK_STREAM, &qtest->control, &ends->control);
	if (!ret)
		ret = channel(SOCK_STREAM, &qtest->monitor, &ends->monitor);
	for (unsigned i = 0; i < qtest->cards && !ret; i++) {
		const int bytes = WIRE_BYTES;
		ret = channel(SOCK_DGRAM, &qtest->wires[i], &ends->wires[i]);
		if (!ret)
			setsockopt(qtest->wires[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
		if (!ret)
			setsockopt(ends->wires[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	}
	if (!ret)
		ret = (ends->firmware = firmware_open()) < 0 ? -ENOMEM : 0;
	return ret;
}

int qtest_start(struct qtest *qtest, const char *program, const char *const *cards)
{
	struct ends ends = {-1, -1, -1, {-1, -1}};
	struct options *options = calloc(1, sizeof(*options));
	int ret = options ? open_channels(qtest, &ends) : -ENOMEM;
	if (!ret) {
		describe(options, qtest, &ends, program, cards);
		qtest->pid = fork();
		if (qtest->pid == 0)
			run(options, qtest, &ends);
		ret = qtest->pid < 0 ? -errno : 0;
	}
	shut(&ends.control);
	shut(&ends.monitor);
	shut(&ends.firmware);
	shut(&ends.wires[0]);
	shut(&ends.wires[1]);
	free(options);
	if (ret)
		return pollux_fail(-ret, "QEMU cannot be started: %s", strerror(-ret));
	ret = qtest_say(qtest, NULL, "irq_intercept_in ioapic");
	if (!ret)
		ret = qtest_command(qtest, "{\"execute\": \"qmp_capabilities\"}\n");
	return ret;
}

void qtest_end(struct qtest *qtest)
{
	if (qtest->pid > 0) {
		kill(qtest->pid, SIGKILL);
		waitpid(qtest->pid, NULL, 0);
	}
	qtest->pid = 0;
	qtest->dead = false;
	qtest->answered = 0;
	memset(qtest->lines, 0, sizeof(qtest->lines));
	shut(&qtest->control);
	shut(&qtest->monitor);
	for (unsigned i = 0; i < QTEST_CARDS; i++)
		shut(&qtest->wires[i]);
}
