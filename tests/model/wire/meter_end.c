/* SPDX-License-Identifier: BSD-2-Clause
 * A meter and its file. */
#include "meter_end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct meter_end {
	struct meter *meter;
	FILE *file;
	char *path;
	int write_error;          /* 0: every line was written */
	bool ordered;             /* and not begun: the port was not up yet */
	struct meter_order order; /* what runs, or is ordered */
};

struct meter_end *meter_end_open(const char *path, char *error, size_t error_bytes)
{
	struct meter_end *end = calloc(1, sizeof(*end));
	if (end) {
		end->meter = meter_open();
		end->path = strdup(path);
	}
	if (end && end->meter && end->path) {
		end->file = fopen(path, "ae");
		if (end->file)
			return end;
		snprintf(error, error_bytes, "cannot write the measurements to %s: %s", path, strerror(errno));
	} else {
		snprintf(error, error_bytes, "no memory for a meter");
	}
	if (end) {
		meter_close(end->meter);
		free(end->path);
	}
	free(end);
	return NULL;
}

static void say(struct meter_end *end, const struct meter_result *result)
{
	char text[METER_JSON_BYTES];
	if (fprintf(end->file, "%s\n", meter_json(result, end->order.id, text)) < 0 || fflush(end->file))
		end->write_error = errno ? errno : EIO;
}

/** Ends what was asked for, and says it: also if it has not begun. */
static void give_up(struct meter_end *end, uint64_t now_ns)
{
	if (end->ordered) {
		meter_begin(end->meter, &end->order.config);
		end->ordered = false;
	}
	meter_give_up(end->meter, now_ns);
	meter_end_look(end, now_ns);
}

int meter_end_close(struct meter_end *end, uint64_t now_ns, char *error, size_t error_bytes)
{
	if (!end)
		return 0;
	give_up(end, now_ns);
	if (fclose(end->file) && !end->write_error)
		end->write_error = errno;
	int state = -end->write_error;
	if (state)
		snprintf(error, error_bytes, "%s was not written whole: %s", end->path, strerror(-state));
	meter_close(end->meter);
	free(end->path);
	free(end);
	return state;
}

int meter_end_understand(const char *text, struct meter_order *order, char *error, size_t error_bytes)
{
	char copy[256], *rest = copy, *part;
	*order = (struct meter_order){.config = meter_default};
	if (strlen(text) >= sizeof(copy)) {
		snprintf(error, error_bytes, "a measurement has %zu characters at most", sizeof(copy) - 1);
		return -EINVAL;
	}
	strcpy(copy, text);
	part = strsep(&rest, " ");
	if (!meter_good_id(part)) {
		snprintf(error, error_bytes, "'%s' is no id: letters, digits and ._:/+-, %u at most", part,
			METER_ID_MAX - 1);
		return -EINVAL;
	}
	strcpy(order->id, part);
	while ((part = strsep(&rest, ", "))) {
		char *value = strchr(part, '=');
		if (value)
			*value++ = '\0';
		if ((*part || value) && meter_set(&order->config, part, value, error, error_bytes))
			return -EINVAL;
	}
	if (order->config.protocol == METER_UDP || order->config.qpn)
		return 0;
	snprintf(error, error_bytes, "protocol=roce needs the echo's queue pair: qpn=NUMBER");
	return -EINVAL;
}

void meter_end_order(struct meter_end *end, const struct meter_order *order, uint64_t now_ns)
{
	give_up(end, now_ns);
	end->order = *order;
	end->ordered = true;
}

unsigned meter_end_give(
	struct meter_end *end, const struct model *model, uint64_t now_ns, struct model_frame frames[METER_BATCH])
{
	static const uint8_t none[6];
	if (end->ordered) {
		if (memcmp(end->order.config.to, none, sizeof(none)) == 0)
			model_own_address(model, end->order.config.to);
		meter_begin(end->meter, &end->order.config);
		end->ordered = false;
	}
	return meter_give(end->meter, now_ns, frames, METER_BATCH);
}

void meter_end_take(struct meter_end *end, uint64_t now_ns, const struct model_frame *frames, unsigned n, bool far)
{
	meter_take(end->meter, now_ns, frames, n, far);
}

void meter_end_look(struct meter_end *end, uint64_t now_ns)
{
	const struct meter_result *result = meter_ended(end->meter, now_ns);
	if (result)
		say(end, result);
}
