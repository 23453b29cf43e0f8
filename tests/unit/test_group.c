/* SPDX-License-Identifier: BSD-2-Clause
 * The kernel's VFIO, container and group, against a scripted kernel: what is open and mapped is counted; every call is
 * made to fail in turn. What a real kernel does is not shown by this. */
#include "kernel_rig.h"

#include <sys/wait.h>

/* ---- Tests ---- */

static void test_one_device(void)
{
	struct vfio_window window;
	struct vfio_device *device;
	uint32_t value = 0;
	void *memory;

	begin();
	device = must_open(CARD_A);
	CU_ASSERT_EQUAL(device->numa_node, 1);
	CU_ASSERT_EQUAL(device->region_bytes[0], BAR_BYTES);
	CU_ASSERT_EQUAL(device->irq_count[VFIO_PCI_MSIX_IRQ_INDEX], 64);
	CU_ASSERT_EQUAL(device->irq_count[VFIO_PCI_ERR_IRQ_INDEX], 0);
	CU_ASSERT_EQUAL(device->irq_count[VFIO_PCI_REQ_IRQ_INDEX], 0); /* taken */
	CU_ASSERT_EQUAL(k.iommu_kind, VFIO_TYPE1v2_IOMMU);

	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(window.memory);
	vfio_write32(&window, BAR_BYTES - 4, 7);
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), 0);
	CU_ASSERT_EQUAL(vfio_read32(&window, BAR_BYTES - 4), 7);
	CU_ASSERT_EQUAL(k.mmaps, 1);
	CU_ASSERT_EQUAL(device->ops->window(device, 1, &window), -EINVAL);
	CU_ASSERT_EQUAL(device->ops->window(device, 2, &window), 0);
	CU_ASSERT_PTR_NULL(window.memory);
	CU_ASSERT_EQUAL(vfio_read32(&window, 8), 0x5a5a5a5a);

	CU_ASSERT_EQUAL(vfio_set_bus_master(device, true), 0);
	CU_ASSERT_EQUAL(config[4] & 6, 6);
	CU_ASSERT_EQUAL(vfio_access(device, VFIO_PCI_ROM_REGION_INDEX, 0, NULL, &value, 4), -EPERM);
	CU_ASSERT_EQUAL(vfio_access(device, VFIO_PCI_CONFIG_REGION_INDEX, 4094, &value, NULL, 4), -EINVAL);
	CU_ASSERT_EQUAL(value, UINT32_MAX);
	CU_ASSERT_FALSE(vfio_device_gone(device));
	CU_ASSERT_EQUAL(device->ops->reset(device), 0);
	CU_ASSERT_EQUAL(k.resets, 1);

	memory = must_map(8192);
	CU_ASSERT_EQUAL(the(CONTAINER)->map_count, 1);
	CU_ASSERT_EQUAL(the(CONTAINER)->maps[0].iova, (uintptr_t)memory + dma_space_offset(space));
	device->ops->close(device);
	dma_space_unmap(space, memory);
	end();
}

static void test_two_groups_share_a_container(void)
{
	for (unsigned order = 0; order < 2; order++) {
		struct vfio_device *device[2];
		void *memory;

		begin();
		memory = must_map(4096);
		device[0] = must_open(CARD_A);
		device[1] = must_open(CARD_B);
		CU_ASSERT_EQUAL(k.containers, 1);
		CU_ASSERT_EQUAL(count(GROUP), 2);
		CU_ASSERT_EQUAL(the(CONTAINER)->map_count, 1);
		device[order]->ops->close(device[order]);
		CU_ASSERT_EQUAL(count(GROUP), 1);
		CU_ASSERT_EQUAL(the(CONTAINER)->map_count, 1);
		device[!order]->ops->close(device[!order]);
		check_clean("both closed");
		dma_space_unmap(space, memory);
		end();
	}
}

static void test_two_devices_share_a_group(void)
{
	for (unsigned order = 0; order < 2; order++) {
		struct vfio_device *device[2], *again;

		begin();
		device[0] = must_open(CARD_C1);
		device[1] = must_open(CARD_C2);
		CU_ASSERT_EQUAL(count(GROUP), 1);
		CU_ASSERT_EQUAL(count(DEVICE), 2);
		CU_ASSERT_EQUAL(vfio_kernel_open(&again, CARD_C1, space), -EBUSY);
		expect_sentence("open in this process already");
		device[order]->ops->close(device[order]);
		CU_ASSERT_EQUAL(count(GROUP), 1);
		device[!order]->ops->close(device[!order]);
		end();
	}
}

