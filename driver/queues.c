/* SPDX-License-Identifier: BSD-2-Clause
 * The public API of what only ports with several queues have: RSS, VLANs, queues that stop and start alone, counters of
 * a queue. Checks, defaults and unwinding; registers are the families' business. */
#include "queues.h"
#include "access.h"
#include "driver.h"
#include "ring/rx_status.h"
#include "stats.h"

#include <errno.h>
#include <string.h>

/* Of the published test vectors for RSS, so that anybody can check where a flow goes. */
static const uint8_t usual_key[NIC_RSS_KEY_BYTES] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25,
	0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80,
	0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

static int fail_lacks(const struct nic *nic, const char *what)
{
	return fail_port(nic, ENOTSUP, "the card, %s, has no %s", nic->info.name, what);
}

/* ---- RSS ---- */

static int fill_key(const struct nic *nic, struct nic_rss *rss)
{
	if (rss->key_bytes && rss->key_bytes != NIC_RSS_KEY_BYTES)
		return fail_port(nic, EINVAL, "an RSS key of %u bytes: give %u, or 0 for the usual key", rss->key_bytes,
			NIC_RSS_KEY_BYTES);
	/* Toeplitz hashes of two addresses, or ports, stay the same when these change places, if the key repeats every
	 * 16 bits */
	for (unsigned i = 0; i < NIC_RSS_KEY_BYTES; i++)
		if (rss->symmetric || !rss->key_bytes)
			rss->key[i] = usual_key[rss->symmetric ? i % 2 : i];
	rss->key_bytes = NIC_RSS_KEY_BYTES;
	return 0;
}

static int fill_table(const struct nic *nic, struct nic_rss *rss, unsigned rx_queues)
{
	unsigned entries = nic->info.rss_entries;
	unsigned queues = rx_queues < nic->info.rss_queues ? rx_queues : nic->info.rss_queues;
	if (rss->entries && rss->entries != entries)
		return fail_port(nic, EINVAL, "an RSS table of %u entries: the card's has %u; 0 shares evenly",
			rss->entries, entries);
	for (unsigned i = 0; i < entries; i++) {
		if (!rss->entries)
			rss->table[i] = (uint8_t)(i % queues);
		else if (rss->table[i] >= queues)
			return fail_port(nic, EINVAL, "entry %u of the RSS table is queue %u, but there are %u%s", i,
				rss->table[i], queues, queues < rx_queues ? " that RSS can name" : "");
	}
	rss->entries = (uint16_t)entries;
	return 0;
}

/* Takes rss for nic->queues.rss, with its zeros replaced. */
static int take_rss(struct nic *nic, const struct nic_rss *rss, unsigned rx_queues)
{
	const uint32_t can = nic->info.rss_headers, udp = NIC_RSS_IPV4_UDP | NIC_RSS_IPV6_UDP;
	struct nic_rss full = *rss;
	if (!can)
		return fail_lacks(nic, "RSS: all frames go to queue 0");
	if (full.headers & ~can)
		return fail_port(nic, EINVAL, "RSS over headers 0x%x: the card, %s, can have 0x%x", full.headers,
			nic->info.name, can);
	if (!full.headers)
		full.headers = can & ~udp;
	int ret = fill_key(nic, &full);
	if (!ret)
		ret = fill_table(nic, &full, rx_queues);
	if (!ret)
		nic->queues.rss = full;
	return ret;
}

