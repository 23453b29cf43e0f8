/* SPDX-License-Identifier: BSD-2-Clause
 * Fuzzes the wishes of packets to be sent: frames with headers of all kinds, whole and broken, in pieces of all sizes,
 * with any wishes, through the driver and the software 82599, whose card can all that it can, or some of it, or
 * nothing. What leaves the wire is what reference.h makes of the same frames, and nothing else does.
 *
 * tests/unit/test_wishes.c includes this file, and has it make random inputs. */
#include "clock.h"
#include "input.h"
#include "reference.h"

#include "../../driver/driver.h"
#include "../../driver/ring/offload.h"
#include "../../mempool/pool.h"

#define FRAME_BYTES 66000u /* of a frame as the application makes it */
#define PIECES      34u
#define POOL        2048u
#define SEGMENTS    100u /* of a frame, at most: a ring of 512 has room for the slots of so many */

static struct dma_space *space;
static struct pkt_pool *pool;
static struct nic *nic;
static struct ring_txq *queue;
static const struct ring_tx_card *card; /* in place of the 82599's; NULL: none is */

/* Frames that are to leave, one behind the other, each with its length before it. */
static struct {
	uint8_t *bytes;
	size_t put, got, capacity;
	uint64_t frames;
} expected;
static uint64_t taken, bad, segments_more;

static void open_once(void)
{
	struct model_local_config local = {.trapped = false};

	HOLDS(dma_space_open(&space) == 0);
	HOLDS(pkt_pool_open(&pool, space, POOL, -1) == 0);
	HOLDS(model_local_open(&fuzzed, space, &local) == 0);
	HOLDS(port_from_device(&nic, fuzzed) == 0);
}

static void start(unsigned mtu, unsigned simd, unsigned ring, uint32_t offloads)
{
	struct nic_config config = {.rx_ring = 64, .tx_ring = (uint16_t)ring, .mtu = (uint16_t)mtu, .pool = pool};
	struct nic_info info;
	struct nic_link link = {0};

	nic_get_info(nic, &info);
	config.offloads = offloads & info.can;              /* where the card has it, its fast bursts */
	config.simd = pkt_simd_choose((enum pkt_simd)simd); /* what the CPU does not have: the best */
	HOLDS(pkt_pool_use_simd(pool, config.simd) == 0);
	HOLDS(nic_start(nic, &config) == 0);
	queue = (struct ring_txq *)nic_txq(nic, 0);
	if (card)
		queue->offload.card = card;
	model_set_partner(model_local_model(fuzzed), true);
	for (unsigned ms = 0; !link.up && ms < 10000; ms++) {
		model_local_advance(fuzzed, 1000000);
		HOLDS(nic_get_link(nic, &link) == 0);
	}
	HOLDS(link.up);
	expected.put = expected.got = 0;
	taken = bad = segments_more = 0;
}

static void expect(void *context, const uint8_t *frame, uint32_t bytes)
{
	uint32_t on_wire = bytes < 60 ? 60 : bytes; /* the MAC pads with zeros */

	(void)context;
	if (expected.put + on_wire + sizeof(on_wire) > expected.capacity) {
		expected.capacity = 2 * expected.capacity + REFERENCE_BYTES + 64;
		expected.bytes = realloc(expected.bytes, expected.capacity);
		HOLDS(expected.bytes);
	}
	memcpy(expected.bytes + expected.put, &on_wire, sizeof(on_wire));
	expected.put += sizeof(on_wire);
	memset(expected.bytes + expected.put, 0, on_wire);
	memcpy(expected.bytes + expected.put, frame, bytes);
	expected.put += on_wire;
	expected.frames++;
}

static void show(const char *what, const uint8_t *bytes, uint32_t n)
{
	fprintf(stderr, "%s, %u bytes:", what, n);
	for (uint32_t i = 0; i < n && i < 160; i++)
		fprintf(stderr, "%s%02x", i % 32 ? i % 4 ? "" : " " : "\n  ", bytes[i]);
	fprintf(stderr, "\n");
}

/* What the card found wrong with descriptors. */
static void say_misuses(const struct model_faults *faults)
{
	for (unsigned i = 0; i < MODEL_MISUSES; i++) {
		const char *rule = "";
		if (faults->misuse[i])
			fprintf(stderr, "%s: wanted ", model_misuse_name((enum model_misuse)i, &rule)),
				fprintf(stderr, "%s\n", rule);
	}
}

