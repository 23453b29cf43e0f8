/* SPDX-License-Identifier: BSD-2-Clause
 * Loads the programs of echo_xdp.bpf.c and attaches one of them to an interface: what echo-xdp and echo-xsk share. */
#ifndef POLLUX_COMPARE_ECHO_BPF_H
#define POLLUX_COMPARE_ECHO_BPF_H

struct echo_bpf {
	struct bpf_object *object; /* what was loaded: the program and its maps */
	struct bpf_link *link;     /* its attachment to the interface */
};

/** Attaches the program of that name to the interface until echo_bpf_detach, or until this process ends, and waits
 * until the interface has its carrier again: drivers reset the card for it. Ends the process with a sentence where that
 * fails. */
struct echo_bpf echo_bpf_attach(const char *interface, const char *program);
void echo_bpf_detach(const struct echo_bpf *bpf);

/** @return the descriptor of a map. */
int echo_bpf_map(const struct echo_bpf *bpf, const char *name);

#endif
