/* SPDX-License-Identifier: BSD-2-Clause
 * A page over HTTP, for this machine only. */
#ifndef POLLUX_APPS_STATS_HTTP_H
#define POLLUX_APPS_STATS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Makes the page. *text is malloc'ed, and freed by the caller. False: no memory. */
typedef bool stats_page(char **text, size_t *bytes);

/** Serves GET /metrics on 127.0.0.1 until the program is asked to stop. Calls `page` for each request.
 * @param port  0: any that is free; the one that it is gets printed
 * @return false, and printed: that failed */
bool stats_http_serve(uint16_t port, stats_page *page);

#endif
