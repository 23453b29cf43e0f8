/* SPDX-License-Identifier: BSD-2-Clause
 * Flow control of the 82599, X540 and X550 by pause frames of the link, none by priority (82599 DS 3.7.7.3, X550
 * DS 8.2.2.3): thresholds of the packet buffer, and what both ends have agreed on. */
#include "../pause.h"
#include "../access.h"
#include "../report.h"
#include "port.h"

#define KIB_BITS 8192u

/* Delays in bit times at 10 Gbit/s, as Linux has them from the datasheets (doubt 51). */
enum {
	RESPONSE = 672,    /* of the other end's MAC, to a pause frame */
	CABLE = 5556,      /* one way, of 100 m of copper */
	INTERFACE = 18944, /* MAC, XAUI and PHY of an end */
	INTERFACE_COPPER = 37888,
	HIGHER_LAYER = 6144,
	BUS = 10000, /* until the first descriptor written makes room */
};

/* What may still come after the high threshold is passed: a frame that is being sent when the pause frame is due, all
 * that is on its way until the other end obeys, and the frame it sends then; with 36/25 for how the buffer is filled.
 */
static uint32_t headroom_kib(const struct nic *nic)
{
	uint32_t frame = 8 * port_max_frame_bytes(nic);
	uint32_t interface = ixgbe_has_copper_phy(nic) ? INTERFACE_COPPER : INTERFACE;
	uint32_t link = frame + 8 * NIC_PREAMBLE_GAP_BYTES + RESPONSE + 2 * CABLE + 2 * interface + HIGHER_LAYER;
	return (36 * link / 25 + 1 + 2 * frame + KIB_BITS - 1) / KIB_BITS;
}

/* What is left when the other end is told to go on: so much that receive does not run dry until its frames come. */
static uint32_t low_kib(const struct nic *nic)
{
	uint32_t bits = 2 * 8 * port_max_frame_bytes(nic) + 36 * BUS / 25 + 1;
	return ((ixgbe_has_copper_phy(nic) ? bits : 2 * bits) + KIB_BITS - 1) / KIB_BITS;
}

static void set(struct nic *nic, uint32_t pause)
{
	const bool sends = pause & NIC_PAUSE_TX;
	const uint32_t buffer_kib = ixgbe_packet_buffer_kib(nic);
	ixgbe_port_of(nic)->link.pause = pause;
	/* Pause frames that are obeyed are not handed to the driver */
	reg_change(nic, IXGBE_MFLCN, IXGBE_MFLCN_RFCE, pause & NIC_PAUSE_RX ? IXGBE_MFLCN_RFCE | IXGBE_MFLCN_DPF : 0);
	reg_change(nic, IXGBE_FCCFG, IXGBE_FCCFG_TFCE, sends ? IXGBE_FCCFG_TFCE_LINK : 0);
	/* A frame that tells to go on is sent at the low threshold; half a pause's time later it is asked for again */
	reg_write(nic, IXGBE_FCTTV, sends ? PAUSE_TIME : 0);
	reg_write(nic, IXGBE_FCRTV, sends ? PAUSE_TIME / 2 : 0);
	reg_write(nic, IXGBE_FCRTL, sends ? low_kib(nic) * 1024 | IXGBE_FCRTL_XONE : 0);
	/* Without flow control the high threshold still limits packets that the card's own switch sends back. The
	 * datasheet gives no value; this is all of the buffer but 24 KiB (doubt 2) */
	reg_write(nic, IXGBE_FCRTH,
		sends ? (buffer_kib - headroom_kib(nic)) * 1024 | IXGBE_FCRTH_FCEN
		      : (buffer_kib * 1024 - 0x6000) & IXGBE_FCRTH_RTH);
}

void ixgbe_pause_start(struct nic *nic)
{
	set(nic, ixgbe_has_copper_phy(nic) ? 0 : nic->config.pause);
}

static void agree(struct ixgbe_port *port, uint32_t pause, const char *how)
{
	struct nic *nic = &port->nic;
	if (!nic->config.pause)
		return;
	set(nic, pause);
	port_note(nic, "pause frames are %sobeyed and %ssent: %s", pause & NIC_PAUSE_RX ? "" : "not ",
		pause & NIC_PAUSE_TX ? "" : "not ", how);
}

void ixgbe_pause_negotiated(struct ixgbe_port *port, unsigned partner)
{
	agree(port, pause_resolve(port->nic.config.pause, partner), "negotiated");
}

void ixgbe_pause_advertise(struct nic *nic)
{
	if (nic->config.pause)
		reg_change(nic, IXGBE_PCS1GANA, IXGBE_PCS1GANA_PAUSE,
			pause_offer(nic->config.pause) << IXGBE_PCS1GANA_PAUSE_SHIFT);
}

/* At 10 Gbit/s an optical link does not negotiate: both ends have to be told the same. */
void ixgbe_pause_link_up(struct ixgbe_port *port, uint32_t mbps)
{
	uint32_t status = mbps == 1000 ? reg_read(&port->nic, IXGBE_PCS1GLSTA) : 0;
	if ((status & (IXGBE_PCS1GLSTA_AN_COMPLETE | IXGBE_PCS1GLSTA_AN_TIMED_OUT)) == IXGBE_PCS1GLSTA_AN_COMPLETE)
		ixgbe_pause_negotiated(port,
			(reg_read(&port->nic, IXGBE_PCS1GANLP) & IXGBE_PCS1GANA_PAUSE) >> IXGBE_PCS1GANA_PAUSE_SHIFT);
	else
		agree(port, port->nic.config.pause, "as configured, this link does not negotiate them");
}
