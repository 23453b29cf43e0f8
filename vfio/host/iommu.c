/* SPDX-License-Identifier: BSD-2-Clause
 * What the kernel says of a device's IOMMU group: which I/O addresses are not free. */
#include "iommu.h"

#include "files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

unsigned vfio_reserved_ranges(const char *address, struct vfio_reserved *ranges, unsigned room)
{
	char path[PATH_MAX], line[128];
	struct vfio_reserved range;
	unsigned count = 0;
	FILE *file;

	vfio_path(path, "/sys/bus/pci/devices/%s/iommu_group/reserved_regions", address);
	if ((file = fopen(path, "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %23s", &range.first, &range.last, range.type) == 3) {
			if (count < room)
				ranges[count] = range;
			count++;
		}
	fclose(file);
	return count;
}

bool vfio_firmware_demands(const char *address, char why[256], char remedy[256])
{
	struct vfio_reserved ranges[32];
	unsigned count = vfio_reserved_ranges(address, ranges, 32);

	for (unsigned i = 0; i < count && i < 32; i++) {
		if (strcmp(ranges[i].type, "direct") != 0)
			continue;
		snprintf(why, 256,
			"the firmware demands that the card keeps reaching memory at 0x%" PRIx64 "-0x%" PRIx64
			" (a 1:1 mapping: RMRR of Intel, IVMD of AMD), and the kernel gives such a card to no program",
			ranges[i].first, ranges[i].last);
		snprintf(remedy, 256,
			"in the firmware setup, take the card's slot out of HPE's Shared Memory feature (HPE's tool: "
			"conrep), or switch off pre-boot DMA protection; else use another slot, or ask the machine's "
			"vendor");
		return true;
	}
	return false;
}
