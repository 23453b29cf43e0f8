/* SPDX-License-Identifier: BSD-2-Clause
 * Reports in files of their own. What a full disk has no room for is printed, as it cannot be measured again. */
#include "gen_save.h"

#include "app_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool gen_save_open(struct gen_save *save, const char *path)
{
	*save = (struct gen_save){.path = path, .fd = -1};
	if (!path)
		return true;
	save->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (save->fd < 0)
		return app_error("%s: %s", path, strerror(errno));
	save->text = open_memstream(&save->data, &save->bytes);
	if (save->text)
		return true;
	close(save->fd);
	return app_error("no memory for %s", path);
}

/* False: errno says why. */
static bool write_all(int fd, const char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = write(fd, data, bytes);
		if (n < 0 && errno != EINTR)
			return false;
		data += n > 0 ? n : 0;
		bytes -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

bool gen_save_end(struct gen_save *save, FILE *instead)
{
	if (!save->text)
		return true;
	bool complete = !ferror(save->text);
	complete = fclose(save->text) == 0 && complete; /* else memory ran out: errno says so */
	int error = complete && write_all(save->fd, save->data, save->bytes) ? 0 : errno;
	error = close(save->fd) < 0 && !error ? errno : error;
	if (error) {
		app_error("%s: %s: it follows here", save->path, strerror(error));
		fwrite(save->data, 1, save->bytes, instead);
		fflush(instead);
	}
	free(save->data);
	save->text = NULL;
	return !error;
}
