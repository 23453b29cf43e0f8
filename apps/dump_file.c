/* SPDX-License-Identifier: BSD-2-Clause
 * Where a capture goes. */
#include "dump_file.h"

#include "app_base.h"
#include "app_output.h"
#include "app_ports.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZES               (sizeof(((struct dump_file *)0)->sizes) / sizeof(uint32_t))
#define RECORD_HEADER_BYTES 16u /* in front of each frame */

static bool is_path(const struct dump_file *file)
{
	return file->path && strcmp(file->path, "-") != 0;
}

/* Names the file that begins now. False, and printed: that is too long. */
static bool name_file(const struct dump_file *file, char *name)
{
	char timed[PATH_MAX] = "", number[16] = "";
	const char *path = file->seconds ? timed : file->path;
	int digits = 0;
	struct tm tm;

	if (file->seconds)
		strftime(timed, sizeof(timed), file->path, localtime_r(&file->began, &tm));
	for (unsigned last = file->count_limit ? file->count_limit - 1 : 0; last > 0; last /= 10)
		digits++;
	if (file->bytes_limit && (file->number || digits))
		snprintf(number, sizeof(number), "%0*u", digits, file->number);
	return (*path && snprintf(name, PATH_MAX, "%s%s", path, number) < PATH_MAX) ||
	       app_error("%s: too long a name", file->path);
}

bool dump_file_check(struct dump_file *file)
{
	char folder[PATH_MAX];
	struct stat status;
	int error = 0;

	file->began = time(NULL);
	if (!is_path(file))
		return true;
	if (!name_file(file, file->name))
		return false;
	if (stat(file->name, &status) == 0) {
		error = S_ISDIR(status.st_mode) ? EISDIR : euidaccess(file->name, W_OK) < 0 ? errno : 0;
	} else if (errno != ENOENT) {
		error = errno;
	} else if (lstat(file->name, &status) < 0) { /* a link to what is not there yet is made by opening it */
		snprintf(folder, sizeof(folder), "%s", file->name);
		error = euidaccess(dirname(folder), W_OK | X_OK) < 0 ? errno : 0;
	}
	return !error || app_error("%s: %s", file->name, strerror(error));
}

/* @return a descriptor; -1: failed, for the reason in errno */
static int open_path(const char *name)
{
	return open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
}

/* Begins a file at an open descriptor. */
static bool begin(struct dump_file *file, int fd, bool lines)
{
	file->out = app_output_open(fd, file->name, lines && (fd == STDERR_FILENO || isatty(fd)));
	if (!file->out)
		return app_error("%s: no memory", file->name);
	if (!lines && !(file->dumper = pcap_dump_fopen(file->pcap, file->out)))
		return app_error("%s: %s", file->name, pcap_geterr(file->pcap));
	file->unflushed = !lines; /* the capture's header, whose flush shows whether the file can be written */
	file->frames = 0;
	file->bytes = lines ? 0 : sizeof(struct pcap_file_header);
	app_add(&file->files, 1);
	return true;
}

bool dump_file_open(struct dump_file *file, struct app *app)
{
	uint64_t end =
		app->options->duration_s > 0 ? app_now_ns() + (uint64_t)(app->options->duration_s * 1e9) : UINT64_MAX;
	bool json = app->options->json;
	struct stat status;
	int fd;

	if (!is_path(file)) {
		strcpy(file->name, json ? "stderr" : "stdout");
		return begin(file, json ? STDERR_FILENO : STDOUT_FILENO, !file->path);
	}
	file->began = time(NULL);
	if (!name_file(file, file->name))
		return false;
	while ((fd = open_path(file->name)) < 0) {
		if (errno != ENXIO || stat(file->name, &status) < 0 || !S_ISFIFO(status.st_mode))
			return app_error("%s: %s", file->name, strerror(errno));
		if (app_stopping() || app_now_ns() >= end)
			return app_error("%s: nobody has read this FIFO", file->name);
		if (!app_service(app))
			return false;
		app_sleep_until(app, app_now_ns() + 20000000);
	}
	return begin(file, fd, false);
}

void dump_file_flush(struct dump_file *file)
{
	uint64_t written = app_output_written(file->out), at = file->bytes, lost = 0;

	for (; at > written && lost < file->frames; lost++)
		at -= file->sizes[(file->frames - lost - 1) % SIZES];
	/* so that they are counted once */
	app_add(&file->lost, lost);
	file->frames = 0;
}

bool dump_file_close(struct dump_file *file)
{
	if (!file->out)
		return !file->failed;
	dump_file_flush(file);
	bool good = app_output_end(file->out);
	if (file->dumper)
		pcap_dump_close(file->dumper);
	else
		fclose(file->out);
	file->out = NULL;
	file->dumper = NULL;
	return good;
}

/* Closes the file and begins the one whose number and time are set. */
static void begin_next(struct dump_file *file)
{
	int fd;

	file->failed = !dump_file_close(file) || !name_file(file, file->name);
	if (file->failed)
		return;
	fd = open_path(file->name);
	file->failed = fd < 0 ? !app_error("%s: %s", file->name, strerror(errno)) : !begin(file, fd, false);
}

bool dump_file_turn(struct dump_file *file, time_t now)
{
	char name[PATH_MAX];

	if (file->failed || ferror(file->out))
		return false;
	if (!file->seconds || now < file->began + (time_t)file->seconds)
		return true;
	file->began += (now - file->began) / file->seconds * file->seconds;
	if (!file->bytes_limit && ++file->periods == file->count_limit)
		return false;
	/* A file goes on while its name does: the next one would overwrite it. */
	file->failed = !name_file(file, name);
	if (!file->failed && strcmp(name, file->name) != 0) {
		file->number = 0;
		begin_next(file);
	}
	return !file->failed;
}

/* @return bytes */
static uint32_t print_line(FILE *out, const struct pcap_pkthdr *header, const uint8_t *d)
{
	char at[32] = "", who[64] = "";
	struct tm tm;
	time_t seconds = header->ts.tv_sec;

	strftime(at, sizeof(at), "%H:%M:%S", localtime_r(&seconds, &tm));
	if (header->caplen >= NIC_HEADER_BYTES)
		snprintf(who, sizeof(who),
			"%02x:%02x:%02x:%02x:%02x:%02x > %02x:%02x:%02x:%02x:%02x:%02x type 0x%02x%02x ", d[6], d[7],
			d[8], d[9], d[10], d[11], d[0], d[1], d[2], d[3], d[4], d[5], d[12], d[13]);
	return (uint32_t)fprintf(out, "%s.%09ld %slength %u\n", at, (long)header->ts.tv_usec, who, header->len);
}

void dump_file_write(struct dump_file *file, const struct pcap_pkthdr *header, const uint8_t *data)
{
	uint32_t *size = &file->sizes[file->frames % SIZES];

	if (file->bytes_limit && file->bytes > file->bytes_limit && !file->failed) {
		file->number = file->number + 1 == file->count_limit ? 0 : file->number + 1;
		begin_next(file);
		size = &file->sizes[0];
	}
	if (file->failed) {
		app_add(&file->lost, 1);
		return;
	}
	*size = RECORD_HEADER_BYTES + header->caplen;
	if (file->dumper)
		pcap_dump((uint8_t *)file->dumper, header, data);
	else
		*size = print_line(file->out, header, data);
	file->bytes += *size;
	file->frames++;
	file->unflushed = true;
}

bool dump_file_offer(struct dump_file *file)
{
	if (file->failed)
		return false;
	int flushed = file->unflushed ? app_output_offer(file->out) : 1;

	file->unflushed = flushed == 0;
	return flushed >= 0;
}