static void test_spaces_have_a_container_each_and_share_no_group(void)
{
	struct dma_space *first, *second;
	struct vfio_device *device[2], *refused;

	begin();
	first = space;
	device[0] = must_open(CARD_C1);
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&second), 0);
	space = second;
	device[1] = must_open(CARD_A);
	CU_ASSERT_EQUAL(count(CONTAINER), 2);
	CU_ASSERT_EQUAL(vfio_kernel_open(&refused, CARD_C2, second), -EBUSY);
	expect_sentence("cannot be in two");
	device[0]->ops->close(device[0]);
	CU_ASSERT_EQUAL(count(CONTAINER), 1);
	device[1]->ops->close(device[1]);
	dma_space_unref(second);
	space = first;
	end();
}

static void test_every_call_failing_in_turn_leaves_nothing(void)
{
	/* what may fail unnoticed is sysfs's numa_node and the group's name */
	for (enum beside beside = ALONE; beside <= BESIDE_ITS_GROUP; beside++)
		fail_every_call(CONTAINER, "group", beside, beside == BESIDE_ITS_GROUP ? 10 : 15, 2);
}

static void test_a_window_that_cannot_be_mapped(void)
{
	struct vfio_device *device;
	struct vfio_window window;

	begin();
	device = must_open(CARD_A);
	k.fail_at = k.calls + 1;
	k.fail_error = ENOMEM;
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), -ENOMEM);
	expect_sentence("cannot map BAR0");
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), 0);
	device->ops->close(device);
	end();
}

static void test_sparse_windows(void)
{
	struct vfio_device *device;
	struct vfio_window window;

	begin();
	k.sparse[0] = (struct vfio_region_sparse_mmap_area){0, 0x1000};
	k.sparse[1] = (struct vfio_region_sparse_mmap_area){0x2000, 0x2000};
	k.sparse_count = 2;
	device = must_open(CARD_A);
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), 0);
	CU_ASSERT_PTR_NULL(window.memory);
	CU_ASSERT_EQUAL(window.part_count, 2);
	CU_ASSERT_PTR_NOT_NULL(vfio_doorbell(&window, 0xffc));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&window, 0x1000));
	CU_ASSERT_PTR_NOT_NULL(vfio_doorbell(&window, 0x2000));
	CU_ASSERT_EQUAL(vfio_read32(&window, 0x1000), 0x5a5a5a5a);
	vfio_write32(&window, 0x1000, 1);
	device->ops->close(device);

	k.sparse[0] = (struct vfio_region_sparse_mmap_area){0, BAR_BYTES}; /* all of it, said in a list */
	k.sparse_count = 1;
	device = must_open(CARD_A);
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), 0);
	CU_ASSERT_PTR_NOT_NULL(window.memory);
	device->ops->close(device);

	k.sparse[0] = (struct vfio_region_sparse_mmap_area){0x1000, BAR_BYTES};
	refuse(EPROTO, "outside its region");
	k.sparse[0] = (struct vfio_region_sparse_mmap_area){UINT64_MAX - 4095, 0x2000};
	refuse(EPROTO, "outside its region");
	end();
}

/* What may be mapped is unknown then, and what the IOMMU reaches. */
static void test_capabilities_of_another_version_are_not_understood(void)
{
	struct vfio_device *device;
	struct vfio_window window;

	begin();
	k.sparse[0] = (struct vfio_region_sparse_mmap_area){0, 0x1000};
	k.sparse_count = 1;
	k.ranges[0].end = 0xffff;
	k.break_region = k.break_ranges = UNKNOWN_VERSION;
	device = must_open(CARD_A);
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), 0);
	CU_ASSERT_PTR_NULL(window.memory);
	CU_ASSERT_EQUAL(window.part_count, 0);
	CU_ASSERT_EQUAL(vfio_read32(&window, 8), 0x5a5a5a5a);
	CU_ASSERT_EQUAL(LIST_FIRST(&kernel_spaces)->mapper.reach.range_count, 2);
	CU_ASSERT_EQUAL(LIST_FIRST(&kernel_spaces)->mapper.reach.ranges[0].last, 0xfedfffff);
	device->ops->close(device);
	end();
}

