/* SPDX-License-Identifier: BSD-2-Clause
 * The layers that the headers of packets may have, and their fields: as data. */
#ifndef POLLUX_APPS_GEN_LAYERS_H
#define POLLUX_APPS_GEN_LAYERS_H

#include "gen_values.h"

enum gen_layer { GEN_ETH, GEN_VLAN, GEN_IP4, GEN_IP6, GEN_ARP, GEN_UDP, GEN_TCP, GEN_ICMP, GEN_LAYERS };

/** A layer as it is where the text says nothing else. */
struct gen_layer_form {
	const char *word;
	uint8_t bytes, header[40];
	uint8_t level;   /* layers stand in the order of these */
	uint16_t number; /* of the protocol, in the layer below */
	uint8_t sum_at;  /* offset of the checksum */
};
extern const struct gen_layer_form gen_layers[GEN_LAYERS];
#define GEN_ICMP6_NUMBER  58
#define GEN_ICMP6_REQUEST 128
#define GEN_TAG_OUTER     0x88a8 /* IEEE 802.1ad: of two tags the first */

enum {
	GEN_IN_IP_SUM = 1,
	GEN_IN_L4_SUM = 2,
	GEN_IN_PSEUDO = 4,
	GEN_OF_FLOW = 8,
	GEN_ENDS = 16, /* says what follows: no layer does */
};

/** Where the value of a field is: in the word of `bytes` bytes at `at`, that many bits above `shift`. Of an IPv6
 * address these are the lower 64 bits, which alone may vary; the upper ones are in the 8 bytes before. */
struct gen_layer_field {
	enum gen_layer layer;
	const char *key;
	enum gen_form form;
	uint8_t at, bytes, shift, bits, flags;
};
#define GEN_LAYER_FIELDS 41u
extern const struct gen_layer_field gen_layer_fields[GEN_LAYER_FIELDS];
_Static_assert(2 * GEN_LAYER_FIELDS + 1 < 128, "each field of each tag has an id, and one for its upper half");
_Static_assert(GEN_LAYER_FIELDS < 64, "those of a layer that were given are bits of a number");

#endif
