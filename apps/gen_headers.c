/* SPDX-License-Identifier: BSD-2-Clause
 * The headers of a stream's packets: from layers and fields in a text to bytes. */
#include "gen_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_type(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* ---- Layers ---- */

/* Puts a layer behind those that there are. */
static void add_layer(struct gen_builder *b, enum gen_layer layer)
{
	struct gen_headers *h = b->headers;
	uint8_t *end = h->data + h->bytes;
	bool icmp6 = layer == GEN_ICMP && h->ip_version == 6;

	b->layer = layer;
	b->layer_at = h->bytes;
	b->given = 0;
	if (layer == GEN_VLAN) {
		b->layer_at -= 2; /* where the type was so far */
		end -= 2;
		if (b->tags++ == 1) {
			put_type(h->usual + b->layer_at - 4, GEN_TAG_OUTER);
			if (!b->tpid_given)
				put_type(end - 4, GEN_TAG_OUTER);
		}
	} else if (gen_layers[layer].level == 2) {
		put_type(end - 2, gen_layers[layer].number);
		h->ip_version = layer == GEN_IP4 ? 4 : layer == GEN_IP6 ? 6 : 0;
	} else if (gen_layers[layer].level == 3) {
		h->data[h->l3_at + (h->ip_version == 4 ? 9 : 6)] =
			icmp6 ? GEN_ICMP6_NUMBER : (uint8_t)gen_layers[layer].number;
		h->l4_at = b->layer_at;
		h->l4_sum_at = b->layer_at + gen_layers[layer].sum_at;
		h->is_udp = layer == GEN_UDP;
		h->has_pseudo_sum = layer != GEN_ICMP || icmp6;
	}
	memcpy(end, gen_layers[layer].header, gen_layers[layer].bytes);
	if (icmp6)
		*end = GEN_ICMP6_REQUEST;
	memcpy(h->usual + b->layer_at, end, gen_layers[layer].bytes);
	h->bytes += gen_layers[layer].bytes;
	h->layers[h->layer_count] = (uint8_t)layer;
	h->layer_at[h->layer_count++] = (uint8_t)b->layer_at;
	if (gen_layers[layer].level < 2)
		h->l3_at = h->bytes;
	if (layer == GEN_ARP) {
		h->repeat_from_at = b->layer_at + 8;
		if (!h->has_to)
			memset(h->data, 0xff, 6); /* a broadcast */
		h->has_to = true;
	}
}

static bool take_layer(struct gen_builder *b, const char *at, enum gen_layer layer)
{
	unsigned now = gen_layers[b->layer].level, next = gen_layers[layer].level;

	if (b->ends)
		return gen_expected(&b->text, at, "no layer behind type= or proto=, which say what follows");
	if (layer == GEN_VLAN && b->tags == 2)
		return gen_expected(&b->text, at, "at most two VLAN tags");
	if ((layer == GEN_ETH && b->given) || next < now || (next == now && next > 1) ||
		(b->layer == GEN_ARP && next > now))
		return gen_expected(&b->text, at,
			"each layer once, and in the order eth, vlan, vlan, ip or ip6 or arp, udp or tcp or icmp");
	if (next == 3 && now < 2)
		add_layer(b, GEN_IP4);
	if (layer != GEN_ETH) /* which is there from the beginning */
		add_layer(b, layer);
	return true;
}

/* ---- Fields ---- */

static uint64_t mask_of(const struct gen_layer_field *f)
{
	return UINT64_MAX >> (64 - f->bits);
}

