/* SPDX-License-Identifier: BSD-2-Clause
 * Guarded memory: the table of mappings, and the SIGBUS handler that replaces those that broke. */
#include "guarded.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

static struct guarded *table[GUARDED_MAX];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static bool installed;

static bool replace(const uint8_t *address)
{
	for (unsigned i = 0; i < GUARDED_MAX; i++) {
		struct guarded *guarded = __atomic_load_n(&table[i], __ATOMIC_ACQUIRE);
		if (!guarded || address < guarded->at || address >= guarded->at + guarded->bytes)
			continue;
		/* mmap is a plain system call here: safe in a handler, whatever the lists of safe functions say. */
		void *at = mmap(guarded->at, guarded->bytes, PROT_READ | PROT_WRITE,
			MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			return false;
		__atomic_store_n(&guarded->lost, true, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	bool ours = replace(info->si_addr);
	errno = saved;
	if (ours)
		return;
	if (previous.sa_flags & SA_SIGINFO) {
		previous.sa_sigaction(number, info, context);
	} else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
		previous.sa_handler(number);
	} else {
		/* Not ours: on return it happens again, and ends the process as it would have without this handler. */
		signal(SIGBUS, SIG_DFL);
	}
}

int guarded_map(struct guarded *guarded, int fd, size_t bytes, bool writable)
{
	void *at = mmap(NULL, bytes, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*guarded = (struct guarded){.at = at, .bytes = bytes};

	int error = -ENOSPC;
	pthread_mutex_lock(&table_lock);
	if (!installed) {
		struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
		sigemptyset(&action.sa_mask);
		installed = sigaction(SIGBUS, &action, &previous) == 0;
	}
	for (unsigned i = 0; i < GUARDED_MAX && error; i++) {
		if (table[i])
			continue;
		__atomic_store_n(&table[i], guarded, __ATOMIC_RELEASE);
		error = 0;
	}
	pthread_mutex_unlock(&table_lock);
	if (error)
		munmap(at, bytes);
	return error;
}

void guarded_unmap(struct guarded *guarded)
{
	pthread_mutex_lock(&table_lock);
	for (unsigned i = 0; i < GUARDED_MAX; i++)
		if (table[i] == guarded)
			__atomic_store_n(&table[i], NULL, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&table_lock);
	munmap(guarded->at, guarded->bytes);
}
