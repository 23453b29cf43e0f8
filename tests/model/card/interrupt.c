/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts: causes, masks, their mapping to MSI-X vectors, auto-clear, auto-mask and moderation (DS 7.3). */
#include "interrupt.h"

#include "incident.h"

/* Bits 15:0 of EICR, EIMS and EIAM are the vectors 15:0 of the *_EX registers; bits 31:16 are the other causes. */
enum { QUEUE_BITS = 0xFFFF, OTHER_BITS = 0x3FFF0000 };
#define EICR_OTHER (1u << 31)

static bool msix(const struct model *m)
{
	return reg_get(m, IXGBE_GPIE) & GPIE_MSIX_MODE;
}

void model_interrupts_reset(struct model *m)
{
	m->vector_cause = m->vector_mask = m->vector_auto_mask = m->vector_deferred = 0;
	m->other_cause = m->other_mask = m->other_auto_mask = 0;
	for (unsigned v = 0; v < MODEL_VECTORS; v++)
		m->vector_allowed_ns[v] = 0;
}

static uint32_t eitr_of(unsigned vector)
{
	return vector < 24 ? IXGBE_EITR + 4 * vector : IXGBE_EITR_HIGH + 4 * (vector - 24);
}

/** @return how long one unit of an interval is. What 2.5 and 5 Gbit/s have is not said (doubt M34). */
static uint64_t unit_ns(const struct model *m)
{
	return model_link_mbps(m) == 100 ? 20480 : 2048;
}

/** Tells the host of a vector, unless that gets lost. */
static void deliver(struct model *m, unsigned vector)
{
	uint64_t bit = 1ull << vector;

	if (msix(m) && (reg_get(m, IXGBE_GPIE) & GPIE_EIAME))
		m->vector_mask &= ~(bit & m->vector_auto_mask);
	if (m->host.interrupt && !model_interrupt_lost(m))
		m->host.interrupt(m->host.context, vector);
}

/** Sends a vector, or holds it back until its interval is over. */
static void fire(struct model *m, unsigned vector, bool immediate)
{
	uint64_t bit = 1ull << vector;

	if (m->now_ns < m->vector_allowed_ns[vector] && !immediate) {
		m->vector_deferred |= bit;
		if (m->vector_allowed_ns[vector] < m->next_ns)
			m->next_ns = m->vector_allowed_ns[vector];
		return;
	}
	m->vector_deferred &= ~bit;
	m->vector_allowed_ns[vector] = m->now_ns + (reg_get(m, eitr_of(vector)) >> 3 & 0x1FF) * unit_ns(m);
	if (msix(m)) /* without EIAC those from 16 on clear themselves, too */
		m->vector_cause &= ~(bit & (reg_get(m, IXGBE_EIAC) | ~(uint64_t)QUEUE_BITS));
	deliver(m, vector);
}

static unsigned other_vector(const struct model *m, bool *valid)
{
	uint32_t entry = reg_get(m, IXGBE_IVAR_MISC) >> 8;

	*valid = entry & IVAR_VALID;
	return entry & 0x3F;
}

/** Fires whatever of these causes is enabled. */
static void consider(struct model *m, uint64_t vectors, uint32_t others, bool immediate)
{
	vectors &= m->vector_cause & m->vector_mask;
	others &= m->other_cause & m->other_mask;
	if (!msix(m)) {
		if ((vectors & QUEUE_BITS) || others)
			fire(m, 0, immediate);
		return;
	}
	while (vectors) {
		unsigned v = (unsigned)__builtin_ctzll(vectors);

		vectors &= vectors - 1;
		fire(m, v, immediate);
	}
	if (others) {
		bool valid;
		unsigned v = other_vector(m, &valid);

		if (valid)
			fire(m, v, immediate);
	}
}

static bool still_pending(struct model *m, unsigned vector)
{
	bool valid;

	if (!msix(m))
		return (m->vector_cause & m->vector_mask & QUEUE_BITS) || (m->other_cause & m->other_mask);
	if (m->vector_cause & m->vector_mask & 1ull << vector)
		return true;
	return other_vector(m, &valid) == vector && valid && (m->other_cause & m->other_mask);
}