uint32_t queues_mrqc(uint32_t headers)
{
	static const struct {
		uint32_t header, bit;
	} fields[] = {{NIC_RSS_IPV4, 17}, {NIC_RSS_IPV4_TCP, 16}, {NIC_RSS_IPV4_UDP, 22}, {NIC_RSS_IPV6, 20},
		{NIC_RSS_IPV6_TCP, 21}, {NIC_RSS_IPV6_UDP, 23}};
	uint32_t mrqc = 0;
	for (unsigned i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		mrqc |= headers & fields[i].header ? UINT32_C(1) << fields[i].bit : 0;
	return mrqc;
}

int queues_configure(struct nic *nic, const struct nic_config *config)
{
	static const struct nic_rss usual;
	const uint32_t choices = NIC_RX_CHECKSUM | NIC_RX_VLAN_STRIP | NIC_TX_OFFLOAD;
	uint32_t impossible = config->offloads & ~(nic->info.can & choices);
	if (impossible & ~choices)
		return fail_port(nic, EINVAL,
			"offloads 0x%x: give a mask of NIC_RX_CHECKSUM, NIC_RX_VLAN_STRIP and NIC_TX_OFFLOAD",
			config->offloads);
	if (impossible)
		return fail_port(nic, ENOTSUP, "offloads 0x%x: the card, %s, can have 0x%x", config->offloads,
			nic->info.name, nic->info.can & choices);
	memset(nic->queues.rx, 0, sizeof(nic->queues.rx));
	memset(nic->queues.tx, 0, sizeof(nic->queues.tx));
	nic->queues.rss = usual;
	if (!config->rss && config->rx_queues == 1)
		return 0;
	return take_rss(nic, config->rss ? config->rss : &usual, config->rx_queues);
}

int nic_set_rss(struct nic *nic, const struct nic_rss *rss)
{
	struct nic_rss before = nic->queues.rss;
	int ret = rings_begin_call(nic, true);
	if (!ret && !before.headers)
		ret = fail_port(nic, EINVAL, "the port was started without RSS: give nic_config.rss");
	if (!ret)
		ret = take_rss(nic, rss, nic->config.rx_queues);
	ret = rings_end_call(nic, ret ? ret : nic->driver->ops->queues->set_rss(nic));
	if (ret)
		nic->queues.rss = before;
	return ret;
}

int nic_get_rss(const struct nic *nic, struct nic_rss *rss)
{
	*rss = nic->queues.rss;
	if (nic->started && rss->headers)
		return 0;
	return fail_port(nic, EINVAL, "no RSS: the port is not started, or with one queue");
}

/* ---- VLANs ---- */

static int change_vlan(struct nic *nic, unsigned vlan, bool on)
{
	const struct queue_ops *ops = nic->driver->ops->queues;
	struct port_queues *queues = &nic->queues;
	int ret = rings_begin_call(nic, false);
	if (ret)
		return ret;
	if (!ops->set_vlans)
		return fail_lacks(nic, "filter for VLANs");
	if (vlan >= 32 * VLAN_WORDS)
		return fail_port(nic, EINVAL, "VLAN %u: give 0 to 4095", vlan);
	uint32_t *word = &queues->vlans[vlan / 32], bit = UINT32_C(1) << vlan % 32;
	if (on == ((*word & bit) != 0))
		return fail_port(
			nic, on ? EEXIST : ENOENT, "VLAN %u %s", vlan, on ? "was added already" : "was not added");
	unsigned count = queues->vlan_count;
	*word ^= bit;
	queues->vlan_count = on ? count + 1 : count - 1;
	if (nic->started)
		ret = fail_if_refused(nic, nic->refusals_before, ops->set_vlans(nic, vlan / 32));
	if (ret) {
		*word ^= bit;
		queues->vlan_count = count;
	}
	return ret;
}

int nic_add_vlan(struct nic *nic, unsigned vlan)
{
	return rings_end_call(nic, change_vlan(nic, vlan, true));
}

int nic_remove_vlan(struct nic *nic, unsigned vlan)
{
	return rings_end_call(nic, change_vlan(nic, vlan, false));
}

/* ---- one queue ---- */

/* A queue's number, of a started port. */
static int check_queue(struct nic *nic, bool tx, unsigned index)
{
	unsigned count = tx ? nic->config.tx_queues : nic->config.rx_queues;
	int ret = rings_begin_call(nic, true);
	if (!ret && index >= count)
		ret = fail_port(nic, EINVAL, "no %s queue %u: the port was started with %u",
			tx ? "transmit" : "receive", index, count);
	return ret;
}

int nic_set_vlan_strip(struct nic *nic, unsigned queue, bool on)
{
	const struct queue_ops *ops = nic->driver->ops->queues;
	int ret = check_queue(nic, false, queue);
	if (!ret && !(nic->config.offloads & NIC_RX_VLAN_STRIP))
		ret = fail_port(nic, EINVAL, "the port was started without NIC_RX_VLAN_STRIP");
	if (!ret && !ops->set_vlan_strip)
		ret = fail_lacks(nic, "choice of VLAN stripping by queue");
	if (ret)
		return rings_end_call(nic, ret);
	struct ring_rx_report *report = &nic->rings.rxqs[queue]->report;
	if (on == ((report->on & RING_RX_TAGS) != 0))
		return rings_end_call(nic, 0);
	/* No descriptor tells whether its frame came before the change (doubt 48) */
	if (!nic->queues.rx[queue].stopped)
		ret = fail_port(nic, EBUSY, "receive queue %u is running: stop it first (nic_set_rxq)", queue);
	ret = rings_end_call(nic, ret ? ret : ops->set_vlan_strip(nic, queue, on));
	if (!ret)
		report->on ^= RING_RX_TAGS;
	return ret;
}

void queues_stats(struct nic *nic, bool tx, unsigned index, struct nic_queue_stats *stats)
{
	const struct port_queue *card = tx ? &nic->queues.tx[index] : &nic->queues.rx[index];
	*stats = (struct nic_queue_stats){.bytes = card->bytes, .missed = card->missed};
	rings_queue_stats(nic, tx, index, stats);
}

static int get_stats(struct nic *nic, bool tx, unsigned index, struct nic_queue_stats *stats)
{
	*stats = (struct nic_queue_stats){.packets = 0};
	int ret = check_queue(nic, tx, index);
	/* Of a device that is gone the last values stay */
	if (!ret || (ret == -ENODEV && index < (tx ? nic->config.tx_queues : nic->config.rx_queues))) {
		if (!ret)
			stats_update(nic, false);
		queues_stats(nic, tx, index, stats);
		ret = ret ? ret : stats_check(nic);
	}
	return rings_end_call(nic, ret);
}

int nic_get_rxq_stats(struct nic *nic, unsigned index, struct nic_queue_stats *stats)
{
	return get_stats(nic, false, index, stats);
}

int nic_get_txq_stats(struct nic *nic, unsigned index, struct nic_queue_stats *stats)
{
	return get_stats(nic, true, index, stats);
}

static int set_queue(struct nic *nic, bool tx, unsigned index, bool on)
{
	const struct queue_ops *ops = nic->driver->ops->queues;
	int ret = check_queue(nic, tx, index);
	if (!ret && !(nic->info.can & NIC_QUEUES_ALONE))
		ret = fail_lacks(nic, "queues that stop alone");
	/* The buffers of a pipe's queue are in the rings of others */
	if (!ret && (tx ? nic->rings.txqs[index]->pipe_outputs != NULL : nic->rings.rxqs[index]->pipe != NULL))
		ret = fail_port(nic, EBUSY, "a pipe has the queue: close the pipe, and stop the port");
	if (ret)
		return rings_end_call(nic, ret);
	struct port_queue *queue = tx ? &nic->queues.tx[index] : &nic->queues.rx[index];
	if (queue->dead && on)
		ret = fail_port(nic, EIO, "%s queue %u did not stop or start before: stop it again, or the port",
			tx ? "transmit" : "receive", index);
	if (ret || (queue->stopped == !on && !queue->dead))
		return rings_end_call(nic, ret);
	if (on)
		ret = rings_renew_queue(nic, tx, index);
	else
		rings_silence_queue(nic, tx, index);
	ret = rings_end_call(nic, ret ? ret : (tx ? ops->set_txq : ops->set_rxq)(nic, index, on));
	if (!ret && !on)
		rings_empty_queue(nic, tx, index);
	/* A queue that did not stop keeps its packets until the port is stopped */
	queue->dead = ret && ret != -ENOBUFS;
	queue->stopped = !on ? !ret : ret == -ENOBUFS;
	return ret;
}

int nic_set_rxq(struct nic *nic, unsigned index, bool on)
{
	return set_queue(nic, false, index, on);
}

int nic_set_txq(struct nic *nic, unsigned index, bool on)
{
	return set_queue(nic, true, index, on);
}
