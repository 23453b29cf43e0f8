/* SPDX-License-Identifier: BSD-2-Clause
 * The layers that headers may have, and their fields. */
#include "gen_layers.h"

/* Addresses are RFC 2544's and RFC 5180's, the destination port is
 * discard; 49152 is the first of the ports that everybody may use. */
const struct gen_layer_form gen_layers[GEN_LAYERS] = {
	[GEN_ETH] = {"eth", 14, {0}, 0, 0, 0},
	[GEN_VLAN] = {"vlan", 4, {0x81, 0}, 1, 0, 0},
	[GEN_IP4] = {"ip4", 20, {0x45, [6] = 0x40, [8] = 64, [12] = 198, 18, 0, 0, 198, 19, 0, 1}, 2, 0x0800, 0},
	[GEN_IP6] = {"ip6", 40, {0x60, [7] = 64, [8] = 0x20, 1, 0, 2, [24] = 0x20, 1, 0, 2, [30] = 0x80, [39] = 1}, 2,
		0x86dd, 0},
	[GEN_ARP] = {"arp", 28, {0, 1, 8, 0, 6, 4, 0, 1, [14] = 198, 18, 0, 0, [24] = 198, 19, 0, 1}, 2, 0x0806, 0},
	[GEN_UDP] = {"udp", 8, {0xc0, 0, 0, 9}, 3, 17, 6},
	[GEN_TCP] = {"tcp", 20, {0xc0, 0, 0, 9, [12] = 0x50, 0x10, 0x20, 0}, 3, 6, 16},
	[GEN_ICMP] = {"icmp", 8, {8}, 3, 1, 2},
};

const struct gen_layer_field gen_layer_fields[] = {
	{GEN_ETH, "dst", GEN_FORM_MAC, 0, 8, 16, 48, GEN_OF_FLOW},
	{GEN_ETH, "src", GEN_FORM_MAC, 4, 8, 0, 48, GEN_OF_FLOW},
	{GEN_ETH, "type", GEN_FORM_TYPE, 12, 2, 0, 16, GEN_ENDS},
	{GEN_VLAN, "id", GEN_FORM_NUMBER, 2, 2, 0, 12, GEN_OF_FLOW},
	{GEN_VLAN, "dei", GEN_FORM_NUMBER, 2, 2, 12, 1, 0},
	{GEN_VLAN, "pcp", GEN_FORM_NUMBER, 2, 2, 13, 3, 0},
	{GEN_VLAN, "tpid", GEN_FORM_TYPE, 0, 2, 0, 16, 0},
	{GEN_VLAN, "type", GEN_FORM_TYPE, 4, 2, 0, 16, GEN_ENDS},
	{GEN_IP4, "tos", GEN_FORM_NUMBER, 0, 2, 0, 8, GEN_IN_IP_SUM},
	{GEN_IP4, "id", GEN_FORM_NUMBER, 4, 2, 0, 16, GEN_IN_IP_SUM},
	{GEN_IP4, "df", GEN_FORM_NUMBER, 6, 2, 14, 1, GEN_IN_IP_SUM},
	{GEN_IP4, "mf", GEN_FORM_NUMBER, 6, 2, 13, 1, GEN_IN_IP_SUM},
	{GEN_IP4, "frag", GEN_FORM_NUMBER, 6, 2, 0, 13, GEN_IN_IP_SUM},
	{GEN_IP4, "ttl", GEN_FORM_NUMBER, 8, 2, 8, 8, GEN_IN_IP_SUM},
	{GEN_IP4, "proto", GEN_FORM_NUMBER, 8, 2, 0, 8, GEN_IN_IP_SUM | GEN_ENDS},
	{GEN_IP4, "src", GEN_FORM_IP4, 12, 4, 0, 32, GEN_IN_IP_SUM | GEN_IN_PSEUDO | GEN_OF_FLOW},
	{GEN_IP4, "dst", GEN_FORM_IP4, 16, 4, 0, 32, GEN_IN_IP_SUM | GEN_IN_PSEUDO | GEN_OF_FLOW},
	{GEN_IP6, "tos", GEN_FORM_NUMBER, 0, 2, 4, 8, 0},
	{GEN_IP6, "label", GEN_FORM_NUMBER, 0, 4, 0, 20, 0},
	{GEN_IP6, "proto", GEN_FORM_NUMBER, 6, 2, 8, 8, GEN_ENDS},
	{GEN_IP6, "ttl", GEN_FORM_NUMBER, 6, 2, 0, 8, 0},
	{GEN_IP6, "src", GEN_FORM_IP6, 16, 8, 0, 64, GEN_IN_PSEUDO | GEN_OF_FLOW},
	{GEN_IP6, "dst", GEN_FORM_IP6, 32, 8, 0, 64, GEN_IN_PSEUDO | GEN_OF_FLOW},
	{GEN_ARP, "op", GEN_FORM_NUMBER, 6, 2, 0, 16, 0},
	{GEN_ARP, "sha", GEN_FORM_MAC, 6, 8, 0, 48, 0},
	{GEN_ARP, "spa", GEN_FORM_IP4, 14, 4, 0, 32, 0},
	{GEN_ARP, "tha", GEN_FORM_MAC, 16, 8, 0, 48, 0},
	{GEN_ARP, "tpa", GEN_FORM_IP4, 24, 4, 0, 32, 0},
	{GEN_UDP, "src", GEN_FORM_NUMBER, 0, 2, 0, 16, GEN_IN_L4_SUM | GEN_OF_FLOW},
	{GEN_UDP, "dst", GEN_FORM_NUMBER, 2, 2, 0, 16, GEN_IN_L4_SUM | GEN_OF_FLOW},
	{GEN_TCP, "src", GEN_FORM_NUMBER, 0, 2, 0, 16, GEN_IN_L4_SUM | GEN_OF_FLOW},
	{GEN_TCP, "dst", GEN_FORM_NUMBER, 2, 2, 0, 16, GEN_IN_L4_SUM | GEN_OF_FLOW},
	{GEN_TCP, "seq", GEN_FORM_NUMBER, 4, 4, 0, 32, GEN_IN_L4_SUM},
	{GEN_TCP, "ack", GEN_FORM_NUMBER, 8, 4, 0, 32, GEN_IN_L4_SUM},
	{GEN_TCP, "flags", GEN_FORM_TCP_FLAGS, 12, 2, 0, 8, GEN_IN_L4_SUM},
	{GEN_TCP, "window", GEN_FORM_NUMBER, 14, 2, 0, 16, GEN_IN_L4_SUM},
	{GEN_TCP, "urgent", GEN_FORM_NUMBER, 18, 2, 0, 16, GEN_IN_L4_SUM},
	{GEN_ICMP, "type", GEN_FORM_NUMBER, 0, 2, 8, 8, GEN_IN_L4_SUM},
	{GEN_ICMP, "code", GEN_FORM_NUMBER, 0, 2, 0, 8, GEN_IN_L4_SUM},
	{GEN_ICMP, "id", GEN_FORM_NUMBER, 4, 2, 0, 16, GEN_IN_L4_SUM | GEN_OF_FLOW},
	{GEN_ICMP, "seq", GEN_FORM_NUMBER, 6, 2, 0, 16, GEN_IN_L4_SUM},
};
_Static_assert(sizeof(gen_layer_fields) / sizeof(gen_layer_fields[0]) == GEN_LAYER_FIELDS, "they are counted");
