/* SPDX-License-Identifier: BSD-2-Clause
 * What the files of the control path of the 82599, X540 and X550 know and do for each other. What a port has besides
 * its struct nic is in port.h, and only the link needs it. */
#pragma once

#include "../driver.h"
#include "bursts.h"
#include "fields.h"
#include "registers.h"

/** driver_id.kind: the chip, and on 82599 whether a laser is to be switched on. */
enum ixgbe_kind {
	IXGBE_82599_SFP, /* SFP+ and QSFP cages */
	IXGBE_82599,     /* backplane and other media, set up by the NVM */
	IXGBE_X540,      /* from here on with a copper PHY inside */
	IXGBE_X550,
};

static inline bool ixgbe_has_copper_phy(const struct nic *nic)
{
	return nic->id->kind >= IXGBE_X540;
}

#define IXGBE_QUEUES           128u   /* in the card, each way */
#define IXGBE_TX_QUEUES_USABLE 64u    /* without DCB and virtualisation (X550 DS 7.2.1.2.3.4) */
#define IXGBE_FRAME_MAX        15872u /* bytes with FCS */

/** Limits of waits, and fixed times, in microseconds. A variable so that tests of stuck bits need not wait. */
struct ixgbe_times {
	uint32_t quiesce;                   /* for DMA in flight after the queues were disabled */
	uint32_t master_disable;            /* STATUS.GIO */
	uint32_t pending;                   /* PCIe Transaction Pending */
	uint32_t flush;                     /* GCR_EXT.BUFFERS_CLEAR held */
	uint32_t reset_quiet;               /* no register access after CTRL.RST */
	uint32_t reset;                     /* after it, of each: CTRL.RST clear, EEC.AUTO_RD, RDRXCTL.DMAIDONE */
	uint32_t settle_82599, settle_x540; /* after the reset */
	uint32_t security;                  /* SECRXSTAT.SECRX_RDY */
	uint32_t queue;                     /* RXDCTL.ENABLE and TXDCTL.ENABLE, either way */
	uint32_t queue_off;                 /* after the last queue is disabled */
	uint32_t drain;                     /* for packets handed over for transmit */
	uint32_t smbi, regsmp, resource;    /* semaphores */
};
extern struct ixgbe_times ixgbe_times;

/* ---- semaphore.c ---- */

/** Takes a resource that firmware shares (82599 DS 10.5.4). @return what is to be given back: the resource; 0: the
 * semaphores do not work, or the card is gone */
uint32_t ixgbe_semaphore_take(struct nic *nic, uint32_t resource);
void ixgbe_semaphore_give(struct nic *nic, uint32_t resource);
/** The resource that is this port's PHY, or its module's I2C bus. 0: it cannot be read which port this is. */
uint32_t ixgbe_phy_resource(struct nic *nic);

/* ---- reset.c ---- */

int ixgbe_reset(struct nic *nic);
/** Reads the address that the NVM gave the port. -EIO: not one that a port can have. */
int ixgbe_read_mac(struct nic *nic, uint8_t mac[6]);

/* ---- start.c, stop.c ---- */

int ixgbe_start(struct nic *nic);
int ixgbe_stop(struct nic *nic);

/* ---- receive.c, transmit.c ---- */

/** Sets up the receive path and its queues, and lets frames in. Filters and MAC core are set up already. */
int ixgbe_receive_start(struct nic *nic);
/** Sets up a receive queue, and gives the card its ring. */
int ixgbe_receive_queue_on(struct nic *nic, unsigned i);
/** Sets up the transmit path and its queues. */
int ixgbe_transmit_start(struct nic *nic);
void ixgbe_transmit_queue_init(struct nic *nic, unsigned i);
int ixgbe_transmit_queue_on(struct nic *nic, unsigned i);
/** Halts what is before the receive DMA, until RX_DIS is cleared. */
void ixgbe_receive_halt(struct nic *nic);

/* ---- pause.c ---- */

static inline uint32_t ixgbe_packet_buffer_kib(const struct nic *nic)
{
	return ixgbe_has_copper_phy(nic) ? 384 : 512;
}
/** Sets flow control as it is before a link is there. Receive is off. */
void ixgbe_pause_start(struct nic *nic);

/* ---- link.c ---- */

void ixgbe_link_start(struct nic *nic);
int ixgbe_get_link(struct nic *nic, struct nic_link *link);

/* ---- filter.c ---- */

/** Brings all filter tables into a known state: nothing passes but the port's own address and VLANs, those added, and
 * broadcasts; and obeys config.offloads. RXEN and queues are off. */
int ixgbe_filter_start(struct nic *nic);
int ixgbe_set_unicast(struct nic *nic, unsigned index, const uint8_t *mac);
int ixgbe_set_multicast(struct nic *nic, unsigned word, uint32_t value);
int ixgbe_set_receive_mode(struct nic *nic);
int ixgbe_set_vlans(struct nic *nic, unsigned word);
int ixgbe_set_vlan_strip(struct nic *nic, unsigned queue, bool on);

/* ---- rss.c, queues.c ---- */

/** Obeys nic->queues.rss, at start and while frames come. */
int ixgbe_set_rss(struct nic *nic);

extern const struct queue_ops ixgbe_queue_ops;

/* ---- stats.c ---- */

/** Maps queues to counters and clears what is counted. */
void ixgbe_stats_start(struct nic *nic);

/* ---- diagnose.c ---- */

void ixgbe_diagnose(struct nic *nic);
/** Sees errors among the causes in EICR, whose reading has cleared them. */
void ixgbe_judge_causes(struct nic *nic, uint32_t causes);

/* ---- interrupt.c ---- */

/** Masks every interrupt and drops pending causes. */
void ixgbe_interrupt_mask(struct nic *nic);
extern const struct interrupt_ops ixgbe_interrupt_ops;
