/* SPDX-License-Identifier: BSD-2-Clause
 * Prints tables of figures as text and as JSON. */
#include "app_figures.h"

void app_json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		unsigned follow = *at >= 0xc2 && *at < 0xe0   ? 1
				  : *at >= 0xe0 && *at < 0xf0 ? 2
				  : *at >= 0xf0 && *at < 0xf5 ? 3
							      : 0;
		if (*at == '"' || *at == '\\') {
			fprintf(out, "\\%c", *at);
		} else if (*at < 0x20 || *at == 0x7f) {
			fprintf(out, "\\u%04x", *at);
		} else if (*at < 0x80) {
			fputc(*at, out);
		} else {
			/* A sequence passes when it is whole, not longer than needed, no surrogate, and below U+110000.
			 */
			bool good = follow != 0;
			for (unsigned i = 1; i <= follow && good; i++)
				good = (at[i] & 0xc0) == 0x80;
			good = good && !(*at == 0xe0 && at[1] < 0xa0) && !(*at == 0xed && at[1] >= 0xa0) &&
			       !(*at == 0xf0 && at[1] < 0x90) && !(*at == 0xf4 && at[1] >= 0x90);
			fprintf(out, good ? "%.*s" : "\\ufffd", (int)follow + 1, (const char *)at);
			at += good ? follow : 0;
		}
	}
	fputc('"', out);
}

/* A figure's value, of which the type says which member it is. */
struct value {
	uint64_t count;
	double real;
	const char *words;
	bool is_zero;
};

static struct value read_value(const struct app_figure *figure, const void *values)
{
	const void *at = (const char *)values + figure->offset;
	struct value v = {.count = 0};

	if (figure->type == APP_COUNT)
		v.count = *(const uint64_t *)at;
	else if (figure->type == APP_REAL)
		v.real = *(const double *)at;
	else if (figure->type == APP_FLAG)
		v.words = *(const bool *)at ? "true" : "false";
	else if (figure->type == APP_WORDS)
		v.words = *(const char *const *)at;
	else
		v.words = *(const char *)at ? at : NULL;
	v.is_zero = v.count == 0 && v.real == 0 && !v.words;
	return v;
}

void app_figures_json(FILE *out, const char *opening, const struct app_figure *figures, const void *values)
{
	for (const struct app_figure *f = figures; f->key || f->text; f++) {
		const struct value v = read_value(f, values);
		if (!f->key)
			continue;
		fprintf(out, "%s\"%s\":", opening, f->key);
		opening = ",";
		if (v.is_zero && f->zero == APP_ZERO_IS_UNKNOWN)
			fputs("null", out);
		else if (f->type == APP_COUNT)
			fprintf(out, "%llu", (unsigned long long)v.count);
		else if (f->type == APP_REAL)
			fprintf(out, "%.*f", (int)f->decimals, v.real);
		else if (f->type == APP_FLAG)
			fputs(v.words, out);
		else
			app_json_string(out, v.words);
	}
}

unsigned app_figures_text(
	FILE *out, const char *opening, const char *separator, const struct app_figure *figures, const void *values)
{
	unsigned printed = 0;

	for (const struct app_figure *f = figures; f->key || f->text; f++) {
		const struct value v = read_value(f, values);
		if (!f->text || (v.is_zero && f->zero != APP_ZERO_IS_SAID))
			continue;
		fputs(printed++ ? separator : opening, out);
		if (f->type == APP_COUNT)
			fprintf(out, f->text, (unsigned long long)v.count);
		else if (f->type == APP_REAL)
			fprintf(out, f->text, f->scale != 0 ? f->scale * v.real : v.real);
		else
			fprintf(out, f->text, v.words);
	}
	return printed;
}
