/* SPDX-License-Identifier: BSD-2-Clause
 * What the gigabit chips' PCIe cards share with their firmware, PHY and NVM, and firmware that does not give it back.
 */
#include "../access.h"
#include "../clock.h"
#include "../report.h"
#include "gigabit.h"

bool gigabit_claim(struct nic *nic, uint32_t offset, uint32_t bit, uint32_t limit_us)
{
	uint64_t deadline = clock_now_us() + limit_us;
	for (;;) {
		bool late = clock_now_us() >= deadline;
		reg_change(nic, offset, 0, bit);
		uint32_t value;
		if (reg_read_sure(nic, offset, &value) != 0)
			return false;
		if (value & bit)
			return true;
		if (late)
			return false;
		clock_sleep_us(2000);
	}
}

uint32_t gigabit_owner_patience(const struct nic *nic, uint32_t limit_us)
{
	return ((const struct gigabit *)nic)->owner_stuck ? 0 : limit_us;
}

void gigabit_owner_seen(struct nic *nic, bool stuck, const char *what)
{
	bool *known = &((struct gigabit *)nic)->owner_stuck;
	if (stuck && !*known && !port_gone(nic))
		port_note(nic, "%s: the firmware does not give it back: taken for dead", what);
	*known = stuck;
}
