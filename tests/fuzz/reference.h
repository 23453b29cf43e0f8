/* SPDX-License-Identifier: BSD-2-Clause
 * What a frame with wishes is to become on the wire: slowly, byte by byte, from the standards and from what pkt_flags.h
 * and nic.h promise. It shares no code with driver/, so that the two do not share a mistake.
 *
 * Sections: IEEE 802.1Q 9.6 (tags); RFC 791 3.1 (IPv4); RFC 8200 4 and 8.1 (IPv6, pseudo-header); RFC 9293 3.1 (TCP);
 * RFC 768 (UDP); RFC 1071 (the sum); RFC 6864 (IPv4 identification); RFC 3168 6.1.2 (CWR). */
#ifndef POLLUX_TESTS_FUZZ_REFERENCE_H
#define POLLUX_TESTS_FUZZ_REFERENCE_H

#include "../../mempool/pkt_flags.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define REFERENCE_BYTES 70000u

struct reference_wish {
	unsigned flags, mss, vlan;
	uint32_t longest; /* frame that the port sends */
};

/** Takes the frames that leave, one by one. */
typedef void reference_emit(void *context, const uint8_t *frame, uint32_t bytes);

/* A frame with room for one more tag, and what was found in it. */
struct reference_frame {
	uint8_t b[REFERENCE_BYTES + 4];
	uint32_t bytes;
	uint32_t ip, l4, end; /* where they begin; where the datagram ends */
	unsigned version, protocol;
};

static unsigned reference_16(const uint8_t *b)
{
	return b[0] * 256u + b[1];
}

static void reference_put_16(uint8_t *b, unsigned value)
{
	b[0] = (uint8_t)(value / 256 % 256);
	b[1] = (uint8_t)(value % 256);
}

/* Adds a 16-bit word to a ones' complement sum: a carry comes in again at the other end. */
static unsigned reference_plus(unsigned sum, unsigned word)
{
	sum += word;
	return sum > 0xffff ? sum - 0xffff : sum;
}

static unsigned reference_sum(const uint8_t *b, uint32_t n)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum = reference_plus(sum, i % 2 ? b[i] : b[i] * 256u);
	return sum;
}

/* Finds the IP header behind at most two tags. */
static bool reference_find_ip(struct reference_frame *f)
{
	uint32_t at = 12;

	for (unsigned tags = 0; tags < 3; tags++, at += 4) {
		if (at + 2 > f->bytes)
			return false;
		unsigned type = reference_16(&f->b[at]);
		if (type == 0x8100 || type == 0x88a8)
			continue;
		f->ip = at + 2;
		f->version = type == 0x0800 ? 4 : type == 0x86dd ? 6 : 0;
		return f->version != 0;
	}
	return false;
}

/* Walks through the IPv4 header. `all`: the packet goes to the frame's end, whatever its length says. */
static bool reference_walk_4(struct reference_frame *f, bool all, bool *fragment)
{
	const uint8_t *h = &f->b[f->ip];

	if (f->bytes - f->ip < 20 || h[0] / 16 != 4)
		return false;
	unsigned words = h[0] % 16;
	if (words < 5)
		return false;
	f->l4 = f->ip + words * 4;
	f->end = all ? f->bytes : f->ip + reference_16(h + 2);
	f->protocol = h[9];
	*fragment = (h[6] & 0x20) || (h[6] & 0x1f) || h[7];
	return f->l4 <= f->end && f->end <= f->bytes;
}

/* The same through IPv6's chain. */
static bool reference_walk_6(struct reference_frame *f, bool all, bool *fragment)
{
	const uint8_t *h = &f->b[f->ip];
	unsigned count = 0;

	*fragment = false;
	if (f->bytes - f->ip < 40 || h[0] / 16 != 6)
		return false;
	f->l4 = f->ip + 40;
	f->end = all ? f->bytes : f->l4 + reference_16(h + 4);
	f->protocol = h[6];
	if (f->end > f->bytes)
		return false;
	for (;;) {
		const uint8_t *x = &f->b[f->l4];
		uint32_t length;
		switch (f->protocol) {
		case 0:  /* hop by hop */
		case 60: /* destination options */
		case 43: /* routing */
			if (f->end - f->l4 < 8)
				return false;
			length = 8 + 8u * x[1];
			break;
		case 44: /* fragment */
			if (f->end - f->l4 < 8)
				return false;
			length = 8;
			break;
		default:
			return true;
		}
		if (++count > 8 || f->end - f->l4 < length)
			return false;
		if (f->protocol == 44 && (x[2] || (x[3] & 0xf8) || (x[3] & 1) || all))
			*fragment = true;
		if (f->protocol == 43 && x[3] > 0) /* who gets it in the end is another: not obeyed */
			return false;
		f->protocol = x[0];
		f->l4 += length;
	}
}

