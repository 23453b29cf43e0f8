/* SPDX-License-Identifier: BSD-2-Clause
 * The streams of a run: read from the command line's texts and files. */
#include "gen_streams.h"

#include "app_frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCERPT 32 /* bytes of a wrong text that are shown */

static bool fail(struct gen_streams *streams, const char *where, const char *what)
{
	snprintf(streams->error, sizeof(streams->error), "%s: %s", where, what);
	return false;
}

/* The word at a place of a text, as far as it can be shown. */
static const char *excerpt(const char *at, char to[EXCERPT + 1])
{
	unsigned n = 0;

	for (; n < EXCERPT && at[n] && !strchr(" \t\r\n", at[n]); n++)
		to[n] = (char)(at[n] > ' ' && at[n] < 0x7f ? at[n] : '?');
	to[n] = '\0';
	return to;
}

/* where: what the text is, in front of the number of a byte */
static bool add(struct gen_streams *streams, const char *text, const char *where)
{
	struct gen_stream_error error;
	char word[EXCERPT + 1];

	if (streams->count == GEN_STREAMS) {
		snprintf(streams->error, sizeof(streams->error), "%s: at most %u streams", where, GEN_STREAMS);
		return false;
	}
	if (gen_stream_parse(&streams->each[streams->count], text, &error)) {
		streams->count++;
		return true;
	}
	snprintf(streams->error, sizeof(streams->error), "%s, byte %u, at '%s': expected %s", where, error.offset + 1,
		excerpt(text + error.offset, word), error.expected);
	return false;
}

/* Reads a whole file, with a zero behind it. NULL, and the error says why. */
static char *read_file(struct gen_streams *streams, const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(GEN_STREAMS_FILE_MAX + 2) : NULL;

	errno = file ? ENOMEM : errno;
	*bytes = text ? fread(text, 1, GEN_STREAMS_FILE_MAX + 1, file) : 0;
	bool good = text && !ferror(file) && *bytes <= GEN_STREAMS_FILE_MAX;
	if (!good)
		fail(streams, path, text && !ferror(file) ? "longer than 1 MiB" : strerror(errno));
	if (file)
		fclose(file);
	if (good) {
		text[*bytes] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

static bool add_file(struct gen_streams *streams, const char *path)
{
	size_t bytes;
	char *text = read_file(streams, path, &bytes), where[300];
	unsigned number = 1, before = streams->count;
	bool good = text;

	for (char *line = text, *next; good && line < text + bytes; line = next, number++) {
		char *end = memchr(line, '\n', (size_t)(text + bytes - line));
		end = end ? end : text + bytes;
		next = end + 1;
		*end = '\0';
		snprintf(where, sizeof(where), "%.256s, line %u", path, number);
		if (strlen(line) != (size_t)(end - line)) {
			good = fail(streams, where, "a zero byte: it is no text");
			break;
		}
		char *first = line + strspn(line, " \t\r");
		if (*first != '\0' && *first != '#')
			good = add(streams, line, where);
	}
	free(text);
	return good && (streams->count > before || fail(streams, path, "no stream is in it"));
}

bool gen_streams_add(struct gen_streams *streams, const char *text)
{
	return *text == '@' ? add_file(streams, text + 1) : add(streams, text, "--stream");
}

bool gen_streams_fit(struct gen_streams *streams, unsigned mtu)
{
	for (unsigned i = 0; i < streams->count; i++) {
		unsigned longest = gen_stream_longest(&streams->each[i]),
			 payload = longest - NIC_FCS_BYTES - streams->each[i].headers.l3_at;
		if (payload <= mtu)
			continue;
		snprintf(streams->error, sizeof(streams->error),
			"stream %u has frames of %u bytes, and this MTU at most %u: they need --mtu %u", i, longest,
			longest - payload + mtu, payload);
		return false;
	}
	return true;
}

bool gen_streams_are_random(const struct gen_streams *streams)
{
	bool random = false;

	for (unsigned i = 0; i < streams->count; i++) {
		const struct gen_stream *s = &streams->each[i];
		random |= s->size.order == GEN_RANDOM || s->pace == GEN_PACE_POISSON;
		for (unsigned k = 0; k < s->headers.field_count; k++)
			random |= s->headers.fields[k].values.order == GEN_RANDOM;
	}
	return random;
}

void gen_streams_free(struct gen_streams *streams)
{
	for (unsigned i = 0; i < streams->count; i++)
		gen_stream_free(&streams->each[i]);
	streams->count = 0;
}
