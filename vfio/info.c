/* SPDX-License-Identifier: BSD-2-Clause
 * Answers of VFIO that grow. What they say of sizes and places is checked before it is followed. */
#include "info.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define ANSWER_MAX 65536 /* thousands of ranges or areas; more is no answer */
#define TRIES      4     /* the need can grow between two calls, when another device joins */

int vfio_info_ask(int fd, unsigned long request, const void *head, size_t head_bytes, void **answer, size_t *bytes)
{
	size_t room = head_bytes;

	*answer = NULL;
	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t argsz = (uint32_t)room;
		uint8_t *buffer = calloc(1, room);
		int error = 0;

		if (!buffer)
			return -ENOMEM;
		memcpy(buffer, head, head_bytes);
		memcpy(buffer, &argsz, sizeof(argsz)); /* argsz comes first in every one of these structures */
		if (ioctl(fd, request, buffer) < 0)
			error = -errno;
		memcpy(&argsz, buffer, sizeof(argsz));
		if (!error && argsz > ANSWER_MAX)
			error = -EPROTO;
		if (!error && argsz <= room) {
			*answer = buffer;
			*bytes = room;
			return 0;
		}
		free(buffer);
		if (error)
			return error;
		room = argsz;
	}
	return -EPROTO;
}

int vfio_info_find(const void *answer, size_t bytes, size_t head_bytes, uint32_t first, uint16_t id, size_t cap_bytes)
{
	for (uint32_t at = first; at;) {
		struct vfio_info_cap_header cap;

		if (at < head_bytes || at > bytes || bytes - at < sizeof(cap))
			return -EPROTO;
		memcpy(&cap, (const uint8_t *)answer + at, sizeof(cap));
		if (cap.id == id)
			return bytes - at < cap_bytes ? -EPROTO : (int)at;
		if (cap.next && cap.next < at + sizeof(cap)) /* only forwards: a list can have no loop then */
			return -EPROTO;
		at = cap.next;
	}
	return 0;
}
