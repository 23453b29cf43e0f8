/* SPDX-License-Identifier: BSD-2-Clause
 * The server's socket and the life of its one client. */
#include "commands.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool find_memory(void *context, uint64_t iova, struct model_extent *extent)
{
	return memory_map_find(((struct server *)context)->memory, iova, extent);
}

static void fire_interrupt(void *context, unsigned vector)
{
	server_irqs_fire(&((struct server *)context)->irqs, vector);
}

/** Makes the image of BAR0: a file that a client can map but neither shrink nor grow, so that our own view of it stays.
 * Each client gets a new one, in the same place: the one before may still have its own mapped. */
static int bar0_open(struct server *server)
{
	int fd = memfd_create("pollux-bar0", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *at = MAP_FAILED;
	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, MODEL_BAR0_BYTES) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		at = mmap(server->bar0, MODEL_BAR0_BYTES, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE | (server->bar0 ? MAP_FIXED : 0), fd, 0);
	if (at == MAP_FAILED) {
		int error = -errno;
		close(fd);
		return error;
	}
	if (server->bar0_fd >= 0)
		close(server->bar0_fd);
	server->bar0 = at;
	server->bar0_fd = fd;
	return 0;
}

/** @return 0: the path is free, or has a socket that nobody listens on. */
static int path_check(const struct sockaddr_un *address)
{
	struct stat status;
	if (lstat(address->sun_path, &status))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno == ECONNREFUSED
			    ? 0
			    : -EADDRINUSE;
	close(fd);
	return error;
}

/** Makes a name in the folder of a path that nobody else has: beside it, or, where that is longer than a socket's may
 * be, by way of the folder's descriptor. @return that, or -1: none was needed, or none can be had */
static int name_beside(const char *path, struct sockaddr_un *beside)
{
	const char *slash = strrchr(path, '/');
	char folder[sizeof(beside->sun_path)] = ".";
	if (snprintf(beside->sun_path, sizeof(beside->sun_path), "%s.%d", path, (int)getpid()) <
		(int)sizeof(beside->sun_path))
		return -1;
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		snprintf(beside->sun_path, sizeof(beside->sun_path), "/proc/self/fd/%d/.pollux-model.%d", fd,
			(int)getpid());
	return fd;
}

/** Listens at a name of its own first, which then gets the path's: who sees the file can connect. */
static int listen_at(struct server *server, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX}, beside = {.sun_family = AF_UNIX};
	struct stat status;
	int named = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (named <= 0)
		return -EINVAL;
	if (named >= (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	int error = path_check(&address);
	if (error)
		return error;
	server->path = strdup(path);
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!server->path || server->listener < 0)
		return server->path ? -errno : -ENOMEM;
	int folder = name_beside(path, &beside);
	if (bind(server->listener, (struct sockaddr *)&beside, sizeof(beside))) {
		error = -errno;
	} else if (listen(server->listener, 8) || stat(beside.sun_path, &status) || rename(beside.sun_path, path)) {
		error = -errno;
		unlink(beside.sun_path);
	} else {
		server->inode = status.st_ino;
	}
	if (folder >= 0)
		close(folder);
	return error;
}

