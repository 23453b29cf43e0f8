/* SPDX-License-Identifier: BSD-2-Clause
 * How a copper PHY of the gigabit chips is set up, whatever the last driver or the NVM left in it: what it advertises,
 * and by PHY, that it finds out which pairs are crossed, and falls back to a lower speed on a cable with two pairs. A
 * PHY that nobody here knows has the registers of IEEE 802.3 all the same. The PHYs' own registers are known from
 * others' drivers only (doubt 33). */
#include "../access.h"
#include "../clock.h"
#include "../pause.h"
#include "../report.h"
#include "gigabit.h"

/* Bits of one of a PHY's own registers. */
struct step {
	uint8_t reg; /* 0: no such step */
	uint16_t clear, set;
	uint8_t before_revision; /* only of PHYs that are older; 0: of all */
};

struct settings {
	struct step power;     /* ends a preference for low speeds, which saves power */
	struct step downshift; /* has the PHY go down in speed when the highest does not work, and find crossed pairs */
	struct step more;      /* a second step of that */
	bool commits;          /* these steps count from a reset of the PHY on */
	uint16_t toggled;      /* bits of the downshift step that count only if they were 0 at an earlier reset */
	uint8_t told_in;       /* the register where the PHY tells that it went down, by this bit */
	uint16_t told_by;
};

#define REVISION 0xFu

/* Marvell's: register 16 is PHY Specific Control: bits 6:5 = 3, either pair may be crossed; bit 1 = 0, polarity is
 * corrected; bit 11, carrier sense while sending. Register 20 is Extended PHY Specific Control: bits 11:10 = 0 and 9:8
 * = 1, one try as master and one as slave, then the speed goes down; bits 6:4 = 7, the clock towards the MAC. */
static const struct settings marvell = {
	.downshift = {16, 0x0062, 0x0860, 0},
	.more = {20, 0x0F00, 0x0170, 4},
	.commits = true,
	.told_in = 17,
	.told_by = 1u << 5,
};

/* In the 82574L's and 82583V's own, bit 11 of register 16 is that the speed goes down. */
static const struct settings bm = {
	.downshift = {16, 0x0062, 0x0860, 0},
	.commits = true,
	.toggled = 0x0800,
	.told_in = 17,
	.told_by = 1u << 5,
};

/* Register 25 is power management: bit 1, low speeds while driven; bit 0, smart power-down. 16 is Port Configuration:
 * bit 7, the speed goes down. 18 is Port Control: bit 12, either pair may be crossed. */
static const struct settings igp = {
	.power = {25, 0x0003, 0, 0},
	.downshift = {16, 0, 0x0080, 0},
	.more = {18, 0, 0x1000, 0},
	.told_in = 19,
	.told_by = 1u << 15,
};

static const struct model {
	uint32_t id;
	const char *name;
	const struct settings *settings;
} models[] = {
	{0x01410C50, "Marvell 88E1000", &marvell},
	{0x01410C30, "Marvell 88E1000", &marvell},
	{0x01410C20, "Marvell 88E1011", &marvell},
	{0x01410CB0, "the 82574L's own (BM)", &bm},
	{0x02A80390, "the 82576's own (IGP)", &igp},
};

static const struct model *find_model(uint32_t id)
{
	static const struct model unknown = {.name = "unknown"};
	for (unsigned i = 0; i < sizeof(models) / sizeof(*models); i++)
		if (models[i].id == (id & ~REVISION))
			return &models[i];
	return &unknown;
}

const char *gigabit_copper_name(uint32_t id)
{
	return find_model(id)->name;
}

/* 0, which is no PHY's, where the PHY does not answer. */
static uint32_t read_id(struct nic *nic)
{
	uint16_t high, low;
	bool known =
		gigabit_phy_try_read(nic, GIGABIT_PHY_ID1, &high) && gigabit_phy_try_read(nic, GIGABIT_PHY_ID2, &low);
	return known ? (uint32_t)high << 16 | low : 0;
}

