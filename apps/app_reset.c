/* SPDX-License-Identifier: BSD-2-Clause
 * Resets ports while their threads halt. */
#include "app_reset.h"

#include "app_base.h"
#include "app_halt.h"
#include "app_links.h"
#include "app_output.h"

#include <errno.h>

#define TRIES 5u /* of a port, one a second, in vain */

static const struct {
	uint32_t event;
	const char *why;
} causes[] = {
	{NIC_TX_HANG, "frames were not sent"},
	{NIC_RX_HANG, "frames were not received"},
	{NIC_MEMORY_ERROR, "there was wrong data in its memory"},
	{NIC_MALICIOUS, "it had stopped a queue as malicious"},
	{NIC_LINK_LOST, "frames waited for a link for too long"},
	{NIC_DMA_FAULT, "it was refused memory"},
	{NIC_WAS_RESET, "it had lost its settings"},
};

static void tell(const struct app *app, unsigned port, uint64_t took_ns)
{
	const char *separator = ": ";

	if (app->options->quiet)
		return;
	fprintf(app->text_out, "port %u: reset in %.1f ms", port, (double)took_ns / 1e6);
	for (unsigned i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		if (!(app->ports[port].reset_causes & causes[i].event))
			continue;
		fprintf(app->text_out, "%s%s", separator, causes[i].why);
		separator = ", ";
	}
	fprintf(app->text_out, "%s\n", app->ports[port].reset_causes ? "" : ", as it shares pipes with another");
	fflush(app->text_out);
}

/* @return 1: done; 0, and printed: not yet; -1: it failed once too often */
static int reset(struct app *app, unsigned i)
{
	struct app_port *port = &app->ports[i];
	uint64_t begin = app_now_ns();
	port->resets_begun++; /* one that fails has emptied the rings, too */
	int error = nic_reset(port->nic);

	if (error < 0) {
		if (error != -ENODEV) /* that app_service tells */
			app_port_error(app, i);
		return ++port->resets_failed < TRIES ? 0 : -1;
	}
	tell(app, i, app_now_ns() - begin);
	app_tell_notes(app, i);
	port->resets_failed = 0;
	port->reset_causes = 0;
	return 1;
}

bool app_mend(struct app *app, unsigned threads, bool (*reopen)(void))
{
	bool due = false;
	int done = 1;

	for (unsigned i = 0; i < app->port_count; i++)
		due |= app->ports[i].reset_causes != 0;
	if (!due)
		return true;
	app_halt_threads();
	if (!app_all_halted(threads))
		return true;
	for (unsigned i = 0; done > 0 && i < app->port_count; i++)
		if (app->ports[i].reset_causes || reopen)
			done = reset(app, i);
	/* Bursts of a port that could not be reset do nothing, but pipes have ended: their threads go on halting. */
	if (done > 0 && reopen && !reopen())
		return false;
	if (done > 0 || !reopen)
		app_release_threads();
	return done >= 0;
}
