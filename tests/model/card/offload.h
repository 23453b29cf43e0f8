/* SPDX-License-Identifier: BSD-2-Clause
 * What transmit descriptors ask to be done to a frame. */
#ifndef POLLUX_TESTS_MODEL_CARD_OFFLOAD_H
#define POLLUX_TESTS_MODEL_CARD_OFFLOAD_H

#include "state.h"

/** What a context says about a frame's layers. */
struct tx_layout {
	uint32_t l2_bytes, ip_bytes, l4_bytes, mss;
	bool ipv4;
	uint8_t protocol;
	uint16_t vlan;
};
struct tx_layout model_offload_layout(const struct descriptor *context);
bool model_offload_checksums(uint8_t *frame, uint32_t len, const struct tx_layout *layout, bool ip, bool l4);
void model_offload_segment(const struct model *m, uint8_t *to, const uint8_t *frame, uint32_t payload, uint32_t at,
	uint32_t bytes, const struct tx_layout *layout);

/** offload_judge.c: what a driver is asked to see to, and a card cannot know. @return MODEL_TX_LAYOUT,
 * MODEL_TX_PREPARED or MODEL_MISUSES: all is well. */
enum model_misuse model_offload_judge(
	const uint8_t *frame, uint32_t len, const struct tx_layout *layout, bool ip, bool l4, bool segment);

#endif