void model_interrupts_step(struct model *m)
{
	uint64_t deferred = m->vector_deferred;

	while (deferred) {
		unsigned v = (unsigned)__builtin_ctzll(deferred);

		deferred &= deferred - 1;
		if (!still_pending(m, v))
			m->vector_deferred &= ~(1ull << v);
		else if (m->now_ns >= m->vector_allowed_ns[v])
			fire(m, v, false);
	}
}

uint64_t model_interrupts_next(const struct model *m)
{
	uint64_t next = MODEL_NEVER, deferred = m->vector_deferred;

	while (deferred) {
		unsigned v = (unsigned)__builtin_ctzll(deferred);

		deferred &= deferred - 1;
		if (m->vector_allowed_ns[v] < next)
			next = m->vector_allowed_ns[v];
	}
	return next;
}

void model_raise_queue(struct model *m, unsigned queue, bool transmit)
{
	uint32_t entry = reg_get(m, IXGBE_IVAR + 4 * (queue / 2)) >> (16 * (queue & 1) + 8 * transmit);
	uint64_t bit = 1ull << (entry & 0x3F);

	if (!(entry & IVAR_VALID))
		return;
	m->vector_cause |= bit;
	consider(m, bit, 0, false);
}

void model_raise_other(struct model *m, uint32_t causes)
{
	m->other_cause |= causes & ~(uint32_t)QUEUE_BITS;
	consider(m, 0, causes, false);
}

/** EICR. Its bit 31 tells of the causes in bits 29:16 that are enabled (X550 DS 8.2.2.6.1). */
static uint32_t causes(const struct model *m)
{
	bool other = m->other_cause & m->other_mask & OTHER_BITS;

	return m->other_cause | ((uint32_t)m->vector_cause & QUEUE_BITS) | (other ? EICR_OTHER : 0);
}

static void clear_causes(struct model *m, uint32_t bits)
{
	m->vector_cause &= ~(uint64_t)(bits & QUEUE_BITS);
	m->other_cause &= ~bits;
}

static void set_masks(struct model *m, uint32_t bits, bool on)
{
	uint64_t queues = bits & QUEUE_BITS;
	uint32_t others = bits & ~(uint32_t)QUEUE_BITS;

	m->vector_mask = on ? m->vector_mask | queues : m->vector_mask & ~queues;
	m->other_mask = on ? m->other_mask | others : m->other_mask & ~others;
	if (on)
		consider(m, queues, others, false);
}

/** What is cleared by software is masked as well where EIAM wants that (X550 DS 7.3.1.7). */
static void clear_and_mask(struct model *m, uint32_t bits)
{
	clear_causes(m, bits);
	set_masks(m, bits & (((uint32_t)m->vector_auto_mask & QUEUE_BITS) | m->other_auto_mask), false);
}

uint32_t model_read_eicr(struct model *m, uint32_t offset)
{
	uint32_t value = causes(m);

	(void)offset;
	/* "Other clear disable": only bits 29:16 are cleared. */
	clear_and_mask(m, (reg_get(m, IXGBE_GPIE) & GPIE_OCD) ? OTHER_BITS : UINT32_MAX);
	return value;
}

uint32_t model_read_eics(struct model *m, uint32_t offset)
{
	(void)offset;
	return causes(m);
}

uint32_t model_read_eims(struct model *m, uint32_t offset)
{
	(void)offset;
	return m->other_mask | ((uint32_t)m->vector_mask & QUEUE_BITS);
}

uint32_t model_read_eiam(struct model *m, uint32_t offset)
{
	(void)offset;
	return m->other_auto_mask | ((uint32_t)m->vector_auto_mask & QUEUE_BITS);
}

void model_write_eicr(struct model *m, uint32_t offset, uint32_t value)
{
	(void)offset;
	clear_and_mask(m, value);
}

/** Causes set by software: they are unmasked where EIAM wants that, and with GPIE.EIMEN wait for no interval (X550 DS
 * 7.3.1.4, 7.3.1.7). */
