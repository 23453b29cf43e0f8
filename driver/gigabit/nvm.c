/* SPDX-License-Identifier: BSD-2-Clause
 * The NVM of the e1000 lineage, by EERD: its checksum, and the address in its first three words. The register's layout
 * differs between the chips. */
#include "../../vfio/error.h"
#include "../fail.h"
#include "../mac.h"
#include "e1000.h"

#include <errno.h>

#define CHECKED_WORDS 64u
#define CHECKSUM      0xBABAu

static int read_word(struct e1000 *e, unsigned word, uint16_t *value)
{
	uint32_t done = UINT32_C(1) << e->chip->eerd_done_bit;
	e1000_write(e, E1000_EERD, E1000_EERD_START | word << e->chip->eerd_address_shift);
	int ret = reg_wait_set(&e->nic, E1000_EERD, done, e1000_times.eerd, "DONE",
		"the card does not read its NVM; power the machine off and on");
	if (ret)
		return ret;
	*value = (uint16_t)(e1000_read(e, E1000_EERD) >> E1000_EERD_DATA_SHIFT);
	return fail_if_gone(&e->nic);
}

int e1000_nvm_read_mac(struct e1000 *e, uint8_t mac[6])
{
	uint16_t words[CHECKED_WORDS], sum = 0;
	if (!(e1000_read(e, E1000_EECD) & E1000_EECD_PRES))
		return pollux_fail(EIO,
			"%s: EECD.PRES is 0: the card has no NVM, hence no address; restore it with the vendor's tool",
			e->nic.device->address);
	for (unsigned i = 0; i < CHECKED_WORDS; i++) {
		int ret = read_word(e, i, &words[i]);
		if (ret)
			return ret;
		sum = (uint16_t)(sum + words[i]);
	}
	if (sum != CHECKSUM)
		return pollux_fail(EIO,
			"%s: the NVM's words add up to %04x and not to %04x: it is damaged; restore it with the "
			"vendor's tool",
			e->nic.device->address, sum, CHECKSUM);
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)(words[i / 2] >> 8 * (i % 2));
	if (!mac_is_usable(mac))
		return pollux_fail(EIO,
			"%s: the NVM holds no usable address (%02x:%02x:%02x:%02x:%02x:%02x): restore it with the "
			"vendor's tool",
			e->nic.device->address, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return 0;
}
