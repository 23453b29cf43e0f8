/* SPDX-License-Identifier: BSD-2-Clause
 * Who listens at a UNIX socket's file, and who else is connected to it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * Looks for a client of the server that listens at this path.
 * @param ours  the descriptor of our own connection to it, which does not count; -1: there is none
 * @param pid   receives the client's process, which may be this one; 0: it cannot be seen, because it is another user's
 * @param name  receives that process's name
 * @return false: there is no client, or the kernel does not tell
 */
bool user_holder_find(const char *path, int ours, pid_t *pid, char name[32]);

/** @return whether a process listens at this path. It is false also where the kernel does not tell, as about other
 * network namespaces. */
bool user_holder_listens(const char *path);
