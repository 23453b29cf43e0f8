/* SPDX-License-Identifier: BSD-2-Clause
 * Answering a client's messages. */
#ifndef POLLUX_TESTS_MODEL_SERVER_COMMANDS_H
#define POLLUX_TESTS_MODEL_SERVER_COMMANDS_H

struct server;

/** Handles the whole message in the channel and answers it. @return 0; else the connection is over. */
int server_handle(struct server *server);

#endif