/* The TCP or UDP checksum of a frame whose fields are all right. */
static void reference_l4(struct reference_frame *f)
{
	unsigned address = f->version == 4 ? 4 : 16, bytes = f->end - f->l4;
	uint8_t *field = &f->b[f->l4 + (f->protocol == 6 ? 16 : 6)];
	unsigned sum = reference_sum(&f->b[f->version == 4 ? f->ip + 12 : f->ip + 8], 2 * address);

	reference_put_16(field, 0);
	sum = reference_plus(sum, f->protocol);
	sum = reference_plus(sum, bytes);
	sum = reference_plus(sum, reference_sum(&f->b[f->l4], bytes));
	sum = 0xffff - sum;
	reference_put_16(field, sum == 0 && f->protocol == 17 ? 0xffff : sum);
}

static void reference_leave(
	struct reference_frame *f, const struct reference_wish *wish, reference_emit *emit, void *context)
{
	static uint8_t out[REFERENCE_BYTES + 8];
	uint32_t bytes = 12;

	if (f->version == 4 && wish->flags & (PKT_TX_IP_CHECKSUM | PKT_TX_SEGMENT)) {
		reference_put_16(&f->b[f->ip + 10], 0);
		unsigned sum = reference_sum(&f->b[f->ip], (f->b[f->ip] % 16) * 4u);
		reference_put_16(&f->b[f->ip + 10], 0xffff - sum);
	}
	if (wish->flags & (PKT_TX_L4_CHECKSUM | PKT_TX_SEGMENT))
		reference_l4(f);
	memcpy(out, f->b, 12);
	if (wish->flags & PKT_VLAN) {
		reference_put_16(&out[12], 0x8100);
		reference_put_16(&out[14], wish->vlan);
		bytes = 16;
	}
	memcpy(&out[bytes], &f->b[12], f->bytes - 12);
	emit(context, out, bytes + f->bytes - 12);
}

/** @return false: the frame is refused */
static bool reference_send(
	const uint8_t *frame, uint32_t bytes, const struct reference_wish *wish, reference_emit *emit, void *context)
{
	static struct reference_frame f, segment;
	bool cut = wish->flags & PKT_TX_SEGMENT, sum = wish->flags & PKT_TX_L4_CHECKSUM, fragment = false;
	uint32_t tag = wish->flags & PKT_VLAN ? 4 : 0, headers;

	f.bytes = bytes;
	f.version = 0;
	memcpy(f.b, frame, bytes);
	if (bytes < (tag ? 14 : 1))
		return false;
	if (!cut && bytes + tag > wish->longest)
		return false;
	if (!cut && !sum && !(wish->flags & PKT_TX_IP_CHECKSUM)) {
		if (tag)
			reference_leave(&f, wish, emit, context);
		else
			emit(context, frame, bytes);
		return true;
	}
	if (!reference_find_ip(&f))
		return false;
	if (!(f.version == 4 ? reference_walk_4(&f, cut, &fragment) : reference_walk_6(&f, cut, &fragment)))
		return false;
	if (!cut && !sum) {
		reference_leave(&f, wish, emit, context);
		return true;
	}
	if (fragment)
		return false;
	headers = f.l4;
	if (f.protocol == 6) {
		if (f.end - f.l4 < 20)
			return false;
		unsigned words = f.b[f.l4 + 12] / 16;
		if (words < 5 || f.l4 + words * 4 > f.end)
			return false;
		headers += words * 4;
	} else if (f.protocol == 17 && !cut) {
		if (f.end - f.l4 < 8)
			return false;
		unsigned length = reference_16(&f.b[f.l4 + 4]);
		if (length < 8 || f.l4 + length > f.end)
			return false;
		f.end = f.l4 + length;
	} else
		return false;
	if (!cut) {
		reference_leave(&f, wish, emit, context);
		return true;
	}
	if (wish->mss == 0 || bytes - f.ip > 65535)
		return false;
	uint32_t payload = bytes - headers, longest = payload < wish->mss ? payload : wish->mss;
	if (headers + longest + tag > wish->longest)
		return false;
	unsigned id = reference_16(&f.b[f.ip + 4]);
	uint32_t first = reference_16(&f.b[f.l4 + 4]) * 65536u + reference_16(&f.b[f.l4 + 6]), done = 0;
	do {
		uint32_t part = payload - done < wish->mss ? payload - done : wish->mss;
		bool last = done + part == payload;
		memcpy(segment.b, f.b, headers);
		memcpy(&segment.b[headers], &f.b[headers + done], part);
		segment.ip = f.ip, segment.l4 = f.l4, segment.version = f.version;
		segment.protocol = f.protocol;
		segment.bytes = segment.end = headers + part;
		if (f.version == 4) {
			reference_put_16(&segment.b[f.ip + 2], segment.bytes - f.ip);
			reference_put_16(&segment.b[f.ip + 4], id++);
		} else {
			reference_put_16(&segment.b[f.ip + 4], segment.bytes - f.ip - 40);
		}
		reference_put_16(&segment.b[f.l4 + 4], (first + done) / 65536);
		reference_put_16(&segment.b[f.l4 + 6], (first + done) % 65536);
		if (!last)
			segment.b[f.l4 + 13] &= 0xf6; /* FIN, PSH */
		if (done)
			segment.b[f.l4 + 13] &= 0x7f; /* CWR */
		reference_leave(&segment, wish, emit, context);
		done += part;
	} while (done < payload);
	return true;
}

#endif
