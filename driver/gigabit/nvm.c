/* SPDX-License-Identifier: BSD-2-Clause
 * The NVM of the gigabit chips: its checksum, and the address in its first three words. Words are read by EERD, whose
 * layout differs between the chips, or as the chip has it. */
#include "../../vfio/error.h"
#include "../access.h"
#include "../mac.h"
#include "../report.h"
#include "gigabit.h"

#include <errno.h>

#define TRIES 3u

static int read_word(struct nic *nic, unsigned word, uint16_t *value)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	if (chip->read_word)
		return chip->read_word(nic, word, value);
	uint32_t done = UINT32_C(1) << chip->eerd_done_bit;
	reg_write(nic, GIGABIT_EERD, GIGABIT_EERD_START | word << chip->eerd_address_shift);
	int ret = reg_wait_set(nic, GIGABIT_EERD, done, gigabit_times.eerd, "DONE",
		"the card does not read its NVM; power the machine off and on");
	if (ret)
		return ret;
	*value = (uint16_t)(reg_read(nic, GIGABIT_EERD) >> GIGABIT_EERD_DATA_SHIFT);
	return fail_if_gone(nic);
}

int gigabit_nvm_read(struct nic *nic, uint16_t words[GIGABIT_NVM_WORDS], uint16_t *sum)
{
	/* An owner that does not let go of the NVM is taken for dead */
	bool taken = gigabit_take(nic, GIGABIT_NVM);
	struct pollux_failure failure = {.error = 0};
	*sum = 0;
	for (unsigned i = 0; i < GIGABIT_NVM_WORDS && !failure.error; i++) {
		words[i] = 0;
		pollux_failure_keep(&failure, read_word(nic, i, &words[i]));
		*sum = (uint16_t)(*sum + words[i]);
	}
	if (taken)
		gigabit_give(nic, GIGABIT_NVM);
	return pollux_failure_restore(&failure);
}

/* Some cards with a flash leave the factory with a wrong sum, which the first driver of Intel's makes right: it says so
 * in word 0x23, unless word 0x10 has the firmware write there (doubt 27). We write no NVM. */
static bool sum_is_not_made_yet(struct nic *nic, const uint16_t words[GIGABIT_NVM_WORDS])
{
	bool flash = gigabit_chip(nic)->flash_sum &&
		     (reg_read(nic, GIGABIT_EECD) & GIGABIT_EECD_FLASH) == GIGABIT_EECD_FLASH;
	return flash && !port_gone(nic) && !(words[0x10] & 0x0010) && !(words[0x23] & 0x8000);
}

static int read_checked(struct nic *nic, uint16_t words[GIGABIT_NVM_WORDS])
{
	uint16_t sum = 0;
	/* A PCIe link that goes to sleep can spoil a reading: others read three times too */
	for (unsigned i = 0; i < TRIES; i++) {
		int ret = gigabit_nvm_read(nic, words, &sum);
		if (ret || sum == GIGABIT_NVM_CHECKSUM)
			return ret;
		port_note(nic, "the NVM's words add up to %04x, not to %04x (reading %u of %u)", sum,
			GIGABIT_NVM_CHECKSUM, i + 1, TRIES);
	}
	if (sum_is_not_made_yet(nic, words))
		return fail_if_gone(nic);
	return fail_port(nic, EIO,
		"the NVM's words add up to %04x and not to %04x: it is damaged; restore it with the vendor's tool", sum,
		GIGABIT_NVM_CHECKSUM);
}

int gigabit_nvm_read_mac(struct nic *nic, uint8_t mac[6])
{
	uint16_t words[GIGABIT_NVM_WORDS];
	if (!gigabit_chip(nic)->read_word && !(reg_read(nic, GIGABIT_EECD) & GIGABIT_EECD_PRES))
		return fail_port(nic, EIO,
			"EECD.PRES is 0: the card has no NVM, hence no address; restore it with the vendor's tool");
	int ret = read_checked(nic, words);
	if (ret)
		return ret;
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)(words[i / 2] >> 8 * (i % 2));
	if (!mac_is_usable(mac))
		return fail_port(nic, EIO,
			"the NVM holds no usable address (%02x:%02x:%02x:%02x:%02x:%02x): restore it with the vendor's "
			"tool",
			mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return 0;
}
