/* SPDX-License-Identifier: BSD-2-Clause
 * No cache line is written by two threads on the data path. Looks at the addresses themselves: while a thread is in its
 * bursts all memory but stacks is read-only; each write faults, is noted, let through, and the memory is closed again
 * behind it. Two threads do that in turn, each with queues of its own, and must have no line in common. */
#include "unit_local.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define LINE_BYTES  64u
#define LINES_MAX   65536u
#define REGIONS_MAX 256u
#define TRAP_FLAG   0x100
#define FLOWS       64u
#define ROUNDS      24u /* of FLOWS frames: refills, reclaims, and rings that go around */

struct region {
	char *from;
	size_t bytes;
};

/* All that the handlers and the waiting threads touch, in a mapping of its own, which stays writable. */
static struct world {
	atomic_uint turn;  /* 0: nobody's, or the thread's that is to work; it gives it back */
	atomic_uint ready; /* threads */
	bool traced, ends;
	unsigned tracer;       /* whose writes are noted */
	struct region *opened; /* by the write that is being let through */
	struct region regions[REGIONS_MAX];
	unsigned region_count, line_count;
	struct {
		uintptr_t line;
		unsigned by; /* a mask of threads */
		uintptr_t code;
	} lines[LINES_MAX];
	uintptr_t private[3]; /* an address in each thread's stack, where its TLS is too; and in the main one's */
	unsigned char stacks[2][65536]; /* of the handlers */
} * world;

static struct nic *nic;
static struct vfio_device *device;
static struct dma_space *space;
static struct nic_rxq *rxqs[2];
static struct nic_txq *txqs[2];
static uint64_t *shared_on_purpose;
static unsigned forwarded[2][LINE_BYTES];

/* ---- tracing ---- */

static void protect(struct region *region, int how)
{
	if (mprotect(region->from, region->bytes, how) != 0)
		abort();
}

static void note_line(uintptr_t line, uintptr_t code)
{
	uint64_t slot = line * UINT64_C(0x9E3779B97F4A7C15) >> 48;
	for (; world->lines[slot % LINES_MAX].line; slot++)
		if (world->lines[slot % LINES_MAX].line == line) {
			world->lines[slot % LINES_MAX].by |= 1u << world->tracer;
			return;
		}
	if (++world->line_count > LINES_MAX / 2)
		abort();
	world->lines[slot % LINES_MAX].line = line;
	world->lines[slot % LINES_MAX].by = 1u << world->tracer;
	world->lines[slot % LINES_MAX].code = code;
}

/* A fault tells where a write begins, not how long it is: vectors have 32 or 64 bytes, others at most 8. */
static unsigned write_bytes(const uint8_t *code)
{
	return code[0] == 0x62 ? 64 : code[0] == 0xC4 || code[0] == 0xC5 ? 32 : 8;
}

static void on_write(int signal_number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	char *at = info->si_addr;
	uintptr_t first = (uintptr_t)at / LINE_BYTES, code = (uintptr_t)regs[REG_RIP];
	(void)signal_number;
	for (unsigned i = 0; i < world->region_count; i++) {
		struct region *region = &world->regions[i];
		if (at < region->from || at >= region->from + region->bytes)
			continue;
		uintptr_t last = ((uintptr_t)at + write_bytes((const uint8_t *)code) - 1) / LINE_BYTES;
		note_line(first, code);
		if (last != first)
			note_line(last, code);
		/* a write over the end of a region faults again, in the next one, with the first still open */
		protect(region, PROT_READ | PROT_WRITE);
		world->opened = world->opened && world->opened != region ? world->opened : region;
		regs[REG_EFL] |= TRAP_FLAG;
		return;
	}
	signal(SIGSEGV, SIG_DFL); /* a fault of another kind: it happens again, and ends the process */
}

static void on_step(int signal_number, siginfo_t *info, void *context)
{
	(void)signal_number, (void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	protect(world->opened, PROT_READ);
	world->opened = NULL;
}

/* All memory that can be written, but stacks and the world. Shared objects' data too: what libc writes for a thread
 * would be found. */
static void find_regions(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], how[8], name[256];
	unsigned long from, to;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	world->region_count = 0;
	while (maps && fgets(line, sizeof(line), maps)) {
		name[0] = 0;
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, how, name) < 3 || how[1] != 'w')
			continue;
		bool ours = (from <= (uintptr_t)world && (uintptr_t)world < to) || (from <= here && here < to);
		bool object = strstr(name, "pollux") || strstr(name, "/test_queue_lines") || !strcmp(name, "[heap]");
		bool data = strstr(name, "hugepage") || strstr(name, "memfd");
		if (ours || (!object && !data && name[0]) || world->region_count == REGIONS_MAX)
			continue;
		world->regions[world->region_count++] = (struct region){(char *)from, to - from};
	}
	if (maps)
		fclose(maps);
}

/* What is a thread's own by its nature, and what the kernel writes there at any time. */
static void leave_out(uintptr_t address)
{
	for (unsigned i = 0; i < world->region_count; i++)
		if (address - (uintptr_t)world->regions[i].from < world->regions[i].bytes)
			world->regions[i] = world->regions[--world->region_count];
}

static void trace(unsigned who, void (*work)(unsigned who))
{
	for (unsigned i = 0; i < 3; i++)
		leave_out(world->private[i]);
	world->tracer = who;
	for (unsigned i = 0; i < world->region_count; i++)
		protect(&world->regions[i], PROT_READ);
	work(who);
	for (unsigned i = 0; i < world->region_count; i++)
		protect(&world->regions[i], PROT_READ | PROT_WRITE);
}

/* ---- the work ---- */

