/* SPDX-License-Identifier: BSD-2-Clause
 * What all transports share: addresses, configuration space, bus mastering, doorbells; against a transport made of an
 * array. */
#include "../../vfio/device.c"
#include "../../vfio/open.c"

#include "unit.h"
#include <stdio.h>

/* A device whose configuration space is an array. */
struct plain {
	struct vfio_device device; /* first */
	uint8_t config[256];
	uint16_t stuck; /* COMMAND bits that do not change */
	int read_error, write_error;
	unsigned reads, writes, closes;
};

static int plain_read(struct vfio_device *device, unsigned region, uint64_t offset, void *data, size_t bytes)
{
	struct plain *plain = (struct plain *)device;

	CU_ASSERT_EQUAL(region, VFIO_PCI_CONFIG_REGION_INDEX);
	plain->reads++;
	if (plain->read_error)
		return pollux_fail(plain->read_error, "read is refused");
	memcpy(data, plain->config + offset, bytes);
	return 0;
}

static int plain_write(struct vfio_device *device, unsigned region, uint64_t offset, const void *data, size_t bytes)
{
	struct plain *plain = (struct plain *)device;

	CU_ASSERT_EQUAL(region, VFIO_PCI_CONFIG_REGION_INDEX);
	plain->writes++;
	if (plain->write_error)
		return pollux_fail(plain->write_error, "write is refused");
	for (size_t i = 0; i < bytes; i++) {
		uint8_t keep = offset + i == PCI_COMMAND ? (uint8_t)plain->stuck : 0;
		uint8_t value = ((const uint8_t *)data)[i];

		plain->config[offset + i] = (uint8_t)((value & ~keep) | (plain->config[offset + i] & keep));
	}
	return 0;
}

static int plain_access(
	struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes)
{
	return in ? plain_read(device, region, offset, in, bytes) : plain_write(device, region, offset, out, bytes);
}

static void plain_close(struct vfio_device *device)
{
	((struct plain *)device)->closes++;
}

static const struct vfio_device_ops plain_ops = {.access = plain_access, .close = plain_close};

static struct plain make_plain(void)
{
	return (struct plain){
		.device = {.ops = &plain_ops, .address = "plain", .region_bytes[VFIO_PCI_CONFIG_REGION_INDEX] = 256},
		.config = {0x86, 0x80, 0xfb, 0x10}};
}

/* The transports' doors; what they were given. */
static const char *user_address, *group_address;

int vfio_user_open(struct vfio_device **device, const char *address, struct dma_space *space)
{
	(void)space;
	user_address = address;
	*device = NULL;
	return pollux_fail(ECONNREFUSED, "vfio_user_open was called");
}

int vfio_kernel_open(struct vfio_device **device, const char *address, struct dma_space *space)
{
	(void)space;
	group_address = address;
	*device = NULL;
	return pollux_fail(ENXIO, "vfio_kernel_open was called");
}

/* ---- */

static struct dma_space *const space = (struct dma_space *)16; /* never looked at */

static void test_vfio_user_addresses_go_to_vfio_user(void)
{
	struct vfio_device *device = (struct vfio_device *)1;

	CU_ASSERT_EQUAL(vfio_device_open(&device, "vfio-user:/tmp/x", space), -ECONNREFUSED);
	CU_ASSERT_STRING_EQUAL(user_address, "vfio-user:/tmp/x");
	CU_ASSERT_PTR_NULL(device);
}

static void test_pci_addresses_go_to_the_kernel(void)
{
	static const char *const addresses[] = {
		"0000:03:00.0", "ffff:FF:1f.7", "03:00.0", "10000:e1:00.0", "12345678:01:00.0"};
	struct vfio_device *device = (struct vfio_device *)1;

	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		CU_ASSERT_EQUAL(vfio_device_open(&device, addresses[i], space), -ENXIO);
		CU_ASSERT_STRING_EQUAL(group_address, addresses[i]);
		CU_ASSERT_PTR_NULL(device);
	}
}

static void test_what_is_no_address_is_refused_with_both_forms(void)
{
	static const char *const bad[] = {"", "eth0", "03:00.8", "000:03:00.0", "3:00.0", "0000:03:00.8",
		"0000:03:00.0 ", "0000-03:00.0", "123456789:03:00.0", "10000:", "10000:03:00.0:", "000g:03:00.0",
		"vfio-user", "VFIO-USER:/x", "0000:03:00,0"};
	struct vfio_device *device;
	char longest[VFIO_ADDRESS_MAX + 10];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(vfio_device_open(&device, bad[i], space), -EINVAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "vfio-user:/path"));
		CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "0000:03:00.0"));
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "vfio-user:", 10);
	longest[VFIO_ADDRESS_MAX] = '\0';
	CU_ASSERT_EQUAL(vfio_device_open(&device, longest, space), -EINVAL);
	CU_ASSERT_EQUAL(vfio_device_open(&device, NULL, space), -EINVAL);
	CU_ASSERT_EQUAL(vfio_device_open(&device, "vfio-user:/x", NULL), -EINVAL);
	CU_ASSERT_EQUAL(vfio_device_open(NULL, "vfio-user:/x", space), -EINVAL);
}

static void test_configuration_space_in_1_2_and_4_bytes(void)
{
	struct plain plain = make_plain();

	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0, 4), 0x10fb8086);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 2, 2), 0x10fb);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 3, 1), 0x10);
	CU_ASSERT_EQUAL(vfio_config_write(&plain.device, 0x40, 4, 0x12345678), 0);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0x41, 2), 0x3456);
	CU_ASSERT_EQUAL(vfio_config_write(&plain.device, 0x43, 1, 0xabcd), 0);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0x40, 4), 0xcd345678);
	CU_ASSERT_EQUAL(vfio_config_write(&plain.device, 0x40, 3, 0), -EINVAL);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0x40, 8), UINT32_MAX);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0x40, 0), 0);

	plain.read_error = EIO;
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0, 2), 0xffff);
}

