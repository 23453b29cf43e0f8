/* SPDX-License-Identifier: BSD-2-Clause
 * What is typed, as numbers and addresses. */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool text_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	char *end;
	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && !*end && *value >= least && *value <= most;
}

bool text_mac_address(const char *text, uint8_t mac[6])
{
	unsigned byte[6];
	int end = 0;
	if (!text || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4],
			     &byte[5], &end) != 6)
		return false;
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)byte[i];
	return text[end] == '\0';
}