bool gigabit_copper_is_downshifted(struct nic *nic)
{
	const struct settings *own = find_model(read_id(nic))->settings;
	uint16_t status;
	return own && gigabit_phy_try_read(nic, own->told_in, &status) && (status & own->told_by);
}

/* Changes bits of a register. A register that the PHY does not have after all is noted, and no reason to give up. */
static int change(struct nic *nic, unsigned reg, uint16_t clear, uint16_t set, bool *changed)
{
	uint16_t value;
	if (!gigabit_phy_try_read(nic, reg, &value)) {
		port_note(nic, "the PHY's register %u cannot be read: it stays as it is", reg);
		return fail_if_gone(nic);
	}
	uint16_t wanted = (uint16_t)((value & ~clear) | set);
	if (wanted == value)
		return 0;
	*changed = true;
	return gigabit_phy_write(nic, reg, wanted);
}

static int apply(struct nic *nic, const struct step *step, unsigned revision, bool *changed)
{
	if (!step->reg || (step->before_revision && revision >= step->before_revision))
		return 0;
	return change(nic, step->reg, step->clear, step->set, changed);
}

static int reset_phy(struct nic *nic)
{
	uint16_t control;
	uint64_t deadline = clock_now_us() + gigabit_times.phy_reset;
	int ret = gigabit_phy_read(nic, GIGABIT_PHY_BMCR, &control);
	if (!ret)
		ret = gigabit_phy_write(nic, GIGABIT_PHY_BMCR, control | GIGABIT_BMCR_RESET);
	do {
		clock_sleep_us(100);
		if (!ret)
			ret = gigabit_phy_read(nic, GIGABIT_PHY_BMCR, &control);
	} while (!ret && (control & GIGABIT_BMCR_RESET) && clock_now_us() < deadline);
	if (!ret && (control & GIGABIT_BMCR_RESET))
		port_note(nic, "the PHY's reset does not end within %u ms", gigabit_times.phy_reset / 1000);
	return ret;
}

uint32_t gigabit_copper_speeds(uint16_t anar, uint16_t gbcr)
{
	return (anar & GIGABIT_ANAR_10 ? NIC_SPEED_10M : 0u) | (anar & GIGABIT_ANAR_100 ? NIC_SPEED_100M : 0u) |
	       (gbcr & (GIGABIT_GBCR_FULL | GIGABIT_GBCR_HALF) ? NIC_SPEED_1G : 0u);
}

/* Finds out whether the PHY offers the speeds that are wanted, and no others, and leaves it to both ends who is the
 * master; or has it do so. Half duplex is offered for hubs, at 1 Gbit/s there are none; pause frames as is wanted,
 * where none are it is no reason to negotiate anew that they were offered. */
static int advertise(struct nic *nic, bool write, bool *as_wanted)
{
	const uint32_t speeds = nic->config.speeds;
	const bool gigabit = speeds & NIC_SPEED_1G;
	const struct {
		uint8_t reg;
		uint16_t decided, set, dropped;
	} rows[] = {
		{GIGABIT_PHY_ANAR,
			(uint16_t)(GIGABIT_ANAR_10 | GIGABIT_ANAR_100 | (nic->config.pause ? GIGABIT_ANAR_PAUSE : 0)),
			(uint16_t)((speeds & NIC_SPEED_10M ? GIGABIT_ANAR_10 : 0) |
				   (speeds & NIC_SPEED_100M ? GIGABIT_ANAR_100 : 0) |
				   pause_offer(nic->config.pause) << PAUSE_SHIFT),
			GIGABIT_ANAR_PAUSE},
		{GIGABIT_PHY_GBCR, GIGABIT_GBCR_FULL | GIGABIT_GBCR_MASTER_SET, gigabit ? GIGABIT_GBCR_FULL : 0,
			gigabit ? 0 : GIGABIT_GBCR_HALF}};
	*as_wanted = true;
	for (unsigned i = 0; i < 2; i++) {
		uint16_t value, kept = (uint16_t) ~(rows[i].decided | rows[i].dropped);
		int ret = gigabit_phy_read(nic, rows[i].reg, &value);
		*as_wanted = *as_wanted && (value & rows[i].decided) == rows[i].set;
		if (!ret && write)
			ret = gigabit_phy_write(nic, rows[i].reg, (value & kept) | rows[i].set);
		if (ret)
			return ret;
	}
	return 0;
}

