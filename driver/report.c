/* SPDX-License-Identifier: BSD-2-Clause
 * What a port tells about itself in words: notes of what happened, and facts of its card. */
#include "report.h"
#include "../vfio/error.h"
#include "clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void port_note(struct nic *nic, const char *format, ...)
{
	struct nic_note *note = &nic->notes.kept[nic->notes.count++ % PORT_NOTES];
	note->time_ns = clock_now_ns();
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(note->text, sizeof(note->text), format, arguments);
	va_end(arguments);
}

void port_note_failure(struct nic *nic)
{
	const char *sentence = pollux_error(), *address = nic->device->address;
	size_t length = strlen(address);
	bool named = strncmp(sentence, address, length) == 0 && strncmp(sentence + length, ": ", 2) == 0;
	port_note(nic, "%s", named ? sentence + length + 2 : sentence);
}

unsigned nic_get_notes(const struct nic *nic, uint64_t *next, struct nic_note *notes, unsigned n)
{
	uint64_t oldest = nic->notes.count > PORT_NOTES ? nic->notes.count - PORT_NOTES : 0;
	if (*next < oldest)
		*next = oldest;
	unsigned copied = 0;
	while (copied < n && *next < nic->notes.count)
		notes[copied++] = nic->notes.kept[(*next)++ % PORT_NOTES];
	return copied;
}

void fact_add(struct fact_list *list, const char *name, const char *format, ...)
{
	if (list->count++ >= list->room)
		return;
	struct nic_fact *fact = &list->facts[list->count - 1];
	snprintf(fact->name, sizeof(fact->name), "%s", name);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fact->value, sizeof(fact->value), format, arguments);
	va_end(arguments);
}

void speeds_text(char text[SPEEDS_TEXT_BYTES], uint32_t speeds)
{
	static const char *const names[] = {
		"10 Mbit/s", "100 Mbit/s", "1 Gbit/s", "2.5 Gbit/s", "5 Gbit/s", "10 Gbit/s", "an unknown speed"};
	const unsigned unknown = sizeof(names) / sizeof(*names) - 1;
	int length = 0;
	text[0] = '\0';
	for (unsigned i = 0; i <= unknown; i++)
		if (i < unknown ? speeds >> i & 1 : speeds >> unknown)
			length += snprintf(text + length, SPEEDS_TEXT_BYTES - (size_t)length, "%s%s",
				length ? ", " : "", names[i]);
}
