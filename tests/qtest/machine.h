/* SPDX-License-Identifier: BSD-2-Clause
 * Inside the qtest transport: a running QEMU, its three channels, and its memory. */
#ifndef POLLUX_TESTS_QTEST_MACHINE_H
#define POLLUX_TESTS_QTEST_MACHINE_H

#include "qtest.h"

#include "../../vfio/space.h"

#include <sys/types.h>

/* A q35 machine of 6 GiB has 2 GiB of memory from 0 on, and the rest from 4 GiB on. The second GiB is DMA memory of
 * conventional cards, that from 4 GiB on of others. */
#define LOW_AT     (UINT64_C(1) << 30)
#define LOW_BYTES  (UINT64_C(2) << 30)
#define HIGH_AT    (UINT64_C(4) << 30)
#define HIGH_BYTES (UINT64_C(4) << 30)

#define IRQ_LINES   24u /* of the machine's I/O APIC */
#define EXTENTS     64u
#define MESSAGES_AT UINT64_C(0x100000) /* message-signalled interrupts go to words of low memory from here on */

/* A piece of DMA memory, whose pages are the machine's while it is mapped. */
struct extent {
	uint64_t iova;
	size_t bytes;
	uint8_t *address;
	int fd; /* the pages that it had, and gets back */
};

struct qtest {
	pid_t pid;
	int control, monitor; /* the qtest protocol; QMP */
	int wires[QTEST_CARDS];
	int memory; /* the file of the machine's memory; sparse */
	volatile uint32_t *messages;
	char answer[4096]; /* what the qtest protocol's channel holds: whole lines, and the beginning of one */
	size_t answered;
	bool dead;
	bool lines[IRQ_LINES]; /* interrupt lines that are raised */

	struct dma_mapper mapper;
	struct dma_space *space; /* of the open devices */
	unsigned open_devices;
	struct vfio_device *devices[QTEST_CARDS];
	unsigned cards;
	struct extent extents[EXTENTS];
	unsigned extent_count;
};

/* ---- process.c ---- */

/** Starts a QEMU, its channels and memory being there. -errno when it does not answer. */
int qtest_start(struct qtest *qtest, const char *program, const char *const *cards);
/** Ends it. */
void qtest_end(struct qtest *qtest);

/* ---- protocol.c ---- */

/** Says a line and takes the answer's value, 0 if it has none. -ENODEV: QEMU is gone; -EPROTO: it refuses. */
int qtest_say(struct qtest *qtest, uint64_t *value, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** Notes interrupt lines that changed meanwhile. */
void qtest_listen(struct qtest *qtest);
/** Gives QMP a command, a whole JSON object. -errno. */
int qtest_command(struct qtest *qtest, const char *command);

/* ---- memory.c ---- */

int qtest_map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd);
void qtest_unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes);

/* ---- device.c ---- */

/** Tells eventfds of interrupts that came. */
void qtest_deliver(struct qtest *qtest);
/** True when a mapping is the operation that is to fail. */
bool qtest_map_fails(struct qtest *qtest);
void qtest_gone(struct qtest *qtest);

#endif
