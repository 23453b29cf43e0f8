/* SPDX-License-Identifier: BSD-2-Clause
 * Who listens at a UNIX socket's file, and who else is connected to it. */
#ifndef POLLUX_VFIO_USER_HOLDER_H
#define POLLUX_VFIO_USER_HOLDER_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * Looks for a connection to the socket at this path that its server has taken, other than our own.
 * @param ours  our end, or -1
 * @param pid   receives who has it: our own process too; 0: it cannot be seen, because it is another user's
 * @param name  of that process
 * @return false: nobody, or the kernel does not tell
 */
bool user_holder_find(const char *path, int ours, pid_t *pid, char name[32]);

/** @return whether a process listens at this file. false: none does, or the kernel does not tell, as of another network
 * namespace */
bool user_holder_listens(const char *path);

#endif