/* Writes a field, or notes how it varies. */
static bool set_word(struct gen_builder *b, const char *at, const struct gen_layer_field *f, unsigned offset,
	unsigned id, const struct gen_values *values)
{
	struct gen_headers *h = b->headers;
	bool fixed = values->order == GEN_COUNTING && values->count == 1;
	uint64_t value = fixed ? values->first << f->shift : 0, mask = mask_of(f) << f->shift;

	for (unsigned i = f->bytes; i > 0; i--, value >>= 8, mask >>= 8) {
		uint8_t *byte = &h->data[offset + i - 1];
		*byte = (uint8_t)((*byte & ~mask) | value);
	}
	if (fixed)
		return true;
	if (h->field_count == GEN_FIELDS)
		return gen_expected(&b->text, at, "at most %u fields that vary", GEN_FIELDS);
	h->fields[h->field_count++] = (struct gen_field){
		.values = *values,
		.at = (uint8_t)offset,
		.bytes = f->bytes,
		.shift = f->shift,
		.id = (uint8_t)id,
		.in_ip_sum = f->flags & GEN_IN_IP_SUM,
		.in_l4_sum = f->flags & (GEN_IN_L4_SUM | GEN_IN_PSEUDO),
		.of_flow = f->flags & GEN_OF_FLOW,
	};
	return true;
}

static void note_field(struct gen_builder *b, const struct gen_layer_field *f, bool varies)
{
	bool source = strcmp(f->key, "src") == 0;

	b->headers->has_to |= f->layer == GEN_ETH && strcmp(f->key, "dst") == 0;
	b->headers->has_from |= f->layer == GEN_ETH && source;
	b->from_varies |= f->layer == GEN_ETH && source && varies;
	b->ip_source_varies |= source && varies && gen_layers[f->layer].level == 2;
	b->l4_source |= source && gen_layers[f->layer].level == 3;
	b->ends |= f->flags & GEN_ENDS;
	b->tpid_given |= strcmp(f->key, "tpid") == 0;
	if (strcmp(f->key, "sha") == 0)
		b->headers->repeat_from_at = 0;
}

static bool no_such_field(const struct gen_builder *b, const char *key)
{
	char keys[100] = "";

	for (unsigned i = 0; i < GEN_LAYER_FIELDS; i++)
		if (gen_layer_fields[i].layer == b->layer)
			snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), " %s=", gen_layer_fields[i].key);
	return gen_expected(&b->text, key,
		"a layer (eth vlan= ip ip6 arp udp tcp icmp), a field of %s (%s), or size= rate= pace= count= name= "
		"flows= sum= stamp=",
		gen_layers[b->layer].word, keys + 1);
}

static bool take_field(struct gen_builder *b, const char *key, unsigned length, const char *value)
{
	unsigned i = 0;

	while (i < GEN_LAYER_FIELDS &&
		(gen_layer_fields[i].layer != b->layer || strlen(gen_layer_fields[i].key) != length ||
			strncmp(gen_layer_fields[i].key, key, length) != 0))
		i++;
	if (i == GEN_LAYER_FIELDS || !value)
		return no_such_field(b, key);
	const struct gen_layer_field *f = &gen_layer_fields[i];
	unsigned at = b->layer_at + f->at, id = 1 + 2 * i + (b->tags == 2 ? 128 : 0);
	struct gen_values low, high = {.count = 1};
	if (b->given & UINT64_C(1) << i)
		return gen_expected(&b->text, key, "each field once");
	b->given |= UINT64_C(1) << i;
	for (unsigned byte = 0; byte < 8 && f->form == GEN_FORM_IP6; byte++)
		high.first = high.first << 8 | b->headers->data[at - 8 + byte];
	if (!gen_values_parse(&b->text, value, f->form, 0, mask_of(f), &low, &high))
		return false;
	note_field(b, f, low.order != GEN_COUNTING || low.count > 1);
	if (f->form != GEN_FORM_IP6) {
		free(high.list);
	} else if (!set_word(b, key, f, at - 8, id + 1, &high)) {
		free(high.list);
		free(low.list);
		return false;
	}
	if (set_word(b, key, f, at, id, &low))
		return true;
	free(low.list);
	return false;
}

/* ---- All of them ---- */

void gen_headers_begin(struct gen_builder *b, struct gen_headers *headers, const struct gen_text *text)
{
	*headers = (struct gen_headers){.bytes = 0};
	*b = (struct gen_builder){.headers = headers, .text = *text};
	add_layer(b, GEN_ETH);
}

