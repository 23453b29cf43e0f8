/* SPDX-License-Identifier: BSD-2-Clause
 * What a family of cards counts, by its list of registers, and what a port has counted. Reading a register clears it;
 * stats.c adds up what was read. */
#pragma once

#include "../vfio/device.h"
#include "queues.h"

#include <stddef.h>

/** What the card counts, in nic_stats; and in port_queue, of a queue's counter; 0: nowhere. Such counters are read by
 * nic_get_stats, the others only by nic_get_counters, and often enough not to run full. */
#define STAT(field)  ((uint32_t)offsetof(struct nic_stats, field)) /* 16 bits; field 0 is none that is counted */
#define QUEUE(field) ((uint32_t)offsetof(struct port_queue, field) << 16)
/** These frames are no packets of the port: they are taken off nic_stats' packets of their direction. Such a row is
 * read after the row that counts those: what it holds was counted there already, or is the next time. */
#define TAKEN_OFF (UINT32_C(1) << 31)

/** A row of a list: X(register, offset, stride, count, bits, where, name, help). */
struct card_counter {
	uint32_t offset, stride;
	uint16_t count; /* more than 1: one for each queue */
	uint8_t bits;
	uint32_t where; /* STAT, QUEUE, TAKEN_OFF */
	const char *name, *help;
};
#define CARD_COUNTER(name, offset, stride, count, ...) {offset, stride, count, __VA_ARGS__},

struct card_counters {
	const struct card_counter *rows;
	unsigned count;
	bool unsure; /* emulations of these cards do not clear all of them by reading */
};

#define CARD_COUNTER_VALUES_MAX 176u
/** Adds up the counts of a list, for an assertion that its values have room. */
#define CARD_COUNTER_VALUES(name, offset, stride, count, ...) +(count)

/** How a counter is read that reading may not clear. */
struct counter_reading {
	uint32_t last; /* what it held, if reading does not clear it */
	uint64_t owed; /* not counted yet: it counts if reading does */
	bool clears;   /* it does: that was seen */
};

/** What a port's card has counted since nic_start. */
struct port_counters {
	uint64_t values[CARD_COUNTER_VALUES_MAX]; /* in the order of the list, of each row `count` */
	struct counter_reading reading[CARD_COUNTER_VALUES_MAX];
	uint64_t taken_off[2];               /* receive, transmit: so many frames are still to be taken off */
	uint64_t all_read_us;                /* when all were read last */
	unsigned rx_fcs_bytes, tx_fcs_bytes; /* of each packet, in the card's byte counters: NIC_FCS_BYTES, or 0 */
	struct vfio_refusal refused;         /* when they were last read; error 0: none was refused */
	uint64_t rx_bytes_reported, tx_bytes_reported; /* by nic_get_stats: what it reports never falls */
};