static void test_malformed_answers(void)
{
	begin();
	k.sparse[0] = (struct vfio_region_sparse_mmap_area){0, 0x1000};
	k.sparse_count = 1;
	for (k.break_region = 1; k.break_region <= 8; k.break_region++)
		refuse(EPROTO, CARD_A);
	k.sparse_count = 0;
	k.break_region = 20;
	refuse(EPROTO, "impossible size");
	k.break_region = 0;
	for (k.break_ranges = 1; k.break_ranges <= 9; k.break_ranges++)
		refuse(EPROTO, CARD_A);
	k.break_ranges = 0;
	k.ranges[1].start = 0; /* overlaps the first */
	refuse(EPROTO, "out of order");
	k.ranges[0] = (struct vfio_iova_range){5, 4};
	refuse(EPROTO, "out of order");
	k.range_count = 0;
	k.not_pci = true;
	refuse(ENOTSUP, "not a PCI device");
	end();
}

static void test_reserved_windows_are_kept_out(void)
{
	struct vfio_device *device;
	uint8_t *memory;

	for (unsigned i = 0; i < 3; i++) {
		begin();
		if (i == 1)
			k.range_count = 0; /* a kernel that does not tell */
		if (i == 2) {              /* little room, around the interrupt messages */
			k.ranges[0] = (struct vfio_iova_range){0, 0xfedfffff};
			k.ranges[1] = (struct vfio_iova_range){0xfef00000, 0xffffffff};
		}
		device = must_open(CARD_A);
		for (unsigned r = 0; r < LIST_FIRST(&kernel_spaces)->mapper.reach.range_count; r++)
			CU_ASSERT(LIST_FIRST(&kernel_spaces)->mapper.reach.ranges[r].last < 0xfee00000 ||
				  LIST_FIRST(&kernel_spaces)->mapper.reach.ranges[r].first > 0xfeefffff);
		memory = must_map(1 << 20);
		uint64_t iova = (uintptr_t)memory + dma_space_offset(space);
		CU_ASSERT(iova > 0 && iova < 1ull << 38);
		CU_ASSERT(iova + (1 << 20) <= 0xfee00000 || iova > 0xfeefffff);
		if (i == 2)
			CU_ASSERT(iova + (1 << 20) <= 0xfee00000);
		dma_space_unmap(space, memory);
		device->ops->close(device);
		end();
	}
}

static void test_a_later_device_that_does_not_reach_the_window(void)
{
	struct vfio_device *first, *second;
	void *memory;

	begin();
	first = must_open(CARD_B);
	memory = must_map(4096);
	k.later[0] = (struct vfio_iova_range){0, 0xfedfffff};
	k.later_count = 1;
	CU_ASSERT_EQUAL(vfio_kernel_open(&second, CARD_A, space), -ERANGE);
	expect_sentence("a space of its own");
	k.later_count = 0;
	k.join_error = EINVAL;
	CU_ASSERT_EQUAL(vfio_kernel_open(&second, CARD_A, space), -EINVAL);
	expect_sentence("a space of its own");
	reserve_ranges("direct");
	CU_ASSERT_EQUAL(vfio_kernel_open(&second, CARD_A, space), -EINVAL);
	expect_sentence(FIRMWARE_DEMANDS);
	reserve_ranges("");
	CU_ASSERT_EQUAL(count(GROUP), 1);
	CU_ASSERT_EQUAL(the(CONTAINER)->map_count, 1);
	dma_space_unmap(space, memory);
	first->ops->close(first);
	end();
}