bool gen_headers_take(struct gen_builder *b, const char *key, unsigned length, const char *value)
{
	for (enum gen_layer layer = GEN_ETH; layer < GEN_LAYERS; layer++) {
		bool ip = layer == GEN_IP4 && length == 2 && strncmp(key, "ip", 2) == 0;
		if (!ip &&
			(strlen(gen_layers[layer].word) != length || strncmp(key, gen_layers[layer].word, length) != 0))
			continue;
		if ((layer == GEN_VLAN) != (value != NULL))
			return gen_expected(&b->text, value ? value - 1 : key + length, "%s",
				value ? "a space behind a layer other than vlan" : "=ID behind vlan");
		return take_layer(b, key, layer) && (!value || take_field(b, "id", 2, value));
	}
	return take_field(b, key, length, value);
}

bool gen_headers_end(struct gen_builder *b, uint64_t flows, const char *flows_at)
{
	struct gen_headers *h = b->headers;

	if (!b->ends && gen_layers[b->layer].level < 2)
		add_layer(b, GEN_IP4);
	if (!b->ends && b->headers->ip_version && gen_layers[b->layer].level == 2)
		add_layer(b, GEN_UDP);
	for (unsigned i = 0; i < h->field_count; i++)
		h->fields[i].in_l4_sum &= h->has_pseudo_sum || h->fields[i].at >= h->l4_at;
	if (h->repeat_from_at && b->from_varies)
		return gen_expected(
			&b->text, b->text.text + strlen(b->text.text), "sha= behind arp, as eth src= varies");
	if (flows < 2)
		return true;
	if (b->layer != GEN_UDP && b->layer != GEN_TCP)
		return gen_expected(&b->text, flows_at, "udp or tcp, whose source port flows= needs");
	if (b->ip_source_varies || b->l4_source)
		return gen_expected(&b->text, flows_at,
			"no other source port, nor a source address that varies: flows= "
			"has its own");
	static const struct gen_layer_field host = {.bytes = 2,
						    .bits = 16,
						    .flags = GEN_IN_IP_SUM | GEN_IN_PSEUDO | GEN_OF_FLOW},
					    port = {.bytes = 2, .bits = 16, .flags = GEN_IN_L4_SUM | GEN_OF_FLOW};
	return set_word(b, flows_at, &host, h->l3_at + (h->ip_version == 4 ? 14 : 22), 0,
		       &(struct gen_values){.order = GEN_FLOW_HOST, .count = flows}) &&
	       set_word(b, flows_at, &port, h->l4_at, 0, &(struct gen_values){.order = GEN_FLOW_PORT, .count = flows});
}

static uint64_t get_word(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

void gen_headers_print(const struct gen_headers *h, const uint8_t *frame, FILE *out)
{
	for (unsigned n = 0; n < h->layer_count; n++) {
		enum gen_layer layer = h->layers[n];
		const uint8_t *at = frame + h->layer_at[n];

		fprintf(out, "%s%s", n ? " " : "", gen_layers[layer].word);
		for (unsigned i = 0; i < GEN_LAYER_FIELDS; i++) {
			const struct gen_layer_field *f = &gen_layer_fields[i];
			if (f->layer != layer)
				continue;
			uint64_t value = get_word(at + f->at, f->bytes) >> f->shift & mask_of(f);
			bool is_id = layer == GEN_VLAN && strcmp(f->key, "id") == 0;
			uint64_t usual = get_word(h->usual + h->layer_at[n] + f->at, f->bytes) >> f->shift & mask_of(f);
			/* a VLAN's id is what stands behind the layer's own `=` */
			if (!(f->flags & (GEN_OF_FLOW | GEN_ENDS)) && value == usual)
				continue;
			if ((f->flags & GEN_ENDS) && n + 1 < h->layer_count)
				continue;
			fprintf(out, is_id ? "=" : " %s=", f->key);
			gen_value_print(f->form, f->form == GEN_FORM_IP6 ? get_word(at + f->at - 8, 8) : 0, value, out);
		}
	}
}

void gen_headers_free(struct gen_headers *headers)
{
	for (unsigned i = 0; i < headers->field_count; i++)
		free(headers->fields[i].values.list);
	headers->field_count = 0;
}
