/* SPDX-License-Identifier: BSD-2-Clause
 * Prints tables of figures as text and as JSON. */
#include "app_figures.h"

unsigned app_utf8_bytes(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned follow = *at < 0x80                  ? 0
			  : *at >= 0xc2 && *at < 0xe0 ? 1
			  : *at >= 0xe0 && *at < 0xf0 ? 2
			  : *at >= 0xf0 && *at < 0xf5 ? 3
						      : 4;

	for (unsigned i = 1; i <= follow; i++)
		if (follow == 4 || (at[i] & 0xc0) != 0x80)
			return 0;
	bool good = !(*at == 0xe0 && at[1] < 0xa0) && !(*at == 0xed && at[1] >= 0xa0) &&
		    !(*at == 0xf0 && at[1] < 0x90) && !(*at == 0xf4 && at[1] >= 0x90);
	return good ? follow + 1 : 0;
}

void app_json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (unsigned bytes; *text; text += bytes ? bytes : 1) {
		bytes = app_utf8_bytes(text);
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((*text > 0 && *text < 0x20) || *text == 0x7f)
			fprintf(out, "\\u%04x", (unsigned)*text);
		else
			fprintf(out, bytes ? "%.*s" : "\\ufffd", (int)bytes, text);
	}
	fputc('"', out);
}

void app_print_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (unsigned bytes; *value; value += bytes ? bytes : 1) {
		bytes = app_utf8_bytes(value);
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '\\' || *value == '"')
			fprintf(out, "\\%c", *value);
		else if (!bytes || (*value > 0 && *value < 0x20) || *value == 0x7f)
			fputs("\xef\xbf\xbd", out); /* U+FFFD */
		else
			fprintf(out, "%.*s", (int)bytes, value);
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
