/* SPDX-License-Identifier: BSD-2-Clause
 * How a program writes, so that a reader that stands still does not keep it from serving its ports and obeying
 * signals. Other programs have the same open files (a shell its terminal, another writer its pipe), and O_NONBLOCK
 * would be theirs too: it is set only where the file could be opened once more. */
#include "app_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES 65536u
#define WAIT_MS      1000 /* without any progress */
#define OUTPUTS      8
#define SLICE_MS     20 /* between looks at whether the program is to end */

enum method {
	BY_WRITE, /* write() never waits for a reader: a regular file, or an open file of our own that does not block */
	BY_SEND,  /* a socket */
	BY_PIECES, /* a pipe that could not be opened once more: pieces that fit, when poll says that there is room */
	BY_BYTES,  /* a terminal that could not: single bytes, as poll promises room for no more */
};

/* A stream. Used under the lock of its FILE. */
struct output {
	FILE *file;
	const char *name;
	int fd;
	enum method method;
	bool lossless;      /* it waits for room, rather than leave something out */
	bool must_not_wait; /* what finds no room now becomes pending */
	bool stuck;         /* waiting was in vain, and there was no room since */
	int error;          /* of the first write that failed; 0: none did */
	unsigned long long written_bytes, lost_bytes;
	/* The end of a text whose beginning was written, or what was offered. It is written before anything else. */
	size_t pending_bytes;
	char pending[BUFFER_BYTES];
	char buffer[BUFFER_BYTES]; /* the FILE's */
};

static struct output outputs[OUTPUTS]; /* stdout, stderr, and a program's own; a file of NULL: free */
static atomic_bool hurry;

static void print_sentence(const char *opening, const char *format, va_list arguments)
{
	flockfile(stderr);
	fprintf(stderr, "%s: ", opening);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	funlockfile(stderr);
}

bool app_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_sentence(program_invocation_short_name, format, arguments);
	va_end(arguments);
	return false;
}

void app_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_sentence("note", format, arguments);
	va_end(arguments);
}

void app_output_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd) {
			app_error("descriptor %d is closed, and /dev/null cannot be opened instead: %s", fd,
				strerror(errno));
			exit(EXIT_FAILURE);
		}
	}
	signal(SIGXFSZ, SIG_IGN);
}

void app_output_hurry(void)
{
	atomic_store_explicit(&hurry, true, memory_order_relaxed);
}

