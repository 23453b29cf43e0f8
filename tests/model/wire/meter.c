/* SPDX-License-Identifier: BSD-2-Clause
 * Requests and their answers.
 *
 * A request that waits for its answer has a slot. Its number, the first eight bytes of its data, holds the slot in its
 * low bits, so that an answer finds it at once. Slots that wait are a list in the order in which they were sent, which
 * is the order in which they are lost. */
#include "meter.h"

#include "meter_icrc.h"

#include <stdlib.h>
#include <string.h>

#define ETHERNET 14u
#define IPV4     20u
#define UDP      8u
#define DETH     20u /* base and datagram transport headers */
#define FCS      4u
#define IP_AT    ETHERNET
#define UDP_AT   (ETHERNET + IPV4)
#define BTH_AT   (UDP_AT + UDP)
/* A number and a time at the front of the data. */
#define STAMP     16u
#define SLOT_BITS 16u
#define STRIDE    9024u /* bytes between two frames of a batch: METER_BYTES_MAX, in whole cache lines */

#define METER_PORT             4000u
#define ECHO_PORT              7007u
#define ROCE_PORT              4791u
#define UD_SEND_ONLY           0x64u
#define PAD_AND_HEADER_VERSION 0x3Fu
#define STALL_NS               5000000u /* a request of a rate that is late by more is put off */
#define WARMUP_LOST_NS         100000000u
#define ARP_BYTES              60u
#define ARP_REPLIES            8u
#define NO_SLOT                METER_IN_FLIGHT

const uint8_t meter_mac[6] = {0x02, 0x00, 0xC6, 0x12, 0x00, 0x01};
static const uint8_t meter_ip[4] = {198, 18, 0, 1}, echo_ip[4] = {198, 18, 0, 2};

struct slot {
	uint64_t number;       /* of the request that was sent last from here */
	uint64_t sent_ns;      /* 0: it waits for no answer */
	uint32_t older, newer; /* among those that wait; the end of the list is NO_SLOT */
};

struct meter {
	/* the requests that wait */
	uint32_t slots;    /* in use of the array: as many as may wait */
	uint32_t free;     /* of these, at the front of free_slots */
	uint64_t count;    /* requests sent so far, without regard to slots */
	uint64_t first;    /* the count of the first one that is measured */
	uint32_t data_at;  /* where a request's data begin, ... */
	uint32_t len;      /* ... and its length without FCS */
	uint64_t data_sum; /* for the UDP checksum: of all but number and time */
	bool runs, stopped;
	uint64_t began_ns, measured_ns; /* 0: not yet */
	double next_ns;                 /* a rate's next request, counted from began_ns */

