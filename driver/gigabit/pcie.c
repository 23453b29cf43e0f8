/* SPDX-License-Identifier: BSD-2-Clause
 * The PCIe capability of the gigabit chips, for settings that are good to have and that no port depends on. The
 * kernel's VFIO drops most writes to it without a word, so what was written is read back. */
#include "../../vfio/device.h"
#include "gigabit.h"

#include <linux/pci_regs.h>

/* vfio_config_read is not used for the registers: it would note a refusal, as if the port had failed. */
bool gigabit_pcie_read(struct nic *nic, unsigned offset, uint16_t *value)
{
	struct vfio_device *device = nic->device;
	unsigned pcie = vfio_find_capability(device, PCI_CAP_ID_EXP);
	uint8_t bytes[2];
	if (!pcie || vfio_access(device, VFIO_PCI_CONFIG_REGION_INDEX, pcie + offset, bytes, NULL, 2) != 0)
		return false;
	*value = (uint16_t)(bytes[0] | bytes[1] << 8);
	return true;
}

bool gigabit_pcie_write(struct nic *nic, unsigned offset, uint16_t value)
{
	struct vfio_device *device = nic->device;
	unsigned pcie = vfio_find_capability(device, PCI_CAP_ID_EXP);
	const uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
	uint16_t now;
	return pcie && vfio_access(device, VFIO_PCI_CONFIG_REGION_INDEX, pcie + offset, NULL, bytes, 2) == 0 &&
	       gigabit_pcie_read(nic, offset, &now) && now == value;
}
