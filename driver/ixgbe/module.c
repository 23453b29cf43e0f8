/* SPDX-License-Identifier: BSD-2-Clause
 * What module is in an SFP+ cage, by its first page (SFF-8472 chapter 5): kind, maker and part. Modules of any maker
 * are taken. */
#include "../report.h"
#include "port.h"

#include <string.h>

#define DEVICE 0xA0u
#define BLOCK  16u /* bytes read at once: some modules send no more */

/* Bytes of the page. */
enum {
	IDENTIFIER = 0,
	CODES_10G = 3,
	CODES_1G = 6,
	CABLE = 8,
	BIT_RATE = 12, /* in 100 Mbit/s */
	VENDOR = 20,
	VENDOR_ID = 37,
	PART = 40,
	CABLE_CODES = 60,
	BASE_SUM = 63,
	EXTENDED_SUM = 95,
};
#define TEXT_BYTES 16

#define IS_SFP        3
#define HAS_SR        0x10 /* CODES_10G */
#define HAS_LR        0x20
#define HAS_1G_SX     0x01 /* CODES_1G */
#define HAS_1G_LX     0x02
#define HAS_1G_T      0x08
#define CABLE_PASSIVE 0x04 /* CABLE */
#define CABLE_ACTIVE  0x08

static const struct {
	const char *name;
	uint32_t speeds;
} kinds[] = {
	[IXGBE_MODULE_NONE] = {"no module", 0},
	[IXGBE_MODULE_SR] = {"10GBASE-SR", NIC_SPEED_10G},
	[IXGBE_MODULE_LR] = {"10GBASE-LR", NIC_SPEED_10G},
	[IXGBE_MODULE_DA_PASSIVE] = {"passive copper cable", NIC_SPEED_1G | NIC_SPEED_10G},
	[IXGBE_MODULE_DA_ACTIVE] = {"active copper cable", NIC_SPEED_10G},
	[IXGBE_MODULE_1G_SX] = {"1000BASE-SX", NIC_SPEED_1G},
	[IXGBE_MODULE_1G_LX] = {"1000BASE-LX", NIC_SPEED_1G},
	[IXGBE_MODULE_1G_T] = {"1000BASE-T", NIC_SPEED_1G},
	[IXGBE_MODULE_OTHER] = {"a module of another kind", 0},
};

const char *ixgbe_module_name(const struct ixgbe_module *module)
{
	if (module->dual_rate)
		return module->kind == IXGBE_MODULE_SR ? "10GBASE-SR and 1000BASE-SX" : "10GBASE-LR and 1000BASE-LX";
	return kinds[module->kind].name;
}

static bool sum_is_right(const uint8_t *page, unsigned from, unsigned at)
{
	uint8_t sum = 0;
	for (unsigned i = from; i < at; i++)
		sum = (uint8_t)(sum + page[i]);
	return sum == page[at];
}

bool ixgbe_module_base_sum(const uint8_t *page)
{
	return sum_is_right(page, 0, BASE_SUM);
}

bool ixgbe_module_extended_sum(const uint8_t *page)
{
	return sum_is_right(page, BASE_SUM + 1, EXTENDED_SUM);
}

void ixgbe_module_text(char text[17], const uint8_t *bytes)
{
	unsigned length = 0;
	for (unsigned i = 0; i < TEXT_BYTES; i++) {
		text[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i] : '?';
		if (bytes[i] != ' ' && bytes[i] != 0)
			length = i + 1;
	}
	text[length] = '\0';
}

static enum ixgbe_module_kind kind_of(const uint8_t *page)
{
	if (page[CABLE] & CABLE_PASSIVE)
		return IXGBE_MODULE_DA_PASSIVE;
	if (page[CABLE] & CABLE_ACTIVE)
		return IXGBE_MODULE_DA_ACTIVE;
	if (page[CODES_10G] & HAS_SR)
		return IXGBE_MODULE_SR;
	if (page[CODES_10G] & HAS_LR)
		return IXGBE_MODULE_LR;
	if (page[CODES_1G] & HAS_1G_T)
		return IXGBE_MODULE_1G_T;
	if (page[CODES_1G] & HAS_1G_SX)
		return IXGBE_MODULE_1G_SX;
	return page[CODES_1G] & HAS_1G_LX ? IXGBE_MODULE_1G_LX : IXGBE_MODULE_OTHER;
}

static bool is_dual_rate(const uint8_t *page)
{
	return (page[CODES_10G] & HAS_SR && page[CODES_1G] & HAS_1G_SX) ||
	       (page[CODES_10G] & HAS_LR && page[CODES_1G] & HAS_1G_LX);
}

void ixgbe_module_understand(struct ixgbe_module *module, const uint8_t *page)
{
	static const uint8_t intel[] = {0x00, 0x1B, 0x21};
	module->kind = kind_of(page);
	module->dual_rate = (module->kind == IXGBE_MODULE_SR || module->kind == IXGBE_MODULE_LR) && is_dual_rate(page);
	module->speeds = kinds[module->kind].speeds;
	if (module->dual_rate)
		module->speeds |= NIC_SPEED_1G;
	/* No code says more: a module of less than 5 Gbit/s is one of 1 Gbit/s */
	if (module->kind == IXGBE_MODULE_OTHER)
		module->speeds = page[BIT_RATE] && page[BIT_RATE] < 50 ? NIC_SPEED_1G : NIC_SPEED_10G;
	module->intel = memcmp(page + VENDOR_ID, intel, sizeof(intel)) == 0;
	ixgbe_module_text(module->vendor, page + VENDOR);
	ixgbe_module_text(module->part, page + PART);
}

unsigned ixgbe_module_read_page(struct nic *nic, uint8_t *page, unsigned n)
{
	unsigned read = 0;
	while (read < n && ixgbe_i2c_read(nic, DEVICE, (uint8_t)read, page + read, BLOCK))
		read += BLOCK;
	return read;
}

bool ixgbe_module_read(struct ixgbe_port *port)
{
	struct ixgbe_module *module = &port->link.module;
	*module = (struct ixgbe_module){.kind = IXGBE_MODULE_NONE};
	unsigned read = ixgbe_module_read_page(&port->nic, module->page, sizeof(module->page));
	if (read < sizeof(module->page)) {
		if (read)
			port_note(&port->nic, "the module stopped answering after %u bytes: is it plugged in well?",
				read);
		else
			port_note(
				&port->nic, "the module does not answer on its I2C bus: it may be starting, or broken");
		return false;
	}
	if (module->page[IDENTIFIER] != IS_SFP) {
		port_note(&port->nic, "the module makes no sense: it calls itself 0x%02x, an SFP is 0x03",
			module->page[IDENTIFIER]);
		return false;
	}
	if (!ixgbe_module_base_sum(module->page)) {
		port_note(&port->nic, "the module's checksum is wrong: what it says of itself is not used");
		return false;
	}
	ixgbe_module_understand(module, module->page);
	return true;
}
