/* SPDX-License-Identifier: BSD-2-Clause
 * Streams of packets, read from their texts. */
#include "gen_stream.h"

#include "app_frame.h"
#include "app_parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN (NIC_FRAME_MIN_BYTES + NIC_FCS_BYTES)
static const char spaces[] = " \t\r\n";

struct parser {
	struct gen_stream *s;
	struct gen_text text;
	struct gen_builder builder;
	uint64_t flows;
	const char *flows_text, *size_text;
	bool is_imix;
	unsigned given; /* of words of the whole stream: bit i for words[i] */
};

/* Sizes of IP packets, where they are known by these: the frame's header and FCS are added. */
static const struct imix {
	const char *name;
	unsigned count, is_ip;
	uint64_t sizes[3], weights[3];
} imixes[] = {
	{"imix", 3, false, {64, 594, 1518}, {7, 4, 1}},
	{"imix-csit", 3, false, {64, 570, 1518}, {28, 16, 4}},
	{"imix-ip", 3, true, {40, 576, 1500}, {7, 4, 1}},
};

/* Whether the word at `text`, up to a space or the end, is this one. */
static bool is_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncmp(text, word, length) == 0 && (text[length] == '\0' || isspace((unsigned char)text[length]));
}

/* Reads SIZE:WEIGHT,SIZE:WEIGHT... */
static bool read_weights(struct parser *p, const char *text)
{
	uint64_t sizes[GEN_LIST_MAX], weights[GEN_LIST_MAX], all = 0;
	unsigned n = 0;

	for (;; text++) {
		char *end;
		sizes[n] = isdigit((unsigned char)*text) ? strtoull(text, &end, 10) : 0;
		if (sizes[n] < SIZE_MIN || sizes[n] > APP_FRAME_MAX)
			return gen_expected(&p->text, text, "a size from %u to %u", SIZE_MIN, APP_FRAME_MAX);
		if (*end != ':' || !isdigit((unsigned char)end[1]))
			return gen_expected(&p->text, end, "a colon and a weight");
		text = end + 1;
		weights[n] = strtoull(text, &end, 10);
		all += weights[n] < GEN_LIST_MAX ? weights[n] : GEN_LIST_MAX + 1;
		if (weights[n++] == 0 || all > GEN_LIST_MAX)
			return gen_expected(&p->text, text, "weights from 1, at most %u in all", GEN_LIST_MAX);
		text = end;
		if (*text != ',')
			break;
	}
	if (*text != '\0' && !isspace((unsigned char)*text))
		return gen_expected(&p->text, text, "a comma, or a space");
	return gen_values_mix(&p->s->size, sizes, weights, n) || gen_expected(&p->text, text, "memory");
}

static bool set_size(struct parser *p, const char *text)
{
	size_t length = strcspn(text, spaces);
	struct gen_values high = {.count = 1};

	p->size_text = text;
	for (size_t i = 0; i < sizeof(imixes) / sizeof(imixes[0]); i++) {
		const struct imix *imix = &imixes[i];
		if (!is_word(text, imix->name))
			continue;
		p->is_imix = true;
		bool good = gen_values_mix(&p->s->size, imix->sizes, imix->weights, imix->count);
		for (unsigned k = 0; good && imix->is_ip && k < p->s->size.count; k++)
			p->s->size.list[k] += NIC_HEADER_BYTES + NIC_FCS_BYTES;
		return good || gen_expected(&p->text, text, "memory");
	}
	if (memchr(text, ':', length))
		return read_weights(p, text);
	bool good = gen_values_parse(&p->text, text, GEN_FORM_NUMBER, SIZE_MIN, APP_FRAME_MAX, &p->s->size, &high);
	free(high.list);
	return good;
}

/* The word at `text`, as a string. False: it is too long to be any that is wanted. */
static bool copy_word(const char *text, char *to, size_t bytes)
{
	size_t length = strcspn(text, spaces);

	if (length >= bytes)
		return false;
	memcpy(to, text, length);
	to[length] = '\0';
	return true;
}

static bool set_rate(struct parser *p, const char *text)
{
	char word[64];
	const char *wanted =
		copy_word(text, word, sizeof(word)) ? gen_rate_parse(word, &p->s->rate) : "a shorter rate is wanted";

	return !wanted || gen_expected(&p->text, text, "a rate: %s", wanted);
}

static bool set_pace(struct parser *p, const char *text)
{
	char word[32], *end;

	if (is_word(text, "constant"))
		p->s->pace = GEN_PACE_CONSTANT;
	else if (is_word(text, "poisson"))
		p->s->pace = GEN_PACE_POISSON;
	else if (copy_word(text, word, sizeof(word)) && strncmp(word, "burst(", 6) == 0 &&
		 isdigit((unsigned char)word[6]) && (p->s->burst = (unsigned)strtoul(word + 6, &end, 10)) > 0 &&
		 p->s->burst <= 1000000 && strcmp(end, ")") == 0)
		p->s->pace = GEN_PACE_BURST;
	else
		return gen_expected(&p->text, text, "constant, poisson or burst(N) with N from 1 to 1000000");
	return true;
}

