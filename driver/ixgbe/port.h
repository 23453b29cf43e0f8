/* SPDX-License-Identifier: BSD-2-Clause
 * A port of the 82599, X540 or X550 with its link: a state machine that the service function turns (link.c), what it
 * does to a serial link (serial.c, with module.c and i2c.c) and to a copper PHY (phy.c), the words of the NVM that say
 * how (nvm.c), the semaphores by which firmware shares all that (semaphore.c), and its facts (facts.c). */
#pragma once

#include "ixgbe.h"

enum ixgbe_link_state {
	IXGBE_LINK_SET_UP,    /* it is to be set up, now or as soon as firmware lets go of the semaphore */
	IXGBE_LINK_SET,       /* it is set up, and down still */
	IXGBE_LINK_RESTARTED, /* it was started once more, and is down still */
	IXGBE_LINK_UP,
	IXGBE_LINK_NO_MODULE, /* the cage is empty */
	IXGBE_LINK_PLUGGED,   /* a module came into the cage, and has not started yet */
};

/** Limits of waits, and times between steps, in microseconds. A variable so that tests are quick. */
struct ixgbe_link_times {
	uint32_t retry;        /* a serial link is down for so long before the next step */
	uint32_t look;         /* a copper link, before its PHY is asked, and asked again */
	uint32_t negotiate;    /* and for so long, before there seems to be no partner */
	uint32_t renegotiate;  /* and for so long, before the negotiation starts anew */
	uint32_t module_start; /* from a module's insertion until it can be read (SFF-8431: t_start_up) */
	uint32_t pipeline;     /* ANLP1.AN_STATE leaves 0 */
	uint32_t i2c;          /* half a period of the bus's clock */
	uint32_t i2c_stretch;  /* that a module may hold the clock, in all of one reading */
	uint32_t phy_start;    /* from a reset until the PHY answers */
	uint32_t mdio;         /* MSCA.BUSY clear */
	uint32_t nvm;          /* EERD.DONE */
};
extern struct ixgbe_link_times ixgbe_link_times;

#define IXGBE_MODULE_BASE_BYTES 64u /* of its first page: what it is and who made it, and the sum of all that */
#define IXGBE_MODULE_BYTES      96u /* and its number */

struct ixgbe_module {
	const char *name;          /* of its kind; NULL: no module, or it was not read */
	uint32_t speeds;           /* that a link through it can have, a mask of NIC_SPEED_ */
	bool passive;              /* a cable without electronics */
	bool dual_rate;            /* a pin of the board (SDP5) selects its rate */
	bool intel;                /* by its vendor's number */
	char vendor[17], part[17]; /* text of the module, printable */
	uint8_t page[IXGBE_MODULE_BASE_BYTES];
};

struct ixgbe_link {
	enum ixgbe_link_state state;
	uint64_t since_us;      /* when the state began */
	uint64_t down_since_us; /* when the port was started, or its link lost */
	uint64_t looked_us;     /* when the PHY was asked */
	unsigned tries;         /* set-ups and restarts since the link was up, or the module changed */
	unsigned busy_calls;    /* that have found the semaphore taken, one after the other */
	uint64_t busy_since_us; /* when the first of them was */
	uint32_t held;          /* the resource, between ixgbe_link_hold and ixgbe_link_release; 0: without it */
	bool no_crosstalk;      /* by the NVM: a link that is up is believed, whatever the cage's pin says */
	bool at_1g;             /* the serial link is set up for 1 Gbit/s */
	bool told_partner;      /* the PHY was asked about its partner */
	bool vetoed;            /* management firmware keeps the link as it is, and a note says so */
	struct ixgbe_module module;
	bool phy_found;
	unsigned phy_address; /* at the MDIO bus, once it is found */
	bool nvm_failed;      /* a word could not be read, and a note says so */
	bool no_words_noted;  /* that the NVM has no words for the module is noted */
	uint32_t pause;       /* flow control in effect, a mask of NIC_PAUSE_ */
	char text[96];        /* nic_link.state, while the link is as text_of says */
	uint32_t text_of, mbps;
	bool dipped; /* the link was down for a moment since the machine saw it come up */
};

/** What a text is about: the link while it is up at so many Mbit/s, or: */
#define IXGBE_TEXT_DOWN   UINT32_MAX
#define IXGBE_TEXT_ALWAYS (UINT32_MAX - 1)

/** A port of these cards. */
struct ixgbe_port {
	struct nic nic;
	struct ixgbe_link link;
};

static inline struct ixgbe_port *ixgbe_port_of(struct nic *nic)
{
	return (struct ixgbe_port *)nic;
}

/* ---- link.c ---- */

/** Turns the link's machine by a step, if it is time: 80 ms at most. */
void ixgbe_link_service(struct nic *nic);

/* ---- pause.c ---- */

/** Has a serial link at 1 Gbit/s offer the flow control that is wanted, when it next negotiates. */
void ixgbe_pause_advertise(struct nic *nic);
/** Sets flow control for a serial link that came up. */
void ixgbe_pause_link_up(struct ixgbe_port *port, uint32_t mbps);
/** The same for a copper link, by what the partner offers (pause.h). */
void ixgbe_pause_negotiated(struct ixgbe_port *port, unsigned partner);

