/* SPDX-License-Identifier: BSD-2-Clause
 * Opens a device by its address, which says how the device is reached: through the kernel's VFIO or over vfio-user. */
#include "error.h"
#include "host/pci.h"
#include "transports.h"

#include <errno.h>
#include <string.h>

int vfio_device_open(struct vfio_device **device, const char *address, struct dma_space *space)
{
	char canonical[VFIO_PCI_ADDRESS_BYTES];

	if (!device)
		return pollux_fail(EINVAL, "no place to put the device");
	*device = NULL;
	if (!address || !space)
		return pollux_fail(EINVAL, "a device needs an address and a DMA space");
	if (strnlen(address, VFIO_ADDRESS_MAX) == VFIO_ADDRESS_MAX)
		return pollux_fail(EINVAL, "a device's address has at most %d characters", VFIO_ADDRESS_MAX - 1);
	if (strncmp(address, VFIO_USER_PREFIX, strlen(VFIO_USER_PREFIX)) == 0)
		return vfio_user_open(device, address, space);
	if (vfio_pci_parse(address, canonical))
		return vfio_kernel_open(device, address, space);
	return pollux_fail(EINVAL,
		"'%s' is not a device's address; give vfio-user:/path/to/socket or a PCI address like 0000:03:00.0",
		address);
}
