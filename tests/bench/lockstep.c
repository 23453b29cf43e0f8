/* SPDX-License-Identifier: BSD-2-Clause
 * The model's half of a lock-step. */
#include "lockstep.h"

#include "../model/card/checksum.h"

#include <string.h>

const char *bench_job_name(enum bench_job job)
{
	static const char *const names[] = {"rx", "tx", "fwd", "rx+", "fwd+", "tso", "gen", "gen-rx"};

	return names[job];
}

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	return n;
}

const uint8_t lockstep_tso_headers[BENCH_TSO_HEADERS] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x08, 0x00, 0x45, 0, 0, 0,
	0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0, 0x20, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10,
	0xff, 0xff};

/* UDP over IPv4 behind a VLAN tag, its checksums right. */
static void set_tagged_frame(uint8_t *frame, unsigned bytes)
{
	static const uint8_t headers[46] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x81, 0, 0, 42, 0x08, 0, 0x45, 0, 0, 0,
		0, 1, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0, 0x20, 0};
	uint16_t ip_bytes = __builtin_bswap16((uint16_t)(bytes - 18)),
		 udp_bytes = __builtin_bswap16((uint16_t)(bytes - 38));
	uint16_t sum;

	memset(frame, 0, bytes);
	memcpy(frame, headers, sizeof(headers));
	memcpy(frame + 20, &ip_bytes, 2);
	memcpy(frame + 42, &udp_bytes, 2);
	sum = model_checksum_fold(model_checksum_add(0, frame + 18, 20));
	memcpy(frame + 28, &sum, 2);
	/* the pseudo-header: addresses, protocol, length */
	uint32_t pseudo = model_checksum_add(0, frame + 30, 8);
	pseudo = model_checksum_add(pseudo, (const uint8_t[]){0, 17}, 2);
	pseudo = model_checksum_add(pseudo, frame + 42, 2);
	sum = model_checksum_fold(model_checksum_add(pseudo, frame + 38, bytes - 38));
	memcpy(frame + 44, &sum, 2);
}

void lockstep_set_frame(struct lockstep *lockstep, enum bench_job job, unsigned frame_bytes)
{
	lockstep->frame_bytes = frame_bytes;
	memset(lockstep->frame, 0x02, 12);
	memcpy(lockstep->frame + 12, "\x88\xb5", 2); /* local experimental EtherType: nothing for the model to parse */
	if (job >= BENCH_RX_PLUS)
		set_tagged_frame(lockstep->frame, frame_bytes - 4);
	for (unsigned i = 0; i < LOCKSTEP_PACKETS; i++)
		lockstep->frames[i] = (struct model_frame){.data = lockstep->frame, .len = frame_bytes - 4};
}

bool lockstep_publish(struct lockstep *lockstep, enum bench_job job, unsigned packets)
{
	if (job == BENCH_TX || job == BENCH_TSO || job == BENCH_GEN)
		return true;
	return model_receive(lockstep->in, lockstep->frames, packets) == packets;
}

bool lockstep_collect(struct lockstep *lockstep, enum bench_job job, unsigned packets)
{
	static const struct model_sink sink = {.take = take_all, .lengths_only = true};
	unsigned taken = 0, n;

	if (bench_job_polls(job))
		return true;
	while (taken < packets && (n = model_transmit(lockstep->out, &sink, packets - taken)))
		taken += n;
	return taken == packets;
}

uint64_t lockstep_tails(struct lockstep *lockstep)
{
	enum { RDT0 = 0x1018, TDT0 = 0x6018 };

	return (uint64_t)model_read32(lockstep->in, RDT0) << 32 | model_read32(lockstep->out, TDT0);
}
