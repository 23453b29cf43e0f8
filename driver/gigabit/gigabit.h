/* SPDX-License-Identifier: BSD-2-Clause
 * A port of the gigabit chips 82540EM, 82544GC, 82545EM, 82574L and 82576: what differs between them as data, the
 * bursts, and what the files of the control path do for each other. */
#pragma once

#include "../ring/ring.h"
#include "fields.h"
#include "registers.h"

/** How a chip shares its PHY and its NVM with its firmware. */
enum gigabit_sharing { GIGABIT_SHARES_NOTHING, GIGABIT_SHARES_BY_MDIO_SW, GIGABIT_SHARES_BY_SW_FW_SYNC };

/** What differs between the chips. All of it stands in one file per chip. */
struct gigabit_chip {
	/** Resets the chip, quiet already, and waits until it is ready again. -errno with a sentence. */
	int (*reset)(struct nic *nic);
	/** Reads the address that the NVM gave the port. -EIO: none that a port can have. */
	int (*read_mac)(struct nic *nic, uint8_t mac[6]);
	/** Refuses a board whose medium is not driven. -ENOTSUP with a sentence. NULL: there is only one medium. */
	int (*check_medium)(struct nic *nic);
	/** Reads a word of the NVM. -errno with a sentence. NULL: EERD does it. */
	int (*read_word)(struct nic *nic, unsigned word, uint16_t *value);
	/** Settings of the chip that are not of the link; at each start, before bus mastering is on. NULL: none. */
	void (*tune)(struct nic *nic);
	/** Programs and enables receive, all but filters; and transmit. Bus mastering is on. -errno. */
	int (*receive_start)(struct nic *nic);
	int (*transmit_start)(struct nic *nic);
	/** Interrupts by MSI-X, all but choose: vector 0 and one for each receive queue. NULL: one vector only. */
	const struct interrupt_ops *msix;
	/** Adds what only this chip has. NULL: nothing. */
	void (*facts)(struct nic *nic, struct fact_list *facts);
	uint32_t txdctl, tctl; /* thresholds of transmit queues, and more bits of TCTL, for gigabit_transmit_start */
	struct ring_ops ring;
	const struct ring_tx_card *tx_card_several; /* instead of ring.tx_card with several queues; NULL: the same */
	enum gigabit_sharing shares;                /* PHY and NVM with its firmware */
	uint32_t rx_buffer_register;                /* PBA, or RXPBS: the packet buffer's part for receive, in KiB */
	uint32_t interval_register;                 /* least time between interrupts of the only vector; 0: none */
	uint32_t low_power_register;                /* POEMB, by which the chip links at low speeds; 0: it has none */
	bool wedges;                                /* a DMA read that faults stops transmit until a function reset */
	bool phy_hangs;                             /* an erratum: the PHY can hang, and is to be looked at */
	uint32_t bar_bytes;                         /* what its register lists need of BAR0 */
	uint32_t ral_16;                            /* RAL of exact filter 16, where there are more than 16 */
	bool pcie;                                  /* has a master to disable, CTRL_EXT.DRV_LOAD, EECD.AUTO_RD */
	bool flash_sum;                             /* its NVM may be a flash whose checksum is not made yet */
	bool absolute_delays;                       /* has RADV and TADV */
	bool tables_in_pairs;           /* a write of an odd word of MTA or VFTA spoils the word before it (erratum) */
	uint8_t packet_buffer_kib;      /* which PBA divides between receive and transmit; 0: there is no PBA */
	uint8_t packet_buffer_step_kib; /* PBA must be a multiple of it; 0: anything goes */
	uint8_t eerd_done_bit, eerd_address_shift;
	uint16_t max_frame_bytes;      /* with FCS */
	uint16_t pcix_max_frame_bytes; /* on PCI-X; 0: the same */
	const char *pcix_refused;      /* why the chip is not driven on PCI-X, and what to do instead; NULL: it is */
	uint16_t max_queues;           /* receive, and transmit */
	uint32_t can;                  /* nic_info.can */
	uint32_t rss_headers;          /* nic_info.rss_headers; 0: no RSS */
	uint32_t mrqc_rss;             /* MRQC without the headers */
	uint8_t reta_shift;            /* where a queue's number stands in an entry of RETA */
};

/** What all chips can: tags are put in by the card only where they are taken out as well (orders.c). */
#define GIGABIT_CAN                                                                                                    \
	(NIC_RX_CHECKSUM | NIC_RX_VLAN_STRIP | NIC_TX_OFFLOAD | NIC_VLAN_FILTER | NIC_TX_IP_CHECKSUM |                 \
		NIC_TX_L4_CHECKSUM | NIC_TX_VLAN | NIC_TX_SEGMENT_IPV4)

