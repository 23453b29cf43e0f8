/* SPDX-License-Identifier: BSD-2-Clause
 * The igb driver on QEMU's 82576, without a guest. Which QEMU has that card: see tests/qtest/qtest.h. */
#include "../../driver/gigabit/chips/82576_registers.h"
#include "../../driver/gigabit/gigabit.h"
#include "qtest_port_tests.c"

/* Stands between driver and card, and watches who has the PHY. What QEMU's card has of the semaphores is registers: the
 * firmware is here.
 */
static struct {
	struct vfio_window card;
	unsigned firmware_looks; /* so often is SW_FW_SYNC read before the firmware lets go of the PHY */
	unsigned accesses, free_accesses,
		stolen_accesses; /* of the PHY; by who did not have it; while firmware had it */
} watch;

static uint32_t watch_read(void *context, uint32_t offset)
{
	(void)context;
	uint32_t value = vfio_read32(&watch.card, offset);
	if (offset == IGB_SW_FW_SYNC && watch.firmware_looks && --watch.firmware_looks == 0)
		vfio_write32(&watch.card, offset, value & ~(2u << 16));
	return value;
}

static void watch_write(void *context, uint32_t offset, uint32_t value)
{
	(void)context;
	if (offset == GIGABIT_MDIC) {
		uint32_t owners = vfio_read32(&watch.card, IGB_SW_FW_SYNC);
		watch.accesses++;
		watch.free_accesses += !(owners & 2);
		watch.stolen_accesses += (owners >> 16 & 2) != 0;
	}
	vfio_write32(&watch.card, offset, value);
}

/* Starts a port whose PHY the firmware has until that many looks; a bystander's bits are set, too. Returns the
 * milliseconds it took. */
static uint64_t start_watched(unsigned firmware_looks)
{
	struct port p;
	port_open(&p, card->name);
	memset(&watch, 0, sizeof(watch));
	watch.card = p.nic->bar;
	watch.firmware_looks = firmware_looks;
	p.nic->bar = (struct vfio_window){.bytes = watch.card.bytes, .read32 = watch_read, .write32 = watch_write};
	const uint32_t bystander = 1u << 18 | 1u << 0;
	vfio_write32(&watch.card, IGB_SW_FW_SYNC, bystander | (firmware_looks ? 2u << 16 : 0));
	uint64_t before = port_now_ms();
	port_start(&p, &(struct nic_config){.rx_ring = 64});
	uint64_t took = port_now_ms() - before;
	CU_ASSERT(watch.accesses >= 3);
	CU_ASSERT_EQUAL(watch.free_accesses, 0);
	CU_ASSERT_EQUAL(watch.stolen_accesses, 0);
	/* given back, and nobody else's taken */
	CU_ASSERT_EQUAL(vfio_read32(&watch.card, IGB_SW_FW_SYNC), bystander);
	CU_ASSERT_EQUAL(vfio_read32(&watch.card, IGB_SWSM) & 3, 0);
	vfio_write32(&watch.card, IGB_SWSM, 0);
	port_close(&p);
	return took;
}

static void the_phy_is_used_by_who_has_it(void)
{
	start_watched(0);
	start_watched(3);
}

static void a_dead_owner_of_the_phy_is_overruled_when_its_time_is_over(void)
{
	uint32_t limit = gigabit_times.sync_owner;
	gigabit_times.sync_owner = 300000;
	uint64_t took = start_watched(UINT32_MAX);
	CU_ASSERT(took >= 300);
	gigabit_times.sync_owner = limit;
}

/* SMBI that nobody gives back: a driver that died with it. */
static void a_dead_driver_s_semaphore_is_overruled(void)
{
	struct port p;
	port_open(&p, card->name);
	vfio_read32(&p.nic->bar, IGB_SWSM);
	CU_ASSERT_EQUAL(vfio_read32(&p.nic->bar, IGB_SWSM) & 1, 1);
	port_start(&p, &(struct nic_config){.rx_ring = 64});
	CU_ASSERT_EQUAL(vfio_read32(&p.nic->bar, IGB_SWSM) & 3, 0);
	port_close(&p);
}

static int use_82576(void)
{
	static const struct card_traits traits = {"igb", "Intel 82576", 0x10C9, 9702, 23, 17, .may_lose = true};
	card = &traits;
	return 0;
}

int main(void)
{
	const char *const igb = "igb";
	struct qtest *qtest;
	if (qtest_open(&qtest, &igb, 1) == -ENOTSUP) {
		printf("%s\n", pollux_error());
		return 77;
	}
	qtest_close(qtest);
	CU_TestInfo tests[] = {
		PORT_TESTS,
		{"the PHY is used by who has it", the_phy_is_used_by_who_has_it},
		{"a dead owner of the PHY is overruled in time",
			a_dead_owner_of_the_phy_is_overruled_when_its_time_is_over},
		{"a dead driver's semaphore is overruled", a_dead_driver_s_semaphore_is_overruled},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"82576", use_82576, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
