/* SPDX-License-Identifier: BSD-2-Clause
 * The model's half on another core. */
#include "far.h"

#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <x86intrin.h>

static struct {
	pthread_t thread;
	void (*function)(void *context);
	void *context;
	bool open, end;
	unsigned asked, done; /* calls so far; the caller writes the one, the helper the other */
} far;

static void *help(void *unused)
{
	for (unsigned seen = 0; !__atomic_load_n(&far.end, __ATOMIC_ACQUIRE);) {
		if (__atomic_load_n(&far.asked, __ATOMIC_ACQUIRE) == seen) {
			_mm_pause();
			continue;
		}
		far.function(far.context);
		__atomic_store_n(&far.done, ++seen, __ATOMIC_RELEASE);
	}
	return unused;
}

static int pin(pthread_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return -pthread_setaffinity_np(thread, sizeof(set), &set);
}

int far_open(void)
{
	cpu_set_t allowed;
	int cpus[2], found = 0, error;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			cpus[found++] = cpu;
	if (found < 2)
		return -ENOTSUP;
	error = -pthread_create(&far.thread, NULL, help, NULL);
	if (error)
		return error;
	far.open = true;
	error = pin(pthread_self(), cpus[0]);
	return error ? error : pin(far.thread, cpus[1]);
}

void far_close(void)
{
	if (!far.open)
		return;
	__atomic_store_n(&far.end, true, __ATOMIC_RELEASE);
	pthread_join(far.thread, NULL);
	far.open = false;
}

void far_begin(void (*function)(void *context), void *context)
{
	far.function = function;
	far.context = context;
	__atomic_store_n(&far.asked, far.asked + 1, __ATOMIC_RELEASE);
}

bool far_ended(void)
{
	return __atomic_load_n(&far.done, __ATOMIC_ACQUIRE) == far.asked;
}

void far_call(void (*function)(void *context), void *context)
{
	far_begin(function, context);
	while (!far_ended())
		_mm_pause();
}

const char *far_push_name(void)
{
	unsigned a, b = 0, c = 0, d;

	__get_cpuid_count(7, 0, &a, &b, &c, &d);
	return c & 1u << 25 ? "CLDEMOTE" : b & 1u << 24 ? "CLWB" : NULL;
}

static void demote(uintptr_t line)
{
	__asm__ volatile(".byte 0x0f, 0x1c, 0x00" : : "a"(line) : "memory"); /* cldemote (%rax) */
}

static void write_back(uintptr_t line)
{
	__asm__ volatile("clwb (%0)" : : "r"(line) : "memory");
}

static void push_nothing(uintptr_t line)
{
	(void)line;
}

void far_push(void *context, void *at, size_t bytes)
{
	static void (*push)(uintptr_t line);
	const uintptr_t line = 64;

	(void)context;
	if (!push) {
		const char *name = far_push_name();
		push = !name ? push_nothing : strcmp(name, "CLDEMOTE") ? write_back : demote;
	}
	for (uintptr_t a = (uintptr_t)at & ~(line - 1); a < (uintptr_t)at + bytes; a += line)
		push(a);
}
