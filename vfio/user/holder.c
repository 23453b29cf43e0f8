/* SPDX-License-Identifier: BSD-2-Clause
 * Who listens at a UNIX socket's file, and who else is connected to it. The kernel lists all UNIX sockets to anybody
 * (NETLINK_SOCK_DIAG). A socket that a server has accepted is listed with the file that the server listens at, and with
 * the number of the socket at the other end. By that number /proc shows whose it is. */
#include "holder.h"

#include "../host/use.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#define STATE_ESTABLISHED 1 /* TCP_ESTABLISHED and TCP_LISTEN, as the kernel calls them for UNIX sockets too */
#define STATE_LISTENING   10
#define ANSWER_BYTES      32768

struct search {
	uint32_t inode, device; /* of the file, as the kernel numbers them */
	uint32_t own_socket;    /* the number of our own socket, which does not count; 0: we have none */
	uint32_t client_socket; /* found: the number of another client's socket; 0: none yet */
	bool listener;          /* found: a socket that listens at the file */
};

/* Asks the kernel for its list, to be read from fd. */
static bool ask(int fd)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req request;
	} message = {
		.head = {.nlmsg_len = sizeof(message),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request =
			{
				.sdiag_family = AF_UNIX,
				.udiag_states = 1u << STATE_ESTABLISHED | 1u << STATE_LISTENING,
				.udiag_show = UDIAG_SHOW_VFS | UDIAG_SHOW_PEER,
				.udiag_cookie = {UINT32_MAX, UINT32_MAX},
			},
	};
	const struct timeval limit = {.tv_sec = 1};

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	       send(fd, &message, sizeof(message), 0) == (ssize_t)sizeof(message);
}

/* Looks at one socket of the list. A connection that its server has not accepted yet has number 0, and does not count.
 */
static void look(struct search *search, const struct nlmsghdr *message)
{
	const struct unix_diag_msg *socket = NLMSG_DATA(message);
	int left = (int)message->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*socket));
	const struct unix_diag_vfs *file = NULL;
	uint32_t peer = 0;

	for (const struct rtattr *a = (const void *)(socket + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == UNIX_DIAG_VFS && RTA_PAYLOAD(a) >= sizeof(*file))
			file = RTA_DATA(a);
		else if (a->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(a) >= sizeof(peer))
			memcpy(&peer, RTA_DATA(a), sizeof(peer));
	}
	if (!file || file->udiag_vfs_ino != search->inode || file->udiag_vfs_dev != search->device)
		return;
	if (socket->udiag_state == STATE_LISTENING)
		search->listener = true;
	else if (socket->udiag_ino && peer && peer != search->own_socket)
		search->client_socket = peer;
}

/* Reads a piece of the list. @return false: that was all */
static bool read_some(struct search *search, int fd)
{
	union {
		struct nlmsghdr head;
		char bytes[ANSWER_BYTES];
	} answer;
	ssize_t got = recv(fd, &answer, sizeof(answer), 0);
	unsigned left = got > 0 ? (unsigned)got : 0;
	bool more = got > 0;

	for (const struct nlmsghdr *m = &answer.head; more && NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
		more = m->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		       m->nlmsg_len >= NLMSG_LENGTH(sizeof(struct unix_diag_msg));
		if (more)
			look(search, m);
	}
	return more;
}

/* Looks through all sockets for those of the file. @return false: the file is no socket, or the kernel does not tell */
static bool look_for(struct search *search, const char *path)
{
	struct stat file;
	int fd;

	if (stat(path, &file) != 0 || !S_ISSOCK(file.st_mode) ||
		(fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) < 0)
		return false;
	search->inode = (uint32_t)file.st_ino;
	search->device = major(file.st_dev) << 20 | minor(file.st_dev);
	const bool asked = ask(fd);
	while (asked && read_some(search, fd))
		;
	close(fd);
	return asked;
}

bool user_holder_find(const char *path, int ours, pid_t *pid, char name[32])
{
	struct search search = {.own_socket = 0};
	char target[32];
	const char *const targets[2] = {target, ""};
	struct stat own;

	*pid = 0;
	name[0] = '\0';
	if (ours >= 0 && fstat(ours, &own) == 0)
		search.own_socket = (uint32_t)own.st_ino;
	if (!look_for(&search, path) || !search.client_socket)
		return false;
	snprintf(target, sizeof(target), "socket:[%u]", search.client_socket);
	*pid = vfio_opener_of(targets, 0, name);
	return true;
}

bool user_holder_listens(const char *path)
{
	struct search search = {.own_socket = 0};

	return look_for(&search, path) && search.listener;
}
