/* SPDX-License-Identifier: BSD-2-Clause
 * Exact instruction counts of a stretch of code, by single-stepping a child process through it. */
#include "step.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* A breakpoint instruction is told from a single step by its signal's code. */
static bool at_mark(pid_t child)
{
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, child, NULL, &info) && info.si_code == SI_KERNEL;
}

int step_count(void (*run)(void *context), void *context, unsigned long *counts, int most)
{
	int pairs = 0, status;
	bool inside = false;
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		raise(SIGSTOP);
		run(context);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return -EPERM;
	ptrace(PTRACE_CONT, child, NULL, NULL);
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		int signal = WSTOPSIG(status), forward = 0;

		if (signal == SIGTRAP && at_mark(child)) {
			inside = !inside;
			if (inside && pairs < most)
				counts[pairs] = 0;
			else if (!inside && pairs++ == most)
				break;
		} else if (signal == SIGTRAP && inside) {
			if (pairs < most)
				counts[pairs]++;
		} else {
			forward = signal;
		}
		ptrace(inside ? PTRACE_SINGLESTEP : PTRACE_CONT, child, NULL, forward);
	}
	if (WIFSTOPPED(status) || pairs > most) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return -EOVERFLOW;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? pairs : -EPERM;
}