static unsigned leave(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++) {
		uint32_t bytes;
		HOLDS(expected.got < expected.put);
		memcpy(&bytes, expected.bytes + expected.got, sizeof(bytes));
		const uint8_t *wanted = expected.bytes + expected.got + sizeof(bytes);
		if (bytes != frames[i].len || memcmp(wanted, frames[i].data, bytes)) {
			uint32_t at = 0;
			while (at < bytes && at < frames[i].len && wanted[at] == frames[i].data[at])
				at++;
			say_misuses(model_faults(model_local_model(fuzzed)));
			fprintf(stderr, "the first difference is at byte %u\n", at);
			show("wanted", wanted, bytes);
			show("on the wire", frames[i].data, frames[i].len);
			const bool wire_has_what_reference_has = false;
			HOLDS(wire_has_what_reference_has);
		}
		expected.got += sizeof(bytes) + bytes;
	}
	return n;
}

static void card_sends(void)
{
	struct model_sink sink = {.take = leave};

	while (model_transmit(model_local_model(fuzzed), &sink, 256))
		;
}

/* Everything has left, the counters add up, and every buffer is back. */
static void stop(void)
{
	struct nic_stats stats;

	card_sends();
	HOLDS(expected.got == expected.put);
	HOLDS(nic_stop(nic) == 0);
	HOLDS(nic_get_stats(nic, &stats) == 0);
	HOLDS(stats.tx_bad_packets == bad);
	HOLDS(stats.tx_unsent == 0);
	HOLDS(stats.tx_segments_more == segments_more);
	HOLDS(taken + stats.tx_segments_more == stats.tx_packets + stats.tx_bad_packets);
	HOLDS(pkt_pool_available(pool) == POOL);
	const struct model_faults *faults = model_faults(model_local_model(fuzzed));
	say_misuses(faults);
	HOLDS(faults->bad_address + faults->bad_ring + faults->bad_descriptor + faults->bad_order == 0);
}

/* ---- frames ---- */

struct made {
	uint8_t bytes[FRAME_BYTES];
	uint32_t length;
	uint32_t l4, l4_checksum; /* offsets; 0: there is none */
	bool tcp;
};

static void add_16(struct made *made, unsigned value)
{
	made->bytes[made->length++] = (uint8_t)(value >> 8);
	made->bytes[made->length++] = (uint8_t)value;
}

static void add_random(struct made *made, struct input *in, uint32_t n)
{
	input_bytes(in, &made->bytes[made->length], n);
	made->length += n;
}

/* The lengths that the headers say are set once the payload is there. */
static uint32_t add_ipv4(struct made *made, struct input *in, unsigned kind, unsigned protocol)
{
	uint32_t ip = made->length;
	unsigned words = kind & 1 ? 5 + input_8(in) % 11u : 5;

	add_random(made, in, words * 4);
	made->bytes[ip] = (uint8_t)(0x40 | words);
	if (!(kind & 2))
		made->bytes[ip + 6] &= 0x40, made->bytes[ip + 7] = 0; /* no fragment */
	made->bytes[ip + 9] = (uint8_t)protocol;
	return ip;
}

static uint32_t add_ipv6(struct made *made, struct input *in, unsigned kind, unsigned protocol)
{
	static const uint8_t types[] = {0, 60, 43, 44, 43, 60, 51, 0};
	unsigned count = kind & 1 ? input_8(in) % 10u : 0;
	uint32_t ip = made->length, next = ip + 6;

	add_random(made, in, 40);
	made->bytes[ip] = 0x60 | (made->bytes[ip] & 0xf);
	for (unsigned i = 0; i < count; i++) {
		uint32_t at = made->length;
		uint8_t type = types[input_8(in) % sizeof(types)], more = input_8(in) % 6;
		made->bytes[next] = type;
		next = at;
		add_random(made, in, 8);
		made->bytes[at + 1] = more;
		if (type == 44 || type == 51)
			more = 0;
		if (type == 44 && !(kind & 2))
			made->bytes[at + 2] = made->bytes[at + 3] = 0; /* all of it */
		if (type == 43) {                                      /* routing: some types, segments left or not */
			made->bytes[at + 2] %= 6;
			made->bytes[at + 3] &= 1;
		}
		add_random(made, in, more * 8u);
	}
	made->bytes[next] = (uint8_t)protocol;
	return ip;
}

