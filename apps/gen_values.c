/* SPDX-License-Identifier: BSD-2-Clause
 * The values of one field of a stream's packets: read from a text. */
#include "gen_values.h"

#include "app_parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char tcp_flags[] = "FSRPAUEC"; /* from bit 0 on */

struct value {
	uint64_t high, low;
};

/* What is read, and how. */
struct reader {
	const struct gen_text *text;
	enum gen_form form;
	uint64_t least, most;
};

bool gen_expected(const struct gen_text *text, const char *at, const char *format, ...)
{
	va_list arguments;

	text->error->offset = (unsigned)(at - text->text);
	va_start(arguments, format);
	vsnprintf(text->error->expected, sizeof(text->error->expected), format, arguments);
	va_end(arguments);
	return false;
}

static bool is_end(char c)
{
	return c == '\0' || isspace((unsigned char)c);
}

static bool read_number(const struct reader *r, const char **at, uint64_t *number)
{
	char *end;

	errno = 0;
	bool hexadecimal = (*at)[0] == '0' && tolower((unsigned char)(*at)[1]) == 'x';
	*number = isdigit((unsigned char)**at) ? strtoull(*at, &end, hexadecimal ? 16 : 10) : 0;
	if (!isdigit((unsigned char)**at) || errno || *number < r->least || *number > r->most)
		return gen_expected(r->text, *at, "a number from %llu to %llu", (unsigned long long)r->least,
			(unsigned long long)r->most);
	*at = end;
	return true;
}

static bool read_flags(const struct reader *r, const char **at, uint64_t *flags)
{
	size_t n = strspn(*at, tcp_flags);

	if (n == 0 && isdigit((unsigned char)**at))
		return read_number(r, at, flags);
	if (n == 0)
		return gen_expected(r->text, *at, "TCP flags: letters of %s, or a number", tcp_flags);
	for (; n > 0; n--, (*at)++)
		*flags |= UINT64_C(1) << (strchr(tcp_flags, **at) - tcp_flags);
	return true;
}

static bool read_address(const struct reader *r, const char **at, struct value *value)
{
	static const char *const names[] = {[GEN_FORM_MAC] = "an Ethernet address such as 02:00:00:00:00:01",
		[GEN_FORM_IP4] = "an IPv4 address such as 198.18.0.1",
		[GEN_FORM_IP6] = "an IPv6 address such as 2001:2::1"};
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t bytes[16] = {0}; /* the lower ones are the last */
	size_t length = strspn(*at, "0123456789abcdefABCDEF.:");
	bool good = length < sizeof(text);

	memcpy(text, *at, good ? length : 0);
	if (r->form == GEN_FORM_MAC)
		good = good && app_parse_mac(text, bytes + 10);
	else if (r->form == GEN_FORM_IP4)
		good = good && inet_pton(AF_INET, text, bytes + 12) == 1;
	else
		good = good && inet_pton(AF_INET6, text, bytes) == 1;
	if (!good)
		return gen_expected(r->text, *at, "%s", names[r->form]);
	memcpy(value, bytes, sizeof(bytes));
	*value = (struct value){be64toh(value->high), be64toh(value->low)};
	*at += length;
	return true;
}

static bool read_value(const struct reader *r, const char **at, struct value *value)
{
	*value = (struct value){0, 0};
	if (r->form == GEN_FORM_NUMBER || r->form == GEN_FORM_TYPE)
		return read_number(r, at, &value->low);
	return r->form == GEN_FORM_TCP_FLAGS ? read_flags(r, at, &value->low) : read_address(r, at, value);
}

/* Reads what stands behind the first value and a `-`. */
static bool read_range(const struct reader *r, const char **at, const struct value *first, struct gen_values *values)
{
	const char *begin = *at;
	struct value last;
	uint64_t step = 1;

	if (!read_value(r, at, &last))
		return false;
	if (last.high != first->high)
		return gen_expected(r->text, begin, "an address that differs in its last 64 bits only");
	if (last.low < first->low)
		return gen_expected(r->text, begin, "a value no less than the first");
	if (**at == '/') {
		const struct reader number = {r->text, GEN_FORM_NUMBER, 1, UINT32_MAX};
		++*at;
		if (!read_number(&number, at, &step))
			return false;
	}
	values->first = first->low;
	values->step = step;
	values->count = (last.low - first->low) / step + 1; /* 0: of all 64-bit numbers */
	return true;
}

static bool read_list(const struct reader *r, const char **at, const struct value *first, struct gen_values *low,
	struct gen_values *high)
{
	struct value value = *first;
	unsigned n = 0;

	*low = (struct gen_values){.order = GEN_LIST, .list = malloc(GEN_LIST_MAX * sizeof(uint64_t))};
	*high = (struct gen_values){.order = GEN_LIST, .list = malloc(GEN_LIST_MAX * sizeof(uint64_t))};
	bool good = low->list && high->list;
	while (good) {
		low->list[n] = value.low;
		high->list[n++] = value.high;
		if (**at != ',')
			break;
		++*at;
		good = n < GEN_LIST_MAX ? read_value(r, at, &value)
					: gen_expected(r->text, *at, "at most %u values in a list", GEN_LIST_MAX);
	}
	low->count = high->count = n;
	return good || (n == 0 && gen_expected(r->text, *at, "memory for a list"));
}

