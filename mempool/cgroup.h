/* SPDX-License-Identifier: BSD-2-Clause
 * What memory cgroups leave to this process: beyond it the kernel does not refuse ordinary pages, it kills. */
#pragma once

#include <limits.h>
#include <stdint.h>

/** How many bytes the process may still take, including what the kernel can take back from file caches; UINT64_MAX:
 * there is no limit.
 *  @param file  receives the name of the file that sets the limit, "" without one */
uint64_t cgroup_memory_left(char file[PATH_MAX]);
