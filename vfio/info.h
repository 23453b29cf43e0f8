/* SPDX-License-Identifier: BSD-2-Clause
 * Answers of VFIO that grow: a fixed part, then a chain of capabilities; the kernel's, and those of a vfio-user server.
 */
#ifndef POLLUX_VFIO_INFO_H
#define POLLUX_VFIO_INFO_H

#include <stddef.h>
#include <stdint.h>

/**
 * Asks, with as much room as the kernel says that it needs.
 * @param head        the question: a structure that begins with argsz and flags, as all of linux/vfio.h's do
 * @param head_bytes  its size
 * @param answer      receives the answer, at least head_bytes long; the caller frees it
 * @param bytes       receives how much of the answer there is
 * @return 0 or -errno, without a sentence: the caller knows what it asked. -EPROTO: the kernel never says the same size
 * twice.
 */
int vfio_info_ask(int fd, unsigned long request, const void *head, size_t head_bytes, void **answer, size_t *bytes);

/**
 * Finds a capability in an answer, of whatever version. A vfio-user server's are laid out as the kernel's are.
 * @param first  offset of the chain's first capability, as the answer says; 0: none
 * @return the capability's offset; at least cap_bytes follow it inside the answer, aligned to nothing. 0: it has none.
 * -EPROTO: the chain leaves the answer or turns back; without a sentence.
 */
int vfio_info_find(const void *answer, size_t bytes, size_t head_bytes, uint32_t first, uint16_t id, size_t cap_bytes);

#endif