static void test_mapping_errors_name_the_remedy(void)
{
	struct rlimit old, low;
	int status = -1;
	struct vfio_device *device;

	begin();
	device = must_open(CARD_A);
	CU_ASSERT_EQUAL(getrlimit(RLIMIT_MEMLOCK, &old), 0);
	low = (struct rlimit){65536, old.rlim_max};
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_MEMLOCK, &low), 0);
	k.map_error = ENOMEM;
	CU_ASSERT_EQUAL(try_map(1 << 20), -ENOMEM);
	expect_sentence(
		"(RLIMIT_MEMLOCK) of what this process locks is 64; raise it with ulimit -l 1024; as root: memlock");
	/* nor can a user raise it beyond the hard limit, which this process could not raise again either */
	pid_t pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){65536, 65536});
		_exit(try_map(1 << 20) != -ENOMEM ||
			!strstr(pollux_error(), "is 64; ulimit cannot raise it so far; as root: memlock"));
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(try_map(8192), -ENOMEM);
	expect_sentence("no memory left");
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_MEMLOCK, &old), 0);
	k.map_error = EINVAL;
	CU_ASSERT_EQUAL(try_map(4096), -EINVAL);
	expect_sentence("does not reach so far");
	k.map_error = EEXIST;
	CU_ASSERT_EQUAL(try_map(4096), -EEXIST);
	expect_sentence("in use already");
	k.map_error = ENOSPC;
	CU_ASSERT_EQUAL(try_map(4096), -ENOSPC);
	expect_sentence("dma_entry_limit");
	k.map_error = EFAULT;
	CU_ASSERT_EQUAL(try_map(4096), -EFAULT);
	CU_ASSERT_EQUAL(the(CONTAINER)->map_count, 0);
	device->ops->close(device);
	end();
}

static void test_memory_that_comes_back_in_part_loses_the_device(void)
{
	struct vfio_device *device;
	void *memory;

	begin();
	device = must_open(CARD_A);
	memory = must_map(8192);
	k.unmap_short = true;
	dma_space_unmap(space, memory);
	CU_ASSERT(vfio_device_gone(device));
	device->ops->close(device);
	end();
}

static void test_memory_that_does_not_come_back_loses_the_devices(void)
{
	struct vfio_device *device[2], *third;
	void *memory;

	begin();
	device[0] = must_open(CARD_A);
	device[1] = must_open(CARD_C1);
	memory = must_map(4096);
	CU_ASSERT_EQUAL(vfio_set_bus_master(device[0], true), 0);
	k.unmap_error = EIO;
	dma_space_unmap(space, memory);
	CU_ASSERT_EQUAL(
		config[PCI_COMMAND] & PCI_COMMAND_MASTER, 0); /* buffers that are given back are nobody's but ours */
	CU_ASSERT(vfio_device_gone(device[0]));
	CU_ASSERT(vfio_device_gone(device[1]));
	CU_ASSERT_EQUAL(vfio_kernel_open(&third, CARD_B, space), -EIO);
	CU_ASSERT_EQUAL(vfio_kernel_open(&third, CARD_C2, space), -EIO);
	memory = must_map(4096); /* other devices of the space must still get memory */
	dma_space_unmap(space, memory);
	device[0]->ops->close(device[0]);
	device[1]->ops->close(device[1]);
	end();
}

static void test_what_sysfs_tells(void)
{
	struct vfio_device *device;

	begin();
	CU_ASSERT_EQUAL(vfio_kernel_open(&device, "0000:99:00.0", space), -ENOENT);
	expect_sentence("there is no PCI device 0000:99:00.0");
	add_device("0000:06:00.0", 17, "ixgbe");
	CU_ASSERT_EQUAL(vfio_kernel_open(&device, "0000:06:00.0", space), -ENODEV);
	expect_sentence("is bound to ixgbe, not to vfio-pci");
	expect_sentence("as root: pollux-bind bind 0000:06:00.0");
	run("rm sys/bus/pci/devices/0000:06:00.0/driver");
	CU_ASSERT_EQUAL(vfio_kernel_open(&device, "0000:06:00.0", space), -ENODEV);
	expect_sentence("is bound to no driver");
	run("rm sys/bus/pci/devices/0000:06:00.0/iommu_group");
	CU_ASSERT_EQUAL(vfio_kernel_open(&device, "0000:06:00.0", space), -ENOTSUP);
	expect_sentence("intel_iommu=on");
	add_device("0000:06:00.0", 17, "vfio-pci");
	run("echo vfio-noiommu >sys/groups/17/name");
	CU_ASSERT_EQUAL(vfio_kernel_open(&device, "0000:06:00.0", space), -ENOTSUP);
	expect_sentence("intel_iommu=on");
	run("mkdir sys/groups/x; ln -sfn ../../../../groups/x sys/bus/pci/devices/0000:06:00.0/iommu_group");
	CU_ASSERT_EQUAL(vfio_kernel_open(&device, "0000:06:00.0", space), -EPROTO);
	add_device("0000:0a:00.0", 18, "vfio-pci");
	run("echo -1 >sys/bus/pci/devices/0000:0a:00.0/numa_node");
	device = must_open("0000:0A:00.0"); /* capitals */
	CU_ASSERT_EQUAL(device->numa_node, -1);
	CU_ASSERT_STRING_EQUAL(device->address, "0000:0A:00.0");
	device->ops->close(device);
	end();
}

