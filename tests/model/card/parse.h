/* SPDX-License-Identifier: BSD-2-Clause
 * What the receive parser finds out about a frame. */
#ifndef POLLUX_TESTS_MODEL_CARD_PARSE_H
#define POLLUX_TESTS_MODEL_CARD_PARSE_H

#include "state.h"

struct parsed {
	uint64_t q0, q1; /* packet type, RSS type and hash; checksum status and errors */
	uint32_t hash;
	uint16_t vlan; /* tag, when tagged */
	bool tagged;
	uint8_t tag_at; /* where that tag stands in the frame */
	uint8_t rss_type;
	uint8_t queue; /* where EtherType filters or RSS send it; 0 without */
};

/** Finds out about a frame of at least 60 bytes. */
void model_parse(struct model *m, const uint8_t *data, uint32_t len, struct parsed *p);

#endif
