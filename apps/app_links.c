/* SPDX-License-Identifier: BSD-2-Clause
 * The links of a program's ports, and what else happens to ports: waited for, told, and reported. */
#include "app_links.h"

#include "app_base.h"
#include "app_figures.h"
#include "app_output.h"

#include <errno.h>
#include <string.h>

#define LINK_TOLD_MS    1000u  /* who waits longer than that for a link is told so, ... */
#define LINK_CHANGED_MS 1000u  /* ... again when what is known of it has changed, not more often than this, ... */
#define LINK_SILENT_MS  10000u /* ... and after so long in any case */

/* A port that has a link and receives nothing: when that is told, and until when a switch may be the reason. */
#define SILENCE_TOLD_S  10.0
#define SPANNING_TREE_S 45.0

bool app_port_error(const struct app *app, unsigned i)
{
	const char *sentence = nic_error(), *address = app->options->addresses[i];

	if (strncmp(sentence, address, strlen(address)) == 0)
		return app_error("%s", sentence);
	return app_error("%s: %s", address, sentence);
}

void app_tell_notes(struct app *app, unsigned i)
{
	struct app_port *port = &app->ports[i];
	struct nic_note note;

	while (nic_get_notes(port->nic, &port->notes_told, &note, 1))
		if (!app->options->quiet)
			app_note("%s: %s", app->options->addresses[i], note.text);
}

static void print_all_notes(struct app *app)
{
	for (unsigned i = 0; i < app->port_count; i++)
		app_tell_notes(app, i);
}

/* What was said of a wait for a link. */
struct told {
	uint64_t at_ms; /* since it began; 0: nothing yet */
	unsigned port;
	struct nic_link link;
};

/* Says what is waited for, why it is not there yet as far as is known, and what has been tried. */
static void tell_wait(struct app *app, unsigned missing, uint64_t waited_ms, struct told *told)
{
	const char *address = app->options->addresses[missing];
	struct nic_link link = {.up = false};

	if (app->options->quiet || waited_ms < LINK_TOLD_MS || nic_get_link(app->ports[missing].nic, &link) < 0)
		return;
	bool news = told->port != missing || strcmp(told->link.state, link.state) != 0;
	uint64_t since_ms = waited_ms - told->at_ms;
	if (told->at_ms && since_ms < LINK_SILENT_MS && (!news || since_ms < LINK_CHANGED_MS))
		return;
	if (told->at_ms)
		app_error("still waiting for the link of %s (%.0f of %g s)%s%s", address, (double)waited_ms / 1000,
			app->options->link_wait_s, link.state[0] ? ": " : "", link.state);
	else
		app_error("waiting for the link of %s (up to %g s)%s%s", address, app->options->link_wait_s,
			link.state[0] ? ": " : "", link.state);
	*told = (struct told){waited_ms, missing, link};
}

/* What the driver says of a link may be the reason why it is down, or only what the module is: the advice fits both. */
static bool fail_no_link(const struct app *app, unsigned missing)
{
	const char *state = app->ports[missing].link.state;
	double limit_s = app->options->link_wait_s;

	return app_error("%s: no link after %g s%s%s; %scheck the cable and the other end%s; --link-wait %g waits "
			 "longer, --link-wait 0 starts without it",
		app->options->addresses[missing], limit_s, state[0] ? ": " : "", state,
		state[0] ? "unless that is the reason, " : "",
		app->options->speeds ? "; --speed must leave a speed that the module and both ends have" : "",
		3 * limit_s);
}

bool app_wait_for_links(struct app *app)
{
	const double limit_s = app->options->link_wait_s;
	uint64_t begin = app_now_ns(), limit_ms = (uint64_t)(limit_s * 1000), waited_ms;
	struct nic *nics[APP_PORTS];
	unsigned missing = 0;
	struct told told = {.at_ms = 0};
	int error;

	for (unsigned i = 0; i < app->port_count; i++)
		nics[i] = app->ports[i].nic;
	do {
		waited_ms = (app_now_ns() - begin) / 1000000;
		uint64_t left_ms = waited_ms < limit_ms ? limit_ms - waited_ms : 0;
		error = nic_wait_links(nics, app->port_count, left_ms < 100 ? (unsigned)left_ms : 100, &missing);
		print_all_notes(app);
		if (error == -ETIMEDOUT && waited_ms < limit_ms)
			tell_wait(app, missing, waited_ms, &told);
	} while ((error == -EINTR || (error == -ETIMEDOUT && waited_ms < limit_ms)) && !app_stopping());
	if (error && error != -ETIMEDOUT && error != -EINTR)
		return app_port_error(app, missing);
	for (unsigned i = 0; i < app->port_count; i++)
		nic_get_link(nics[i], &app->ports[i].link);
	return !error || app_stopping() || limit_s == 0 || fail_no_link(app, missing);
}

/* ---- Reports ---- */

const char *app_pause_words(uint32_t pause)
{
	static const char *const words[] = {"neither obeyed nor sent", "obeyed", "sent", "obeyed and sent"};

	return words[pause & (NIC_PAUSE_RX | NIC_PAUSE_TX)];
}

void app_link_print_json(FILE *out, struct app *app, unsigned i, bool total)
{
	struct app_port *port = &app->ports[i];
	uint64_t first = 0, *next = total ? &first : &port->notes_in_json;
	struct nic_note note;

	fprintf(out, ",\"link_up\":%s,\"link_mbps\":%u,\"link_state\":", port->link.up ? "true" : "false",
		port->link.mbps);
	app_json_string(out, port->link.state);
	fprintf(out, ",\"pause_obeyed\":%s,\"pause_sent\":%s,\"notes\":[",
		port->link.pause & NIC_PAUSE_RX ? "true" : "false", port->link.pause & NIC_PAUSE_TX ? "true" : "false");
	for (bool any = false; nic_get_notes(port->nic, next, &note, 1); any = true) {
		fprintf(out, "%s{\"at_s\":%.3f,\"text\":", any ? "," : "",
			((double)note.time_ns - (double)app->start_ns) / 1e9);
		app_json_string(out, note.text);
		fputc('}', out);
	}
	fputc(']', out);
}

void app_link_print_text(FILE *out, struct app *app, unsigned i, double since_start_s, bool total)
{
	struct app_port *port = &app->ports[i];

	if (!port->link.up)
		fprintf(out, "    link down%s%s\n", port->link.state[0] ? ": " : "", port->link.state);
	if (total || port->silence_told || !port->link.up || app->latest.ports[i].card.rx_packets)
		return;
	if (since_start_s >= SILENCE_TOLD_S && since_start_s < SPANNING_TREE_S) {
		fputs("    nothing received yet: a switch port with spanning tree forwards nothing for the first 30 s "
		      "of a link\n",
			out);
		port->silence_told = true;
	}
}
