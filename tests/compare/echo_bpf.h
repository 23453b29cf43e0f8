/* SPDX-License-Identifier: BSD-2-Clause
 * Loads the programs of echo_xdp.bpf.c and attaches one of them to an interface: what echo-xdp and echo-xsk share. */
#ifndef POLLUX_COMPARE_ECHO_BPF_H
#define POLLUX_COMPARE_ECHO_BPF_H

struct bpf_object;

/** Attaches the program of that name to the interface until this process ends, and waits until the interface has its
 * carrier again: drivers reset the card for it. Ends the process with a sentence where that fails. */
struct bpf_object *echo_bpf_attach(const char *interface, const char *program);

/** @return the descriptor of a map of the object's. */
int echo_bpf_map(const struct bpf_object *object, const char *name);

#endif