/* Writes as write() does, but fails with EAGAIN where that would wait. */
static ssize_t write_some(const struct output *o, const char *data, size_t n)
{
	struct pollfd room = {.fd = o->fd, .events = POLLOUT};

	if (o->method == BY_SEND)
		return send(o->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (o->method != BY_WRITE) {
		size_t most = o->method == BY_BYTES ? 1 : PIPE_BUF;
		if (poll(&room, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		n = n < most ? n : most;
	}
	return write(o->fd, data, n);
}

/* False: no room came in time. */
static bool wait_for_room(const struct output *o)
{
	struct pollfd room = {.fd = o->fd, .events = POLLOUT};

	for (int left = WAIT_MS; left > 0;) {
		if (poll(&room, 1, SLICE_MS) > 0)
			return true;
		if (!o->lossless || atomic_load_explicit(&hurry, memory_order_relaxed))
			left -= SLICE_MS;
	}
	return false;
}

/* Writes until all is written, no room comes in time, or a write fails. @return how many bytes were written */
static size_t write_most(struct output *o, const char *data, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t some = write_some(o, data + done, n - done);
		if (some >= 0) {
			done += (size_t)some;
			o->written_bytes += (size_t)some;
			o->stuck = false;
		} else if (errno == EAGAIN) {
			o->stuck = o->stuck || (!o->must_not_wait && !wait_for_room(o));
			if (o->stuck || o->must_not_wait)
				break;
		} else if (errno != EINTR) {
			o->error = o->error ? o->error : errno;
			break;
		}
	}
	return done;
}

static void write_pending(struct output *o)
{
	size_t done = write_most(o, o->pending, o->pending_bytes);

	o->pending_bytes -= done;
	memmove(o->pending, o->pending + done, o->pending_bytes);
}

/* What FILE calls to write. Bytes left out because a reader stands still are counted, and no error of the stream. */
static ssize_t output_write(void *cookie, const char *data, size_t n)
{
	struct output *o = cookie;
	int failed_before = o->error;

	/* What leaves nothing out ends where something was: behind a gap nobody could read the rest. */
	bool has_ended = o->lossless && o->lost_bytes;
	write_pending(o);
	size_t done = o->pending_bytes || has_ended ? 0 : write_most(o, data, n);
	if (done == n)
		return (ssize_t)n;
	bool keep = (o->must_not_wait && !has_ended) || (done > 0 && !o->lossless);
	if (keep && !o->pending_bytes && n - done <= sizeof(o->pending) && o->error == failed_before) {
		o->pending_bytes = n - done;
		memcpy(o->pending, data + done, n - done);
		return (ssize_t)n;
	}
	o->lost_bytes += n - done;
	if (o->error)
		errno = o->error;
	return o->error ? 0 : (ssize_t)n;
}

static int output_close(void *cookie)
{
	struct output *o = cookie;

	o->file = NULL;
	return o->fd > STDERR_FILENO ? close(o->fd) : 0;
}

/* Finds how to write to fd without waiting. */
static void choose_method(struct output *o, int fd)
{
	char path[32];
	struct stat status;

	o->fd = fd;
	o->method = BY_WRITE;
	if (fstat(fd, &status) < 0 || !(S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode) || isatty(fd)) ||
		(fcntl(fd, F_GETFL) & O_NONBLOCK))
		return;
	o->method = BY_SEND;
	if (S_ISSOCK(status.st_mode))
		return;
	/* Opening once more fails where the pipe or terminal is another user's, or /proc is not there. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	o->method = own >= 0 ? BY_WRITE : isatty(fd) ? BY_BYTES : BY_PIECES;
	o->fd = own < 0 ? fd : own;
}

static FILE *open_stream(int fd, const char *name, bool lines, bool lossless)
{
	static const cookie_io_functions_t functions = {.write = output_write, .close = output_close};
	struct output *o = outputs;

	while (o < outputs + OUTPUTS && o->file)
		o++;
	if (o == outputs + OUTPUTS)
		return NULL;
	memset(o, 0, offsetof(struct output, pending));
	if (!(o->file = fopencookie(o, "w", functions)))
		return NULL;
	o->name = name;
	o->lossless = lossless;
	choose_method(o, fd);
	setvbuf(o->file, o->buffer, lines ? _IOLBF : _IOFBF, sizeof(o->buffer));
	return o->file;
}

FILE *app_output_open(int fd, const char *name, bool lines)
{
	return open_stream(fd, name, lines, true);
}

void app_output_unblock(void)
{
	FILE *out = open_stream(STDOUT_FILENO, "stdout", isatty(STDOUT_FILENO), false);
	FILE *error = open_stream(STDERR_FILENO, "stderr", true, false);

	fflush(stdout);
	stdout = out ? out : stdout;
	stderr = error ? error : stderr;
}

static struct output *output_of(const FILE *file)
{
	for (unsigned i = 0; i < OUTPUTS; i++)
		if (outputs[i].file == file)
			return &outputs[i];
	return NULL;
}

int app_output_offer(FILE *file)
{
	struct output *o = output_of(file);

	o->must_not_wait = true;
	write_pending(o);
	if (!o->pending_bytes && !o->error)
		fflush(file);
	o->must_not_wait = false;
	return o->error ? -1 : o->pending_bytes == 0;
}

unsigned long long app_output_written(FILE *file)
{
	struct output *o = output_of(file);

	fflush(file);
	write_pending(o);
	return o->written_bytes;
}

/* Whether a reader is gone. The write that failed may be long ago, and errno of something else: so the descriptor is
 * asked as well. */
static bool reader_left(int fd, int error)
{
	struct pollfd out = {.fd = fd};

	return error == EPIPE || (poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)));
}

bool app_output_end(FILE *file)
{
	struct output not_ours = {.fd = fileno(file), .name = file == stderr ? "stderr" : "stdout"},
		      *o = output_of(file);

	o = o ? o : &not_ours;
	errno = 0;
	bool flushed = fflush(file) == 0 && !ferror(file);
	int error = o->error ? o->error : errno;
	write_pending(o);
	unsigned long long lost = o->lost_bytes + o->pending_bytes;
	o->lost_bytes = o->pending_bytes = 0;
	clearerr(file); /* so that it is not told a second time */
	if ((flushed && lost == 0) || reader_left(o->fd, error))
		return true;
	if (o == &not_ours)
		return app_error("%s: not all could be written: is there room?", o->name);
	return app_error("%s: %llu bytes were not written: %s", o->name, lost,
		error ? strerror(error) : "its reader stands still");
}

bool app_output_end_all(void)
{
	bool good = app_output_end(stdout);

	return app_output_end(stderr) && good;
}
