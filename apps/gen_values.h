/* SPDX-License-Identifier: BSD-2-Clause
 * The values of one field of a stream's packets, as its text says them: fixed, counting, in a list, or random. */
#ifndef POLLUX_APPS_GEN_VALUES_H
#define POLLUX_APPS_GEN_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define GEN_LIST_MAX 4096u /* values of a list */

/** How the values follow each other from packet to packet. */
enum gen_order {
	GEN_COUNTING,  /* first, first + step, ..., and after `count` values from the first again */
	GEN_LIST,      /* the `count` values of the list, and again */
	GEN_RANDOM,    /* each of first ... first + count - 1 as likely as the others; count 0: of all 64-bit numbers */
	GEN_FLOW_HOST, /* the source address' lower bits and the source port, which together are a flow's own */
	GEN_FLOW_PORT,
};
struct gen_values {
	enum gen_order order;
	uint64_t first, step, count;
	uint64_t *list; /* whose the values are frees it; NULL but for GEN_LIST */
};

/** What is wrong with a text: what was expected, and at which byte. */
struct gen_stream_error {
	unsigned offset;
	char expected[240];
};

/** A text while it is read: its beginning, and what is wrong with it. */
struct gen_text {
	const char *text;
	struct gen_stream_error *error;
};

/** Notes what was expected at a place of the text. @return false */
bool gen_expected(const struct gen_text *text, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** How a value is written. */
enum gen_form {
	GEN_FORM_NUMBER,    /* decimal, or 0x and hexadecimal */
	GEN_FORM_TYPE,      /* the same, printed hexadecimal */
	GEN_FORM_TCP_FLAGS, /* letters of FSRPAUEC, or a number */
	GEN_FORM_MAC,
	GEN_FORM_IP4,
	GEN_FORM_IP6,
};

/**
 * Reads what stands behind `key=`, up to a space or the end: A, A-B, A-B/STEP, A,B,C, random or random(A-B).
 * @param least, most  of what a value is; of IPv6 addresses: of the lower 64 bits
 * @param high  the upper 64 bits of IPv6 addresses; at first it has what they are where the text has none
 * @return false: the text is wrong, and no list is left over
 */
bool gen_values_parse(const struct gen_text *text, const char *at, enum gen_form form, uint64_t least, uint64_t most,
	struct gen_values *values, struct gen_values *high);

/** Prints a value as gen_values_parse would read it. high: as there */
void gen_value_print(enum gen_form form, uint64_t high, uint64_t value, FILE *out);

/** Makes the values a list in which each of n values comes as often as its weight says, as evenly as they can. False:
 * no memory, or the weights are more than GEN_LIST_MAX together. */
bool gen_values_mix(struct gen_values *values, const uint64_t *each, const uint64_t *weights, unsigned n);

/** The least and the greatest value; GEN_FLOW_ have none. */
uint64_t gen_values_least(const struct gen_values *values);
uint64_t gen_values_greatest(const struct gen_values *values);

#endif
