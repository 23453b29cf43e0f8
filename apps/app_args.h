/* SPDX-License-Identifier: BSD-2-Clause
 * Command lines: the options that all programs share. */
#ifndef POLLUX_APPS_APP_ARGS_H
#define POLLUX_APPS_APP_ARGS_H

#include "../driver/nic.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#define APP_PORTS       16u
#define APP_QUEUES      64u            /* of a port: what the cards' RSS spreads over at most */
#define APP_CPUS        64u            /* of --cpu */
#define APP_THREADS     (APP_CPUS + 1) /* each with a CPU, and one that need not have its own */
#define APP_BURST_MAX   256u
#define APP_MTU_DEFAULT 1500u
#define APP_MTU_MAX     16000u /* that --mtu takes; a card may take less */

/** How several queues share what is received. */
enum {
	APP_RSS_SYMMETRIC = 1u << 0, /* both directions of a flow go to one queue */
	APP_RSS_UDP = 1u << 1,       /* UDP ports count, too, which fragments do not have */
};

/** The options that every program understands, and its ports. */
struct app_options {
	const char *addresses[APP_PORTS];
	unsigned address_count;
	unsigned burst;   /* packets per call of the driver */
	unsigned ring;    /* descriptors per ring */
	unsigned tx_ring; /* of transmit rings, for a program that needs others there; 0: as ring */
	unsigned mtu;     /* 0: APP_MTU_DEFAULT */
	unsigned queues;  /* receive and transmit queues of each port */
	unsigned held;    /* packets that the program keeps for a while, besides those of rings and bursts */
	unsigned cpus[APP_CPUS], cpu_count; /* cpu_count 0: --cpu was not given */
	double duration_s;                  /* 0: until stopped */
	double interval_s;                  /* between two reports */
	double link_wait_s;                 /* at most so long for links at the beginning; 0: not at all */
	uint32_t offloads;                  /* as in nic_config; of NIC_TX_OFFLOAD each port has what it can */
	uint32_t rss;                       /* a mask of APP_RSS_ */
	uint32_t speeds;                    /* that links may have, as in nic_config; 0: all that a card can */
	bool no_promiscuous, json, quiet;
	bool pipes; /* the program sends by in-place pipes: the driver alone knows by which queue */
	enum pkt_simd simd;
	uint32_t pause;      /* as in nic_config */
	bool adaptive;       /* threads without packets sleep */
	const char *metrics; /* a file to write metrics to; NULL: none */
};

/** The children of each program's own argp. The input of the first is a struct app_options, which it fills with the
 * defaults first. */
extern const struct argp_child app_common_options[];

/** Ends the program if --cpu was given with fewer CPUs than queues, or with more than `most`. */
void app_check_cpus(const struct app_options *options, struct argp_state *state, unsigned most);

/** What --help says after the options of each program. */
#define APP_HELP_PORT "PORT is vfio-user:/path/to/socket, or a PCI address such as 0000:03:00.0."
#define APP_HELP_STATUS                                                                                                \
	"Exit status: 0 all went well, also when ended by SIGINT, SIGTERM or SIGHUP; 1 something failed, a device is " \
	"gone, or what was to be written could not be, as by a reader that stands still for a second; 2 the command "  \
	"line was wrong."

/** argp_parse with exit status 2 for a wrong command line. Wrong values end the program inside. */
void app_parse(const struct argp *argp, int argc, char **argv, void *input);

/** Whether a text has the form of a port's address: vfio-user:PATH, or one of PCI. There need be no such port. */
bool app_is_address(const char *text);
#define APP_NO_ADDRESS                                                                                                 \
	"'%s' is no address: 0000:03:00.0 (pollux-bind lists them) or vfio-user:/path/to/socket is wanted"

/** Adds a port to the options; too many end the program. */
void app_add_port(struct app_options *options, struct argp_state *state, const char *address);

/** app_parse_count for an option: ends the program with a sentence that names the option and its range. */
uint64_t app_count_option(struct argp_state *state, const char *option, const char *text, uint64_t min, uint64_t max);
/** The same of app_parse_seconds. */
double app_seconds_option(struct argp_state *state, const char *option, const char *text, double min, double max);

#endif
