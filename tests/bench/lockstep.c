/* SPDX-License-Identifier: BSD-2-Clause
 * The model's half of a lock-step. */
#include "lockstep.h"

#include <string.h>

const char *bench_job_name(enum bench_job job)
{
	static const char *const names[] = {"rx", "tx", "fwd"};

	return names[job];
}

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	return n;
}

void lockstep_set_frame(struct lockstep *lockstep, unsigned frame_bytes)
{
	lockstep->frame_bytes = frame_bytes;
	memset(lockstep->frame, 0x02, 12);
	memcpy(lockstep->frame + 12, "\x88\xb5", 2); /* local experimental EtherType: nothing for the model to parse */
	for (unsigned i = 0; i < LOCKSTEP_PACKETS; i++)
		lockstep->frames[i] = (struct model_frame){.data = lockstep->frame, .len = frame_bytes - 4};
}

bool lockstep_publish(struct lockstep *lockstep, enum bench_job job, unsigned packets)
{
	if (job == BENCH_TX)
		return true;
	return model_receive(lockstep->in, lockstep->frames, packets) == packets;
}

bool lockstep_collect(struct lockstep *lockstep, enum bench_job job, unsigned packets)
{
	static const struct model_sink sink = {.take = take_all, .lengths_only = true};
	unsigned taken = 0, n;

	if (job == BENCH_RX)
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