static void forward(unsigned who)
{
	struct pkt pkts[32] __attribute__((aligned(64)));
	unsigned n, sent;
	while ((n = nic_rx(rxqs[who], pkts, 32))) {
		for (unsigned i = 0; i < n; i++)
			pkts[i].data[20]++;
		for (sent = 0; sent < n;)
			sent += nic_tx(txqs[who], pkts + sent, n - sent);
		forwarded[who][0] += n;
	}
}

static void write_to_one_line(unsigned who)
{
	shared_on_purpose[who] = 1;
}

static void (*job)(unsigned who);

static void *thread(void *argument)
{
	unsigned who = (unsigned)(uintptr_t)argument;
	stack_t stack = {.ss_sp = world->stacks[who], .ss_size = sizeof(world->stacks[who])};
	sigaltstack(&stack, NULL);
	world->private[who] = (uintptr_t)pthread_self();
	atomic_fetch_add(&world->ready, 1);
	for (;;) {
		while (atomic_load(&world->turn) != who + 1) {
			if (world->ends)
				return NULL;
			sched_yield();
		}
		if (world->traced)
			trace(who, job);
		else
			job(who);
		atomic_store(&world->turn, 0);
	}
}

static void have_work(unsigned who)
{
	if (world->traced)
		find_regions();
	atomic_store(&world->turn, who + 1);
	while (atomic_load(&world->turn))
		sched_yield();
}

static unsigned lines_of_two(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < LINES_MAX; i++) {
		if (world->lines[i].by != 3)
			continue;
		if (!count++ && job == forward)
			printf("\n    the line at %#lx is written by both, first from the code at %#lx ",
				(unsigned long)world->lines[i].line * LINE_BYTES, (unsigned long)world->lines[i].code);
	}
	return count;
}

static void forget_lines(void)
{
	memset(world->lines, 0, sizeof(world->lines));
	world->line_count = 0;
}

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	return n;
}

/* UDP over IPv4, a flow per source address, which RSS spreads over both queues. */
static void make_frames(struct model_frame *frames, uint8_t data[FLOWS][60])
{
	static const uint8_t head[34] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17,
		0, 0, 10, 0, 0, 0, 10, 1, 0, 1};
	for (unsigned i = 0; i < FLOWS; i++) {
		memset(data[i], 0, 60);
		memcpy(data[i], head, sizeof(head));
		data[i][29] = (uint8_t)i;
		frames[i] = (struct model_frame){.data = data[i], .len = 60};
	}
}

static void open_port(enum pkt_simd simd)
{
	struct nic_config start = {
		.promiscuous = true, .rx_queues = 2, .tx_queues = 2, .rx_ring = 128, .tx_ring = 128, .simd = simd};
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	local_port_open(&nic, &device, space, &start);
	for (unsigned i = 0; i < 2; i++) {
		rxqs[i] = nic_rxq(nic, i);
		txqs[i] = nic_txq(nic, i);
	}
}

static void with_threads(void (*work)(unsigned who), unsigned rounds)
{
	static uint8_t data[FLOWS][60];
	struct model_frame frames[FLOWS];
	struct model_sink sink = {.take = take_all};
	pthread_t threads[2];
	make_frames(frames, data);
	job = work;
	forget_lines();
	world->ends = world->traced = false;
	world->private[2] = (uintptr_t)pthread_self();
	atomic_store(&world->ready, 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, thread, (void *)(uintptr_t)i);
	while (atomic_load(&world->ready) < 2)
		sched_yield();
	for (unsigned round = 0; round < rounds; round++) {
		if (nic)
			CU_ASSERT_EQUAL(model_receive(model_local_model(device), frames, FLOWS), FLOWS);
		world->traced = round >= rounds / 4; /* before, threads open their caches */
		for (unsigned i = 0; i < 2; i++)
			have_work(i);
		while (nic && model_transmit(model_local_model(device), &sink, FLOWS))
			;
	}
	world->ends = true;
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static void a_line_that_both_write_is_found(void)
{
	shared_on_purpose = aligned_alloc(LINE_BYTES, LINE_BYTES);
	with_threads(write_to_one_line, 4);
	CU_ASSERT_EQUAL(lines_of_two(), 1);
	free(shared_on_purpose);
}

static void no_line_is_written_by_two_threads(void)
{
	for (enum pkt_simd simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++) {
		if (pkt_simd_choose(simd) == PKT_SIMD_AUTO)
			continue;
		memset(forwarded, 0, sizeof(forwarded));
		open_port(simd);
		with_threads(forward, ROUNDS);
		CU_ASSERT_EQUAL(lines_of_two(), 0);
		CU_ASSERT_TRUE(world->line_count > 2 * (128 / 4)); /* descriptors of both rings, at the least */
		CU_ASSERT_TRUE(forwarded[0][0] > FLOWS && forwarded[1][0] > FLOWS);
		ASSERT_NUMBER(forwarded[0][0] + forwarded[1][0], ROUNDS * FLOWS);
		nic_close(nic);
		nic = NULL;
		dma_space_unref(space);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a line that both write is found", a_line_that_both_write_is_found},
		{"no line is written by two threads", no_line_is_written_by_two_threads},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "queue lines", .pTests = tests}, CU_SUITE_INFO_NULL};
	struct sigaction write_action = {.sa_sigaction = on_write, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct sigaction step_action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("skipped: a sanitizer writes to memory of its own on the data path\n");
	return 0;
#endif
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (world == MAP_FAILED)
		return 1;
	sigaction(SIGSEGV, &write_action, NULL);
	sigaction(SIGTRAP, &step_action, NULL);
	return unit_run(suites);
}