/* Headers and payload, of which anything may be wrong. Usual ones have no options, and are mostly right. */
static void make_frame(struct made *made, struct input *in, bool usual)
{
	static const uint8_t protocols[] = {6, 6, 6, 17, 17, 17, 132, 1};
	uint8_t kind = input_8(in), l4_kind = input_8(in), wrong = input_8(in), fill = input_8(in);

	if (usual) {
		kind = kind < 16 ? kind & 5 : 0; /* seldom IPv6, or a tag */
		l4_kind %= 6;
		wrong = wrong % 8 ? 0 : 0x83; /* a byte */
	}
	unsigned tags = (kind & 3) < 3 || (wrong & 0x30) == 0x30 ? kind & 3 : 0, protocol = protocols[l4_kind & 7];
	uint32_t ip = 0, payload = input_16(in), end;
	bool v6 = kind & 4;
	unsigned ip_kind = kind >> 4 & (wrong & 0x10 ? 3 : 1); /* extensions, fragments */

	memset(made, 0, offsetof(struct made, bytes));
	made->length = made->l4 = made->l4_checksum = 0;
	add_random(made, in, 12);
	for (unsigned i = 0; i < tags; i++) {
		add_16(made, fill & 1 ? 0x8100 : 0x88a8);
		add_random(made, in, 2);
	}
	if ((kind & 0xf0) == 0xf0) {
		add_random(made, in, 2); /* some other type, or the end */
	} else {
		add_16(made, v6 ? 0x86dd : 0x0800);
		ip = v6 ? add_ipv6(made, in, ip_kind, protocol) : add_ipv4(made, in, ip_kind, protocol);
		made->l4 = made->length;
		made->tcp = protocol == 6;
		add_random(made, in, made->tcp ? 20 : 8);
		if (made->tcp) {
			unsigned words = l4_kind & 8 ? 5 + (l4_kind >> 4) % 11u : 5;
			made->bytes[made->l4 + 12] = (uint8_t)(words << 4);
			add_random(made, in, words * 4 - 20);
		}
		made->l4_checksum = made->l4 + (made->tcp ? 16 : 6);
	}
	payload %= l4_kind & 0x40 ? 9500u : 600u;
	for (uint32_t i = 0; i < payload; i++) /* all zeros, all ones, or something */
		made->bytes[made->length++] = (uint8_t)(fill < 16   ? 0
							: fill < 32 ? 0xff
								    : fill + i * 7 + (i >> 8) * 13);
	end = made->length;
	if (ip) {
		uint32_t length = v6 ? end - ip - 40 : end - ip;
		made->bytes[ip + (v6 ? 4 : 2)] = (uint8_t)(length >> 8);
		made->bytes[ip + (v6 ? 5 : 3)] = (uint8_t)length;
		if (protocol == 17) {
			made->bytes[made->l4 + 4] = (uint8_t)((end - made->l4) >> 8);
			made->bytes[made->l4 + 5] = (uint8_t)(end - made->l4);
		}
	}
	if (wrong & 0x40) { /* padding, of zeros or not */
		uint8_t n = input_8(in);
		memset(&made->bytes[end], n & 1 ? 0 : n, n);
		made->length += n;
	}
	if ((wrong & 0x83) == 0x83) /* any byte of the headers becomes another */
		made->bytes[input_8(in) % (made->length < 80 ? made->length : 80)] = input_8(in);
	if ((wrong & 0x8c) == 0x8c && made->length > 1) /* cut short */
		made->length -= input_16(in) % made->length;
}

/* ---- sending ---- */

struct probe {
	const struct made *made;
	unsigned checksum;
};

static void catch_checksum(void *context, const uint8_t *frame, uint32_t bytes)
{
	struct probe *probe = context;

	(void)bytes;
	probe->checksum = reference_16(&frame[probe->made->l4_checksum]);
}

/* Changes the payload such that the checksum comes out as 0. */
static void make_checksum_0(struct made *made)
{
	struct reference_wish wish = {.flags = PKT_TX_L4_CHECKSUM, .longest = FRAME_BYTES};
	struct probe probe = {.made = made};
	uint32_t at = made->l4 + (made->tcp ? 60 : 8);

	if (!made->l4 || at + 2 > made->length)
		return;
	made->bytes[at] = made->bytes[at + 1] = 0;
	if (reference_send(made->bytes, made->length, &wish, catch_checksum, &probe))
		reference_put_16(&made->bytes[at], probe.checksum);
}

/* Copies a frame into buffers of the pool, in pieces of these sizes in turn, at any place in their buffers.
 * @return handles; 0: the pool is empty, or it would be too many */
static unsigned make_pieces(struct pkt *pkts, const struct made *made, const uint16_t sizes[4], unsigned headroom)
{
	unsigned n = 0;

	for (uint32_t done = 0, piece; done < made->length; done += piece, n++) {
		if (n == PIECES || !pkt_alloc(pool, &pkts[n], 1)) {
			pkt_free(pkts, n);
			return 0;
		}
		uint32_t before = (headroom + 37 * n) % (PKT_HEADROOM_BYTES + 1); /* how much of the headroom is used */
		piece = 1 + sizes[n % 4] % (PKT_HEADROOM_BYTES + PKT_DATA_BYTES);
		if (piece > PKT_DATA_BYTES + before)
			before = piece - PKT_DATA_BYTES;
		if (piece > made->length - done)
			piece = made->length - done;
		pkts[n].data -= before;
		memcpy(pkts[n].data, made->bytes + done, piece);
		pkts[n].len = (uint16_t)piece;
		pkts[n].flags = done + piece < made->length ? PKT_MORE : 0;
	}
	return n;
}

