/* SPDX-License-Identifier: BSD-2-Clause
 * The kernel's VFIO, character device and iommufd, against a scripted kernel: when this way is taken, that every call
 * failing in turn leaves nothing, and the sentences. What a real kernel does is not shown by this. */
#include "kernel_rig.h"

/* Gives a device a node of its own, /dev/vfio/devices/vfioN. */
static void add_node(const char *address, unsigned number)
{
	run("cd sys/bus/pci/devices/%s && mkdir -p vfio-dev/vfio%u && echo 511:%u >vfio-dev/vfio%u/dev", address,
		number, number, number);
}

static int make_nodes(void)
{
	if (make_sysfs() != 0)
		return -1;
	add_node(CARD_A, 0);
	add_node(CARD_B, 1);
	add_node(CARD_C1, 2);
	add_node(CARD_C2, 3);
	return 0;
}

static void test_one_device(void)
{
	struct vfio_window window;
	struct vfio_device *device;
	void *memory;

	begin();
	device = must_open(CARD_A);
	CU_ASSERT_STRING_EQUAL(device->reached_by, "iommufd");
	CU_ASSERT_EQUAL(device->numa_node, 1);
	CU_ASSERT_EQUAL(count(GROUP) + count(CONTAINER), 0);
	CU_ASSERT(the(DEVICE)->iommu);
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), 0);
	CU_ASSERT_PTR_NOT_NULL(window.memory);
	CU_ASSERT_EQUAL(vfio_set_bus_master(device, true), 0);
	CU_ASSERT_EQUAL(device->ops->reset(device), 0);
	memory = must_map(8192);
	CU_ASSERT_EQUAL(the(IOMMUFD)->map_count, 1);
	CU_ASSERT_EQUAL(the(IOMMUFD)->maps[0].iova, (uintptr_t)memory + dma_space_offset(space));
	CU_ASSERT_EQUAL(the(IOMMUFD)->maps[0].bytes, 8192);
	dma_space_unmap(space, memory);
	CU_ASSERT_EQUAL(the(IOMMUFD)->map_count, 0);
	device->ops->close(device);
	end();
}

static void test_devices_share_an_address_space(void)
{
	for (unsigned order = 0; order < 2; order++)
		for (unsigned group = 0; group < 2; group++) {
			struct vfio_device *device[2], *again;
			void *memory;

			begin();
			memory = must_map(4096);
			device[0] = must_open(group ? CARD_C1 : CARD_A);
			device[1] = must_open(group ? CARD_C2 : CARD_B);
			CU_ASSERT_EQUAL(count(IOMMUFD), 1);
			CU_ASSERT_EQUAL(count(DEVICE), 2);
			CU_ASSERT_EQUAL(the(IOMMUFD)->map_count, 1);
			CU_ASSERT_EQUAL(vfio_kernel_open(&again, group ? CARD_C1 : CARD_A, space), -EBUSY);
			expect_sentence("open in this process already");
			device[order]->ops->close(device[order]);
			CU_ASSERT_EQUAL(the(IOMMUFD)->map_count, 1);
			device[!order]->ops->close(device[!order]);
			check_clean("both closed");
			dma_space_unmap(space, memory);
			end();
		}
}

static void test_spaces_have_an_iommufd_each_and_share_no_group(void)
{
	struct dma_space *first, *second;
	struct vfio_device *device[2], *refused;

	begin();
	first = space;
	device[0] = must_open(CARD_C1);
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&second), 0);
	space = second;
	device[1] = must_open(CARD_A);
	CU_ASSERT_EQUAL(count(IOMMUFD), 2);
	CU_ASSERT_EQUAL(vfio_kernel_open(&refused, CARD_C2, second), -EBUSY);
	expect_sentence("cannot be in two");
	device[0]->ops->close(device[0]);
	device[1]->ops->close(device[1]);
	dma_space_unref(second);
	space = first;
	end();
}

/* The kernel says EPERM where the interrupts of the IOMMU are unsafe, and also where another process has another device
 * of the group. */
