/* SPDX-License-Identifier: BSD-2-Clause
 * Building, checking and counting numbered frames. */
#include "numbered.h"
#include "../model/wire/text.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** What stands behind the EtherType. */
struct head {
	char name[4];
	uint32_t mark;
	uint64_t number;
} __attribute__((packed));

static uint8_t filling(const struct head *head, uint32_t place)
{
	return (uint8_t)(head->number * 7 + head->mark * 31 + place);
}

static void put_type(uint8_t *at, unsigned type)
{
	at[0] = (uint8_t)(type >> 8);
	at[1] = (uint8_t)type;
}

void numbered_build(uint8_t *frame, uint32_t len, const uint8_t to[6], const uint8_t from[6], int vlan, uint32_t mark,
	uint64_t number)
{
	struct head head = {.name = "PLXN", .mark = mark, .number = number};
	uint32_t at = 12;

	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	if (vlan >= 0) {
		put_type(frame + at, 0x8100);
		put_type(frame + at + 2, (unsigned)vlan);
		at += 4;
	}
	put_type(frame + at, NUMBERED_TYPE);
	at += 2;
	memcpy(frame + at, &head, sizeof(head));
	at += (uint32_t)sizeof(head);
	for (uint32_t i = 0; at + i < len; i++)
		frame[at + i] = filling(&head, i);
}

int numbered_take(struct numbered_series series[NUMBERED_MARKS], const uint8_t *frame, uint32_t len, int vlan)
{
	struct head head;
	uint32_t at = 12;

	if (len >= 18 && frame[12] == 0x81 && frame[13] == 0x00) {
		vlan = (frame[14] << 8 | frame[15]) & 0xFFF;
		at += 4;
	}
	if (len < at + 2 + sizeof(head) || (unsigned)(frame[at] << 8 | frame[at + 1]) != NUMBERED_TYPE)
		return -1;
	at += 2;
	memcpy(&head, frame + at, sizeof(head));
	at += (uint32_t)sizeof(head);
	if (memcmp(head.name, "PLXN", 4) != 0 || head.mark >= NUMBERED_MARKS)
		return -1;

	struct numbered_series *s = &series[head.mark];
	bool wrong = false;
	for (uint32_t i = 0; at + i < len; i++)
		wrong |= frame[at + i] != filling(&head, i);
	s->frames++;
	s->bytes += len;
	s->wrong += wrong;
	s->misplaced += head.number != s->next;
	s->next = head.number + 1;
	s->vlan = vlan;
	return (int)head.mark;
}

void numbered_print(const struct numbered_series series[NUMBERED_MARKS])
{
	for (unsigned i = 1; i < NUMBERED_MARKS; i++) {
		const struct numbered_series *s = &series[i];
		if (!s->frames)
			continue;
		printf("mark %u: %" PRIu64 " frames, %" PRIu64 " bytes, %" PRIu64 " wrong, %" PRIu64 " misplaced, ", i,
			s->frames, s->bytes, s->wrong, s->misplaced);
		if (s->vlan < 0)
			puts("no vlan");
		else
			printf("vlan %d\n", s->vlan);
	}
}

uint64_t numbered_number(const char *text, uint64_t most)
{
	uint64_t value;

	if (text_number(text, 0, most, &value))
		return value;
	fprintf(stderr, "'%s' is no number up to %" PRIu64 "\n", text, most);
	exit(2);
}

bool numbered_stay(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	return sched_setaffinity(0, sizeof(first), &first) == 0;
}

uint64_t numbered_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
