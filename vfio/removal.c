/* SPDX-License-Identifier: BSD-2-Clause
 * Registers that are memory of a device that is pulled out: an access raises SIGBUS, which this turns into a lost
 * device whose registers read all ones. */
#include "removal.h"
#include "error.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define MAPPINGS 256u /* more than one part of a BAR for each of many ports; what is beyond is not caught */

static const char why[] = "its registers cannot be reached any more, as of a card that was pulled out";

/* All mapped registers of the process. Whoever maps or unmaps writes an entry, and the handler reads them in any
 * thread: `device` is written last, and cleared first. */
static struct mapping {
	uintptr_t at;
	size_t bytes;
	struct vfio_device *device; /* NULL: the entry is free */
} mappings[MAPPINGS];

static struct sigaction former;
static bool caught;

void vfio_removal_watch(struct vfio_device *device, volatile uint8_t *at, size_t bytes)
{
	static struct vfio_device reserved;

	for (struct mapping *mapping = mappings; mapping < mappings + MAPPINGS; mapping++) {
		struct vfio_device *nobody = NULL;

		if (!__atomic_compare_exchange_n(
			    &mapping->device, &nobody, &reserved, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		mapping->at = (uintptr_t)at;
		mapping->bytes = bytes;
		__atomic_store_n(&mapping->device, device, __ATOMIC_RELEASE);
		return;
	}
}

void vfio_removal_forget(volatile uint8_t *at)
{
	for (struct mapping *mapping = mappings; mapping < mappings + MAPPINGS; mapping++)
		if (mapping->at == (uintptr_t)at && __atomic_load_n(&mapping->device, __ATOMIC_ACQUIRE)) {
			mapping->at = 0;
			__atomic_store_n(&mapping->device, NULL, __ATOMIC_RELEASE);
		}
}

/* pollux_lose formats its sentence, which a signal handler must not. */
static void lose(struct pollux_loss *loss)
{
	if (__atomic_exchange_n(&loss->claimed, true, __ATOMIC_RELAXED))
		return;
	memcpy(loss->why, why, sizeof(why));
	__atomic_store_n(&loss->lost, true, __ATOMIC_RELEASE);
}

/* True: the access that faulted finds all ones now, and goes on. */
static bool replace(uintptr_t address)
{
	for (struct mapping *mapping = mappings; mapping < mappings + MAPPINGS; mapping++) {
		struct vfio_device *device = __atomic_load_n(&mapping->device, __ATOMIC_ACQUIRE);

		if (!device || address - mapping->at >= mapping->bytes)
			continue;
		/* Other threads must not see it before it reads all ones, nor before the device is lost */
		void *ones = mmap(NULL, mapping->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (ones == MAP_FAILED)
			return false;
		memset(ones, 0xFF, mapping->bytes);
		lose(&device->loss);
		return mremap(ones, mapping->bytes, mapping->bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
			       (void *)mapping->at) != MAP_FAILED;
	}
	return false;
}

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	int error = errno;
	bool done = info->si_code > 0 && replace((uintptr_t)info->si_addr);

	errno = error;
	if (done)
		return;
	if (former.sa_flags & SA_SIGINFO) {
		former.sa_sigaction(number, info, context);
	} else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
		former.sa_handler(number);
	} else if (former.sa_handler == SIG_DFL || info->si_code > 0) {
		/* As if nobody had caught it: the access faults once more, and a signal that was sent comes again */
		signal(number, SIG_DFL);
		if (info->si_code <= 0)
			raise(number);
	}
}

int vfio_catch_removal(void)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	if (__atomic_exchange_n(&caught, true, __ATOMIC_ACQ_REL))
		return 0;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, NULL, &former) == 0 && sigaction(SIGBUS, &action, NULL) == 0)
		return 0;
	caught = false;
	return pollux_fail(errno, "SIGBUS cannot be caught: %s", strerror(errno));
}