static bool set_count(struct parser *p, const char *text)
{
	char word[32];

	return (copy_word(text, word, sizeof(word)) && app_parse_count(word, 1, UINT64_C(1) << 48, &p->s->count)) ||
	       gen_expected(&p->text, text, "a number of packets from 1 to 2^48");
}

static bool set_flows(struct parser *p, const char *text)
{
	char word[32];

	p->flows_text = text;
	return (copy_word(text, word, sizeof(word)) && app_parse_count(word, 1, GEN_FLOWS_MAX, &p->flows)) ||
	       gen_expected(&p->text, text, "a number of flows from 1 to 2^30");
}

static bool set_name(struct parser *p, const char *text)
{
	bool good = copy_word(text, p->s->name, sizeof(p->s->name)) && *p->s->name;

	for (const char *at = p->s->name; good && *at; at++)
		good = isalnum((unsigned char)*at) || strchr("-_.", *at);
	return good || gen_expected(&p->text, text, "a name of at most %u letters, digits and -_.", GEN_NAME_BYTES - 1);
}

static bool set_sum(struct parser *p, const char *text)
{
	p->s->wrong_sum = is_word(text, "wrong");
	return p->s->wrong_sum || is_word(text, "right") || gen_expected(&p->text, text, "right or wrong");
}

static bool set_stamp(struct parser *p, const char *text)
{
	p->s->no_stamp = is_word(text, "no");
	return p->s->no_stamp || is_word(text, "yes") || gen_expected(&p->text, text, "yes or no");
}

static const struct {
	const char *key;
	bool (*set)(struct parser *p, const char *value);
} words[] = {{"size=", set_size}, {"rate=", set_rate}, {"pace=", set_pace}, {"count=", set_count},
	{"flows=", set_flows}, {"name=", set_name}, {"sum=", set_sum}, {"stamp=", set_stamp}};
#define WORDS (sizeof(words) / sizeof(words[0]))

/* ---- The text ---- */

/* Takes a word that is about the whole stream. *taken: it was one */
static bool take_word(struct parser *p, const char *at, bool *taken)
{
	for (unsigned i = 0; i < WORDS && !*taken; i++) {
		size_t length = strlen(words[i].key);
		if (strncmp(at, words[i].key, length) != 0)
			continue;
		*taken = true;
		if (p->given & 1u << i)
			return gen_expected(&p->text, at, "%s once", words[i].key);
		p->given |= 1u << i;
		return words[i].set(p, at + length);
	}
	return true;
}

static bool take_words(struct parser *p)
{
	for (const char *at = p->text.text + strspn(p->text.text, spaces); *at; at += strspn(at, spaces)) {
		size_t length = strcspn(at, spaces), key = strcspn(at, " \t\r\n=");
		bool taken = false;
		if (!take_word(p, at, &taken))
			return false;
		if (!taken && !gen_headers_take(&p->builder, at, (unsigned)key, key < length ? at + key + 1 : NULL))
			return false;
		at += length;
	}
	return true;
}

/* Sizes as the headers want them: those of an IMIX are no less than headers and stamp; others are as they are. */
static bool check_sizes(struct parser *p)
{
	struct gen_stream *s = p->s;
	unsigned headers = s->headers.bytes + NIC_FCS_BYTES, least = headers + (s->no_stamp ? 0 : GEN_STAMP_BYTES);

	least = least > SIZE_MIN ? least : SIZE_MIN;
	if (!p->size_text)
		s->size = (struct gen_values){.first = least, .step = 1, .count = 1};
	for (uint64_t i = 0; i < s->size.count && p->is_imix; i++)
		s->size.list[i] = s->size.list[i] > least ? s->size.list[i] : least;
	return gen_stream_shortest(s) >= headers ||
	       gen_expected(&p->text, p->size_text, "sizes from %u on, as headers and FCS take so many bytes", headers);
}

bool gen_stream_parse(struct gen_stream *stream, const char *text, struct gen_stream_error *error)
{
	struct parser p = {.s = stream, .text = {text, error}};

	*stream = (struct gen_stream){.count = 0};
	gen_headers_begin(&p.builder, &stream->headers, &p.text);
	if (take_words(&p) && gen_headers_end(&p.builder, p.flows, p.flows_text) && check_sizes(&p))
		return true;
	gen_stream_free(stream);
	return false;
}

unsigned gen_stream_longest(const struct gen_stream *stream)
{
	return (unsigned)gen_values_greatest(&stream->size);
}

unsigned gen_stream_shortest(const struct gen_stream *stream)
{
	return (unsigned)gen_values_least(&stream->size);
}

void gen_stream_free(struct gen_stream *stream)
{
	free(stream->size.list);
	gen_headers_free(&stream->headers);
	*stream = (struct gen_stream){.count = 0};
}
