/* SPDX-License-Identifier: BSD-2-Clause
 * TAP interfaces: Ethernet interfaces of the kernel whose wire is a descriptor. A read of it is a frame that the kernel
 * sends, and a written frame is one that the kernel receives. Needs nothing else of the applications: the programs of
 * tests/ use it as well. */
#ifndef POLLUX_APPS_APP_TAP_H
#define POLLUX_APPS_APP_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Opens a TAP interface, and makes it first where there is none of this name; one that was made here ends with the
 * descriptor. Frames are without FCS, and without anything in front.
 *  @param error  receives a sentence with the remedy
 *  @return a descriptor that does not wait and does not survive an exec, or -errno */
int app_tap_open(const char *name, char *error, size_t error_bytes);

/* What follows returns 0 or -errno. The first two need CAP_NET_ADMIN: a user who was given an interface may use it, and
 * not do these. */

/** Sets the interface up. */
int app_tap_up(const char *name);
/** The longest frame of the interface, without its Ethernet header. */
int app_tap_set_mtu(const char *name, unsigned mtu);
/** Its address. Only while the interface is down, except where its driver allows more, as the kernel's TAP does. */
int app_tap_set_mac(int fd, const uint8_t mac[6]);
/** Whether it has a carrier (Linux 5.0 and later): without one the kernel sends nothing. */
int app_tap_set_carrier(int fd, bool carrier);

#endif