static void test_another_process_in_the_group_is_named(void)
{
	static const struct {
		int error;
		const char *node, *words;
	} cases[] = {
		{EPERM, "/dev/vfio/devices/vfio9", "in use by pollux-fwd, process 999999999, through 0000:03:00.1"},
		{EINVAL, "/dev/vfio/devices/vfio0", "in use by pollux-fwd, process 999999999, and a group"},
		{EBUSY, "/dev/vfio/14", "in use by pollux-fwd, process 999999999, and a group"},
	};

	begin();
	add_device("0000:03:00.1", 14, "vfio-pci");
	add_node("0000:03:00.1", 9);
	run("mkdir -p proc/999999999/fd && echo pollux-fwd >proc/999999999/comm");
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run("ln -sfn %s proc/999999999/fd/7", cases[i].node);
		k.bind_error = cases[i].error;
		refuse(EBUSY, cases[i].words);
	}
	run("rm -r proc sys/bus/pci/devices/0000:03:00.1 sys/groups/14/devices/0000:03:00.1");
	end();
}

static void test_the_group_serves_where_this_way_is_not_open(void)
{
	static const struct {
		int node_error, iommu_error;
		const char *way;
	} cases[] = {
		{ENOENT, 0, "/dev/vfio/devices/vfio0"},
		{EACCES, 0, "may not be opened"},
		{0, ENOENT, "/dev/iommu)"},
		{0, EACCES, "may not be opened"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin();
		k.open_node_error = cases[i].node_error;
		k.open_iommu_error = cases[i].iommu_error;
		struct vfio_device *device = must_open(CARD_A), *second;
		CU_ASSERT_EQUAL(strncmp(device->reached_by, "group 14 (", 10), 0);
		if (!strstr(device->reached_by, cases[i].way)) {
			fprintf(stderr, "    %s\n", device->reached_by);
			CU_FAIL("the way does not say why");
		}
		CU_ASSERT_EQUAL(count(GROUP), 1);
		CU_ASSERT_EQUAL(count(DEVICE), 1);
		CU_ASSERT_EQUAL(count(IOMMUFD), 0);
		/* Others go on as they can: both ways in one space. */
		k.open_node_error = k.open_iommu_error = 0;
		second = must_open(CARD_B);
		CU_ASSERT_STRING_EQUAL(second->reached_by, "iommufd");
		void *memory = must_map(4096);
		CU_ASSERT_EQUAL(the(IOMMUFD)->map_count + the(CONTAINER)->map_count, 2);
		CU_ASSERT_EQUAL(the(IOMMUFD)->maps[0].iova, the(CONTAINER)->maps[0].iova);
		dma_space_unmap(space, memory);
		device->ops->close(device);
		second->ops->close(second);
		end();
	}
}

/* Linux 6.0 to 6.5 name devices in sysfs already, and have no nodes for them. */
static void test_a_name_without_a_node_is_no_way(void)
{
	begin();
	run("rm sys/bus/pci/devices/" CARD_A "/vfio-dev/vfio0/dev");
	struct vfio_device *device = must_open(CARD_A);
	CU_ASSERT_STRING_EQUAL(device->reached_by, "group 14 (the kernel has no node for the device alone)");
	device->ops->close(device);
	add_node(CARD_A, 0);
	end();
}

static void test_a_group_that_is_open_is_kept_to(void)
{
	struct vfio_device *device[2];

	begin();
	k.open_node_error = EACCES;
	device[0] = must_open(CARD_C1);
	k.open_node_error = 0;
	device[1] = must_open(CARD_C2);
	CU_ASSERT_STRING_EQUAL(device[1]->reached_by, "group 16 (its group is open)");
	CU_ASSERT_EQUAL(count(IOMMUFD), 0);
	device[0]->ops->close(device[0]);
	device[1]->ops->close(device[1]);
	end();
}

/* The kernel would say that the group is in use, and not that it is by us. */
static void test_the_group_is_not_tried_beside_our_own_node_of_it(void)
{
	struct vfio_device *device, *second;

	begin();
	device = must_open(CARD_C1);
	k.open_group_error = EBUSY;
	k.open_node_error = EACCES;
	CU_ASSERT_EQUAL(vfio_kernel_open(&second, CARD_C2, space), -EACCES);
	expect_sentence("/dev/vfio/devices/vfio3 may not be opened; as root: chown");
	k.open_node_error = ENOENT;
	CU_ASSERT_EQUAL(vfio_kernel_open(&second, CARD_C2, space), -ENOENT);
	expect_sentence("there is no ");
	CU_ASSERT_EQUAL(count(DEVICE), 1);
	device->ops->close(device);
	end();
}

static void test_every_call_failing_in_turn_leaves_nothing(void)
{
	for (enum beside beside = ALONE; beside <= BESIDE_ITS_GROUP; beside++)
		fail_every_call(IOMMUFD, "iommufd", beside, beside == ALONE ? 19 : 16, 0);
}

static void test_ranges(void)
{
	struct vfio_device *device, *second;
	void *memory;

	begin();
	for (k.break_ioas = 1; k.break_ioas <= 3; k.break_ioas++)
		refuse(EPROTO, "ranges");
	k.break_ioas = 0;
	k.ranges[1].start = 0; /* overlaps the first */
	refuse(EPROTO, "out of order");
	k.ranges[1].start = 0xfef00000;
	device = must_open(CARD_B);
	memory = must_map(1 << 20);
	uint64_t iova = (uintptr_t)memory + dma_space_offset(space);
	CU_ASSERT(iova >= 1ull << 32 && iova < 1ull << 38);
	k.later[0] = (struct vfio_iova_range){0, 0xfedfffff};
	k.later_count = 1;
	CU_ASSERT_EQUAL(vfio_kernel_open(&second, CARD_A, space), -ERANGE);
	expect_sentence("a space of its own");
	k.later_count = 0;
	k.attach_error = EADDRINUSE;
	CU_ASSERT_EQUAL(vfio_kernel_open(&second, CARD_A, space), -EADDRINUSE);
	expect_sentence("a space of its own");
	CU_ASSERT_EQUAL(count(DEVICE), 1);
	CU_ASSERT_EQUAL(the(IOMMUFD)->map_count, 1);
	dma_space_unmap(space, memory);
	device->ops->close(device);
	end();
}

static void test_many_ranges(void)
{
	static struct vfio_iova_range many[100];

	begin();
	k.many = many;
	k.many_count = 100; /* the first ones are enough */
	for (uint64_t i = 0; i < 100; i++)
		many[i] = (struct vfio_iova_range){i << 33, (i << 33) + 0x1fffffffe};
	struct vfio_device *device = must_open(CARD_A);
	CU_ASSERT_EQUAL(LIST_FIRST(&kernel_spaces)->mapper.reach.range_count, DMA_RANGES_MAX);
	CU_ASSERT_EQUAL(LIST_FIRST(&kernel_spaces)->mapper.reach.ranges[63].first, 63ull << 33);
	device->ops->close(device);
	end();
}

static void test_refusals_of_the_kernel(void)
{
	begin();
	k.open_node_error = EIO;
	refuse(EIO, "cannot open");
	k.open_node_error = EACCES;
	k.open_group_error = ENOENT; /* a kernel without groups */
	refuse(EACCES, "as root: chown");
	k.open_node_error = 0;
	k.open_iommu_error = EACCES;
	refuse(EACCES, "as root: chmod 0666");
	k.open_iommu_error = EMFILE;
	refuse(EMFILE, "cannot open");
	k.open_iommu_error = k.open_group_error = 0;
	reserve_ranges("direct");
	k.bind_error = EINVAL;
	refuse(EINVAL, FIRMWARE_DEMANDS);
	k.bind_error = 0;
	k.attach_error = EPERM;
	refuse(EPERM, FIRMWARE_DEMANDS);
	k.attach_error = 0;
	reserve_ranges("direct-relaxable");
	k.bind_error = EPERM;
	refuse(EPERM, "/sys/module/iommufd/parameters/allow_unsafe_interrupts");
	add_device("0000:03:00.1", 14, "snd_hda_intel");
	refuse(EPERM, "0000:03:00.1 is bound to snd_hda_intel");
	run("rm -r sys/bus/pci/devices/0000:03:00.1 sys/groups/14/devices/0000:03:00.1");
	k.bind_error = EBUSY;
	refuse(EBUSY, "fuser -v ");
	k.bind_error = EINVAL;
	refuse(EINVAL, "in use by another process (as root, fuser -v");
	k.bind_error = 0;
	k.attach_error = EINVAL;
	refuse(EINVAL, "cannot be attached");
	end();
}

static void test_memory_that_cannot_be_locked(void)
{
	struct rlimit old, low;
	struct vfio_device *device;

	begin();
	device = must_open(CARD_A);
	CU_ASSERT_EQUAL(getrlimit(RLIMIT_MEMLOCK, &old), 0);
	low = (struct rlimit){65536, old.rlim_max};
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_MEMLOCK, &low), 0);
	k.map_error = ENOMEM;
	CU_ASSERT_EQUAL(try_map(1 << 20), -ENOMEM);
	expect_sentence(
		"of what all processes of this user lock together by iommufd, io_uring and AF_XDP is 64; raise it "
		"with ulimit -l 1024");
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){1 << 20, old.rlim_max}), 0);
	CU_ASSERT_EQUAL(try_map(1 << 20), -ENOMEM); /* others of this user have locked what the limit allows */
	expect_sentence("or raise ulimit -l, the limit of what all processes of this user lock");
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_MEMLOCK, &old), 0);
	device->ops->close(device);
	end();
}

