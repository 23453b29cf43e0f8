/* SPDX-License-Identifier: BSD-2-Clause
 * The small files by which the kernel tells of the machine, below /sys, /proc, /dev and /run. */
#ifndef POLLUX_VFIO_HOST_FILES_H
#define POLLUX_VFIO_HOST_FILES_H

#include <linux/limits.h> /* PATH_MAX, which limits.h has under _GNU_SOURCE only */
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Formats a path below the root of the file system. @return false: it does not fit; path is "" then, which nothing
 * opens */
bool vfio_path(char path[PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Reads the first line of a small file (sysfs, proc), without its end. @return false: not to be read; text is "" then
 */
bool vfio_read_line(const char *path, char *text, size_t bytes);

/** Looks at the /sys, /dev, /proc and /run below a folder from now on, instead of at the machine's: for tests and
 * images. The folder's name must stay valid. Before anything else is called. */
void vfio_set_root(const char *folder);

#ifdef __cplusplus
}
#endif
#endif