int server_open(struct server **opened, const struct server_config *config, char *error, size_t error_bytes)
{
	int state = -ENOMEM;
	struct server *server = calloc(1, sizeof(*server));
	if (!server)
		goto failed;
	server->listener = server->bar0_fd = server->channel.fd = -1;
	server->no_shared = config->no_shared;
	server_irqs_open(&server->irqs, &server->counts, config->model.interrupts);
	state = bar0_open(server);
	if (state)
		goto failed;
	server->memory = memory_map_open();
	struct model_config model = config->model;
	model.bar0 = server->bar0;
	struct model_host host = {.context = server, .memory = find_memory, .interrupt = fire_interrupt};
	server->model = server->memory ? model_open(&model, &host) : NULL;
	state = server->model ? 0 : -ENOMEM;
	if (!state && config->path)
		state = listen_at(server, config->path);
	if (state)
		goto failed;
	*opened = server;
	return 0;

failed:
	if (state == -EADDRINUSE)
		snprintf(error, error_bytes, "somebody serves at %s already: end it, or choose another path",
			config->path);
	else if (state == -EEXIST)
		snprintf(error, error_bytes, "%s is not a socket: remove it, or choose another path", config->path);
	else if (state == -ENAMETOOLONG)
		snprintf(error, error_bytes, "%s is too long for a socket: %zu bytes at most", config->path,
			sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	else
		snprintf(error, error_bytes, "cannot serve at %s: %s", config->path ? config->path : "(no path)",
			strerror(-state));
	server_close(server);
	return state;
}

/** DMA is stopped first, then the memory that it goes to is unmapped. */
static void disconnect(struct server *server)
{
	if (server->channel.fd < 0)
		return;
	model_function_reset(server->model);
	memory_map_clear(server->memory);
	model_memory_changed(server->model);
	server_irqs_close(&server->irqs);
	channel_close(&server->channel);
	server->greeted = false;
}

void server_close(struct server *server)
{
	struct stat status;
	if (!server)
		return;
	disconnect(server);
	if (server->inode && !lstat(server->path, &status) && status.st_ino == server->inode)
		unlink(server->path);
	server_irqs_free(&server->irqs);
	if (server->listener >= 0)
		close(server->listener);
	if (server->model)
		model_close(server->model);
	memory_map_close(server->memory);
	if (server->bar0)
		munmap(server->bar0, MODEL_BAR0_BYTES);
	if (server->bar0_fd >= 0)
		close(server->bar0_fd);
	free(server->path);
	free(server);
}

int server_adopt(struct server *server, int fd)
{
	int error = server->channel.fd >= 0 ? -EBUSY : server->counts.clients ? bar0_open(server) : 0;
	if (error) {
		server->counts.refused++;
		close(fd);
		return error;
	}
	channel_open(&server->channel, fd);
	server->counts.clients++;
	return 0;
}

/** Handles what the client has sent. @return messages handled, and one more if it went. */
static unsigned serve(struct server *server, unsigned most)
{
	struct channel *channel = &server->channel;
	for (unsigned done = 0; done < most; done++) {
		int state = channel_receive(channel);
		if (state == 0)
			return done;
		if (state == -EMSGSIZE) {
			server->counts.messages++;
			server->counts.errors++;
			channel_reply(channel, EMSGSIZE, 0, -1);
		}
		if (state == 1) {
			state = server_handle(server);
			channel_next(channel);
		}
		if (state) {
			/* A peer may leave at any time. Other ends of a connection are the peer's fault, and counted.
			 */
			server->counts.broken += state == -EMSGSIZE || state == -EPROTO;
			disconnect(server);
			return done + 1;
		}
	}
	return most;
}

/** Whether a client has closed its end. What it sent before that can have no answer. */
static bool hung_up(int fd)
{
	struct pollfd client = {.fd = fd};
	return fd >= 0 && poll(&client, 1, 0) > 0 && (client.revents & POLLHUP);
}

unsigned server_poll(struct server *server, unsigned most)
{
	unsigned done = 0;
	if (server->channel.fd >= 0) {
		if (memory_map_lost(server->memory)) {
			server->counts.broken++;
			disconnect(server);
			done++;
		} else {
			done += serve(server, most);
		}
	}
	if (server->listener < 0 || (server->channel.fd >= 0 && most && done >= most))
		return done;
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return done;
	/* The client before may have hung up since we looked. Only now that the next one is in can that be told for
	 * certain. */
	if (hung_up(server->channel.fd))
		disconnect(server);
	server_adopt(server, fd);
	return done + 1;
}

unsigned server_poll_fds(const struct server *server, struct pollfd *fds)
{
	unsigned count = 0;
	if (server->listener >= 0)
		fds[count++] = (struct pollfd){.fd = server->listener, .events = POLLIN};
	if (server->channel.fd >= 0) {
		bool waiting = server->channel.out_sent < server->channel.out_bytes;
		fds[count++] = (struct pollfd){.fd = server->channel.fd, .events = waiting ? POLLOUT : POLLIN};
	}
	return count;
}

bool server_connected(const struct server *server)
{
	return server->channel.fd >= 0;
}

struct model *server_model(struct server *server)
{
	return server->model;
}

const struct server_counts *server_counts(const struct server *server)
{
	return &server->counts;
}
