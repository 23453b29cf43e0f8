/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts: causes, masks, their mapping to MSI-X vectors, auto-clear, auto-mask and moderation (DS 7.3). */
#include "interrupt.h"

/* Bits 15:0 of EICR, EIMS and EIAM are the vectors 15:0 of the *_EX registers; bits 31:16 are the other causes. */
enum { QUEUE_BITS = 0xFFFF };

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

static uint64_t interval_ns(const struct model *m, unsigned vector)
{
	uint32_t at = vector < 24 ? MODEL_EITR + 4 * vector : MODEL_EITR_HIGH + 4 * (vector - 24);

	return ((reg_get(m, at) >> 3) & 0x1FF) * 2048ull;
}

/** Sends a vector, or holds it back until its interval is over. */
static void fire(struct model *m, unsigned vector)
{
	uint64_t bit = 1ull << vector;

	if (m->now_ns < m->vector_allowed_ns[vector]) {
		m->vector_deferred |= bit;
		if (m->vector_allowed_ns[vector] < m->next_ns)
			m->next_ns = m->vector_allowed_ns[vector];
		return;
	}
	m->vector_deferred &= ~bit;
	m->vector_allowed_ns[vector] = m->now_ns + interval_ns(m, vector);
	if (msix(m)) {
		uint64_t auto_clear = (reg_get(m, IXGBE_EIAC) & QUEUE_BITS) | ~(uint64_t)QUEUE_BITS;

		m->vector_cause &= ~(bit & auto_clear);
		if (reg_get(m, IXGBE_GPIE) & GPIE_EIAME)
			m->vector_mask &= ~(bit & m->vector_auto_mask);
	}
	if (m->host.interrupt)
		m->host.interrupt(m->host.context, vector);
}

static unsigned other_vector(const struct model *m, bool *valid)
{
	uint32_t entry = reg_get(m, IXGBE_IVAR_MISC) >> 8;

	*valid = entry & IVAR_VALID;
	return entry & 0x3F;
}

/** Fires whatever of these causes is enabled. */
static void consider(struct model *m, uint64_t vectors, uint32_t others)
{
	vectors &= m->vector_cause & m->vector_mask;
	others &= m->other_cause & m->other_mask;
	if (!msix(m)) {
		if ((vectors & QUEUE_BITS) || others)
			fire(m, 0);
		return;
	}
	while (vectors) {
		unsigned v = (unsigned)__builtin_ctzll(vectors);

		vectors &= vectors - 1;
		fire(m, v);
	}
	if (others) {
		bool valid;
		unsigned v = other_vector(m, &valid);

		if (valid)
			fire(m, v);
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
			fire(m, v);
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
	uint32_t entry = reg_get(m, MODEL_IVAR + 4 * (queue / 2)) >> (16 * (queue & 1) + 8 * transmit);
	uint64_t bit = 1ull << (entry & 0x3F);

	if (!(entry & IVAR_VALID))
		return;
	m->vector_cause |= bit;
	consider(m, bit, 0);
}

void model_raise_other(struct model *m, uint32_t causes)
{
	m->other_cause |= causes & ~(uint32_t)QUEUE_BITS;
	consider(m, 0, causes);
}

static uint32_t causes(const struct model *m)
{
	return m->other_cause | ((uint32_t)m->vector_cause & QUEUE_BITS);
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
		consider(m, queues, others);
}

uint32_t model_read_eicr(struct model *m, uint32_t offset)
{
	uint32_t value = causes(m);

	(void)offset;
	/* "Other clear disable": only bits 29:16 are cleared. */
	clear_causes(m, (reg_get(m, IXGBE_GPIE) & GPIE_OCD) ? 0x3FFF0000 : UINT32_MAX);
	if (!msix(m))
		set_masks(m, ((uint32_t)m->vector_auto_mask & QUEUE_BITS) | m->other_auto_mask, false);
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
	clear_causes(m, value);
}

void model_write_eics(struct model *m, uint32_t offset, uint32_t value)
{
	(void)offset;
	m->vector_cause |= value & QUEUE_BITS;
	m->other_cause |= value & ~(uint32_t)QUEUE_BITS;
	consider(m, value & QUEUE_BITS, value);
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

uint32_t model_read_ex(struct model *m, uint32_t offset)
{
	uint32_t which = offset & ~4u, shift = offset & 4 ? 32 : 0;
	uint64_t bits = which == MODEL_EICS_EX   ? m->vector_cause
			: which == MODEL_EIAM_EX ? m->vector_auto_mask
						 : m->vector_mask;

	return (uint32_t)(bits >> shift);
}

void model_write_ex(struct model *m, uint32_t offset, uint32_t value)
{
	uint32_t which = offset & ~4u, shift = offset & 4 ? 32 : 0;
	uint64_t bits = (uint64_t)value << shift;

	if (which == MODEL_EICS_EX) {
		m->vector_cause |= bits;
		consider(m, bits, 0);
	} else if (which == MODEL_EIMS_EX) {
		m->vector_mask |= bits;
		consider(m, bits, 0);
	} else if (which == IXGBE_EIMC_EX) {
		m->vector_mask &= ~bits;
	} else {
		m->vector_auto_mask = (m->vector_auto_mask & ~(0xFFFFFFFFull << shift)) | bits;
	}
}
