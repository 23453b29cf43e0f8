/* SPDX-License-Identifier: BSD-2-Clause
 * Calls that fail on purpose: POLLUX_VFIO_FAIL names a call, which time, and the error. */
#include "../../vfio/kernel/iommufd_abi.h"
#include "preload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 16

static struct {
	char name[48];
	unsigned long nth, seen;
	bool onwards;
	int error;
} rules[RULES_MAX];
static unsigned rule_count;

static const struct {
	unsigned long request;
	const char *name;
} ioctls[] = {
#define IOCTL(name)                                                                                                    \
	{                                                                                                              \
		name, #name                                                                                            \
	}
	IOCTL(VFIO_GET_API_VERSION),
	IOCTL(VFIO_CHECK_EXTENSION),
	IOCTL(VFIO_SET_IOMMU),
	IOCTL(VFIO_IOMMU_GET_INFO),
	IOCTL(VFIO_IOMMU_MAP_DMA),
	IOCTL(VFIO_IOMMU_UNMAP_DMA),
	IOCTL(VFIO_GROUP_GET_STATUS),
	IOCTL(VFIO_GROUP_SET_CONTAINER),
	IOCTL(VFIO_GROUP_UNSET_CONTAINER),
	IOCTL(VFIO_GROUP_GET_DEVICE_FD),
	IOCTL(VFIO_DEVICE_GET_INFO),
	IOCTL(VFIO_DEVICE_GET_REGION_INFO),
	IOCTL(VFIO_DEVICE_GET_IRQ_INFO),
	IOCTL(VFIO_DEVICE_SET_IRQS),
	IOCTL(VFIO_DEVICE_RESET),
	IOCTL(VFIO_DEVICE_BIND_IOMMUFD),
	IOCTL(VFIO_DEVICE_ATTACH_IOMMUFD_PT),
	IOCTL(IOMMU_IOAS_ALLOC),
	IOCTL(IOMMU_IOAS_IOVA_RANGES),
	IOCTL(IOMMU_IOAS_MAP),
	IOCTL(IOMMU_IOAS_UNMAP),
#undef IOCTL
};

/* The other names that preload_fail() is called with. */
static const char *const calls[] = {
	"open-container", "open-group", "open-node", "open-iommu", "mmap", "pread", "pwrite"};

static bool is_call(const char *name)
{
	bool found = false;
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		found = found || strcmp(calls[i], name) == 0;
	for (unsigned i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		found = found || strcmp(ioctls[i].name, name) == 0;
	return found;
}

/* VFIO uses a number for several requests; the caller knows which of them a descriptor has. */
const char *preload_ioctl_name(unsigned long request)
{
	for (unsigned i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		if (ioctls[i].request == request)
			return ioctls[i].name;
	return NULL;
}

static int error_by_name(const char *text)
{
	for (int error = 1; error < 134; error++) {
		const char *name = strerrorname_np(error);
		if (name && strcmp(name, text) == 0)
			return error;
	}
	return atoi(text);
}

void preload_fail_configure(const char *text)
{
	char copy[1024], *rest = copy, *part;
	snprintf(copy, sizeof(copy), "%s", text ? text : "");
	while ((part = strsep(&rest, ",")) && rule_count < RULES_MAX) {
		char error[32] = "", nth[24] = "";
		if (!*part)
			continue;
		bool read = sscanf(part, "%47[^:]:%23[^:]:%31s", rules[rule_count].name, nth, error) == 3;
		rules[rule_count].nth = strtoul(nth, NULL, 10);
		rules[rule_count].onwards = nth[0] && nth[strlen(nth) - 1] == '+';
		rules[rule_count].error = error_by_name(error);
		if (!read || !is_call(rules[rule_count].name) || !rules[rule_count].nth ||
			rules[rule_count].error <= 0) {
			fprintf(stderr,
				"pollux-preload: POLLUX_VFIO_FAIL takes CALL:N:ERRNO,..., as "
				"VFIO_IOMMU_MAP_DMA:2:ENOMEM, not '%s'; tests/preload/run --help has the calls\n",
				part);
			exit(2);
		}
		rule_count++;
	}
}

int preload_fail(const char *name)
{
	for (unsigned i = 0; name && i < rule_count; i++) {
		if (strcmp(rules[i].name, name) != 0)
			continue;
		unsigned long seen = __atomic_add_fetch(&rules[i].seen, 1, __ATOMIC_RELAXED);
		if (seen == rules[i].nth || (rules[i].onwards && seen > rules[i].nth))
			return -rules[i].error;
	}
	return 0;
}
