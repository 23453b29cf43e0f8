/* SPDX-License-Identifier: BSD-2-Clause
 * The links of a program's ports, and what else happens to ports: waited for, told, and reported. */
#ifndef POLLUX_APPS_APP_LINKS_H
#define POLLUX_APPS_APP_LINKS_H

#include "app.h"

/** Prints the library's sentence, with the port in front unless the sentence begins with it. @return false */
bool app_port_error(const struct app *app, unsigned port);

/** Tells what happened to a port since it was last told. */
void app_tell_notes(struct app *app, unsigned port);

/** Waits for all links, a tenth of a second at a time, so that app_stop is obeyed. If it returns true, each port's link
 * is known. False, and printed: one did not come up in the time of the options. */
bool app_wait_for_links(struct app *app);

/** What NIC_PAUSE_ bits mean, in words. */
const char *app_pause_words(uint32_t pause);

/** Reports what is known of a port's link, and what happened to the port: since the last interval, or in the total all
 * that the port has kept. For people only a link that is down, as notes were printed when they came. */
void app_link_print_json(FILE *out, struct app *app, unsigned port, bool total);
void app_link_print_text(FILE *out, struct app *app, unsigned port, double since_start_s, bool total);

#endif
