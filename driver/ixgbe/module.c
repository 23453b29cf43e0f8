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
};
#define TEXT_BYTES 16
#define IS_SFP     3

/* A module is of the first kind all of whose bits it has. */
static const struct kind {
	const char *name;
	uint8_t cable, codes_10g, codes_1g;
	uint32_t speeds;
} kinds[] = {
	{"passive copper cable", 0x04, 0, 0, NIC_SPEED_1G | NIC_SPEED_10G},
	{"active copper cable", 0x08, 0, 0, NIC_SPEED_10G},
	{"10GBASE-SR and 1000BASE-SX", 0, 0x10, 0x01, NIC_SPEED_1G | NIC_SPEED_10G},
	{"10GBASE-LR and 1000BASE-LX", 0, 0x20, 0x02, NIC_SPEED_1G | NIC_SPEED_10G},
	{"10GBASE-SR", 0, 0x10, 0, NIC_SPEED_10G},
	{"10GBASE-LR", 0, 0x20, 0, NIC_SPEED_10G},
	{"1000BASE-T", 0, 0, 0x08, NIC_SPEED_1G},
	{"1000BASE-SX", 0, 0, 0x01, NIC_SPEED_1G},
	{"1000BASE-LX", 0, 0, 0x02, NIC_SPEED_1G},
	{"a module of another kind", 0, 0, 0, 0},
};

bool ixgbe_module_sum_is_right(const uint8_t *page, unsigned from, unsigned at)
{
	uint8_t sum = 0;
	for (unsigned i = from; i < at; i++)
		sum = (uint8_t)(sum + page[i]);
	return sum == page[at];
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

static bool is_of(const struct kind *kind, const uint8_t *page)
{
	return (page[CABLE] & kind->cable) == kind->cable && (page[CODES_10G] & kind->codes_10g) == kind->codes_10g &&
	       (page[CODES_1G] & kind->codes_1g) == kind->codes_1g;
}

void ixgbe_module_understand(struct ixgbe_module *module, const uint8_t *page)
{
	static const uint8_t intel[] = {0x00, 0x1B, 0x21};
	const struct kind *kind = kinds;
	while (!is_of(kind, page))
		kind++;
	module->name = kind->name;
	module->speeds = kind->speeds;
	module->passive = kind == kinds;
	module->dual_rate = kind->codes_10g && kind->codes_1g;
	/* No code says more: a module of less than 5 Gbit/s is one of 1 Gbit/s */
	if (!module->speeds)
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
	*module = (struct ixgbe_module){.name = NULL};
	unsigned read = ixgbe_module_read_page(&port->nic, module->page, sizeof(module->page));
	if (!read)
		port_note(&port->nic, "the module does not answer on its I2C bus: it may be starting, or broken");
	else if (read < sizeof(module->page))
		port_note(&port->nic, "the module stopped answering after %u bytes: is it plugged in well?", read);
	else if (module->page[IDENTIFIER] != IS_SFP)
		port_note(&port->nic, "the module makes no sense: it calls itself 0x%02x, an SFP is 0x03",
			module->page[IDENTIFIER]);
	else if (!ixgbe_module_sum_is_right(module->page, 0, IXGBE_MODULE_BASE_BYTES - 1))
		port_note(&port->nic, "the module's checksum is wrong: what it says of itself is not used");
	else
		ixgbe_module_understand(module, module->page);
	return module->name;
}
