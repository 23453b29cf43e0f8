/* SPDX-License-Identifier: BSD-2-Clause
 * Loads the programs of echo_xdp.bpf.c and attaches one of them to an interface: what echo-xdp and echo-xsk share. */
#include "echo_bpf.h"

#include "echo.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CARRIER_SECONDS 15

/* The object file, which the linker has put into this program. */
extern const char _binary_echo_xdp_bpf_o_start[], _binary_echo_xdp_bpf_o_end[];

static bool has_carrier(const char *interface)
{
	char path[128], state = '0';

	snprintf(path, sizeof(path), "/sys/class/net/%s/carrier", interface);
	FILE *file = fopen(path, "r");
	if (file) {
		state = (char)fgetc(file);
		fclose(file);
	}
	return state == '1';
}

/** Of the object, only that program is loaded. */
static struct bpf_object *load(const char *name, struct bpf_program **chosen)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "echo");
	struct bpf_object *object = bpf_object__open_mem(_binary_echo_xdp_bpf_o_start,
		(size_t)(_binary_echo_xdp_bpf_o_end - _binary_echo_xdp_bpf_o_start), &options);
	struct bpf_program *program;

	if (!object)
		echo_fail("libbpf does not read the BPF object: %s", strerror(errno));
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
	*chosen = bpf_object__find_program_by_name(object, name);
	int error = bpf_object__load(object);
	if (error == -EPERM)
		echo_fail("the kernel lets root alone load XDP programs: run it as root, or with the capabilities "
			  "CAP_BPF and CAP_NET_ADMIN");
	if (error)
		echo_skip("this kernel does not take the XDP program: %s (it needs CONFIG_BPF_SYSCALL and "
			  "CONFIG_XDP_SOCKETS)",
			strerror(-error));
	return object;
}

struct echo_bpf echo_bpf_attach(const char *interface, const char *program)
{
	struct bpf_program *chosen;
	struct echo_bpf bpf;
	int index = (int)if_nametoindex(interface);

	if (!index)
		echo_fail("there is no interface %s: \"ip link\" lists those that there are", interface);
	libbpf_set_print(NULL); /* what fails is said here */
	bpf.object = load(program, &chosen);
	bool carrier = has_carrier(interface);
	/* Without a mode asked for, the driver runs the program if it can, and the kernel's generic hook if not. The
	 * link goes with this process, however that ends. */
	bpf.link = bpf_program__attach_xdp(chosen, index);
	if (!bpf.link)
		echo_fail("%s does not take the XDP program: %s; if it has one already: ip link set dev %s xdp off",
			interface, strerror(errno), interface);
	LIBBPF_OPTS(bpf_xdp_query_opts, mode);
	if (bpf_xdp_query(index, 0, &mode) == 0 && mode.attach_mode == XDP_ATTACHED_SKB)
		fprintf(stderr, "the driver of %s has no XDP: the program runs in the kernel's generic hook, slower\n",
			interface);
	for (int tenths = 0; carrier && !has_carrier(interface) && !echo_stopped; tenths++) {
		if (tenths == 10 * CARRIER_SECONDS)
			echo_fail("%s has lost its carrier: no link for %d s", interface, CARRIER_SECONDS);
		usleep(100000);
	}
	return bpf;
}

void echo_bpf_detach(const struct echo_bpf *bpf)
{
	bpf_link__destroy(bpf->link);
	bpf_object__close(bpf->object);
}

int echo_bpf_map(const struct echo_bpf *bpf, const char *name)
{
	return bpf_object__find_map_fd_by_name(bpf->object, name);
}
