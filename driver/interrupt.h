/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of ports: how the card's reach eventfds, and how applications wait for them. Vector 0 is the link's, and
 * that of all else that concerns the port; vector i + 1 is receive queue i's. Where there is only one vector, it is
 * everybody's.
 *
 * Nobody reads the eventfds. Whoever waits has an epoll instance that reports each write once (EPOLLET), so that one
 * eventfd can wake several threads. Such an instance is empty again once epoll_wait has been called on it. */
#pragma once

#include "nic.h"

#define INTERRUPT_VECTORS 64u /* of a port, at most */

/** What a family does for its ports' interrupts. */
struct interrupt_ops {
	/** Which kind of interrupt serves a port of which so many receive queues have interrupts:
	 * VFIO_PCI_MSIX_IRQ_INDEX, ...; and how many vectors of it. -errno with a sentence: the card cannot. */
	int (*choose)(struct nic *nic, unsigned queues, unsigned *kind, unsigned *vectors);
	/** Programs a started card for nic->interrupts: the link's interrupts are let through, those of receive queues
	 * are ready to be armed. */
	void (*start)(struct nic *nic);
	/** Clears the causes of vector 0 in the card, and no others. By the thread of control calls. */
	void (*acknowledge)(struct nic *nic);
	/** Lets a receive queue's next interrupt through. A frame that is not in the ring yet when this returns raises
	 * it. By the queue's thread, so without reg_read, which may change the port. */
	void (*arm)(const struct nic *nic, unsigned queue);
};

/** So long a queue does without interrupts that came wrong; in us. A variable for tests. */
extern uint64_t interrupts_retry_us;

struct rx_interrupt;

/** A port's interrupts. Written by the thread of control calls, while no queue's thread is in nic_wait. */
struct port_interrupts {
	unsigned kind, vectors; /* so many interrupts of this kind are directed to eventfds; 0: none */
	unsigned queues;        /* receive queues that have interrupts */
	unsigned eventfd_count; /* as many are open; they stay until the port is closed */
	int eventfds[INTERRUPT_VECTORS];
	int event_fd;            /* the epoll instance of nic_event_fd; -1: nobody wants it */
	bool line_shared;        /* the interrupt line cannot be had: it is shared */
	struct rx_interrupt *rx; /* of each of these queues */
};

/** -errno, with a sentence: so many receive queues cannot have the interrupts that nic->config asks for. */
int interrupts_check(struct nic *nic);
/** Gives a port that is being started the interrupts that it is to have, if any; and again after a reset of the card
 * alone. */
int interrupts_start(struct nic *nic);
/** Directs them to their eventfds anew, after the transport has turned all interrupts off. */
int interrupts_redirect(struct nic *nic);
/** Those of receive queues are over. */
void interrupts_stop(struct nic *nic);
void interrupts_close(struct nic *nic);
/** Empties nic_event_fd's descriptor. @return whether it was readable */
bool interrupts_came(struct nic *nic);
/** Clears in the card what has raised vector 0; by nic_service. */
void interrupts_acknowledge(struct nic *nic);
/** Notes which queues wait without interrupts, as those come wrong. */
void interrupts_note(struct nic *nic);
