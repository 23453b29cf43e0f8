/* SPDX-License-Identifier: BSD-2-Clause
 * How PCI devices are called, by libpci. At an error, as in a broken pci.ids, libpci ends the program unless its error
 * function jumps out of it. */
#include "app_pci.h"

#include <pci/pci.h>
#include <setjmp.h>
#include <stdio.h>

static jmp_buf escape;

static void on_error(char *format, ...) __attribute__((noreturn));
static void on_error(char *format, ...)
{
	(void)format;
	longjmp(escape, 1);
}

static void be_silent(char *format, ...)
{
	(void)format;
}

const char *app_pci_name(const struct vfio_pci *pci, char name[APP_PCI_NAME_BYTES])
{
	static struct pci_access *names; /* has read pci.ids; kept until the program ends */

	if (!names) {
		names = pci_alloc();
		names->error = on_error;
		names->warning = be_silent;
		names->debug = be_silent;
	}
	if (setjmp(escape) != 0)
		snprintf(name, APP_PCI_NAME_BYTES, "Device %04x:%04x", pci->vendor_id, pci->device_id);
	else
		pci_lookup_name(names, name, APP_PCI_NAME_BYTES, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, pci->vendor_id,
			pci->device_id);
	return name;
}