static bool is_untouched(const struct pkt *pkts, unsigned n, const struct made *made)
{
	uint32_t at = 0;

	for (unsigned i = 0; i < n; at += pkts[i++].len)
		if (memcmp(pkts[i].data, made->bytes + at, pkts[i].len))
			return false;
	return at == made->length;
}

/* The driver has taken a frame. */
static void account(const struct made *made, const struct reference_wish *wish, unsigned pieces)
{
	uint64_t before = expected.frames;

	taken++;
	if (pieces > 32 || !reference_send(made->bytes, made->length, wish, expect, NULL))
		bad++;
	else
		segments_more += expected.frames - before - 1;
}

/* A burst of some frames, tried again until all are taken. */
static void send_burst(struct input *in, unsigned segments_max)
{
	enum { BURST = 20 };
	static const unsigned wishes[] = {PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM, PKT_TX_L4_CHECKSUM, PKT_TX_SEGMENT,
		PKT_VLAN, PKT_VLAN | PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM, PKT_VLAN | PKT_TX_SEGMENT,
		PKT_TX_IP_CHECKSUM, 0};
	static struct made made[BURST];
	struct reference_wish wish[BURST];
	struct pkt pkts[BURST * PIECES], hoard[POOL];
	unsigned frames = input_8(in), count[BURST], n = 0, hoarded = 0, sent = 0, next = 0;
	uint8_t choice = input_8(in), usual_kind = input_8(in) & 7;
	bool usual = choice & 0x30; /* as fast bursts take them, with the same wishes, but for some */

	frames = 1 + frames % (usual ? BURST : 4);
	for (unsigned i = 0; i < frames; i++) {
		uint8_t kind = input_8(in), noise = input_8(in);
		if (usual && kind % 16)
			kind = usual_kind, noise = 0x10;
		uint16_t sizes[4] = {2000, 2000, 2000, 2000};
		make_frame(&made[i], in, usual);
		if ((kind & 0x60) == 0x60)
			make_checksum_0(&made[i]);
		if (kind & 0x80)
			input_bytes(in, sizes, sizeof(sizes));
		if (kind & 0x10) /* headers in small pieces */
			sizes[0] = sizes[0] % 40, sizes[1] = sizes[1] % 40;
		count[i] = make_pieces(&pkts[n], &made[i], sizes, kind & 8 ? noise : 0);
		if (count[i] > 28 && queue->mask < 64) { /* with what goes beside it, too much for such a ring */
			pkt_free(&pkts[n], count[i]);
			count[i] = 0;
		}
		if (!count[i]) {
			frames = i;
			break;
		}
		wish[i].flags = noise & 0xf0 ? wishes[kind & 7] : (unsigned)input_16(in) & ~(unsigned)PKT_MORE;
		wish[i].longest = queue->max_frame;
		wish[i].vlan = usual ? usual_kind : input_16(in);
		wish[i].mss = kind & 8 ? input_16(in) : 100 + input_8(in) * 8u;
		if (wish[i].mss && wish[i].mss < made[i].length / segments_max + 1)
			wish[i].mss = made[i].length / segments_max + 1;
		pkts[n].flags |= (uint16_t)wish[i].flags;
		pkts[n].mss = (uint16_t)wish[i].mss;
		pkts[n].vlan = (uint16_t)wish[i].vlan;
		n += count[i];
	}
	if (choice & 1) /* nothing can be made in software that needs a buffer */
		hoarded = pkt_alloc(pool, hoard, (choice & 6) == 6 ? pkt_pool_available(pool) - 3 : POOL);
	for (bool stuck = false; next < frames;) {
		unsigned used = nic_tx(&queue->nic, &pkts[sent], n - sent);
		HOLDS(used <= n - sent);
		for (unsigned part = 0; part < used; part += count[next++])
			account(&made[next], &wish[next], count[next]);
		sent += used;
		if (next < frames) {
			HOLDS(is_untouched(&pkts[sent], count[next], &made[next]));
			HOLDS(used || !stuck);
			pkt_free(hoard, hoarded);
			stuck = !used && !hoarded;
			hoarded = 0;
			card_sends();
		}
	}
	HOLDS(sent == n);
	pkt_free(hoard, hoarded);
	if (choice & 8)
		card_sends();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input in = {data, bytes};
	uint8_t how = input_8(&in), cannot = input_8(&in);
	unsigned ring = how & 0x10 ? 64 : 512;

	if (!nic)
		open_once();
	start(how & 1 ? 9000 : 1500, how >> 1 & 3, ring, how & 8 ? NIC_TX_OFFLOAD : 0);
	queue->offload.cannot = how & 0x20 ? UINT16_MAX : how & 0x40 ? cannot : 0;
	while (in.left)
		send_burst(&in, ring == 64 ? 12 : SEGMENTS);
	stop();
	return 0;
}
