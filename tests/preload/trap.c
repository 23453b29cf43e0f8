/* SPDX-License-Identifier: BSD-2-Clause
 * Register windows whose every access is a message, so that registers which change by being read, clear themselves or
 * want a handshake behave exactly. The window is memory that may not be touched: an access faults, and the handler does
 * in its place what the instruction would have done. Instructions that preload_decode does not know are stepped over
 * instead: the handler fetches the register if it is a read, opens the page, and lets the processor take one step; the
 * trap after it sends what was written, and closes the page again.
 *
 * What this cannot do: accesses of other than 32 bits (only the aligned 32 bits around the address take part),
 * instructions that read and write the same register at once, and another thread's access to the same page during a
 * step, which goes unseen. The moves that compilers make of a register's read or write need no step, so threads do not
 * disturb each other; two steps take turns. */
#include "decode.h"
#include "preload.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define WINDOWS_MAX 64
#define PAGE_BYTES  4096ul
#define TRAP_FLAG   0x100
#define FAULT_WRITE 2

static struct window {
	uintptr_t at, end; /* at 0: free */
	uint64_t offset;   /* in BAR0: no other can be mapped */
	struct device *device;
} windows[WINDOWS_MAX];

static pthread_mutex_t windows_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction old_fault, old_trap;

bool preload_tracing;

/** The one step that is being taken; owner is its thread. */
static struct {
	pid_t owner; /* 0: none */
	struct window *window;
	uintptr_t word;
	bool write;
	sigset_t mask;
} step;

static pid_t self(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static struct window *window_at(uintptr_t address)
{
	for (unsigned i = 0; i < WINDOWS_MAX; i++) {
		uintptr_t at = __atomic_load_n(&windows[i].at, __ATOMIC_ACQUIRE);
		if (at && address >= at && address < windows[i].end)
			return &windows[i];
	}
	return NULL;
}

/** Passes a signal that is not ours on to the handler that was there. */
static void pass_on(int number, siginfo_t *info, void *context, const struct sigaction *old)
{
	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(number, info, context);
	} else if (old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN) {
		struct sigaction none = {.sa_handler = SIG_DFL};
		sigaction(number, &none, NULL); /* on return the fault happens again, and ends the program */
	} else {
		old->sa_handler(number);
	}
}

