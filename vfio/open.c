/* SPDX-License-Identifier: BSD-2-Clause
 * Opens a device by its address, which says how the device is reached: through the kernel's VFIO or over vfio-user. */
#include "device.h"
#include "error.h"
#include "kernel/kernel.h"
#include "user/user.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* "dddd:bb:dd.f" or "bb:dd.f", all hexadecimal, the function 0 to 7. A domain behind Intel's VMD has five digits. */
static bool is_pci_address(const char *address)
{
	const char *form = "xx:xx.f";
	size_t digits = strspn(address, "0123456789abcdefABCDEF");

	if (digits >= 4 && digits <= 8 && address[digits] == ':')
		address += digits + 1;
	if (strlen(address) != strlen(form))
		return false;
	for (unsigned i = 0; form[i]; i++) {
		char c = address[i];

		if (form[i] == 'x' ? !isxdigit((unsigned char)c) : form[i] == 'f' ? c < '0' || c > '7' : c != form[i])
			return false;
	}
	return true;
}

int vfio_device_open(struct vfio_device **device, const char *address, struct dma_space *space)
{
	if (!device)
		return pollux_fail(EINVAL, "no place to put the device");
	*device = NULL;
	if (!address || !space)
		return pollux_fail(EINVAL, "a device needs an address and a DMA space");
	if (strnlen(address, VFIO_ADDRESS_MAX) == VFIO_ADDRESS_MAX)
		return pollux_fail(EINVAL, "a device's address has at most %d characters", VFIO_ADDRESS_MAX - 1);
	if (strncmp(address, VFIO_USER_PREFIX, strlen(VFIO_USER_PREFIX)) == 0)
		return vfio_user_open(device, address, space);
	if (is_pci_address(address))
		return vfio_kernel_open(device, address, space);
	return pollux_fail(EINVAL,
		"'%s' is not a device's address; give vfio-user:/path/to/socket or a PCI address like 0000:03:00.0",
		address);
}