/* ---- link_text.c ---- */

/** Says what is known of the link; it holds only while the link is as `about` says (IXGBE_TEXT_). */
void ixgbe_link_say(struct ixgbe_port *port, uint32_t about, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- semaphore.c ---- */

/**
 * The same as ixgbe_semaphore_take with a wait of 15 ms, for steps of the link. False: somebody else has it; to be
 * tried again at the next call. Is it never free within a second and three calls, a note says that the owner is dead,
 * and true is returned.
 */
bool ixgbe_link_hold(struct ixgbe_port *port, uint32_t resource);
/** Gives it back, if it was to be had. */
void ixgbe_link_release(struct ixgbe_port *port);
/** Whether management firmware, which talks over the link, forbids that it is touched. A note says so, once. */
bool ixgbe_link_vetoed(struct ixgbe_port *port);

/* ---- serial.c ---- */

/** Whether there is a module in the cage of a board that has one. */
bool ixgbe_cage_full(struct nic *nic);
/** Reads from the NVM whether a link over an empty cage can be. */
void ixgbe_serial_open(struct ixgbe_port *port);
/** set_up: reads the module, writes what the NVM has for it, chooses the rate and starts the link; else starts it once
 * more, with a reset of its pipeline. False: firmware has the semaphore, to be tried again. */
bool ixgbe_serial_start(struct ixgbe_port *port, bool set_up);

/* ---- module.c, i2c.c ---- */

/** Reads and understands the module. False: it cannot be read, or makes no sense; a note says which. The caller holds
 * the semaphore. */
bool ixgbe_module_read(struct ixgbe_port *port);
/** Reads n bytes of its first page, a multiple of 16. @return how many came */
unsigned ixgbe_module_read_page(struct nic *nic, uint8_t *page, unsigned n);
/** Fills in all of a module but its page. */
void ixgbe_module_understand(struct ixgbe_module *module, const uint8_t *page);
/** Copies a text of the page: 16 bytes there, padded with blanks, and not to be trusted; printable here. */
void ixgbe_module_text(char text[17], const uint8_t *bytes);
/** Whether byte `at` of a page is the sum of those from `from` on. */
bool ixgbe_module_sum_is_right(const uint8_t *page, unsigned from, unsigned at);

/** Reads n bytes from a device on the module's bus. False: nobody answered, or the bus hangs. */
bool ixgbe_i2c_read(struct nic *nic, uint8_t device, uint8_t from, uint8_t *bytes, unsigned n);

/* ---- phy.c ---- */

/** Wakes the PHY, has it offer the speeds of the configuration, and has it negotiate where it stands or where `anew`.
 * False: firmware has the semaphore. */
bool ixgbe_phy_set_up(struct ixgbe_port *port, bool anew);
/** Asks the PHY now and then why there is no link, and wakes it if that is why. */
void ixgbe_phy_look(struct ixgbe_port *port);
/** Asks the PHY what its partner offers. False: the same. */
bool ixgbe_phy_ask_partner(struct ixgbe_port *port);
/** Reads a register of the PHY. The caller holds the semaphore. False: no answer. */
bool ixgbe_phy_read(struct ixgbe_port *port, unsigned device, unsigned address, uint16_t *value);
/** Finds the PHY's address. False: none answers. The caller holds the semaphore. */
bool ixgbe_phy_find(struct ixgbe_port *port);
/** What the PHY offers, or its partner does, as a mask of NIC_SPEED_. The caller holds the semaphore. */
uint32_t ixgbe_phy_offers(struct ixgbe_port *port, bool of_partner);
/** What a PHY's state is, in words: by its register 7.C810, of which these bits are the state. */
#define IXGBE_PHY_STATE(status) ((status) >> 9 & 31u)
const char *ixgbe_phy_state_name(unsigned state);

/* ---- nvm.c ---- */

/** Reads a word. False: it cannot be read, which is noted once. */
bool ixgbe_nvm_read(struct ixgbe_port *port, unsigned word, uint16_t *value);
/** Reads the words that CORECTL gets for the kind of module there is. @return how many; 0 where the NVM has none, which
 * is noted once */
#define IXGBE_NVM_SEQUENCE_MAX 128u /* words, with their end; what has none within so many is no sequence */
unsigned ixgbe_nvm_module_words(struct ixgbe_port *port, uint16_t words[IXGBE_NVM_SEQUENCE_MAX]);
/** Whether firmware establishes links by itself (LESM), and writes AUTOC. */
bool ixgbe_nvm_has_lesm(struct ixgbe_port *port);
/** The sum that word 0x3F ought to be. False: a word cannot be read. */
bool ixgbe_nvm_sum(struct ixgbe_port *port, uint16_t *sum);

/* ---- facts.c ---- */

void ixgbe_facts(struct nic *nic, struct fact_list *facts);