/** What is known of a started port's link. */
struct gigabit_link {
	uint32_t status;       /* link, speed and duplex as STATUS last had them */
	uint64_t since_us;     /* they are so */
	uint64_t looked_us;    /* when the PHY was last asked what it knows */
	uint64_t hang_look_us; /* when it was last looked whether it hangs */
	unsigned hangs;        /* looks in a row at which it seemed to */
	uint32_t pause;        /* flow control in effect, a mask of NIC_PAUSE_ */
	bool pause_open;       /* the link is up, but the PHY did not say what the partner offers of that */
	bool set_up;           /* the PHY was set up since the start, and not left as it was */
	char state[96];        /* what the PHY knows, for nic_link */
};

/** A port. */
struct gigabit {
	struct nic nic;   /* first */
	bool owner_stuck; /* firmware did not let go of the PHY or the NVM when it was last asked for */
	bool wedged;      /* transmit stood still at the last stop, and only a function reset will help */
	bool pcix;        /* it is on PCI-X */
	struct gigabit_link link;
};

/** The chips, by the kind of their ids. */
extern const struct gigabit_chip *const gigabit_chips[];

static inline const struct gigabit_chip *gigabit_chip(const struct nic *nic)
{
	return gigabit_chips[nic->id->kind];
}

/** Limits of waits, and fixed times, in microseconds. A variable so that tests of stuck bits need not wait. */
struct gigabit_times {
	uint32_t quiesce;                    /* for DMA in flight after receive and transmit were disabled */
	uint32_t master_disable;             /* STATUS.GIO_MASTER_ENABLE */
	uint32_t pending;                    /* PCIe Transaction Pending */
	uint32_t reset_quiet;                /* no register access after CTRL.RST */
	uint32_t reset;                      /* CTRL.RST clear */
	uint32_t auto_read, auto_read_82576; /* EECD.AUTO_RD */
	uint32_t settle_82540, settle_82574; /* EEPROM and PHY set-up after a reset */
	uint32_t eerd;                       /* a word of the NVM */
	uint32_t microwire;                  /* fixed: the NVM's pins between two changes */
	uint32_t mdic;                       /* a register of the PHY */
	uint32_t phy_reset;                  /* BMCR.RESET clear */
	uint32_t link_patience;              /* without a link, until the PHY is set up, or looked at again */
	uint32_t link_look, hang_look;       /* from one look at the PHY to the next */
	uint32_t mdio_owner;                 /* EXTCNF_CTRL.MDIO_SW */
	uint32_t smbi, swesmbi, sync_owner;  /* SWSM.SMBI, .SWESMBI, and a resource's bits in SW_FW_SYNC */
	uint32_t queue;                      /* ENABLE bits of a queue, where there are any */
	uint32_t queue_quiet;                /* for DMA in flight after a queue was disabled alone */
	uint32_t drain;                      /* without progress, for packets handed over for transmit */
};
extern struct gigabit_times gigabit_times;

/* ---- chips ---- */

extern const struct gigabit_chip gigabit_82540em, gigabit_82544gc, gigabit_82545em, gigabit_82574l, gigabit_82583v,
	gigabit_82576;

/* ---- reset.c ---- */

int gigabit_reset(struct nic *nic);
/** Sets CTRL.RST and waits until it is clear. */
int gigabit_reset_by_register(struct nic *nic);
/** Waits until CTRL.RST is clear. */
int gigabit_wait_reset(struct nic *nic);

/* ---- nvm.c ---- */

#define GIGABIT_NVM_WORDS    64u /* that the checksum is of */
#define GIGABIT_NVM_CHECKSUM 0xBABAu

/** Reads the NVM's first words, and what they add up to. -ETIMEDOUT, -EIO, -ENODEV. */
int gigabit_nvm_read(struct nic *nic, uint16_t words[GIGABIT_NVM_WORDS], uint16_t *sum);
/** Checks the NVM's checksum and reads the address in its first words. -EIO, -ETIMEDOUT. */
int gigabit_nvm_read_mac(struct nic *nic, uint8_t mac[6]);

/* ---- firmware.c ---- */

/** Takes the PHY, or the NVM, from the firmware, and gives it back. False: the firmware does not let go of it, or does
 * not use it; the caller goes on without. */
enum gigabit_resource { GIGABIT_PHY, GIGABIT_NVM };
bool gigabit_take(struct nic *nic, enum gigabit_resource resource);
void gigabit_give(struct nic *nic, enum gigabit_resource resource);

/* ---- pcie.c ---- */

/** Reads a 16-bit register of the PCIe capability, by its offset in it. False: it is no PCIe device, or the transport
 * gives no access; that is no failure. */
bool gigabit_pcie_read(struct nic *nic, unsigned offset, uint16_t *value);
/** Writes one, and reads it back. False: it does not hold that value. */
bool gigabit_pcie_write(struct nic *nic, unsigned offset, uint16_t value);