static void open_page(uintptr_t word, bool open)
{
	syscall(SYS_mprotect, word & ~(PAGE_BYTES - 1), PAGE_BYTES, open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void preload_trace(const struct device *device, unsigned region, uint64_t offset, uint32_t value, bool write)
{
	char line[64];
	if (!preload_tracing)
		return;
	int bytes = snprintf(line, sizeof(line), "%s %s %u:%05lx %08x\n", device->name, write ? "write" : "read ",
		region, offset, value);
	syscall(SYS_write, STDERR_FILENO, line, bytes);
}

static uint32_t read_register(const struct window *window, uintptr_t word)
{
	uint64_t offset = window->offset + (word - window->at);
	uint32_t value;
	if (preload_device_access(window->device, VFIO_PCI_BAR0_REGION_INDEX, offset, &value, NULL, 4))
		value = UINT32_MAX; /* as from a device that is gone */
	preload_trace(window->device, VFIO_PCI_BAR0_REGION_INDEX, offset, value, false);
	return value;
}

static void write_register(const struct window *window, uintptr_t word, uint32_t value)
{
	uint64_t offset = window->offset + (word - window->at);
	preload_device_access(window->device, VFIO_PCI_BAR0_REGION_INDEX, offset, NULL, &value, 4);
	preload_trace(window->device, VFIO_PCI_BAR0_REGION_INDEX, offset, value, true);
}

/** Does what the instruction would have done, and goes on behind it. @return false: it is none that we know. */
static bool move(const struct window *window, uintptr_t word, ucontext_t *u)
{
	static const uint8_t order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
	greg_t *registers = u->uc_mcontext.gregs;
	struct preload_move what;
	if (!preload_decode((const uint8_t *)registers[REG_RIP], &what) ||
		what.store != !!(registers[REG_ERR] & FAULT_WRITE))
		return false;
	if (what.store)
		write_register(window, word, what.immediate ? what.value : (uint32_t)registers[order[what.number]]);
	else
		registers[order[what.number]] = (greg_t)read_register(window, word);
	registers[REG_RIP] += what.length;
	return true;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uintptr_t at = (uintptr_t)info->si_addr;
	struct window *window = window_at(at);
	int kept = errno;
	pid_t me = self(), none = 0;

	if (!window || __atomic_load_n(&step.owner, __ATOMIC_RELAXED) == me) {
		pass_on(number, info, context, &old_fault);
		return;
	}
	if (at % 4 == 0 && move(window, at, u)) {
		errno = kept;
		return;
	}
	while (!__atomic_compare_exchange_n(&step.owner, &none, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		none = 0;
		sched_yield();
	}
	step.window = window;
	step.word = at & ~(uintptr_t)3;
	step.write = u->uc_mcontext.gregs[REG_ERR] & FAULT_WRITE;

	uint32_t value = step.write ? 0 : read_register(window, step.word);
	open_page(step.word, true);
	if (!step.write)
		*(volatile uint32_t *)step.word = value;
	/* No other signal may come before the trap. */
	step.mask = u->uc_sigmask;
	sigfillset(&u->uc_sigmask);
	sigdelset(&u->uc_sigmask, SIGTRAP);
	sigdelset(&u->uc_sigmask, SIGSEGV);
	u->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
	errno = kept;
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	int kept = errno;

	if (__atomic_load_n(&step.owner, __ATOMIC_RELAXED) != self()) {
		pass_on(number, info, context, &old_trap);
		return;
	}
	uint32_t value = *(volatile uint32_t *)step.word;
	open_page(step.word, false);
	if (step.write)
		write_register(step.window, step.word, value);
	u->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	u->uc_sigmask = step.mask;
	__atomic_store_n(&step.owner, 0, __ATOMIC_RELEASE);
	errno = kept;
}

static void install(void)
{
	struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	sigfillset(&fault.sa_mask);
	sigfillset(&trap.sa_mask);
	sigaction(SIGSEGV, &fault, &old_fault);
	sigaction(SIGTRAP, &trap, &old_trap);
}

void *preload_trap_map(struct device *device, void *address, size_t bytes, int flags, uint64_t offset)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const uint64_t within = PRELOAD_WITHIN(offset), region_bytes = device->region_bytes[VFIO_PCI_BAR0_REGION_INDEX];
	bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	if (PRELOAD_REGION(offset) != VFIO_PCI_BAR0_REGION_INDEX || !bytes || within % PAGE_BYTES ||
		within > region_bytes || bytes > region_bytes - within)
		return (void *)(intptr_t)-EINVAL;
	pthread_once(&once, install);

	int kind = MAP_PRIVATE | MAP_ANONYMOUS | (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE));
	long at = syscall(SYS_mmap, address, bytes, PROT_NONE, kind, -1, 0l);
	if (at == -1)
		return (void *)(intptr_t)-errno;
	preload_trap_unmap((void *)at, bytes);
	pthread_mutex_lock(&windows_lock);
	for (unsigned i = 0; i < WINDOWS_MAX; i++) {
		if (windows[i].at)
			continue;
		windows[i] = (struct window){.end = (uintptr_t)at + bytes, .offset = within, .device = device};
		__atomic_store_n(&windows[i].at, (uintptr_t)at, __ATOMIC_RELEASE);
		pthread_mutex_unlock(&windows_lock);
		return (void *)at;
	}
	pthread_mutex_unlock(&windows_lock);
	syscall(SYS_munmap, at, bytes);
	return (void *)(intptr_t)-ENOMEM;
}

/** A window that is unmapped in part is unmapped as a whole: no program unmaps a part of its registers. */
void preload_trap_unmap(const void *address, size_t bytes)
{
	uintptr_t at = (uintptr_t)address;
	pthread_mutex_lock(&windows_lock);
	for (unsigned i = 0; i < WINDOWS_MAX; i++)
		if (windows[i].at && windows[i].at < at + bytes && at < windows[i].end)
			__atomic_store_n(&windows[i].at, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&windows_lock);
}

/** @return 0 or -errno */
static int share(const struct window *window)
{
	struct vfio_region_sparse_mmap_area areas[16];
	uint64_t offset, end = window->offset + (window->end - window->at);
	int fd, count = preload_device_shared(window->device, areas, 16, &fd, &offset), error = 0;
	if (count < 0)
		return count;
	for (int i = 0; !error && i < count; i++) {
		const struct vfio_region_sparse_mmap_area *area = &areas[i];
		if (area->offset < window->offset || area->offset > end || area->size > end - area->offset ||
			(area->offset | area->size) % PAGE_BYTES)
			error = -EPROTO;
		else if (syscall(SYS_mmap, window->at + (area->offset - window->offset), area->size,
				 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
				 offset + area->offset) == -1)
			error = -errno;
	}
	syscall(SYS_close, fd);
	return error;
}

int preload_trap_share(void)
{
	int error = 0;
	for (unsigned i = 0; !error && i < WINDOWS_MAX; i++)
		if (windows[i].at)
			error = share(&windows[i]);
	return error;
}
