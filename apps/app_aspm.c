/* SPDX-License-Identifier: BSD-2-Clause
 * Power saving of a device's PCI Express link (ASPM), as sysfs tells of it. */
#include "app_aspm.h"

#include "../vfio/host/files.h"

#include <stdio.h>
#include <string.h>

const char *const app_aspm_files[APP_ASPM_STATES] = {"l0s_aspm", "l1_aspm"};

bool app_aspm_is_on(const char *address, unsigned state, bool *known)
{
	char path[PATH_MAX], text[8];

	vfio_path(path, "/sys/bus/pci/devices/%s/link/%s", address, app_aspm_files[state]);
	*known = vfio_read_line(path, text, sizeof(text));
	return text[0] == '1';
}

bool app_aspm_text(const char *address, char text[16])
{
	static const char *const names[APP_ASPM_STATES] = {"L0s", "L1"};
	bool any_known = false, any_on = false, known;

	text[0] = '\0';
	for (unsigned i = 0; i < APP_ASPM_STATES; i++) {
		bool on = app_aspm_is_on(address, i, &known);

		if (on)
			snprintf(text + strlen(text), 16 - strlen(text), "%s%s", any_on ? ", " : "", names[i]);
		any_on = any_on || on;
		any_known = any_known || known;
	}
	if (any_known && !any_on)
		strcpy(text, "off");
	return any_on;
}
