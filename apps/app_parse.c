/* SPDX-License-Identifier: BSD-2-Clause
 * The forms that values of options have: numbers with multiples, times, addresses, speeds, lists of CPUs. */
#include "app_parse.h"

#include "../driver/nic.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool app_parse_number(const char *text, double *value, const char **rest)
{
	char *end;

	/* strtod alone would take hexadecimal numbers, infinities and signs as well. */
	if (!isdigit((unsigned char)text[*text == '.']) || (text[0] == '0' && tolower((unsigned char)text[1]) == 'x'))
		return false;
	double number = strtod(text, &end);
	double multiple = *end == 'k' || *end == 'K' ? 1e3 : *end == 'M' ? 1e6 : *end == 'G' ? 1e9 : 1;
	number *= multiple;
	end += multiple > 1;
	if (!isfinite(number))
		return false;
	*value = number;
	*rest = end;
	return true;
}

bool app_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	double number;
	const char *rest;

	/* Up to 2^53 a double holds every integer; nobody counts further. */
	if (!app_parse_number(text, &number, &rest) || *rest || number > 0x1p53)
		return false;
	/* The number was rounded, and then its multiple: 1.001k is 1000.9999999999999. */
	uint64_t integer = (uint64_t)number;
	integer += number - (double)integer > 0.5;
	if (fabs(number - (double)integer) > number * 0x1p-51 || integer < min || integer > max)
		return false;
	*value = integer;
	return true;
}

bool app_parse_seconds(const char *text, double min, double max, double *value)
{
	double number;
	const char *rest;

	if (!app_parse_number(text, &number, &rest) || number < min || number > max)
		return false;
	if (*rest && strcmp(rest, "s") != 0)
		return false;
	*value = number;
	return true;
}

bool app_parse_mac(const char *text, uint8_t mac[6])
{
	uint8_t bytes[6];

	if (strlen(text) != 17)
		return false;
	for (unsigned i = 0; i < 6; i++) {
		const char *at = text + 3 * i;
		if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]) || at[2] != (i < 5 ? ':' : '\0'))
			return false;
		bytes[i] = (uint8_t)strtoul(at, NULL, 16);
	}
	memcpy(mac, bytes, 6);
	return true;
}

bool app_parse_words(const char *text, const char *const *words, unsigned count, uint32_t *mask)
{
	uint32_t found = 0;

	for (;;) {
		size_t length = strcspn(text, ",");
		unsigned i = 0;
		while (i < count && (strlen(words[i]) != length || strncasecmp(text, words[i], length) != 0))
			i++;
		if (i == count)
			return false;
		found |= 1u << i;
		text += length;
		if (*text == '\0')
			break;
		text++;
	}
	*mask = found;
	return true;
}

bool app_parse_speeds(const char *text, uint32_t *speeds)
{
	static const char *const names[] = {"10M", "100M", "1G", "2.5G", "5G", "10G"}; /* in the order of the bits */

	return app_parse_words(text, names, sizeof(names) / sizeof(*names), speeds);
}
_Static_assert(NIC_SPEED_10M == 1 && NIC_SPEED_10G == 1 << 5, "app_parse_speeds counts the bits");

bool app_parse_cpus(const char *text, unsigned *cpus, unsigned most, unsigned *count)
{
	unsigned n = 0;

	for (const char *at = text;; at++) {
		char *end;
		if (!isdigit((unsigned char)*at))
			return false;
		unsigned long first = strtoul(at, &end, 10), last = first;
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return false;
			last = strtoul(end + 1, &end, 10);
		}
		if (last < first || last >= APP_CPU_NUMBERS || last - first >= most - n)
			return false;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			cpus[n++] = (unsigned)cpu;
		at = end;
		if (*at == '\0')
			break;
		if (*at != ',')
			return false;
	}
	*count = n;
	return true;
}
