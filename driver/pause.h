/* SPDX-License-Identifier: BSD-2-Clause
 * Flow control by pause frames: what both ends of a link make of their offers (IEEE 802.3, annex 28B). */
#pragma once

#include "nic.h"

/** What an end offers, in the order of the bits in PHYs. */
#define PAUSE_SYMMETRIC  1u /* pause frames in both directions */
#define PAUSE_ASYMMETRIC 2u /* in one direction: with the other bit, from the partner; without, to it */
#define PAUSE_SHIFT      10 /* of these bits in a PHY's offers for copper */

/** For how long a pause frame of ours asks, in times of 512 bits: as long as can be, for another frame ends it. */
#define PAUSE_TIME 0xFFFFu

static inline unsigned pause_offer(unsigned wanted)
{
	return (wanted & NIC_PAUSE_RX ? PAUSE_SYMMETRIC : 0) | (wanted ? PAUSE_ASYMMETRIC : 0);
}

/** @return what is in effect of what is wanted, with a partner that offers this */
static inline unsigned pause_resolve(unsigned wanted, unsigned partner)
{
	if (wanted & NIC_PAUSE_RX && partner & PAUSE_SYMMETRIC)
		return wanted;
	if (wanted & NIC_PAUSE_RX)
		return partner & PAUSE_ASYMMETRIC ? NIC_PAUSE_RX : 0;
	return wanted && partner == (PAUSE_SYMMETRIC | PAUSE_ASYMMETRIC) ? NIC_PAUSE_TX : 0;
}
