/* SPDX-License-Identifier: BSD-2-Clause
 * What the XDP program echo() of echo_xdp.bpf.c makes of frames: the kernel runs it on each of them, without a network
 * (BPF_PROG_TEST_RUN). A request becomes its answer; whatever is no request passes, with nothing changed. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BYTES 60u

extern const char _binary_echo_xdp_bpf_o_start[], _binary_echo_xdp_bpf_o_end[];

/* Ethernet, IPv4 and UDP: 198.18.0.1 port 4000 to 198.18.0.2 port 7007, and the answer to that. */
static const uint8_t request[BYTES] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 46, 0, 7, 0, 0, 64, 17, 1,
	2, 198, 18, 0, 1, 198, 18, 0, 2, 4000 >> 8, 4000 & 0xff, 7007 >> 8, 7007 & 0xff, 0, 26, 3, 4, 'd', 'a', 't',
	'a'};
static const uint8_t answer[BYTES] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 7, 0, 0, 64, 17, 1,
	2, 198, 18, 0, 2, 198, 18, 0, 1, 7007 >> 8, 7007 & 0xff, 4000 >> 8, 4000 & 0xff, 0, 26, 3, 4, 'd', 'a', 't',
	'a'};

/** What differs from the request: one byte, or its length. */
static const struct {
	const char *what;
	uint32_t at, byte, bytes;
	bool answered;
} frames[] = {
	{"a request", 0, 2, BYTES, true},
	{"a request that must not be fragmented", 20, 0x40, BYTES, true},
	{"as short as its headers", 0, 2, 42, true},
	{"cut off inside the UDP header", 0, 2, 41, false},
	{"an Ethernet header alone", 0, 2, 14, false},
	{"another EtherType", 13, 6, BYTES, false},
	{"IPv6 in the first byte", 14, 0x65, BYTES, false},
	{"IPv4 with options", 14, 0x46, BYTES, false},
	{"a first fragment", 20, 0x20, BYTES, false},
	{"a later fragment", 21, 1, BYTES, false},
	{"TCP", 23, 6, BYTES, false},
	{"another address", 33, 3, BYTES, false},
	{"another port", 37, (7007 & 0xff) + 1, BYTES, false},
};

/** @return whether the program does with that frame what it should. */
static bool right(int program, unsigned which)
{
	uint8_t in[BYTES], out[BYTES] = {0}, wanted[BYTES];
	uint32_t bytes = frames[which].bytes;

	memcpy(in, request, sizeof(in));
	in[frames[which].at] = (uint8_t)frames[which].byte;
	memcpy(wanted, frames[which].answered ? answer : in, sizeof(wanted));
	if (frames[which].at >= 14) /* what an answer has as its request had it */
		wanted[frames[which].at] = (uint8_t)frames[which].byte;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = bytes, .data_out = out,
		.data_size_out = sizeof(out), .repeat = 1);
	int error = bpf_prog_test_run_opts(program, &run);
	bool good = !error && run.retval == (frames[which].answered ? XDP_TX : XDP_PASS) &&
		    run.data_size_out == bytes && memcmp(out, wanted, bytes) == 0;
	printf("%s  %s: error %d, verdict %u\n", good ? "ok  " : "FAIL", frames[which].what, error, run.retval);
	return good;
}

int main(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "echo");
	struct bpf_object *object = bpf_object__open_mem(_binary_echo_xdp_bpf_o_start,
		(size_t)(_binary_echo_xdp_bpf_o_end - _binary_echo_xdp_bpf_o_start), &options);
	unsigned wrong = 0;

	if (!object || bpf_object__load(object)) {
		printf("skip: the kernel does not load the program: %s\n", strerror(errno));
		return 77;
	}
	int program = bpf_program__fd(bpf_object__find_program_by_name(object, "echo"));
	for (unsigned i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		wrong += !right(program, i);
	bpf_object__close(object);
	return wrong != 0;
}
