/* SPDX-License-Identifier: BSD-2-Clause
 * A scripted card for tests of the control path: a device whose registers react just enough for bring-up, that records
 * every access, and in which bits can be stuck, steps can fail and the whole device can vanish. It moves no packets;
 * the software 82599 does that. */
#ifndef POLLUX_TESTS_UNIT_CARD_H
#define POLLUX_TESTS_UNIT_CARD_H

#include "../../driver/clock.h"
#include "../../driver/driver.h"
#include "../../vfio/space.h"

#define CARD_BYTES   0x20000u /* of registers */
#define CARD_LOG     65536u
#define CARD_COMMAND 0xFFFF0000u /* in the log: a write of PCI COMMAND */
#define CARD_STUCK   2u

struct card_access {
	uint32_t offset, value;
	bool write;
};

struct card_stuck {
	uint32_t offset, mask, value; /* these bits read so, whatever is written */
};

struct card;

/** How a family's registers react. */
struct card_kind {
	/** Registers as after power-on. */
	void (*reset)(struct card *card);
	/** What a register that holds this reads as. */
	uint32_t (*value)(struct card *card, uint32_t offset, uint32_t held);
	/** What reading it does. */
	void (*was_read)(struct card *card, uint32_t offset);
	/** True: this write resets the card. */
	bool (*resets)(const struct card *card, uint32_t offset, uint32_t value);
	/** What a register takes of a write. False: nothing. */
	bool (*write)(struct card *card, uint32_t offset, uint32_t *value);
	/** A write to the I/O BAR, card->io_region. False: it fails. NULL: there is none. */
	bool (*io_write)(struct card *card, uint32_t offset, uint32_t value);
};

struct card {
	struct vfio_device device; /* first */
	const struct card_kind *kind;
	struct dma_mapper mapper;
	uint32_t registers[CARD_BYTES / 4];
	uint8_t config[256];
	struct card_stuck stuck[CARD_STUCK]; /* mask 0: none */
	unsigned io_region;                  /* where the I/O BAR is, where there is one */
	uint32_t io_address;                 /* the register behind it, and the last word of a PHY or NVM access */
	uint16_t nvm[64], phy[32];
	uint32_t phy_missing; /* a bit for each register that the PHY does not have */
	bool phy_reset_stuck; /* the PHY's reset does not end */
	unsigned phy_resets;
	unsigned nvm_spoilt;  /* so many words of the NVM are read wrong */
	uint8_t link_mode;    /* of an 82576's board */
	unsigned config_kept; /* this byte of configuration space keeps its value, whatever is written; 0: none */
	unsigned function_resets;
	unsigned fifo;        /* frames in the packet buffer of transmit: each look finds one less */
	bool fifo_stuck;      /* none less */
	bool irq_shared;      /* the interrupt line is busy */
	unsigned irq_asks;    /* calls for interrupts */
	bool sends;           /* the head follows the tail */
	bool link_was_down;   /* LINKS reads down once, then as it is */
	bool command_stuck;   /* COMMAND.BusMaster cannot be cleared but by a function reset */
	bool master_refused;  /* nor set */
	unsigned vanish;      /* the device is gone from this access on; 0: stays */
	unsigned refuse;      /* this access is refused; 0: none */
	uint32_t unread;      /* the register whose last read was refused, until it is read; 0: none */
	unsigned ones;        /* writes to it of a value that came of all ones */
	uint32_t refused;     /* and all accesses of this register are; 0: none */
	unsigned fail;        /* this step fails; 0: none */
	unsigned steps;       /* calls of the transport and of the mapper, and allocations, so far */
	unsigned accesses;    /* of registers */
	unsigned gone_reads;  /* of these, reads after it had vanished */
	unsigned late_writes; /* and writes after the first of those reads, which showed that it had */
	unsigned resets;
	int mapped; /* pieces of memory */
	int irq_fd; /* as directed; -1: nowhere */
	bool closed;
	unsigned logged;
	struct card_access log[CARD_LOG];
};

/** Makes a card of a kind with this device id, in a space. The card's close is called by whoever owns its device. */
void card_init_kind(struct card *card, const struct card_kind *kind, uint16_t device_id, struct dma_space *space);

/** True when the step that is to fail is now. Counts it. */
bool card_step_fails(struct card *card);

/** Where in the log, from entry `from` on, (offset, value & mask) was written for the first time; CARD_LOG: never. */
unsigned card_written(const struct card *card, unsigned from, uint32_t offset, uint32_t mask, uint32_t value);
/** The same for a read that returned such a value. */
unsigned card_read(const struct card *card, unsigned from, uint32_t offset, uint32_t mask, uint32_t value);

uint32_t *card_register(struct card *card, uint32_t offset);
bool card_bus_master(const struct card *card);

/** Open file descriptors of this process. */
unsigned card_count_fds(void);

#endif