	struct meter_result result;
	uint32_t arp_replies;
	uint32_t free_slots[METER_IN_FLIGHT];
	struct slot slot[METER_IN_FLIGHT + 1]; /* the last one is both ends of the list */
	uint8_t arp[ARP_REPLIES][ARP_BYTES];
	uint8_t answer[STRIDE]; /* as it should be, but for its stamp, and what an echo may choose */
	uint8_t frames[METER_BATCH][STRIDE];
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Internet checksums do not depend on the order of bytes: sums of the machine's own words, stored as such. */

static uint64_t sum_more(uint64_t sum, const uint8_t *at, uint32_t bytes)
{
	uint32_t word;
	for (; bytes >= sizeof(word); at += sizeof(word), bytes -= (uint32_t)sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, at, bytes);
	return sum + word;
}

/** Of a sum below 2^48. */
static uint16_t sum_folded(uint64_t sum)
{
	sum = (sum >> 32) + (sum & UINT32_MAX);
	for (unsigned i = 0; i < 3; i++)
		sum = (sum >> 16) + (sum & 0xFFFF);
	return (uint16_t)~sum;
}

static uint16_t ip_sum(const uint8_t *ip)
{
	uint32_t words[IPV4 / 4];
	memcpy(words, ip, sizeof(words));
	return sum_folded((uint64_t)words[0] + words[1] + words[2] + words[3] + words[4]);
}

/** The UDP checksum of a request, and of its answer: exchanged addresses and ports do not change it. */
static uint16_t udp_checksum(const struct meter *meter, uint64_t number, uint64_t time)
{
	uint64_t sum = meter->data_sum + (number & UINT32_MAX) + (number >> 32) + (time & UINT32_MAX) + (time >> 32);
	uint16_t checksum = sum_folded(sum);
	return checksum ? checksum : 0xFFFF;
}

uint32_t meter_frame_bytes(const struct meter_config *config)
{
	if (config->protocol == METER_UDP)
		return config->bytes;
	uint32_t around = BTH_AT + DETH + METER_ICRC_BYTES + FCS;
	uint32_t data = config->bytes < around + STAMP ? STAMP : (config->bytes - around) / 4 * 4;
	return around + (data < METER_ROCE_DATA ? data : METER_ROCE_DATA);
}

struct meter *meter_open(void)
{
	return calloc(1, sizeof(struct meter));
}

void meter_close(struct meter *meter)
{
	free(meter);
}

/** Writes what all requests have alike; of_answer: what all answers have. */
static void make(const struct meter *meter, uint8_t *frame, bool of_answer)
{
	static const uint8_t ipv4[IPV4] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17};
	const struct meter_config *config = &meter->result.config;
	bool roce = config->protocol == METER_ROCE;
	uint8_t *ip = frame + IP_AT, *udp = frame + UDP_AT, *bth = frame + BTH_AT;
	uint16_t checksum;

	memcpy(frame, of_answer ? meter_mac : config->to, 6);
	memcpy(frame + 6, of_answer ? config->to : meter_mac, 6);
	put16(frame + 12, 0x0800);
	memcpy(ip, ipv4, sizeof(ipv4));
	put16(ip + 2, meter->len - IP_AT);
	memcpy(ip + 12, of_answer ? echo_ip : meter_ip, 4);
	memcpy(ip + 16, of_answer ? meter_ip : echo_ip, 4);
	checksum = ip_sum(ip);
	memcpy(ip + 10, &checksum, sizeof(checksum));
	put16(udp, of_answer ? ECHO_PORT : METER_PORT);
	put16(udp + 2, roce ? ROCE_PORT : of_answer ? METER_PORT : ECHO_PORT);
	put16(udp + 4, meter->len - UDP_AT);
	put16(udp + 6, 0);
	if (roce) {
		memset(bth, 0, DETH);
		bth[0] = UD_SEND_ONLY;
		put16(bth + 2, 0xFFFF); /* the default partition */
		put32(bth + 4, of_answer ? METER_QPN : config->qpn);
		put32(bth + 12, config->qkey);
		put32(bth + 16, of_answer ? config->qpn : METER_QPN);
	}
	memset(frame + meter->data_at, 0, STAMP);
	for (uint32_t i = meter->data_at + STAMP; i < meter->len; i++)
		frame[i] = (uint8_t)(i * 7 + (i >> 8));
}

void meter_begin(struct meter *meter, const struct meter_config *config)
{
	meter->result = (struct meter_result){.config = *config};
	gen_histogram_clear(&meter->result.round_trips);
	meter->len = meter_frame_bytes(config) - FCS;
	meter->data_at = config->protocol == METER_ROCE ? BTH_AT + DETH : BTH_AT;
	for (unsigned i = 0; i < METER_BATCH; i++)
		make(meter, meter->frames[i], false);
	make(meter, meter->answer, true);
	/* addresses, protocol and length of the pseudo header, then UDP's header and data */
	meter->data_sum = sum_more(0, meter->answer + IP_AT + 12, 8);
	meter->data_sum += (uint64_t)__builtin_bswap16(17) + __builtin_bswap16((uint16_t)(meter->len - UDP_AT));
	meter->data_sum = sum_more(meter->data_sum, meter->answer + UDP_AT, meter->len - UDP_AT);

	meter->slots = meter->free = config->window ? config->window : METER_IN_FLIGHT;
	for (uint32_t i = 0; i < meter->slots; i++) {
		meter->free_slots[i] = meter->slots - 1 - i;
		meter->slot[i].sent_ns = 0;
	}
	meter->slot[NO_SLOT] = (struct slot){.older = NO_SLOT, .newer = NO_SLOT};
	meter->first = UINT64_MAX;
	meter->began_ns = meter->measured_ns = 0;
	meter->next_ns = 0;
	meter->stopped = false;
	meter->runs = true;
}

