/* SPDX-License-Identifier: BSD-2-Clause
 * XDP (kernel document bpf/prog_type_xdp, ip-link(8)): a BPF program that the driver calls for each received frame,
 * before there is an skb. It answers in place: with XDP_TX the driver puts the same buffer on a transmit ring. User
 * space has no part in it, so that of the kernel's costs there remain the interrupts and NAPI; no system call, no
 * context switch, no copy, no skb, no socket. In return the program is small and verified: no loop without an end, no
 * waiting, few kernel functions.
 *
 * Documented best: the driver's own hook ("native" mode), which every attachment without a mode gets where the driver
 * has it; the JIT compiler on (net.core.bpf_jit_enable, the kernel's default). The program is echo() in
 * echo_xdp.bpf.c; this file only loads it, waits, and adds up how many it has answered on each CPU.
 *
 * With two interfaces each sends what the other receives, as it is: XDP_REDIRECT, to a map of devices, by which the
 * kernel hands frames over in bulk (kernel document bpf/redirect). */
#include "echo.h"
#include "echo_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Ends a program. @return how many frames it has answered, the sum over all CPUs. */
static uint64_t finish(const struct echo_bpf *bpf)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *counts = cpus > 0 ? calloc((size_t)cpus, sizeof(*counts)) : NULL;
	uint64_t sum = 0;

	if (!counts || bpf_map_lookup_elem(echo_bpf_map(bpf, "answered"), &(uint32_t){0}, counts))
		echo_fail("the counters of the XDP program cannot be read");
	for (int i = 0; i < cpus; i++)
		sum += counts[i];
	free(counts);
	echo_bpf_detach(bpf);
	return sum;
}

/** What comes by one interface leaves by the other: `out` needs a program of its own, for its driver to have rings for
 * that. */
static struct echo_bpf redirect(const char *in, const char *out)
{
	struct echo_bpf bpf = echo_bpf_attach(in, "forward");
	uint32_t index = if_nametoindex(out);

	if (bpf_map_update_elem(echo_bpf_map(&bpf, "other"), &(uint32_t){0}, &index, BPF_ANY))
		echo_fail("frames cannot be redirected to %s: %s", out, strerror(errno));
	return bpf;
}

int main(int argc, char **argv)
{
	static const struct echo_program program = {
		.name = "echo-xdp",
		.about = "Answers by an XDP program inside the kernel, in the driver: XDP_TX. With two\n"
			 "interfaces it forwards all between them instead: XDP_REDIRECT.",
		.port = "INTERFACE",
		.most_ports = 2,
	};
	const char *ports[2];

	bool forwards = echo_begin(&program, argc, argv, ports) == 2;
	struct echo_bpf first, second;
	if (forwards) {
		first = redirect(ports[0], ports[1]);
		second = redirect(ports[1], ports[0]);
	} else {
		first = echo_bpf_attach(ports[0], "echo");
	}
	echo_ready();
	while (!echo_stopped)
		pause();
	uint64_t count = finish(&first);
	if (forwards)
		count += finish(&second);
	return echo_end(forwards ? "xdp-redirect" : "xdp", count, count);
}
