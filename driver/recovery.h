/* SPDX-License-Identifier: BSD-2-Clause
 * What becomes of a started port whose card does not go on by itself. */
#pragma once

#include "driver.h"

/** How often the service function looks, and how long what is seen must last. A variable for tests. */
struct recovery_times {
	uint32_t link; /* from one look at the link to the next, unless an interrupt came */
	uint32_t look; /* at counters, queues, and what the card tells of itself */
	uint32_t hang; /* a queue stands still */
	uint32_t down; /* the link is down, with frames pending */
};
extern struct recovery_times recovery_times;

/** A look at a started port whose counters were just read: notices what a reset must mend. */
void recovery_look(struct nic *nic);

/** For the families: a reset is needed, for one of the causes of NIC_NEEDS_RESET. The first time it is noted. */
void recovery_need(struct nic *nic, uint32_t cause, const char *why);
/** Something to be told that needs no reset. Noted once a minute at most. */
void recovery_tell(struct nic *nic, uint32_t event, const char *what);

/** Resets the function by the transport, says why in a note, and undoes what that does besides: interrupts are off
 * after it, and by some transports memory space. False: the transport cannot. */
bool recovery_reset_function(struct nic *nic, const char *why);