static void test_memory_that_does_not_come_back_loses_the_devices(void)
{
	for (unsigned way = 0; way < 2; way++) {
		struct vfio_device *device[2], *third;
		void *memory;

		begin();
		device[0] = must_open(CARD_A);
		device[1] = must_open(CARD_C1);
		memory = must_map(8192);
		CU_ASSERT_EQUAL(vfio_set_bus_master(device[1], true), 0);
		k.unmap_error = way ? EIO : 0;
		k.unmap_short = !way;
		dma_space_unmap(space, memory);
		CU_ASSERT_EQUAL(config[PCI_COMMAND] & PCI_COMMAND_MASTER, 0);
		CU_ASSERT(vfio_device_gone(device[0]));
		CU_ASSERT(vfio_device_gone(device[1]));
		CU_ASSERT_EQUAL(vfio_kernel_open(&third, CARD_C2, space), -EIO);
		device[0]->ops->close(device[0]);
		device[1]->ops->close(device[1]);
		end();
	}
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"one device", test_one_device},
		{"devices share an address space, closed in either order", test_devices_share_an_address_space},
		{"spaces have an iommufd each and share no group", test_spaces_have_an_iommufd_each_and_share_no_group},
		{"another process in the group is named", test_another_process_in_the_group_is_named},
		{"the group serves where this way is not open, and says why",
			test_the_group_serves_where_this_way_is_not_open},
		{"a name without a node is no way", test_a_name_without_a_node_is_no_way},
		{"a group that is open is kept to", test_a_group_that_is_open_is_kept_to},
		{"the group is not tried beside our own node of it",
			test_the_group_is_not_tried_beside_our_own_node_of_it},
		{"every call failing in turn leaves nothing", test_every_call_failing_in_turn_leaves_nothing},
		{"ranges", test_ranges},
		{"many ranges", test_many_ranges},
		{"conventional PCI gets addresses below 4 GiB", test_conventional_pci_gets_addresses_below_4_gib},
		{"refusals of the kernel", test_refusals_of_the_kernel},
		{"memory that cannot be locked", test_memory_that_cannot_be_locked},
		{"memory that does not come back loses the devices",
			test_memory_that_does_not_come_back_loses_the_devices},
		CU_TEST_INFO_NULL,
	};

	return run_suite("kernel VFIO, character device and iommufd", make_nodes, tests);
}
