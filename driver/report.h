/* SPDX-License-Identifier: BSD-2-Clause
 * What a port tells about itself in words: notes of what happened, and facts of its card. */
#pragma once

#include "driver.h"

/** Notes something that happened and is no failure. The text is cut to what fits; the oldest note goes. */
void port_note(struct nic *nic, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The calling thread's last failure becomes a note, without the port's address in front: for what was tried, failed,
 * and does not matter enough to fail for. */
void port_note_failure(struct nic *nic);

/** Facts as they are collected: `count` of them so far, of which the first `room` are kept. */
struct fact_list {
	struct nic_fact *facts;
	unsigned room, count;
};

/** Adds a fact; what does not fit is cut. */
void fact_add(struct fact_list *list, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** Names the speeds of a mask of NIC_SPEED_: "100 Mbit/s, 1 Gbit/s, 10 Gbit/s"; bits without a meaning as "an unknown
 * speed". */
#define SPEEDS_TEXT_BYTES 96
void speeds_text(char text[SPEEDS_TEXT_BYTES], uint32_t speeds);
