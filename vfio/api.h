/* SPDX-License-Identifier: BSD-2-Clause
 * What makes a function of a public header public. */
#ifndef POLLUX_VFIO_API_H
#define POLLUX_VFIO_API_H

/** Follows each public function's declaration. For the linker the function is called pollux_name, so an application may
 * have a function of its own called nic_open or pkt_alloc. And the library shows it, while it hides all others. */
#define POLLUX_API(name) __asm__("pollux_" #name) __attribute__((visibility("default")))

#endif
