/* SPDX-License-Identifier: BSD-2-Clause
 * Exact instruction counts of a stretch of code: the processor traps after each instruction (EFLAGS.TF), and a signal
 * handler counts. That takes half as long as tracing another process, and is never forbidden. */
#include "step.h"
#include "processes.h"
#include "progress.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define EFLAGS_TF 0x100

/* What the child counts, in memory that both processes have. */
static struct {
	int pairs;
	unsigned long counts[];
} * shared;
static int room;      /* pairs that fit into the memory */
static bool counting; /* between the two marks of a pair */
static struct sigaction old_trap;

/* A mark's breakpoint is told from a single step by its signal's code. What comes outside of marks is somebody else's
 * (tests/preload steps over register accesses). */
static void on_trap(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (!counting && info->si_code != SI_KERNEL) {
		if (old_trap.sa_flags & SA_SIGINFO)
			old_trap.sa_sigaction(signal, info, context);
		return;
	}
	if (info->si_code != SI_KERNEL) {
		shared->counts[shared->pairs]++;
		return;
	}
	counting = !counting;
	registers[REG_EFL] = counting ? registers[REG_EFL] | EFLAGS_TF : registers[REG_EFL] & ~(greg_t)EFLAGS_TF;
	if (!counting && ++shared->pairs == room)
		_exit(EOVERFLOW);
}

void step_begin(void)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	sigaction(SIGTRAP, &action, &old_trap);
}

int step_count(void (*run)(void *context), void *context, unsigned long *counts, int most)
{
	size_t bytes = sizeof(*shared) + (size_t)(most + 1) * sizeof(*counts);
	int status = 0, pairs;
	pid_t parent = getpid(), child, ended = 0;

	shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	room = most + 1;
	child = fork();
	if (!child) {
		processes_end_with(parent);
		run(context);
		_exit(0);
	}
	while (child > 0 && (ended = waitpid(child, &status, WNOHANG)) == 0) {
		progress("counting instructions, %d lock-steps so far",
			__atomic_load_n(&shared->pairs, __ATOMIC_RELAXED));
		usleep(20000);
	}
	if (child < 0 || ended != child) {
		pairs = -errno;
	} else if (WIFSIGNALED(status)) {
		pairs = -EINTR;
	} else if (WEXITSTATUS(status)) {
		pairs = WEXITSTATUS(status) == EOVERFLOW ? -EOVERFLOW : -ECHILD;
	} else {
		pairs = shared->pairs;
		memcpy(counts, shared->counts, (size_t)pairs * sizeof(*counts));
	}
	munmap(shared, bytes);
	return pairs;
}
