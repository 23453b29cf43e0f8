/* SPDX-License-Identifier: BSD-2-Clause
 * Which processes have a PCI device open through VFIO. */
#pragma once

#include "pci.h"

#include <sys/types.h>

/** The process, other than this one, that has the device open through VFIO; 0: none that can be seen. Other users'
 * processes can be seen by root only. */
pid_t vfio_pci_opener(const struct vfio_pci *pci, char name[32]);

/** A process other than `except` that has one of two files open; 0: none that can be seen. The files are named as the
 * links below /proc/PID/fd name them, "/dev/vfio/14" or "socket:[4711]"; the second may be "". */
pid_t vfio_opener_of(const char *const targets[2], pid_t except, char name[32]);
