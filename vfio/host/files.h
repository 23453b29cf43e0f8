/* SPDX-License-Identifier: BSD-2-Clause
 * The small files by which the kernel tells of the machine, below /sys, /proc, /dev and /run. */
#pragma once

#include <linux/limits.h> /* PATH_MAX, which limits.h has under _GNU_SOURCE only */
#include <stdbool.h>
#include <stddef.h>

/** Formats a path below the root of the file system. @return false: the path is too long; it is "" then, which opens
 * nothing */
bool vfio_path(char path[PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Reads the first line of a small file (sysfs, proc), without its end. @return false: it cannot be read; text is ""
 * then
 */
bool vfio_read_line(const char *path, char *text, size_t bytes);

/** Reads what a symbolic link points to. @return the last part of that, inside target; NULL: there is no such link */
const char *vfio_read_link(const char *path, char target[PATH_MAX]);

/** Looks at the /sys, /dev, /proc and /run below a folder from now on, instead of at the machine's: for tests and
 * images. The folder's name must stay valid. Before anything else is called. */
void vfio_set_root(const char *folder);
