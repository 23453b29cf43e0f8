/* SPDX-License-Identifier: BSD-2-Clause
 * Serves one page over HTTP on the loopback address, by libmicrohttpd. Whoever can connect is a stranger: connections,
 * what they may send, and how long they may take have limits. */
#include "stats_http.h"

#include "app_output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#define CONNECTIONS      16u
#define CONNECTION_BYTES 16384u /* of a request's head, with what is sent of the answer */
#define CONNECTION_S     5u     /* without progress */

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return MHD_NO;
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *data, size_t *data_bytes, void **request)
{
	stats_page *page = *(stats_page **)context;
	bool head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	char *text;
	size_t bytes;

	(void)version;
	(void)data;
	(void)request;
	/* a body is not read: the answer is the same, and the connection ends */
	if (!head && strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics is all that there is\n");
	if (*data_bytes)
		return MHD_NO;
	if (strcmp(url, "/metrics") != 0)
		return answer_text(connection, MHD_HTTP_NOT_FOUND, "GET /metrics is all that there is\n");
	if (!page(&text, &bytes))
		return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory\n");
	struct MHD_Response *response = MHD_create_response_from_buffer(bytes, text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
	enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

struct MHD_Daemon *stats_http_start(uint16_t *port, stats_page *page)
{
	static stats_page *the_page;
	const struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
	};

	the_page = page;
	/* As with port 0 the library takes no address, the address has it, and the argument for the port is unused. */
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, *port, NULL, NULL, answer,
		&the_page, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&here, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_S, MHD_OPTION_END);
	const union MHD_DaemonInfo *info = daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
	if (!info) {
		app_error("--http: port %u of 127.0.0.1 cannot be had: %s", *port,
			errno ? strerror(errno) : "is another program there?");
		if (daemon)
			MHD_stop_daemon(daemon);
		return NULL;
	}
	*port = info->port;
	return daemon;
}

void stats_http_stop(struct MHD_Daemon *daemon)
{
	if (daemon)
		MHD_stop_daemon(daemon);
}
