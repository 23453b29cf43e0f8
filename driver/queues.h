/* SPDX-License-Identifier: BSD-2-Clause
 * Ports with several queues: how frames are spread over them, VLANs, queues that stop and start alone, counters. */
#pragma once

#include "nic.h"

#define QUEUES_MAX 128u /* of a direction, of all cards */
#define VLAN_WORDS (4096u / 32)

/** What a family does for them; NULL where its cards lack it, and nic->info.can says so. nic_start does not call these:
 * the family's start obeys nic->queues and config.offloads itself. All need a started port. */
struct queue_ops {
	/** Obeys nic->queues.rss, which is complete, while frames come. */
	int (*set_rss)(struct nic *nic);
	/** Obeys a word of nic->queues.vlans, and vlan_count: with none the filter is off. */
	int (*set_vlans)(struct nic *nic, unsigned word);
	/** Its bit in the card; the ring knows already. */
	int (*set_vlan_strip)(struct nic *nic, unsigned queue, bool on);
	/** On: gives the card the ring of a queue, which is prepared as for start. Off: has the card leave it alone; a
	 * transmit queue has sent its packets before, as far as that is possible. */
	int (*set_rxq)(struct nic *nic, unsigned index, bool on);
	int (*set_txq)(struct nic *nic, unsigned index, bool on);
};

/** A queue: what was counted since start, and its state. stats_update adds what the card has counted,
 * bytes as the card counts them. */
struct port_queue {
	uint64_t frames; /* by the ring: received from it, or written to it. First: QUEUE() names no field at 0 */
	uint64_t bytes, missed; /* by the card, which counts bytes where it reads memory: without FCS (doubt 1) */
	uint32_t frames_seen;   /* what the ring had counted then, which wraps */
	bool stopped;           /* alone, by nic_set_rxq or nic_set_txq */
	bool dead;              /* the card did not obey them */
};

/** A port's queues, as its control thread sees them. */
struct port_queues {
	struct nic_rss rss;         /* complete: no zeros but `symmetric`; headers 0: frames are not spread */
	uint32_t vlans[VLAN_WORDS]; /* added by nic_add_vlan, a bit each */
	unsigned vlan_count;
	struct port_queue rx[QUEUES_MAX], tx[QUEUES_MAX];
};

/** MRQC's fields, which all cards have alike, for a mask of NIC_RSS_. */
uint32_t queues_mrqc(uint32_t headers);

/** What a queue of a started port has counted, as far as it was read. */
struct nic;
void queues_stats(struct nic *nic, bool tx, unsigned index, struct nic_queue_stats *stats);

/** Checks what a configuration says of offloads and RSS, and takes it into nic->queues. */
int queues_configure(struct nic *nic, const struct nic_config *config);
