/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of one port on their way to the client's eventfds. */
#ifndef POLLUX_TESTS_MODEL_SERVER_IRQS_H
#define POLLUX_TESTS_MODEL_SERVER_IRQS_H

#include "channel.h"
#include "server.h"

/** Where the client wants its interrupts. */
struct server_irqs {
	int eventfds[VFIO_PCI_NUM_IRQS][MODEL_VECTORS]; /* -1: off */
	/* INTx is a level: kernel VFIO masks it when it fires, until the client unmasks it, and so do we. */
	bool intx_masked, intx_pending;
	struct server_counts *counts;
	enum model_interrupts offered;
	unsigned long aio; /* aio_context_t; 0: this kernel has none */
	int nothing;       /* an empty file */
};

void server_irqs_open(struct server_irqs *irqs, struct server_counts *counts, enum model_interrupts offered);
/** Turns all off, as when a client goes. */
void server_irqs_close(struct server_irqs *irqs);
void server_irqs_free(struct server_irqs *irqs);
/** How many interrupts an index has; 0: none. */
unsigned server_irqs_count(const struct server_irqs *irqs, uint32_t index);
/** VFIO_IRQ_INFO_ flags of an index. */
uint32_t server_irqs_flags(const struct server_irqs *irqs, uint32_t index);
/** A SET_IRQS message's payload, `bytes` long, and the channel's descriptors. @return 0, or a positive errno value. */
int server_irqs_set(struct server_irqs *irqs, struct channel *channel, const uint8_t *payload, size_t bytes);
/** An MSI-X vector fires; vector 0 stands for MSI and INTx where those are on. */
void server_irqs_fire(struct server_irqs *irqs, unsigned vector);

#endif