static bool read_order(const struct reader *r, const char **at, struct gen_values *low, struct gen_values *high)
{
	const char *begin = *at;
	struct value first;

	if (strncmp(*at, "random", 6) == 0) {
		*low = (struct gen_values){
			.order = GEN_RANDOM, .first = r->least, .step = 1, .count = r->most - r->least + 1};
		*at += 6;
		if (**at != '(')
			return true;
		++*at;
		if (!read_value(r, at, &first))
			return false;
		if (**at != '-')
			return gen_expected(r->text, *at, "- and the greatest value");
		++*at;
		*high = (struct gen_values){.first = first.high, .count = 1};
		if (!read_range(r, at, &first, low))
			return false;
		if (**at != ')' || low->step != 1)
			return gen_expected(r->text, *at, ") behind the greatest value");
		++*at;
		return true;
	}
	if (!read_value(r, at, &first))
		return false;
	*low = (struct gen_values){.first = first.low, .step = 1, .count = 1};
	*high = (struct gen_values){.first = first.high, .step = 1, .count = 1};
	if (**at == '-') {
		++*at;
		if (!read_range(r, at, &first, low))
			return false;
		return low->count != 0 || gen_expected(r->text, begin, "fewer than 2^64 values");
	}
	return **at != ',' || read_list(r, at, &first, low, high);
}

bool gen_values_parse(const struct gen_text *text, const char *at, enum gen_form form, uint64_t least, uint64_t most,
	struct gen_values *values, struct gen_values *high)
{
	const struct reader reader = {text, form, least, most};
	*values = (struct gen_values){.count = 1};
	bool good = read_order(&reader, &at, values, high);

	if (good && !is_end(*at))
		good = gen_expected(text, at, "a space behind A, A-B, A-B/STEP, A,B,C, random or random(A-B)");
	if (!good) {
		free(values->list);
		free(high->list);
		values->list = high->list = NULL;
	}
	return good;
}

void gen_value_print(enum gen_form form, uint64_t high, uint64_t value, FILE *out)
{
	const uint64_t halves[2] = {htobe64(high), htobe64(value)};
	const uint8_t *bytes = (const uint8_t *)halves;
	char text[INET6_ADDRSTRLEN];

	if (form == GEN_FORM_MAC) {
		for (unsigned i = 10; i < 16; i++)
			fprintf(out, "%s%02x", i > 10 ? ":" : "", bytes[i]);
	} else if (form == GEN_FORM_IP4) {
		fputs(inet_ntop(AF_INET, bytes + 12, text, sizeof(text)), out);
	} else if (form == GEN_FORM_IP6) {
		fputs(inet_ntop(AF_INET6, bytes, text, sizeof(text)), out);
	} else if (form == GEN_FORM_TCP_FLAGS && value) {
		for (unsigned i = 0; tcp_flags[i]; i++)
			if (value >> i & 1)
				fputc(tcp_flags[i], out);
	} else {
		fprintf(out, form == GEN_FORM_TYPE ? "0x%04llx" : "%llu", (unsigned long long)value);
	}
}

bool gen_values_mix(struct gen_values *values, const uint64_t *each, const uint64_t *weights, unsigned n)
{
	uint64_t given[GEN_LIST_MAX] = {0}, all = 0;

	for (unsigned i = 0; i < n; i++)
		all += weights[i];
	uint64_t *list = all <= GEN_LIST_MAX ? malloc(all * sizeof(*list)) : NULL;
	if (!list)
		return false;
	for (uint64_t at = 0; at < all; at++) {
		/* the one that is furthest behind its share */
		unsigned next = 0;
		int64_t furthest = INT64_MIN;
		for (unsigned i = 0; i < n; i++) {
			int64_t behind = (int64_t)(weights[i] * (at + 1)) - (int64_t)(all * given[i]);
			if (behind > furthest) {
				furthest = behind;
				next = i;
			}
		}
		given[next]++;
		list[at] = each[next];
	}
	*values = (struct gen_values){.order = GEN_LIST, .step = 1, .count = all, .list = list};
	return true;
}

uint64_t gen_values_least(const struct gen_values *values)
{
	uint64_t least = values->list ? values->list[0] : values->first;

	for (uint64_t i = 0; i < values->count && values->list; i++)
		least = values->list[i] < least ? values->list[i] : least;
	return least;
}

uint64_t gen_values_greatest(const struct gen_values *values)
{
	uint64_t greatest = values->list ? 0 : values->first + (values->count - 1) * values->step;

	for (uint64_t i = 0; i < values->count && values->list; i++)
		greatest = values->list[i] > greatest ? values->list[i] : greatest;
	return greatest;
}
