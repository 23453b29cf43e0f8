/* SPDX-License-Identifier: BSD-2-Clause
 * Words of the NVM, and what they say of the link: which words the analog part gets for a kind of module, and whether
 * firmware establishes links by itself (82599 DS 6.3?, as Linux's and DPDK's drivers read them; doubt 37). */
#include "../access.h"
#include "../report.h"
#include "port.h"

#define WORDS           0x4000u /* that EERD's field of an address reaches */
#define MODULE_LIST     0x2Bu   /* points to pairs of a kind of module and where its words are */
#define MODULE_LIST_MAX 32u     /* pairs */
#define LIST_END        0xFFFFu
#define SEQUENCE_END    0xFFFFu
#define FIRMWARE        0x0Fu /* points to the firmware's module */
#define LESM_POINTER    2u    /* in it */
#define LESM_STATE      1u    /* in what that points to */
#define LESM_ENABLED    0x8000u
#define CHECKSUM        0x3Fu
#define POINTERS        0x03u /* words 3 to 0x0E point to modules that the sum has too */
#define X540_PHY        0x04u /* but these, on the X540: each has a sum of its own */
#define X540_OPTION_ROM 0x05u
#define SUM             0xBABAu

/* The list's names of kinds; the second port's are one higher. */
#define DA_OF_PORT_0    3u
#define OPTIC_OF_PORT_0 5u

bool ixgbe_nvm_read(struct ixgbe_port *port, unsigned word, uint16_t *value)
{
	struct nic *nic = &port->nic;
	uint32_t data;
	*value = 0;
	if (port->link.nvm_failed || word >= WORDS)
		return false;
	reg_write(nic, IXGBE_EERD, word << IXGBE_EERD_ADDR_SHIFT | IXGBE_EERD_START);
	if (reg_poll(nic, IXGBE_EERD, IXGBE_EERD_DONE, IXGBE_EERD_DONE, ixgbe_link_times.nvm) != 0 ||
		reg_read_sure(nic, IXGBE_EERD, &data) != 0) {
		port->link.nvm_failed = true;
		port_note(nic, "word 0x%02x of the NVM cannot be read: the module gets no words from it", word);
		return false;
	}
	*value = (uint16_t)(data >> IXGBE_EERD_DATA_SHIFT);
	return true;
}

/* False: the word is no pointer. 0 and all ones are none, and nothing is beyond what EERD reaches. */
static bool read_pointer(struct ixgbe_port *port, unsigned word, uint16_t *pointer)
{
	return ixgbe_nvm_read(port, word, pointer) && *pointer != 0 && *pointer < WORDS - 1;
}

static unsigned no_words(struct ixgbe_port *port, const char *why)
{
	if (!port->link.no_words_noted)
		port_note(&port->nic, "the NVM has no words for this module: %s; its analog part stays as it is", why);
	port->link.no_words_noted = true;
	return 0;
}

/* Reads the words from `first` on up to their end. @return how many; -1: they have none, or cannot be read */
static int read_sequence(struct ixgbe_port *port, unsigned first, uint16_t words[IXGBE_NVM_SEQUENCE_MAX])
{
	for (unsigned i = 0; i < IXGBE_NVM_SEQUENCE_MAX && ixgbe_nvm_read(port, first + i, &words[i]); i++)
		if (words[i] == SEQUENCE_END)
			return (int)i;
	return -1;
}

unsigned ixgbe_nvm_module_words(struct ixgbe_port *port, uint16_t words[IXGBE_NVM_SEQUENCE_MAX])
{
	bool second = ixgbe_phy_resource(&port->nic) == IXGBE_SW_FW_SYNC_PHY1;
	unsigned wanted = (port->link.module.passive ? DA_OF_PORT_0 : OPTIC_OF_PORT_0) + second;
	uint16_t list, kind, first;
	if (!read_pointer(port, MODULE_LIST, &list))
		return no_words(port, "it has no list of modules");
	for (unsigned i = 0; i < MODULE_LIST_MAX; i++) {
		unsigned pair = list + 1u + 2 * i;
		if (!ixgbe_nvm_read(port, pair, &kind))
			return no_words(port, "its list leads nowhere");
		if (kind == LIST_END)
			return no_words(port, "its list has no such kind");
		if (kind != wanted)
			continue;
		/* The first word there is a sum */
		int n = read_pointer(port, pair + 1, &first) ? read_sequence(port, first + 1u, words) : -1;
		return n < 0 ? no_words(port, "its list leads nowhere") : (unsigned)n;
	}
	return no_words(port, "its list has no end");
}

bool ixgbe_nvm_has_lesm(struct ixgbe_port *port)
{
	uint16_t firmware, parameters, state;
	return read_pointer(port, FIRMWARE, &firmware) && read_pointer(port, firmware + LESM_POINTER, &parameters) &&
	       ixgbe_nvm_read(port, parameters + LESM_STATE, &state) && state & LESM_ENABLED;
}

static bool add_words(struct ixgbe_port *port, unsigned first, unsigned n, uint16_t *sum)
{
	for (unsigned i = 0; i < n; i++) {
		uint16_t word;
		if (!ixgbe_nvm_read(port, first + i, &word))
			return false;
		*sum = (uint16_t)(*sum + word);
	}
	return true;
}

bool ixgbe_nvm_sum(struct ixgbe_port *port, uint16_t *sum)
{
	uint16_t added = 0;
	unsigned left = WORDS; /* modules do not overlap: lengths that add up to more are wrong */
	if (!add_words(port, 0, CHECKSUM, &added))
		return false;
	for (unsigned word = POINTERS; word < FIRMWARE; word++) {
		uint16_t module, length;
		if (port->nic.id->kind == IXGBE_X540 && (word == X540_PHY || word == X540_OPTION_ROM))
			continue;
		if (!read_pointer(port, word, &module)) {
			if (port->link.nvm_failed)
				return false;
			continue;
		}
		if (!ixgbe_nvm_read(port, module, &length))
			return false;
		if (!length || length >= WORDS - module)
			continue;
		if (length > left || !add_words(port, module + 1u, length, &added))
			return false;
		left -= length;
	}
	*sum = (uint16_t)(SUM - added);
	return true;
}
