/* SPDX-License-Identifier: BSD-2-Clause
 * A page over HTTP, for this machine only. */
#ifndef POLLUX_APPS_STATS_HTTP_H
#define POLLUX_APPS_STATS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Makes the page. *text is malloc'ed, and freed by the caller. False: no memory. */
typedef bool stats_page(char **text, size_t *bytes);

/** Serves GET /metrics on 127.0.0.1, from a thread of its own, which calls `page` for each request, one at a time.
 * @param port  0: any that is free; receives the one that it is
 * @return NULL, and printed: that failed */
struct MHD_Daemon *stats_http_start(uint16_t *port, stats_page *page);
void stats_http_stop(struct MHD_Daemon *daemon);

#endif