/* ---- phy.c, copper.c, link.c ---- */

/** A register of the PHY. -ETIMEDOUT or -EIO with a sentence. */
int gigabit_phy_read(struct nic *nic, unsigned reg, uint16_t *value);
int gigabit_phy_write(struct nic *nic, unsigned reg, uint16_t value);
/** The same without a sentence where the PHY does not answer, or has no such register: false. */
bool gigabit_phy_try_read(struct nic *nic, unsigned reg, uint16_t *value);

/** Leaves a PHY alone that has a link as the configuration wants it, since to negotiate anew takes seconds; else sets
 * it up. */
int gigabit_copper_start(struct nic *nic);
/** Sets the PHY up, whatever was left in it, after a reset of it if so wished, and has it negotiate. */
int gigabit_copper_set_up(struct nic *nic, bool reset);
/** BMCR's bits with which a PHY never gets a link. */
#define GIGABIT_BMCR_WRONG (GIGABIT_BMCR_POWERDOWN | GIGABIT_BMCR_ISOLATE | GIGABIT_BMCR_LOOPBACK)
/** What the PHY of an id is; "unknown". */
const char *gigabit_copper_name(uint32_t id);
/** True when the PHY has given up a speed that both ends offer. */
bool gigabit_copper_is_downshifted(struct nic *nic);

/** Has the PHY negotiate and the MAC follow it. */
int gigabit_link_start(struct nic *nic);
int gigabit_get_link(struct nic *nic, struct nic_link *link);
/** The link's speed by STATUS; 0: it is down. */
uint32_t gigabit_mbps(uint32_t status);
/** The speeds in ANAR or ANLPAR, and in GBCR or, two bits further up, GBSR. */
uint32_t gigabit_copper_speeds(uint16_t anar, uint16_t gbcr);
/** Notes what the link does, sets the PHY up where it gets no link, and ends its hanging. */
void gigabit_service(struct nic *nic);

/* ---- diagnose.c ---- */

void gigabit_diagnose(struct nic *nic);

/* ---- start.c, stop.c ---- */

int gigabit_start(struct nic *nic);
int gigabit_stop(struct nic *nic);

/* ---- queues.c ---- */

/** What receive_start and transmit_start are of all chips but the 82576. */
int gigabit_receive_start(struct nic *nic);
int gigabit_transmit_start(struct nic *nic);

/* ---- chips/82576.c ---- */

extern const struct queue_ops gigabit_82576_queues;

/* ---- rss.c ---- */

/** Obeys nic->queues.rss, at start and while frames come. */
int gigabit_set_rss(struct nic *nic);

/* ---- facts.c ---- */

void gigabit_facts(struct nic *nic, struct fact_list *facts);

/* ---- filter.c ---- */

/** RCTL for the port's configuration and receive mode, not enabled. */
uint32_t gigabit_rctl(const struct nic *nic);
/** Brings all filter tables into a known state: nothing passes but the port's own address, those added, and broadcasts.
 */
int gigabit_filter_start(struct nic *nic);
int gigabit_set_unicast(struct nic *nic, unsigned index, const uint8_t *mac);
int gigabit_set_multicast(struct nic *nic, unsigned word, uint32_t value);
int gigabit_set_receive_mode(struct nic *nic);
/** A word of VFTA, and the filter on or off. */
int gigabit_set_vlans(struct nic *nic, unsigned word);

/* ---- orders.c ---- */

/** How a frame's wishes are told: to the chips for conventional PCI; to the 82574L, with one transmit queue and with
 * two; to the 82576. */
extern const struct ring_tx_card gigabit_orders_pci, gigabit_orders_82574l, gigabit_orders_82574l_two,
	gigabit_orders_82576;

/* ---- interrupt.c ---- */

/** Masks every interrupt and drops pending causes. */
void gigabit_interrupt_mask(struct nic *nic);
extern const struct interrupt_ops gigabit_interrupt_ops;

/** The least time between two interrupts of a queue, in the units of the chips: 250 ns, or 256 (ITR). */
static inline uint32_t gigabit_interval(const struct nic *nic)
{
	return 4u * nic->config.rx_interrupt_us;
}

/* ---- rx.c, tx.c: bursts ---- */

unsigned gigabit_rx_burst_legacy(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned gigabit_rx_burst_extended(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned gigabit_rx_burst_status_legacy(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned gigabit_rx_burst_status_extended(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned gigabit_tx_burst_82540em(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
unsigned gigabit_tx_burst_82574l(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
unsigned gigabit_tx_burst_82576(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
unsigned gigabit_tx_wishes_82540em(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
unsigned gigabit_tx_wishes_82574l(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
unsigned gigabit_tx_wishes_82576(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
