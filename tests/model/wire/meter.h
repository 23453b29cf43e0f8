/* SPDX-License-Identifier: BSD-2-Clause
 * The meter of the comparison: sends requests to an echo, counts and times the answers, and checks each byte of them.
 * Has neither a clock nor a socket: whoever embeds it passes the time in, takes the frames that are to go, and gives
 * it those that come. Time is in nanoseconds, more than 0, and never goes back.
 *
 * The meter is 198.18.0.1, UDP port 4000, and the echo 198.18.0.2, UDP port 7007. In RoCEv2 both are queue pairs of
 * unreliable datagrams: the meter is number 17, and each request a SEND of one packet. ARP requests for 198.18.0.1 are
 * answered always, with a measurement or without.
 *
 * Each request has one end: an answer makes it received, METER_LOST_NS without one make it lost. */
#ifndef POLLUX_TESTS_MODEL_WIRE_METER_H
#define POLLUX_TESTS_MODEL_WIRE_METER_H

#include "../../../apps/gen_latency.h"
#include "../card/model.h"

#define METER_LOST_NS      1000000000u
#define METER_BATCH        128u   /* frames of one meter_give at most */
#define METER_IN_FLIGHT    65536u /* requests at a time, where a rate decides: when so many wait, none is sent */
#define METER_WINDOW_MAX   4096u
#define METER_BYTES_MIN    64u /* a request, with FCS */
#define METER_BYTES_MAX    9018u
#define METER_ROCE_DATA    1024u /* bytes: what soft RoCE takes at an MTU of 1500 */
#define METER_QPN          17u
#define METER_QKEY_DEFAULT 0x11111111u

enum meter_protocol { METER_UDP, METER_ROCE };

struct meter_config {
	enum meter_protocol protocol;
	uint32_t bytes;       /* of a request, with FCS; see meter_frame_bytes */
	uint32_t window;      /* requests in flight; 0: rate_pps decides */
	double rate_pps;      /* requests a second; 0: the window decides */
	uint64_t warmup_ns;   /* before duration_ns begins: what is sent then counts in nothing */
	uint64_t duration_ns; /* requests of this time count */
	uint8_t to[6];        /* the echo's Ethernet address */
	uint32_t qpn, qkey;   /* METER_ROCE: the echo's queue pair, and the key of both */
};

/** sent is received + lost when the measurement has ended. */
struct meter_counts {
	uint64_t sent, received, lost;
	uint64_t late;  /* answers to requests that were lost by then, or answered already */
	uint64_t wrong; /* frames between the two ports that are no answer as it should be: their requests are lost */
	uint64_t other; /* all other frames */
};

struct meter_result {
	struct meter_config config;
	struct meter_counts counts;
	uint64_t ns; /* how long was measured: duration_ns, or less where meter_stop came before its end */
	struct gen_histogram round_trips; /* of those received, in ns */
};

struct meter;

/** The Ethernet address that requests come from. */
extern const uint8_t meter_mac[6];

/** How long a request is in truth, with FCS. RoCE's headers make the shortest one longer, its data ends on a multiple
 * of four bytes, and is METER_ROCE_DATA at most. */
uint32_t meter_frame_bytes(const struct meter_config *config);

/** @return NULL: no memory. */
struct meter *meter_open(void);
void meter_close(struct meter *meter);

/** Begins a measurement; its time begins with the next meter_give. One that was not at its end is forgotten. */
void meter_begin(struct meter *meter, const struct meter_config *config);
/** Whether a measurement has begun and not ended. */
bool meter_runs(const struct meter *meter);

/** The frames that are to go now, at most METER_BATCH and n: all of them go. They stay valid until the next call.
 *  @return how many */
unsigned meter_give(struct meter *meter, uint64_t now_ns, struct model_frame *frames, unsigned n);
/** Frames have come. far: they come from the other side of a forwarder, where an answer is the request as it was, and
 * only the Ethernet addresses may differ. Their bytes may change while they are read. */
void meter_take(struct meter *meter, uint64_t now_ns, const struct model_frame *frames, unsigned n, bool far);
/** When a frame has to go that no answer brings about: the next one of a rate. UINT64_MAX: none. */
uint64_t meter_due_ns(const struct meter *meter, uint64_t now_ns);

/** No more requests are sent: the measurement ends earlier. */
void meter_stop(struct meter *meter, uint64_t now_ns);
/** Gives up the requests that wait for their answers: they are lost, and the measurement has ended. */
void meter_give_up(struct meter *meter, uint64_t now_ns);
/** Looks whether the measurement has ended: its time is over, and no request waits for its answer.
 *  @return its result, once; NULL: there is none (any more) */
const struct meter_result *meter_ended(struct meter *meter, uint64_t now_ns);

#endif