static void test_a_group_that_is_not_viable(void)
{
	begin();
	k.not_viable = true;
	refuse(EPERM, "another device of the group is in use");
	add_device("0000:03:00.1", 14, "snd_hda_intel");
	refuse(EPERM,
		"0000:03:00.1 is bound to snd_hda_intel; as root: pollux-bind --group bind 0000:03:00.0 binds it");
	run("rm -r sys/bus/pci/devices/0000:03:00.1 sys/groups/14/devices/0000:03:00.1");
	end();
}

static void test_refusals_of_the_kernel(void)
{
	begin();
	k.open_group_error = EACCES;
	refuse(EACCES, "chown");
	k.open_group_error = EBUSY;
	refuse(EBUSY, "another process");
	run("mkdir -p proc/999999999/fd && echo qemu >proc/999999999/comm && ln -s /dev/vfio/14 proc/999999999/fd/9");
	refuse(EBUSY, "/dev/vfio/14 is in use by qemu, process 999999999; end that first");
	run("rm -r proc");
	k.open_group_error = ENOENT;
	refuse(ENOENT, "/dev/vfio/14; is /dev of this container");
	k.open_group_error = 0;
	k.open_container_error = ENOENT;
	refuse(ENOENT, "modprobe vfio-pci");
	k.open_container_error = EACCES;
	refuse(EACCES, "chmod 0666");
	k.open_container_error = 0;
	reserve_ranges("direct");
	k.claim_error = EINVAL; /* Linux 6.6 and later */
	refuse(EINVAL, FIRMWARE_DEMANDS);
	k.claim_error = 0;
	k.set_iommu_error = EPERM; /* before, with Intel's IOMMU */
	refuse(EPERM, FIRMWARE_DEMANDS);
	k.set_iommu_error = EIO; /* another fault is told as it is */
	refuse(EIO, "the IOMMU cannot be used");
	reserve_ranges("direct-relaxable"); /* which the kernel maps or not, as it likes */
	k.set_iommu_error = EPERM;
	refuse(EPERM, "allow_unsafe_interrupts");
	k.set_iommu_error = 0;
	k.no_type1 = true;
	refuse(ENOTSUP, "modprobe vfio_iommu_type1");
	k.no_type1 = false;
	k.device_fd_error = ENODEV;
	refuse(ENODEV, "unbound from vfio-pci");
	k.device_fd_error = 0;
	end();
}

static void test_interrupts(void)
{
	static const int two[] = {11, 12}, six[] = {11, 12, -1, -1, -1, 13}, one[] = {13}, none[] = {-1, -1};

	for (unsigned fixed = 0; fixed < 2; fixed++) {
		struct vfio_device *device;

		begin();
		k.noresize = fixed;
		device = must_open(CARD_A);
		struct object *kernel = the(DEVICE);
		unsigned calls = k.irq_calls;
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 0, NULL), 0);
		CU_ASSERT_EQUAL(k.irq_calls, calls); /* nothing was on */
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 2, two), 0);
		CU_ASSERT_EQUAL(kernel->set_eventfds[VFIO_PCI_MSIX_IRQ_INDEX], 2);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 6, six), 0);
		CU_ASSERT_EQUAL(kernel->set_eventfds[VFIO_PCI_MSIX_IRQ_INDEX], 6);
		CU_ASSERT_EQUAL(k.last_irq.start, 0);
		CU_ASSERT_EQUAL(k.last_irq.count, 6);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_INTX_IRQ_INDEX, 1, one), -EINVAL);
		expect_sentence("only one of INTx, MSI and MSI-X");
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_REQ_IRQ_INDEX, 1, one), -EINVAL); /* taken */
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_ERR_IRQ_INDEX, 1, one), -EINVAL);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 2, none), 0);
		CU_ASSERT_EQUAL(kernel->set_eventfds[VFIO_PCI_MSIX_IRQ_INDEX], 2);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 0, NULL), 0);
		CU_ASSERT_EQUAL(kernel->set_eventfds[VFIO_PCI_MSIX_IRQ_INDEX], 0);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_INTX_IRQ_INDEX, 1, one), 0);
		calls = k.irq_calls;
		CU_ASSERT_EQUAL(k.unmasks, 1);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_INTX_IRQ_INDEX, 1, one), 0); /* arms it again */
		CU_ASSERT_EQUAL(k.unmasks, 2);
		CU_ASSERT_EQUAL(k.irq_calls, calls + 1);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_INTX_IRQ_INDEX, 1, two), 0); /* elsewhere */
		CU_ASSERT_EQUAL(k.unmasks, 3);
		CU_ASSERT_EQUAL(k.irq_calls, calls + 3);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 65, two), -EINVAL);
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_NUM_IRQS, 1, one), -EINVAL);
		device->ops->close(device);
		end();
	}
}