bool meter_runs(const struct meter *meter)
{
	return meter->runs;
}

/** A request that waited waits no more. */
static void settle(struct meter *meter, uint32_t at)
{
	struct slot *slot = &meter->slot[at];
	meter->slot[slot->older].newer = slot->newer;
	meter->slot[slot->newer].older = slot->older;
	slot->sent_ns = 0;
	meter->free_slots[meter->free++] = at;
}

static bool is_measured(const struct meter *meter, uint64_t number)
{
	return number >> SLOT_BITS >= meter->first;
}

/** Those that have waited for `patience_ns` are lost; those of the warm-up, which count in nothing, earlier: one that
 * came before the echo was there must not keep a window closed into the measurement. */
static void lose(struct meter *meter, uint64_t now_ns, uint64_t patience_ns)
{
	for (uint32_t at; (at = meter->slot[NO_SLOT].newer) != NO_SLOT; settle(meter, at)) {
		uint64_t waited_ns = now_ns - meter->slot[at].sent_ns;
		bool measured = is_measured(meter, meter->slot[at].number);
		if (waited_ns < patience_ns && (measured || waited_ns < WARMUP_LOST_NS))
			return;
		meter->result.counts.lost += measured;
	}
}

/** The next request, in the n-th frame of the batch. */
static void send(struct meter *meter, uint64_t now_ns, unsigned n)
{
	uint32_t at = meter->free_slots[--meter->free];
	struct slot *slot = &meter->slot[at];
	uint8_t *frame = meter->frames[n];
	uint64_t stamp[2] = {meter->count++ << SLOT_BITS | at, now_ns};

	*slot = (struct slot){stamp[0], now_ns, .older = meter->slot[NO_SLOT].older, .newer = NO_SLOT};
	meter->slot[slot->older].newer = at;
	meter->slot[NO_SLOT].older = at;
	memcpy(frame + meter->data_at, stamp, sizeof(stamp));
	if (meter->result.config.protocol == METER_UDP) {
		uint16_t checksum = udp_checksum(meter, stamp[0], stamp[1]);
		memcpy(frame + UDP_AT + 6, &checksum, sizeof(checksum));
		return;
	}
	put32(frame + BTH_AT + 8, meter->count & 0xFFFFFF); /* packet sequence number */
	uint32_t data_end = meter->len - METER_ICRC_BYTES, crc = meter_icrc(frame + IP_AT, data_end - IP_AT);
	memcpy(frame + data_end, &crc, sizeof(crc)); /* the one field that goes with the lowest byte first */
}

/** Where in its measurement the meter is. */
static void look(struct meter *meter, uint64_t now_ns)
{
	const struct meter_config *config = &meter->result.config;
	if (!meter->began_ns)
		meter->began_ns = now_ns;
	if (!meter->measured_ns && now_ns - meter->began_ns >= config->warmup_ns) {
		meter->measured_ns = now_ns;
		meter->first = meter->count;
	}
	if (meter->measured_ns && now_ns - meter->measured_ns >= config->duration_ns)
		meter_stop(meter, now_ns);
}

/** How many requests a rate has due by now. */
static unsigned due(struct meter *meter, uint64_t now_ns, unsigned most)
{
	double passed_ns = (double)(now_ns - meter->began_ns), interval_ns = 1e9 / meter->result.config.rate_pps;
	unsigned n = 0;
	if (passed_ns - meter->next_ns > STALL_NS)
		meter->next_ns = passed_ns;
	for (; n < most && meter->next_ns <= passed_ns; n++)
		meter->next_ns += interval_ns;
	return n;
}

