/* SPDX-License-Identifier: BSD-2-Clause
 * Lines from a FIFO. */
#include "control.h"
#include "link_text.h"
#include "wire/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAUSE_MS_MAX 86400000u /* a day */

int control_open(struct control *control, const char *path, char *error, size_t error_bytes)
{
	struct stat status;
	*control = (struct control){.fd = -1, .path = path};
	if (mkfifo(path, 0600) && errno != EEXIST) {
		int state = -errno;
		snprintf(error, error_bytes, "--control %s: cannot make a FIFO there: %s", path, strerror(-state));
		return state;
	}
	/* Open for writing too, so that the FIFO does not end when a writer closes it. */
	control->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (control->fd >= 0 && !fstat(control->fd, &status) && S_ISFIFO(status.st_mode))
		return 0;
	snprintf(error, error_bytes, "--control %s: %s; name a FIFO, or what is not there yet", path,
		control->fd < 0 ? strerror(errno) : "it is no FIFO");
	if (control->fd >= 0)
		close(control->fd);
	control->fd = -1;
	return -EINVAL;
}

bool control_line(struct control *control, char line[CONTROL_LINE_MAX])
{
	if (control->fd < 0)
		return false;
	ssize_t got = read(control->fd, control->text + control->have, sizeof(control->text) - control->have);
	if (got > 0)
		control->have += (size_t)got;
	char *end = memchr(control->text, '\n', control->have);
	size_t length = end ? (size_t)(end - control->text) : control->have, taken = end ? length + 1 : length;
	if (!end && control->have < sizeof(control->text))
		return false;
	if (length >= CONTROL_LINE_MAX)
		length = CONTROL_LINE_MAX - 1;
	memcpy(line, control->text, length);
	line[length] = '\0';
	control->have -= taken;
	memmove(control->text, control->text + taken, control->have);
	return true;
}

void control_close(struct control *control)
{
	if (control->fd < 0)
		return;
	/* Somebody may have put something else there: only our own FIFO is removed. */
	struct stat ours, there;
	if (!fstat(control->fd, &ours) && !lstat(control->path, &there) && there.st_ino == ours.st_ino &&
		there.st_dev == ours.st_dev)
		unlink(control->path);
	close(control->fd);
	control->fd = -1;
}

static bool link_word(const char *word, bool *up)
{
	*up = strcmp(word, "up") == 0;
	return *up || strcmp(word, "down") == 0;
}

/** The name of an incident, or "random". */
static bool incident_word(const char *word, unsigned *incident)
{
	for (*incident = 0; *incident < MODEL_INCIDENTS; ++*incident)
		if (strcmp(word, model_incident_name(*incident)) == 0)
			return true;
	return strcmp(word, "random") == 0;
}

bool control_understand(const char *line, unsigned ports, struct control_command *command)
{
	char verb[12], word[32];
	int end = 0, number_end = 0;
	command->error[0] = '\0';
	if (sscanf(line, "meter %1u %n", &command->port, &end) == 1 && end && command->port < ports) {
		command->what = CONTROL_METER;
		return !meter_end_understand(line + end, &command->meter, command->error, sizeof(command->error));
	}
	if (sscanf(line, "%11s %1u %31s %n", verb, &command->port, word, &end) != 3 || command->port >= ports)
		return false;
	command->number = 0;
	bool number = sscanf(line + end, "%9u %n", &command->number, &number_end) == 1;
	if (line[end + number_end])
		return false;
	if (strcmp(verb, "fault") == 0) {
		command->what = CONTROL_FAULT;
		return incident_word(word, &command->incident);
	}
	if (number)
		return false;
	if (strcmp(verb, "link") == 0) {
		command->what = CONTROL_LINK;
		return link_word(word, &command->up);
	}
	if (strcmp(verb, "module") == 0) {
		command->what = CONTROL_MODULE;
		return link_text_module(word, &command->module);
	}
	if (strcmp(verb, "pause") == 0) {
		uint64_t ms;
		command->what = CONTROL_PAUSE;
		if (!text_number(word, 0, PAUSE_MS_MAX, &ms))
			return false;
		command->pause_ns = ms * 1000000;
		return true;
	}
	command->what = CONTROL_PARTNER;
	return strcmp(verb, "partner") == 0 && link_text_speeds(word, &command->speeds);
}
