/* SPDX-License-Identifier: BSD-2-Clause
 * XDP programs as instructions, and the bpf system call. */
#include "xdp.h"

#include "numbered.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One instruction: operation, registers, offset, constant. */
#define LOAD(size, to, from, off)  ((struct bpf_insn){BPF_LDX | BPF_MEM | (size), to, from, off, 0})
#define STORE(size, to, from, off) ((struct bpf_insn){BPF_STX | BPF_MEM | (size), to, from, off, 0})
#define MOVE(to, from)             ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0})
#define SET(to, value)             ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value})
#define ADD(to, value)             ((struct bpf_insn){BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value})
#define IF_ABOVE(a, b, skip)       ((struct bpf_insn){BPF_JMP | BPF_JGT | BPF_X, a, b, skip, 0})
#define IF_IS(a, value, skip)      ((struct bpf_insn){BPF_JMP | BPF_JEQ | BPF_K, a, 0, skip, value})
#define CALL(function)             ((struct bpf_insn){BPF_JMP | BPF_CALL, 0, 0, 0, function})
#define EXIT                       ((struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0})

enum { R0, R1, R2, R3, R4, R5, R6, R7, R8 };
enum { MOST = 40 };

static int bpf(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

/** Everything but numbered frames passes. Leaves the frame in R2 and the context in R1. */
static unsigned assemble_head(struct bpf_insn *at)
{
	const struct bpf_insn head[] = {
		LOAD(BPF_W, R2, R1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, R3, R1, offsetof(struct xdp_md, data_end)),
		MOVE(R4, R2),
		ADD(R4, 14),
		IF_ABOVE(R4, R3, 2), /* shorter than its header: passes */
		LOAD(BPF_H, R5, R2, 12),
		IF_IS(R5, htons(NUMBERED_TYPE), 2),
		SET(R0, XDP_PASS),
		EXIT,
	};
	memcpy(at, head, sizeof(head));
	return sizeof(head) / sizeof(head[0]);
}

static unsigned assemble_verdict(struct bpf_insn *at, enum xdp_verdict verdict, int sockets)
{
	const struct bpf_insn bounce[] = {
		LOAD(BPF_W, R5, R2, 0),
		LOAD(BPF_H, R6, R2, 4),
		LOAD(BPF_W, R7, R2, 6),
		LOAD(BPF_H, R8, R2, 10),
		STORE(BPF_W, R2, R7, 0),
		STORE(BPF_H, R2, R8, 4),
		STORE(BPF_W, R2, R5, 6),
		STORE(BPF_H, R2, R6, 10),
		SET(R0, XDP_TX),
		EXIT,
	};
	const struct bpf_insn redirect[] = {
		LOAD(BPF_W, R2, R1, offsetof(struct xdp_md, rx_queue_index)),
		{BPF_LD | BPF_DW | BPF_IMM, R1, BPF_PSEUDO_MAP_FD, 0, sockets},
		{0},
		SET(R3, XDP_PASS),
		CALL(BPF_FUNC_redirect_map),
		EXIT,
	};
	const struct bpf_insn plain[] = {SET(R0, verdict == XDP_VERDICT_DROP ? XDP_DROP : XDP_PASS), EXIT};
	const void *from = verdict == XDP_VERDICT_BOUNCE ? bounce : verdict == XDP_VERDICT_SOCKETS ? redirect : plain;
	size_t bytes = verdict == XDP_VERDICT_BOUNCE    ? sizeof(bounce)
		       : verdict == XDP_VERDICT_SOCKETS ? sizeof(redirect)
							: sizeof(plain);

	memcpy(at, from, bytes);
	return (unsigned)(bytes / sizeof(struct bpf_insn));
}

int xdp_attach(const char *interface, enum xdp_verdict verdict, int sockets)
{
	struct bpf_insn program[MOST];
	static char log[1 << 16];
	unsigned count = assemble_head(program);
	union bpf_attr load = {0}, link = {0};

	count += assemble_verdict(program + count, verdict, sockets);
	load.prog_type = BPF_PROG_TYPE_XDP;
	load.expected_attach_type = BPF_XDP;
	load.insns = (uint64_t)(uintptr_t)program;
	load.insn_cnt = count;
	load.license = (uint64_t)(uintptr_t) "BSD";
	load.log_buf = (uint64_t)(uintptr_t)log;
	load.log_size = sizeof(log);
	load.log_level = 1;
	int fd = bpf(BPF_PROG_LOAD, &load);
	if (fd < 0) {
		fprintf(stderr, "the program is not accepted: %s\n%s\n", strerror(errno), log);
		return -1;
	}
	link.link_create.prog_fd = (uint32_t)fd;
	link.link_create.target_ifindex = if_nametoindex(interface);
	link.link_create.attach_type = BPF_XDP;
	link.link_create.flags = XDP_FLAGS_DRV_MODE; /* by the driver, or not at all */
	int attached = bpf(BPF_LINK_CREATE, &link);
	if (attached < 0)
		fprintf(stderr, "%s does not take the program: %s\n", interface, strerror(errno));
	close(fd);
	return attached;
}

int xdp_sockets_open(unsigned queues)
{
	union bpf_attr map = {0};

	map.map_type = BPF_MAP_TYPE_XSKMAP;
	map.key_size = 4;
	map.value_size = 4;
	map.max_entries = queues;
	return bpf(BPF_MAP_CREATE, &map);
}

bool xdp_sockets_set(int map, unsigned queue, int socket)
{
	union bpf_attr element = {0};

	element.map_fd = (uint32_t)map;
	element.key = (uint64_t)(uintptr_t)&queue;
	element.value = (uint64_t)(uintptr_t)&socket;
	return bpf(socket < 0 ? BPF_MAP_DELETE_ELEM : BPF_MAP_UPDATE_ELEM, &element) == 0;
}