static void test_a_gone_device_is_not_touched(void)
{
	struct plain plain = make_plain();

	pollux_lose(&plain.device.loss, "for this test");
	CU_ASSERT(vfio_device_gone(&plain.device));
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 0, 1), 0xff);
	CU_ASSERT_EQUAL(vfio_config_write(&plain.device, 4, 2, 6), -ENODEV);
	CU_ASSERT_EQUAL(vfio_set_bus_master(&plain.device, true), -ENODEV);
	CU_ASSERT_EQUAL(plain.reads + plain.writes, 0);
}

static void test_bus_master_is_set_and_read_back(void)
{
	struct plain plain = make_plain();

	plain.config[5] = 0x04; /* interrupt disable: stays */
	CU_ASSERT_EQUAL(vfio_set_bus_master(&plain.device, true), 0);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 4, 2), 0x0406);
	CU_ASSERT_EQUAL(vfio_set_bus_master(&plain.device, false), 0);
	CU_ASSERT_EQUAL(vfio_config_read(&plain.device, 4, 2), 0x0402);

	plain.stuck = PCI_COMMAND_MASTER;
	CU_ASSERT_EQUAL(vfio_set_bus_master(&plain.device, false), 0);
	CU_ASSERT_EQUAL(vfio_set_bus_master(&plain.device, true), -EIO);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "switched on"));
	plain.config[4] = 6;
	CU_ASSERT_EQUAL(vfio_set_bus_master(&plain.device, false), -EIO);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "switched off"));

	plain = make_plain();
	plain.write_error = EXDEV;
	CU_ASSERT_EQUAL(vfio_set_bus_master(&plain.device, true), -EXDEV);
	plain = make_plain();
	plain.stuck = 0xff;
	memset(plain.config, 0xff, 8); /* a card that was pulled out */
	CU_ASSERT_EQUAL(vfio_set_bus_master(&plain.device, true), -ENODEV);
	CU_ASSERT_EQUAL(plain.writes, 0);
}

static void test_close(void)
{
	struct plain plain = make_plain();

	vfio_device_close(&plain.device);
	CU_ASSERT_EQUAL(plain.closes, 1);
	vfio_device_close(NULL);
}

static void test_doorbells_are_where_memory_is(void)
{
	static uint32_t bar[64], a[4], b[8];
	struct vfio_window all = {.memory = (volatile uint8_t *)bar, .bytes = sizeof(bar)};
	struct vfio_window parts = {
		.bytes = 4096,
		.parts = (const struct vfio_part[]){{.first = 0x100, .bytes = sizeof(a), .at = (volatile uint8_t *)a},
			{.first = 0x200, .bytes = sizeof(b), .at = (volatile uint8_t *)b},
			{.first = 0x300, .bytes = 2, .at = (volatile uint8_t *)b}},
		.part_count = 3,
	};

	CU_ASSERT_PTR_EQUAL(vfio_doorbell(&all, 0), bar);
	CU_ASSERT_PTR_EQUAL(vfio_doorbell(&all, 252), bar + 63);
	CU_ASSERT_PTR_NULL(vfio_doorbell(&all, 256));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&all, 2));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&all, UINT32_MAX - 3));

	CU_ASSERT_PTR_EQUAL(vfio_doorbell(&parts, 0x100), a);
	CU_ASSERT_PTR_EQUAL(vfio_doorbell(&parts, 0x10c), a + 3);
	CU_ASSERT_PTR_EQUAL(vfio_doorbell(&parts, 0x208), b + 2);
	CU_ASSERT_PTR_NULL(vfio_doorbell(&parts, 0xfc));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&parts, 0x110));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&parts, 0x220));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&parts, 0x300));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&parts, 8192));

	vfio_write32(&all, 8, 77);
	CU_ASSERT_EQUAL(vfio_read32(&all, 8), 77);
	CU_ASSERT_EQUAL(bar[2], 77);
}

static void test_sentences_are_cut_and_may_quote_the_last(void)
{
	char longest[2000];

	memset(longest, 'y', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CU_ASSERT_EQUAL(pollux_fail(EIO, "%s", longest), -EIO);
	CU_ASSERT_EQUAL(strlen(pollux_error()), 511);
	CU_ASSERT_EQUAL(pollux_fail(EPERM, "one"), -EPERM);
	CU_ASSERT_EQUAL(pollux_fail(EPERM, "%s, two", pollux_error()), -EPERM);
	CU_ASSERT_STRING_EQUAL(pollux_error(), "one, two");
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"vfio-user addresses go to vfio-user", test_vfio_user_addresses_go_to_vfio_user},
		{"PCI addresses go to the kernel", test_pci_addresses_go_to_the_kernel},
		{"what is no address is refused with both forms", test_what_is_no_address_is_refused_with_both_forms},
		{"configuration space in 1, 2 and 4 bytes", test_configuration_space_in_1_2_and_4_bytes},
		{"a gone device is not touched", test_a_gone_device_is_not_touched},
		{"bus master is set and read back", test_bus_master_is_set_and_read_back},
		{"close", test_close},
		{"doorbells are where memory is", test_doorbells_are_where_memory_is},
		{"sentences are cut and may quote the last", test_sentences_are_cut_and_may_quote_the_last},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"devices", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
