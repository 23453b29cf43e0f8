/* SPDX-License-Identifier: BSD-2-Clause
 * The wire of a port: where the frames that it receives come from, and where those that it sends go.
 *
 * Without a rate a source waits for descriptors and loses nothing. With one, frames come when they are due: those that
 * find no descriptor wait in the packet buffer (MODEL_FIFO_BYTES), and what does not fit there is lost and counted, as
 * on a card. Frames come only while the driver has the port up: link, RXCTRL.RXEN, and a receive queue. */
#ifndef POLLUX_TESTS_MODEL_WIRE_WIRE_H
#define POLLUX_TESTS_MODEL_WIRE_WIRE_H

#include "capture.h"
#include "device.h"
#include "fifo.h"
#include "meter_end.h"
#include "source.h"
#include "tap.h"

#include <pcap/pcap.h>

#define WIRE_BATCH SOURCE_BATCH /* frames given or taken in a step */
/* A port is up for so long before a source or capture begins: its driver may be setting up queues. */
#define WIRE_SETTLE_NS 20000000u
/* When two steps are further apart than that, the host held us up, and no frames were due meanwhile. */
#define WIRE_STALL_NS 5000000u
#define WIRE_PORTS    2

/** Bytes are without FCS. Of frames that came in, wire_fate_count says what became of them. */
struct wire_counts {
	uint64_t in_frames, in_bytes;   /* came over the wire */
	uint64_t not_up;                /* of in_frames: the port was not up, and the model never met them */
	uint64_t damaged;               /* of in_frames: with a wrong FCS, as the cable does to them */
	uint64_t partner_pauses;        /* of in_frames: pause frames of wire_pause, which no cable brought */
	uint64_t out_frames, out_bytes; /* the port sent */
	uint64_t out_pause;             /* of out_frames: pause frames, by the port's MAC itself */
	uint64_t captured;              /* of these, for the pcap-out; --lose leaves one out */
	uint64_t steps, busy_steps;     /* busy: a frame moved */
	uint64_t offered, blocked;      /* steps with frames to give; of these, that ran out of descriptors */
	uint64_t full;                  /* steps that sent a whole batch: the port had more to send */
	uint64_t held_ns;               /* the port's pause frames kept the source silent for so long */
	uint64_t stalled_ns;     /* the host held the model up while frames came, more than WIRE_STALL_NS at a time */
	uint64_t stalled_frames; /* what the rate had due by then, and was put off */
};

enum wire_source { WIRE_NOTHING, WIRE_CAPTURE, WIRE_TEMPLATE, WIRE_PEER, WIRE_TAP, WIRE_METER };

struct wire {
	/* in */
	enum wire_source source_kind;
	struct capture capture;
	struct source source;
	bool numbered, own_address;
	bool held;         /* until SIGUSR1 the source gives nothing; a cable does not care */
	double rate_pps;   /* 0: as fast as there are descriptors */
	bool timed;        /* the capture's own times are the rate */
	uint64_t limit;    /* frames in all; 0: no end */
	uint64_t given;    /* frames of the source that came to the end of the wire: they met their fate, or wait */
	uint64_t began_ns; /* when the first was due; 0: not yet */
	uint64_t behind;   /* frames due by the last step that did not come, since a step brings WIRE_BATCH at most */
	struct fifo *fifo; /* the packet buffer, for rates, cables, a TAP and a meter; else NULL */
	struct tap *tap;   /* the host at the end, which also gets what the port sends; else NULL */
	struct meter_end *meter; /* asks, and hears what the port sends; else NULL */

	/* out */
	struct wire *peer;     /* the other end of the cable, whose fifo is filled from here */
	bool lossless;         /* cable: its sender waits for room */
	uint64_t damage;       /* cable: every so many frames that leave, one arrives with a wrong FCS; 0: none */
	uint64_t carried;      /* frames that left over the cable, counted for damage */
	struct device *device; /* stands in the cable, for what leaves here; NULL: none */
	struct wire *far_from; /* what leaves here has come through a forwarder to the meter of that port; NULL */
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	char *out_path;
	uint64_t lose, corrupt; /* the n-th captured frame, from 1; 0: none */

	/* flow control */
	bool ignores_pause;     /* the port's pause frames do not stop the source */
	uint64_t quiet_ns;      /* by them the source is silent until then */
	uint64_t pauses_end_ns; /* the other end sends pause frames until then; 0: none */
	uint64_t next_pause_ns; /* when the next is due */
	unsigned abilities;     /* what the other port advertises of flow control, ... */
	uint64_t abilities_ns;  /* ... and since when; 0: nobody has looked */

	/* state of the port, as wire_look found it */
	struct model *model;
	bool receives;               /* the driver receives */
	bool up;                     /* and the link is up */
	bool started;                /* and both have been so for WIRE_SETTLE_NS */
	uint64_t looked_ns, up_ns;   /* when that was; since when it is up */
	uint64_t stepped_ns;         /* the last step */
	uint64_t first_ns, moved_ns; /* the first and the last frame, either way */
	struct wire_counts counts;
};

/** Moves frames both ways once: up to WIRE_BATCH each, and up to four times that out of a packet buffer that has
 * filled. now_ns > 0, never going back. @return how many moved. */
unsigned wire_step(struct wire *wire, struct model *model, uint64_t now_ns);

/** The driver may have changed something: looks whether the port is up. wire_step does it by itself now and then. */
void wire_look(struct wire *wire, struct model *model, uint64_t now_ns);

/** The other end wants the port to be silent for so long: it sends one pause frame behind the other. */
void wire_pause(struct wire *wire, uint64_t now_ns, uint64_t ns);

/** How many of in_frames met a fate. All of them, and those that wait, are in_frames. */
uint64_t wire_fate_count(const struct wire *wire, enum model_fate fate);
/** What the device has done to the frames that the port sent; without one all are 0. */
struct device_counts wire_device_counts(const struct wire *wire);
/** What has gone from and to the host; without a TAP interface all are 0. */
struct tap_counts wire_tap_counts(const struct wire *wire);
/** What to sleep on (POLLIN) besides the sockets, and to call wire_ready for; -1: nothing. */
int wire_poll_fd(const struct wire *wire);
void wire_ready(struct wire *wire);
/** How many wait in the packet buffer. */
uint64_t wire_waiting(const struct wire *wire);

/** A source that ends has given everything, and all of that was dealt with. No source, or one without end: false. */
bool wire_done(const struct wire *wire);
/** Has a source that ends. */
bool wire_ends(const struct wire *wire);

/** Flushes and closes. @return 0, or -errno when the capture could not be written; error receives the sentence. */
int wire_close(struct wire *wire, char *error, size_t error_bytes);

/** How many frames did not come when the source's rate had them due, because the model was late: stalled, or behind. */
uint64_t wire_late(const struct wire *wire);

/** Who kept the frames from flowing faster, in a few words; never NULL. */
const char *wire_limit(const struct wire *wire);

#endif