/* Ends a preference for low speeds, which a former owner may have left on; `changed`: there was one. */
static int leave_low_power(struct nic *nic, const struct settings *own, bool *changed)
{
	uint32_t offset = gigabit_chip(nic)->low_power_register, value = 0;
	int ret = offset ? reg_read_sure(nic, offset, &value) : 0;
	if (!ret && (value & GIGABIT_POEMB_D0A_LPLU)) {
		reg_change(nic, offset, GIGABIT_POEMB_D0A_LPLU, 0);
		*changed = true;
	}
	if (!ret && own)
		ret = apply(nic, &own->power, 0, changed);
	if (*changed)
		port_note(nic, "the PHY preferred low speeds, to save power: no more");
	return ret;
}

/* Settings of a PHY that is known. */
static int apply_own(struct nic *nic, const struct settings *own, unsigned revision, bool reset)
{
	bool changed = reset;
	int ret = apply(nic, &own->downshift, revision, &changed);
	if (!ret)
		ret = apply(nic, &own->more, revision, &changed);
	if (ret || !changed || !(own->commits || reset))
		return ret;
	if (own->toggled) {
		ret = change(nic, own->downshift.reg, own->toggled, 0, &changed);
		if (!ret)
			ret = reset_phy(nic);
		if (!ret)
			ret = apply(nic, &own->downshift, revision, &changed);
	}
	return ret ? ret : reset_phy(nic);
}

int gigabit_copper_set_up(struct nic *nic, bool reset)
{
	uint16_t control;
	bool low_power = false, as_wanted;
	const uint32_t id = read_id(nic);
	const struct settings *own = find_model(id)->settings;
	port_note(nic, "the PHY (%08x, %s) is set up, and negotiates", id, gigabit_copper_name(id));
	int ret = leave_low_power(nic, own, &low_power);
	if (!ret && own)
		ret = apply_own(nic, own, id & REVISION, reset);
	else if (!ret && reset)
		ret = reset_phy(nic);
	if (!ret)
		ret = advertise(nic, true, &as_wanted);
	if (!ret)
		ret = gigabit_phy_read(nic, GIGABIT_PHY_BMCR, &control);
	if (ret)
		return ret;
	((struct gigabit *)nic)->link.set_up = true;
	control &= (uint16_t) ~(GIGABIT_BMCR_WRONG | GIGABIT_BMCR_RESET);
	return gigabit_phy_write(nic, GIGABIT_PHY_BMCR, control | GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_RESTART);
}

int gigabit_copper_start(struct nic *nic)
{
	/* After a loss of link the PHY's status reads down once more, so the second reading counts. QEMU's 82576 has no
	 * link after a reset until it negotiates */
	uint16_t control, status = 0;
	bool as_wanted = false, low_power = false;
	int ret = gigabit_phy_read(nic, GIGABIT_PHY_BMCR, &control);
	for (unsigned i = 0; !ret && i < 2; i++)
		ret = gigabit_phy_read(nic, GIGABIT_PHY_BMSR, &status);
	if (!ret)
		ret = leave_low_power(nic, find_model(read_id(nic))->settings, &low_power);
	if (!ret)
		ret = advertise(nic, false, &as_wanted);
	if (ret)
		return ret;
	bool follows = (status & GIGABIT_BMSR_LINK) && (reg_read(nic, GIGABIT_STATUS) & GIGABIT_STATUS_LU);
	if (!(control & GIGABIT_BMCR_WRONG) && (control & GIGABIT_BMCR_AUTONEG) && follows && as_wanted && !low_power) {
		port_note(nic, "the PHY has a link, and is left as it is");
		return 0;
	}
	return gigabit_copper_set_up(nic, false);
}