static void set_causes(struct model *m, uint64_t vectors, uint32_t others)
{
	m->vector_cause |= vectors;
	m->other_cause |= others;
	m->vector_mask |= vectors & m->vector_auto_mask;
	m->other_mask |= others & m->other_auto_mask;
	consider(m, vectors, others, reg_get(m, IXGBE_GPIE) & GPIE_EIMEN);
}

void model_write_eics(struct model *m, uint32_t offset, uint32_t value)
{
	(void)offset;
	set_causes(m, value & QUEUE_BITS, value & ~(QUEUE_BITS | EICR_OTHER));
}

void model_write_eims(struct model *m, uint32_t offset, uint32_t value)
{
	(void)offset;
	set_masks(m, value, true);
}

void model_write_eimc(struct model *m, uint32_t offset, uint32_t value)
{
	(void)offset;
	set_masks(m, value, false);
}

void model_write_eiam(struct model *m, uint32_t offset, uint32_t value)
{
	(void)offset;
	m->vector_auto_mask = (m->vector_auto_mask & ~(uint64_t)QUEUE_BITS) | (value & QUEUE_BITS);
	m->other_auto_mask = value & ~(uint32_t)QUEUE_BITS;
}

static unsigned vector_of(uint32_t eitr)
{
	return eitr < IXGBE_EITR_HIGH ? (eitr - IXGBE_EITR) / 4 : 24 + (eitr - IXGBE_EITR_HIGH) / 4;
}

/** The counter runs down from the interval; its seven upper bits of nine show. CNT_WDIS reads 0. */
uint32_t model_read_eitr(struct model *m, uint32_t offset)
{
	uint64_t allowed = m->vector_allowed_ns[vector_of(offset)],
		 left = allowed > m->now_ns ? (allowed - m->now_ns) / unit_ns(m) : 0;

	return reg_get(m, offset) | (uint32_t)(left >> 2 & 0x7F) << EITR_COUNTER_SHIFT;
}

/** Without CNT_WDIS the counter is written too, and it must be with 0: the next interrupt comes at once (X550 DS
 * 8.2.2.6.4). */
void model_write_eitr(struct model *m, uint32_t offset, uint32_t value)
{
	unsigned vector = vector_of(offset);

	reg_set(m, offset, value & ~EITR_CNT_WDIS);
	if (value & EITR_CNT_WDIS)
		return;
	m->vector_allowed_ns[vector] = m->now_ns;
	if (m->vector_deferred >> vector & 1)
		m->next_ns = m->now_ns;
}

void model_interrupts_spurious(struct model *m)
{
	uint64_t vectors = m->vector_mask;
	bool valid;
	unsigned other = other_vector(m, &valid);

	if (!msix(m)) {
		if (m->vector_mask || m->other_mask)
			deliver(m, 0);
		return;
	}
	if (valid && m->other_mask)
		vectors |= 1ull << other;
	for (; vectors; vectors &= vectors - 1)
		deliver(m, (unsigned)__builtin_ctzll(vectors));
}

uint32_t model_read_ex(struct model *m, uint32_t offset)
{
	uint32_t which = offset & ~4u, shift = offset & 4 ? 32 : 0;
	uint64_t bits = which == MODEL_EICS_EX   ? m->vector_cause
			: which == IXGBE_EIAM_EX ? m->vector_auto_mask
						 : m->vector_mask;

	return (uint32_t)(bits >> shift);
}

void model_write_ex(struct model *m, uint32_t offset, uint32_t value)
{
	uint32_t which = offset & ~4u, shift = offset & 4 ? 32 : 0;
	uint64_t bits = (uint64_t)value << shift;

	if (which == MODEL_EICS_EX) {
		set_causes(m, bits, 0);
	} else if (which == IXGBE_EIMS_EX) {
		m->vector_mask |= bits;
		consider(m, bits, 0, false);
	} else if (which == IXGBE_EIMC_EX) {
		m->vector_mask &= ~bits;
	} else {
		m->vector_auto_mask = (m->vector_auto_mask & ~(0xFFFFFFFFull << shift)) | bits;
	}
}