unsigned meter_give(struct meter *meter, uint64_t now_ns, struct model_frame *frames, unsigned n)
{
	unsigned given = 0, requests;
	for (; given < n && meter->arp_replies; given++)
		frames[given] = (struct model_frame){.data = meter->arp[--meter->arp_replies], .len = ARP_BYTES};
	if (!meter->runs)
		return given;
	lose(meter, now_ns, METER_LOST_NS);
	if (!meter->stopped)
		look(meter, now_ns);
	if (meter->stopped)
		return given;
	requests = n - given < METER_BATCH ? n - given : METER_BATCH;
	if (requests > meter->free)
		requests = meter->free;
	if (!meter->result.config.window)
		requests = due(meter, now_ns, requests);
	for (unsigned i = 0; i < requests; i++) {
		send(meter, now_ns, i);
		frames[given++] = (struct model_frame){.data = meter->frames[i], .len = meter->len};
	}
	if (meter->measured_ns)
		meter->result.counts.sent += requests;
	return given;
}

uint64_t meter_due_ns(const struct meter *meter, uint64_t now_ns)
{
	if (meter->arp_replies || (meter->runs && !meter->began_ns))
		return now_ns;
	if (!meter->runs || meter->stopped || meter->result.config.window)
		return UINT64_MAX;
	return meter->began_ns + (uint64_t)meter->next_ns;
}

/** Answers whoever asks for the meter's address. */
static void take_arp(struct meter *meter, const uint8_t *frame, uint32_t len)
{
	static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1};
	if (len < 42 || memcmp(frame + 14, request, sizeof(request)) != 0 || memcmp(frame + 38, meter_ip, 4) != 0 ||
		meter->arp_replies == ARP_REPLIES)
		return;
	uint8_t *reply = meter->arp[meter->arp_replies++];
	memset(reply, 0, ARP_BYTES);
	memcpy(reply, frame + 22, 6);
	memcpy(reply + 6, meter_mac, 6);
	memcpy(reply + 12, frame + 12, 2);
	memcpy(reply + 14, request, sizeof(request));
	reply[21] = 2;
	memcpy(reply + 22, meter_mac, 6);
	memcpy(reply + 28, meter_ip, 4);
	memcpy(reply + 32, frame + 22, 10);
}

/** Whether it goes between the ports of the meter and the echo, this way or that; it may be wrong otherwise. */
static bool is_ours(const struct meter *meter, const uint8_t *frame, uint32_t len)
{
	if (len < BTH_AT || get16(frame + 12) != 0x0800 || frame[IP_AT] != 0x45 || frame[IP_AT + 9] != 17)
		return false;
	uint32_t from = get16(frame + UDP_AT), to = get16(frame + UDP_AT + 2);
	if (meter->result.config.protocol == METER_ROCE)
		return to == ROCE_PORT;
	return (from == ECHO_PORT && to == METER_PORT) || (from == METER_PORT && to == ECHO_PORT);
}

/** Whether the headers in front of the data are those of an answer. */
static bool headers_are_right(const struct meter *meter, const uint8_t *frame, const uint8_t *wanted, bool far)
{
	const uint8_t *ip = frame + IP_AT, *bth = frame + BTH_AT, *wanted_bth = wanted + BTH_AT;
	bool roce = meter->result.config.protocol == METER_ROCE;
	/* each a few bytes, of a number that the compiler knows */
	return (far || (memcmp(frame, wanted, 8) == 0 && memcmp(frame + 8, wanted + 8, 4) == 0)) &&
	       memcmp(ip + 2, wanted + IP_AT + 2, 2) == 0 && /* length */
	       !(get16(ip + 6) & 0x3FFF) &&                  /* no fragment */
	       memcmp(ip + 12, wanted + IP_AT + 12, 8) == 0 && ip_sum(ip) == 0 &&
	       memcmp(frame + UDP_AT + 2, wanted + UDP_AT + 2, 4) == 0 &&
	       (roce || memcmp(frame + UDP_AT, wanted + UDP_AT, 2) == 0) && /* a queue pair chooses its source port */
	       (!roce || (bth[0] == UD_SEND_ONLY && !(bth[1] & PAD_AND_HEADER_VERSION) &&
				 memcmp(bth + 2, wanted_bth + 2, 2) == 0 && memcmp(bth + 5, wanted_bth + 5, 3) == 0 &&
				 memcmp(bth + 12, wanted_bth + 12, 8) == 0));
}

