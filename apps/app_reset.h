/* SPDX-License-Identifier: BSD-2-Clause
 * Mends ports that do not go on by themselves: resets them while their threads halt, and says so. */
#ifndef POLLUX_APPS_APP_RESET_H
#define POLLUX_APPS_APP_RESET_H

#include "app.h"

/**
 * Looks whether a port wants a reset (app_service has noted it), halts the threads if so, and resets it once all have
 * halted. Never waits for them: it is called again when one has, and at least each second.
 * @param threads  that run
 * @param reopen   if given: all ports are reset then, and it opens anew what ended by that. False: it could not
 * @return false, and printed: a port could not be reset, again and again
 */
bool app_mend(struct app *app, unsigned threads, bool (*reopen)(void));

#endif
