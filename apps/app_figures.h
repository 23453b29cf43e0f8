/* SPDX-License-Identifier: BSD-2-Clause
 * Figures that programs report. Each stands once, in a table: its key in JSON, its words in text, and its place in a
 * structure. Whatever prints walks the table. */
#ifndef POLLUX_APPS_APP_FIGURES_H
#define POLLUX_APPS_APP_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum app_figure_type {
	APP_COUNT, /* uint64_t */
	APP_REAL,  /* double */
	APP_FLAG,  /* bool, in JSON only */
	APP_WORDS, /* const char *; NULL counts as 0 */
	APP_CHARS, /* an array of char; "" counts as 0 */
};

/** What is printed of a figure that is 0. */
enum app_figure_zero {
	APP_ZERO_IS_SAID,
	APP_ZERO_IS_NOTHING, /* JSON says 0, text leaves it out */
	APP_ZERO_IS_UNKNOWN, /* JSON says null, text leaves it out */
};

struct app_figure {
	const char *key;  /* in JSON; NULL: in text only */
	const char *text; /* printf's format with the value for its %llu, %f, %g or %s; NULL: in JSON only */
	enum app_figure_type type;
	size_t offset;
	enum app_figure_zero zero;
	unsigned decimals; /* of a real number in JSON */
	double scale;      /* text multiplies a real number by it; 0: does not */
};

/** A row's type and offset. */
/* clang-format off */
#define APP_FIGURE(structure, member)                                                                  \
	.type = _Generic(((structure *)0)->member, uint64_t: APP_COUNT, double: APP_REAL, bool: APP_FLAG, \
		const char *: APP_WORDS, char *: APP_CHARS),                                           \
	.offset = offsetof(structure, member)
/* clang-format on */

/* Tables end with a row of zeros. */

/** Prints the figures of a table as members of a JSON object.
 * @param opening  what stands in front of the first: "," or the beginning of an object */
void app_figures_json(FILE *out, const char *opening, const struct app_figure *figures, const void *values);

/** Prints the figures of a table as text.
 * @param opening, separator  what stands in front of the first and in front of each other
 * @return how many there were to print */
unsigned app_figures_text(
	FILE *out, const char *opening, const char *separator, const struct app_figure *figures, const void *values);

/** Either, inside of an object or of a sentence. */
static inline void app_figures_print(FILE *out, bool json, const struct app_figure *figures, const void *values)
{
	if (json)
		app_figures_json(out, ",", figures, values);
	else
		app_figures_text(out, "", "", figures, values);
}

/** The value of a row that is a count. */
static inline uint64_t app_figure_count(const struct app_figure *figure, const void *values)
{
	return *(const uint64_t *)((const char *)values + figure->offset);
}

/** The length of the UTF-8 sequence that a text begins with: whole, not longer than needed, no surrogate, and below
 * U+110000. 0: there is none. */
unsigned app_utf8_bytes(const char *text);

/** Prints text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. */
void app_json_string(FILE *out, const char *text);

/** Prints a label of a metric, as Prometheus wants it. Bytes that are no text become U+FFFD. */
void app_print_label(FILE *out, const char *name, const char *value);

/** a / b, and 0 where b is 0. */
static inline double app_ratio(double a, double b)
{
	return b != 0 ? a / b : 0;
}

#endif