static void test_fewer_vectors_than_are_wanted_are_none(void)
{
	static const int four[] = {11, 12, 13, 14};
	struct vfio_device *device;

	begin();
	k.vectors = 3;
	device = must_open(CARD_A);
	struct object *kernel = the(DEVICE);
	CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 4, four), -ENOSPC);
	expect_sentence("cannot set 4 interrupts");
	CU_ASSERT_EQUAL(kernel->set_eventfds[VFIO_PCI_MSIX_IRQ_INDEX], 0);
	unsigned calls = k.irq_calls;
	CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 0, NULL), 0);
	CU_ASSERT_EQUAL(k.irq_calls, calls); /* nothing was on */
	CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 3, four), 0);
	device->ops->close(device);
	end();
}

static void test_a_device_wanted_back_is_gone_and_quiet(void)
{
	for (unsigned way = 0; way < 2; way++) {
		const uint64_t one = 1;
		struct vfio_device *device;

		begin();
		device = must_open(CARD_A);
		struct object *kernel = the(DEVICE);
		CU_ASSERT_EQUAL(vfio_set_bus_master(device, true), 0);
		device->ops->check(device);
		CU_ASSERT_FALSE(vfio_device_gone(device));
		CU_ASSERT_EQUAL(write(way ? kernel->error_fd : kernel->request_fd, &one, sizeof(one)), sizeof(one));
		CU_ASSERT_FALSE(vfio_device_gone(device)); /* not before somebody looks */
		struct pollfd poll_fd = {.fd = device->event_fd, .events = POLLIN};
		CU_ASSERT_EQUAL(poll(&poll_fd, 1, 0), 1);
		device->ops->check(device);
		CU_ASSERT(vfio_device_gone(device));
		CU_ASSERT_EQUAL(config[PCI_COMMAND] & PCI_COMMAND_MASTER,
			0); /* buffers that are given back are nobody's but ours */
		CU_ASSERT_EQUAL(poll(&poll_fd, 1, 0), 0);
		device->ops->check(device);
		device->ops->close(device);
		end();
	}
}

static void test_no_reset(void)
{
	struct vfio_device *device;

	begin();
	k.no_reset = true;
	device = must_open(CARD_A);
	CU_ASSERT_EQUAL(device->ops->reset(device), -ENOTTY);
	CU_ASSERT_EQUAL(k.resets, 0);
	device->ops->close(device);
	end();
}

static void test_an_address_as_lspci_prints_it_is_of_domain_0(void)
{
	struct vfio_device *device, *again;

	begin();
	device = must_open("03:00.0");
	CU_ASSERT_EQUAL(vfio_kernel_open(&again, CARD_A, space), -EBUSY); /* the same */
	expect_sentence(CARD_A " is open in this process already");
	device->ops->close(device);
	end();
}

static void test_a_refused_access_is_an_error_of_that_access(void)
{
	struct vfio_device *device;
	struct vfio_window window;
	struct vfio_refusal refusal;

	begin();
	device = must_open(CARD_A);
	uint64_t before = vfio_refusals();
	CU_ASSERT_EQUAL_FATAL(vfio_region_window(device, 0, &window), 0); /* by functions */
	k.pread_error = EINVAL;
	CU_ASSERT_EQUAL(vfio_read32(&window, 0x1008), UINT32_MAX);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "refuses a read at 0x1008 of region 0: Invalid argument"));
	CU_ASSERT_EQUAL(vfio_set_bus_master(device, true), -EINVAL); /* and not gone, for all ones that nobody read */
	k.pread_error = 0;
	k.pwrite_error = EPERM;
	vfio_write32(&window, 0x1008, 1);
	vfio_write32(&window, 0x1008, 1);
	k.pwrite_error = 0;
	CU_ASSERT_FALSE(vfio_device_gone(device));
	CU_ASSERT_EQUAL(vfio_refusals() - before, 4);
	CU_ASSERT(vfio_refusal(device, 0, &refusal));
	CU_ASSERT(refusal.region == 0 && refusal.offset == 0x1008 && !refusal.write && refusal.error == EINVAL);
	CU_ASSERT(vfio_refusal(device, 2, &refusal));
	CU_ASSERT(refusal.region == 0 && refusal.offset == 0x1008 && refusal.write && refusal.error == EPERM);
	CU_ASSERT_FALSE(vfio_refusal(device, 3, &refusal));
	device->ops->close(device);
	end();
}