/** Whether all is as it was, but for the stamp. */
static bool data_is_right(const struct meter *meter, const uint8_t *frame, const uint64_t stamp[2])
{
	uint32_t end = meter->len, at = meter->data_at + STAMP;
	if (meter->result.config.protocol == METER_ROCE) {
		end -= METER_ICRC_BYTES;
		uint32_t crc = meter_icrc(frame + IP_AT, end - IP_AT);
		if (memcmp(frame + end, &crc, sizeof(crc)) != 0 ||
			get16(frame + UDP_AT + 6)) /* RoCE has no UDP checksum */
			return false;
	} else {
		uint16_t checksum = udp_checksum(meter, stamp[0], stamp[1]), got;
		memcpy(&got, frame + UDP_AT + 6, sizeof(got));
		if (got && got != checksum) /* 0: the echo has sent none */
			return false;
	}
	return memcmp(frame + at, meter->answer + at, end - at) == 0;
}

static void take(struct meter *meter, uint64_t now_ns, const uint8_t *frame, uint32_t len, bool far)
{
	struct meter_counts *counts = &meter->result.counts;
	uint64_t stamp[2] = {0}; /* a copy, which nobody changes */
	if (!is_ours(meter, frame, len)) {
		counts->other += meter->measured_ns > 0;
		return;
	}
	if (len == meter->len)
		memcpy(stamp, frame + meter->data_at, sizeof(stamp));
	uint32_t at = stamp[0] & ((1u << SLOT_BITS) - 1);
	if (len != meter->len || !headers_are_right(meter, frame, far ? meter->frames[0] : meter->answer, far) ||
		!data_is_right(meter, frame, stamp) || at >= meter->slots || stamp[0] >> SLOT_BITS >= meter->count) {
		counts->wrong += meter->measured_ns > 0;
		return;
	}
	struct slot *slot = &meter->slot[at];
	if (!slot->sent_ns || slot->number != stamp[0]) {
		counts->late += is_measured(meter, stamp[0]);
	} else if (slot->sent_ns != stamp[1]) {
		counts->wrong += meter->measured_ns > 0;
	} else {
		if (is_measured(meter, stamp[0])) {
			counts->received++;
			gen_histogram_add(&meter->result.round_trips, now_ns - slot->sent_ns, 1);
		}
		settle(meter, at);
	}
}

void meter_take(struct meter *meter, uint64_t now_ns, const struct model_frame *frames, unsigned n, bool far)
{
	if (meter->runs)
		lose(meter, now_ns, METER_LOST_NS);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *frame = frames[i].data;
		if (!far && frames[i].len >= ETHERNET && get16(frame + 12) == 0x0806)
			take_arp(meter, frame, frames[i].len);
		if (meter->runs)
			take(meter, now_ns, frame, frames[i].len, far);
	}
}

void meter_stop(struct meter *meter, uint64_t now_ns)
{
	if (!meter->runs || meter->stopped)
		return;
	meter->stopped = true;
	meter->result.ns = meter->measured_ns ? now_ns - meter->measured_ns : 0;
}

void meter_give_up(struct meter *meter, uint64_t now_ns)
{
	meter_stop(meter, now_ns);
	if (meter->runs)
		lose(meter, now_ns, 0);
}

const struct meter_result *meter_ended(struct meter *meter, uint64_t now_ns)
{
	if (!meter->runs)
		return NULL;
	lose(meter, now_ns, METER_LOST_NS);
	if (!meter->stopped && meter->began_ns)
		look(meter, now_ns);
	if (!meter->stopped || meter->slot[NO_SLOT].newer != NO_SLOT)
		return NULL;
	meter->runs = false;
	return &meter->result;
}
