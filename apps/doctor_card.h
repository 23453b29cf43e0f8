/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-doctor's report on one card, for a diagnosis from afar: what can be seen of it from outside, and, opened, what
 * it says of itself. */
#ifndef POLLUX_APPS_DOCTOR_CARD_H
#define POLLUX_APPS_DOCTOR_CARD_H

#include "../vfio/host/pci.h"

/** Gathers what can be seen from outside, and tells findings of what makes the card slow.
 * @param pci  NULL: a software card */
void doctor_card_look(const char *address, const struct vfio_pci *pci);

/** Opens and starts the card, serves it until its link is up, for wait_s at most or until the program is asked to stop,
 * gathers what it says of itself, and closes it. Tells findings of all that fails. Says on stderr that it waits. */
void doctor_card_open(const char *address, double wait_s);

/** Whether the wait for the link was interrupted: then nothing is known of the link. */
bool doctor_card_interrupted(void);

/** Prints the report. In JSON it is a member "card", with a comma in front. */
void doctor_card_print(const char *address);

#endif
