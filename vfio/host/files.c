/* SPDX-License-Identifier: BSD-2-Clause
 * Paths and lines of the files by which the kernel tells of the machine. */
#include "files.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *root = "";

void vfio_set_root(const char *folder)
{
	root = folder;
}

bool vfio_path(char path[PATH_MAX], const char *format, ...)
{
	char below[PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	int bytes = vsnprintf(below, sizeof(below), format, arguments);
	va_end(arguments);
	if (bytes >= 0 && bytes < PATH_MAX && snprintf(path, PATH_MAX, "%s%s", root, below) < PATH_MAX)
		return true;
	path[0] = '\0';
	return false;
}

bool vfio_read_line(const char *path, char *text, size_t bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, bytes - 1);

	if (fd >= 0)
		close(fd);
	text[length < 0 ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return length >= 0;
}

const char *vfio_read_link(const char *path, char target[PATH_MAX])
{
	ssize_t length = readlink(path, target, PATH_MAX - 1);

	if (length <= 0)
		return NULL;
	target[length] = '\0';
	const char *slash = strrchr(target, '/');
	return slash ? slash + 1 : target;
}
