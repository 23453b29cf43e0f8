/* SPDX-License-Identifier: BSD-2-Clause
 * What echo-pollux and echo-pipe share: the port, from its opening to its end. None of it is called per packet. */
#include "echo_nic.h"

#include <strings.h>

#define LINK_MS 20000

static const char *simd;
const struct echo_option echo_nic_options[] = {
	{.name = "--simd", .help = "scalar, AVX2 or AVX-512; default: the best", .value = &simd},
	{.name = NULL},
};

void echo_nic_open(struct echo_nic *port, const struct echo_program *program, const char *address)
{
	struct nic_config config = {.promiscuous = true};

	while (simd && strcasecmp(simd, pkt_simd_name(config.simd)) != 0)
		if (++config.simd > PKT_SIMD_AVX512)
			echo_misused(program, "--simd: scalar, AVX2 or AVX-512 is wanted, not ", simd);
	if (dma_space_open(&port->space) || nic_open(&port->nic, address, port->space) || nic_start(port->nic, &config))
		echo_fail("%s", nic_error());
}

void echo_nic_wait_link(struct echo_nic *port)
{
	if (nic_wait_links(&port->nic, 1, LINK_MS, NULL))
		echo_fail("%s", nic_error());
}

bool echo_nic_service(struct echo_nic *port)
{
	uint32_t events = 0;

	if (time(NULL) == port->serviced)
		return false;
	port->serviced = time(NULL);
	if (nic_service(port->nic, &events))
		echo_fail("%s", nic_error());
	if (!(events & NIC_NEEDS_RESET))
		return false;
	if (nic_reset(port->nic))
		echo_fail("%s", nic_error());
	return true;
}

void echo_nic_close(struct echo_nic *port)
{
	nic_close(port->nic);
	dma_space_unref(port->space);
}
