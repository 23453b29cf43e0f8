/* SPDX-License-Identifier: BSD-2-Clause
 * Serves one page over HTTP on the loopback address, by libmicrohttpd. Whoever can connect is a stranger: connections,
 * what they may send, and how long they may take have limits. */
#include "stats_http.h"

#include "app_base.h"
#include "app_output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECTIONS      16u
#define CONNECTION_BYTES 16384u               /* of a request's head, with what is sent of the answer */
#define CONNECTION_NS    UINT64_C(5000000000) /* to send the whole request, and as long again to take the answer */

/* libmicrohttpd limits the time without progress, and a byte a second is progress: the time of a whole connection is
 * counted here. */
static struct client {
	int socket;
	uint64_t until_ns; /* 0: nobody */
} clients[CONNECTIONS];

static void note_client(
	void *context, struct MHD_Connection *connection, void **client, enum MHD_ConnectionNotificationCode change)
{
	struct client *c = change == MHD_CONNECTION_NOTIFY_STARTED ? clients : *client;

	(void)context;
	while (change == MHD_CONNECTION_NOTIFY_STARTED && c->until_ns)
		c++; /* there are no more connections than clients */
	c->socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	c->until_ns = change == MHD_CONNECTION_NOTIFY_STARTED ? app_now_ns() + CONNECTION_NS : 0;
	*client = c;
}

/* libmicrohttpd closes a connection that is shut down, as if the other end had done so. */
static void end_slow_clients(void)
{
	for (struct client *c = clients; c < clients + CONNECTIONS; c++)
		if (c->until_ns && c->until_ns < app_now_ns())
			shutdown(c->socket, SHUT_RDWR);
}

/* The last answer of its connection, so that each gets its time once. */
static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, char *text, size_t bytes,
	enum MHD_ResponseMemoryMode memory)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(bytes, text, memory);
	struct client *client = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

	if (!response)
		return MHD_NO;
	client->until_ns = app_now_ns() + CONNECTION_NS;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(void *page, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *data, size_t *data_bytes, void **request)
{
	static char other[] = "GET /metrics is all that there is\n", no_memory[] = "no memory\n";
	unsigned status = MHD_HTTP_OK;
	char *text;
	size_t bytes;

	(void)version;
	(void)data;
	(void)request;
	/* a body is not read: the answer is the same, and the connection ends */
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
	else if (*data_bytes)
		return MHD_NO;
	else if (strcmp(url, "/metrics") != 0)
		status = MHD_HTTP_NOT_FOUND;
	if (status != MHD_HTTP_OK)
		return answer_text(connection, status, other, sizeof(other) - 1, MHD_RESPMEM_PERSISTENT);
	if ((*(stats_page **)page)(&text, &bytes))
		return answer_text(connection, status, text, bytes, MHD_RESPMEM_MUST_FREE);
	return answer_text(
		connection, MHD_HTTP_INTERNAL_SERVER_ERROR, no_memory, sizeof(no_memory) - 1, MHD_RESPMEM_PERSISTENT);
}

bool stats_http_serve(uint16_t port, stats_page *page)
{
	const struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
	};
	/* As with port 0 the library takes no address, the address has it, and the argument for the port is unused. */
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL, port, NULL, NULL, answer, &page,
		MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&here, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_NOTIFY_CONNECTION, note_client,
		NULL, MHD_OPTION_END);
	const union MHD_DaemonInfo *bound = daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
	struct pollfd fds[2] = {0};

	if (bound) {
		printf("serving http://127.0.0.1:%u/metrics\n", bound->port);
		fflush(stdout);
		fds[1].fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
		fds[1].events = POLLIN;
	} else {
		app_error("--http: port %u of 127.0.0.1 cannot be had: %s", port,
			errno ? strerror(errno) : "is another program there?");
	}
	while (bound && !app_stopping()) {
		MHD_UNSIGNED_LONG_LONG wait_ms;
		if (MHD_get_timeout(daemon, &wait_ms) != MHD_YES || wait_ms > 500)
			wait_ms = 500;
		app_sleep(fds, 2, app_now_ns() + wait_ms * 1000000);
		MHD_run(daemon);
		end_slow_clients();
	}
	if (daemon)
		MHD_stop_daemon(daemon);
	return bound;
}
