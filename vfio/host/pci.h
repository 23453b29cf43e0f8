/* SPDX-License-Identifier: BSD-2-Clause
 * PCI devices as the kernel shows them, before any is opened: which there are, who drives them, which share an IOMMU
 * group. Public for the tools that prepare a machine (pollux-bind, pollux-doctor); an application that moves packets
 * needs driver/nic.h only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VFIO_PCI_DRIVER        "vfio-pci"
#define VFIO_PCI_NAME_BYTES    64
#define VFIO_PCI_ADDRESS_BYTES 20

struct vfio_pci {
	char address[VFIO_PCI_ADDRESS_BYTES]; /* "0000:03:00.0", lower case, as the kernel writes it */
	uint16_t vendor_id, device_id, subsystem_vendor_id, subsystem_id;
	uint16_t class_id;                         /* 0x0200: Ethernet */
	char driver[VFIO_PCI_NAME_BYTES];          /* "": none */
	char driver_override[VFIO_PCI_NAME_BYTES]; /* "": none */
	int group;                                 /* IOMMU group; -1: no IOMMU */
	bool noiommu;                              /* the group is one that VFIO made up, without an IOMMU */
	int numa_node;                             /* -1: unknown */
	char cdev[32];                             /* "vfio0": /dev/vfio/devices/vfio0; "": none */
};

/** Reads a PCI address, as the kernel writes it (0000:03:00.0) or, in domain 0, as lspci does (03:00.0).
 * @param canonical  receives it as the kernel writes it
 * @return false: it is none */
bool vfio_pci_parse(const char *address, char canonical[VFIO_PCI_ADDRESS_BYTES]);

/**
 * Finds one device by its address. Thread-safe. Errors: -EINVAL (not such an address), -ENOENT (no such device),
 * -EPROTO (the kernel says impossible things of it).
 */
int vfio_pci_find(struct vfio_pci *pci, const char *address);

/** All network devices, sorted by address. The caller frees *list. Errors: -ENOENT (no PCI bus to be seen), -ENOMEM. */
int vfio_pci_list(struct vfio_pci **list, unsigned *count);

/** The other devices of the IOMMU group. The caller frees *list. Errors as of vfio_pci_find. */
int vfio_pci_neighbours(const struct vfio_pci *pci, struct vfio_pci **list, unsigned *count);

/** True for a driver (or "") that does no DMA of its own: while it has a device, the kernel still gives out the others
 * of its group. */
bool vfio_pci_harmless(const char *driver);

/** 0; -ENOTSUP, with a sentence, where no IOMMU is between the device and memory. */
int vfio_pci_check_iommu(const struct vfio_pci *pci);

/** True for a network device. */
static inline bool vfio_pci_is_network(const struct vfio_pci *pci)
{
	return pci->class_id >> 8 == 2;
}
