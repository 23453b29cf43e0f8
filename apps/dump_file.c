/* SPDX-License-Identifier: BSD-2-Clause
 * The file that a capture is written to: whether it can be, before there is a port, and how it is opened. */
#include "dump_file.h"

#include "app_base.h"
#include "app_output.h"
#include "app_ports.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool dump_check_path(const char *path)
{
	char folder[PATH_MAX];
	struct stat status;
	int error = 0;

	if (!path || strcmp(path, "-") == 0)
		return true;
	if (stat(path, &status) == 0) {
		error = S_ISDIR(status.st_mode) ? EISDIR : euidaccess(path, W_OK) < 0 ? errno : 0;
	} else if (errno != ENOENT) {
		error = errno;
	} else if (lstat(path, &status) < 0) { /* a link to what is not there yet is made by opening it */
		snprintf(folder, sizeof(folder), "%s", path);
		error = euidaccess(dirname(folder), W_OK | X_OK) < 0 ? errno : 0;
	}
	return !error || app_error("%s: %s", path, strerror(error));
}

int dump_open_path(struct app *app, const char *path)
{
	uint64_t end =
		app->options->duration_s > 0 ? app_now_ns() + (uint64_t)(app->options->duration_s * 1e9) : UINT64_MAX;
	int fd;

	while ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666)) < 0) {
		struct stat status;
		if (errno != ENXIO || stat(path, &status) < 0 || !S_ISFIFO(status.st_mode)) {
			app_error("%s: %s", path, strerror(errno));
			return -1;
		}
		if (app_stopping() || app_now_ns() >= end) {
			app_error("%s: nobody has read this FIFO", path);
			return -1;
		}
		if (!app_service(app))
			return -1;
		app_sleep_until(app, app_now_ns() + 20000000);
	}
	return fd;
}
