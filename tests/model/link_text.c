/* SPDX-License-Identifier: BSD-2-Clause
 * Names of modules, lists of speeds. */
#include "link_text.h"

#include <stdlib.h>
#include <string.h>

bool link_text_module(const char *name, enum model_module *module)
{
	for (unsigned i = 0; i < MODEL_MODULES; i++) {
		if (strcmp(model_module_name(i), name) == 0) {
			*module = (enum model_module)i;
			return true;
		}
	}
	return false;
}

/** @return 0: there is no such speed. */
static uint32_t speed_of(unsigned long mbps)
{
	switch (mbps) {
	case 100:
		return MODEL_SPEED_100M;
	case 1000:
		return MODEL_SPEED_1G;
	case 2500:
		return MODEL_SPEED_2_5G;
	case 5000:
		return MODEL_SPEED_5G;
	case 10000:
		return MODEL_SPEED_10G;
	default:
		return 0;
	}
}

bool link_text_speeds(const char *text, uint32_t *speeds)
{
	uint32_t all = 0;
	for (;;) {
		char *end;
		uint32_t speed = *text >= '0' && *text <= '9' ? speed_of(strtoul(text, &end, 10)) : 0;
		if (!speed)
			return false;
		all |= speed;
		if (!*end) {
			*speeds = all;
			return true;
		}
		if (*end != ',')
			return false;
		text = end + 1;
	}
}
