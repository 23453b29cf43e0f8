/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark's processes: started, read and ended. */
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

unsigned processes_for(unsigned rounds)
{
	return rounds < PROCESSES_MAX ? rounds : PROCESSES_MAX;
}

unsigned processes_rounds(unsigned rounds, unsigned number, unsigned *first)
{
	unsigned processes = processes_for(rounds);

	*first = rounds * (number - 1) / processes;
	return rounds * number / processes - *first;
}

void processes_end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it has ended before that */
		_exit(1);
}

bool processes_read_option(const char *value, unsigned *number, int *fd)
{
	int end = 0;

	return sscanf(value, "%u,%d%n", number, fd, &end) == 2 && !value[end] && *number >= 1 &&
	       *number <= PROCESSES_MAX && fcntl(*fd, F_GETFD) >= 0;
}

bool processes_hand_over(int fd, const void *figures, size_t bytes)
{
	const char *at = figures;
	ssize_t written;

	for (; bytes; at += written, bytes -= (size_t)written) {
		written = write(fd, at, bytes);
		if (written < 0 && errno == EINTR)
			written = 0;
		else if (written < 0)
			return false;
	}
	return true;
}

/* In the new process: becomes the benchmark with one option more, in front of those that there are. */
static void become(char **argv, unsigned number, int fd)
{
	char option[64], *arguments[256];
	unsigned count = 0;

	snprintf(option, sizeof(option), "--" PROCESSES_OPTION "=%u,%d", number, fd);
	arguments[count++] = argv[0];
	arguments[count++] = option;
	for (unsigned i = 1; argv[i] && count < sizeof(arguments) / sizeof(*arguments) - 1; i++)
		arguments[count++] = argv[i];
	arguments[count] = NULL;
	fcntl(fd, F_SETFD, 0); /* stays open */
	execv("/proc/self/exe", arguments);
	fprintf(stderr, "bench: cannot be started once more: %s\n", strerror(errno));
	_exit(1);
}

/* @return whether all came */
static bool read_all(int fd, void *figures, size_t bytes)
{
	char *at = figures;
	ssize_t got;

	while (bytes && (got = read(fd, at, bytes)) != 0) {
		if (got < 0 && errno != EINTR)
			return false;
		at += got > 0 ? got : 0;
		bytes -= (size_t)(got > 0 ? got : 0);
	}
	return !bytes;
}

bool processes_run(char **argv, unsigned number, void *figures, size_t bytes)
{
	int ends[2], status;
	pid_t parent = getpid(), child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0) {
		fprintf(stderr, "bench: process %u cannot be started: %s\n", number, strerror(errno));
		return false;
	}
	if (!child) {
		processes_end_with(parent);
		become(argv, number, ends[1]);
	}
	close(ends[1]);
	bool all = read_all(ends[0], figures, bytes);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		fprintf(stderr, "bench: process %u was ended by signal %d (%s)\n", number, WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else if (!WEXITSTATUS(status) && !all)
		fprintf(stderr, "bench: process %u has told only a part of its figures\n", number);
	return all && WIFEXITED(status) && !WEXITSTATUS(status);
}
