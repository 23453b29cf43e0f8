/* SPDX-License-Identifier: BSD-2-Clause
 * Small XDP programs, assembled here, and attaching them to the driver itself. */
#ifndef POLLUX_TESTS_GUEST_XDP_H
#define POLLUX_TESTS_GUEST_XDP_H

#include <stdbool.h>

/** What becomes of numbered frames; all others pass. */
enum xdp_verdict {
	XDP_VERDICT_PASS,
	XDP_VERDICT_DROP,
	XDP_VERDICT_BOUNCE,  /* back to where it came from, addresses swapped */
	XDP_VERDICT_SOCKETS, /* to the AF_XDP socket of the queue that it came by; to the kernel where there is none */
};

/**
 * Loads a program and attaches it, in native mode, until the returned descriptor is closed or the process ends.
 * sockets: the map of AF_XDP sockets, or -1.
 * @return the link's descriptor, or -1: said why.
 */
int xdp_attach(const char *interface, enum xdp_verdict verdict, int sockets);

/** @return a map for the sockets of `queues` queues; -1: errno says why. */
int xdp_sockets_open(unsigned queues);
/** Puts a socket into the map, or takes it out (-1). @return success. */
bool xdp_sockets_set(int map, unsigned queue, int socket);

#endif