static void test_a_failing_access_loses_the_device(void)
{
	for (unsigned way = 0; way < 3; way++) {
		struct vfio_device *device;
		struct vfio_window window;
		int eventfd = 5;

		begin();
		device = must_open(CARD_A);
		k.pread_error = way == 0 ? EIO : 0;
		k.short_read = way == 1;
		k.pwrite_error = way == 2 ? EIO : 0;
		if (way == 2)
			CU_ASSERT_EQUAL(vfio_config_write(device, 4, 2, 0), -ENODEV)
		else
			CU_ASSERT_EQUAL(vfio_config_read(device, 0, 4), UINT32_MAX)
		CU_ASSERT(vfio_device_gone(device));
		unsigned calls = k.calls;
		uint32_t value;
		CU_ASSERT_EQUAL(vfio_access(device, 0, 0, &value, NULL, 4), -ENODEV);
		CU_ASSERT_EQUAL(value, UINT32_MAX);
		CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), -ENODEV);
		CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), way == 0   ? "of region 7 failed: Input/output error"
							      : way == 1 ? "of region 7 failed: it came up short"
									 : "a write at 0x4 of region 7 failed"));
		CU_ASSERT_EQUAL(vfio_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 1, &eventfd), -ENODEV);
		CU_ASSERT_EQUAL(device->ops->reset(device), -ENODEV);
		CU_ASSERT_EQUAL(k.calls, calls);
		device->ops->close(device);
		end();
	}
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"one device", test_one_device},
		{"two groups share a container, closed in either order", test_two_groups_share_a_container},
		{"two devices share a group, closed in either order", test_two_devices_share_a_group},
		{"spaces have a container each and share no group",
			test_spaces_have_a_container_each_and_share_no_group},
		{"every call failing in turn leaves nothing", test_every_call_failing_in_turn_leaves_nothing},
		{"a window that cannot be mapped", test_a_window_that_cannot_be_mapped},
		{"sparse windows", test_sparse_windows},
		{"capabilities of another version are not understood",
			test_capabilities_of_another_version_are_not_understood},
		{"malformed answers", test_malformed_answers},
		{"reserved windows are kept out", test_reserved_windows_are_kept_out},
		{"a later device that does not reach the window", test_a_later_device_that_does_not_reach_the_window},
		{"conventional PCI gets addresses below 4 GiB", test_conventional_pci_gets_addresses_below_4_gib},
		{"mapping errors name the remedy", test_mapping_errors_name_the_remedy},
		{"memory that does not come back loses the devices",
			test_memory_that_does_not_come_back_loses_the_devices},
		{"memory that comes back in part loses the device",
			test_memory_that_comes_back_in_part_loses_the_device},
		{"what sysfs tells", test_what_sysfs_tells},
		{"a group that is not viable", test_a_group_that_is_not_viable},
		{"refusals of the kernel", test_refusals_of_the_kernel},
		{"interrupts", test_interrupts},
		{"fewer vectors than are wanted are none", test_fewer_vectors_than_are_wanted_are_none},
		{"no reset", test_no_reset},
		{"a device wanted back is gone, and quiet", test_a_device_wanted_back_is_gone_and_quiet},
		{"an address as lspci prints it is of domain 0", test_an_address_as_lspci_prints_it_is_of_domain_0},
		{"a refused access is an error of that access", test_a_refused_access_is_an_error_of_that_access},
		{"a failing access loses the device", test_a_failing_access_loses_the_device},
		CU_TEST_INFO_NULL,
	};
	return run_suite("kernel VFIO, container and group", make_sysfs, tests);
}
