/* SPDX-License-Identifier: BSD-2-Clause
 * The NVM of the gigabit chips, by EERD: its checksum, and the address in its first three words. The register's layout
 * differs between the chips. */
#include "../../vfio/error.h"
#include "../access.h"
#include "../fail.h"
#include "../mac.h"
#include "gigabit.h"

#include <errno.h>

#define CHECKED_WORDS 64u
#define CHECKSUM      0xBABAu

static int read_word(struct nic *nic, unsigned word, uint16_t *value)
{
	uint32_t done = UINT32_C(1) << gigabit_chip(nic)->eerd_done_bit;
	reg_write(nic, GIGABIT_EERD, GIGABIT_EERD_START | word << gigabit_chip(nic)->eerd_address_shift);
	int ret = reg_wait_set(nic, GIGABIT_EERD, done, gigabit_times.eerd, "DONE",
		"the card does not read its NVM; power the machine off and on");
	if (ret)
		return ret;
	*value = (uint16_t)(reg_read(nic, GIGABIT_EERD) >> GIGABIT_EERD_DATA_SHIFT);
	return fail_if_gone(nic);
}

int gigabit_nvm_read_mac(struct nic *nic, uint8_t mac[6])
{
	uint16_t words[CHECKED_WORDS], sum = 0;
	if (!(reg_read(nic, GIGABIT_EECD) & GIGABIT_EECD_PRES))
		return pollux_fail(EIO,
			"%s: EECD.PRES is 0: the card has no NVM, hence no address; restore it with the vendor's tool",
			nic->device->address);
	for (unsigned i = 0; i < CHECKED_WORDS; i++) {
		int ret = read_word(nic, i, &words[i]);
		if (ret)
			return ret;
		sum = (uint16_t)(sum + words[i]);
	}
	if (sum != CHECKSUM)
		return pollux_fail(EIO,
			"%s: the NVM's words add up to %04x and not to %04x: it is damaged; restore it with the "
			"vendor's tool",
			nic->device->address, sum, CHECKSUM);
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)(words[i / 2] >> 8 * (i % 2));
	if (!mac_is_usable(mac))
		return pollux_fail(EIO,
			"%s: the NVM holds no usable address (%02x:%02x:%02x:%02x:%02x:%02x): restore it with the "
			"vendor's tool",
			nic->device->address, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return 0;
}
