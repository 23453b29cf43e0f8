/* SPDX-License-Identifier: BSD-2-Clause
 * The public API of ports, as far as all families of cards share it: which driver has a device, the life cycle with its
 * checks and unwinding, queues, link, counters. */
#include "../mempool/pool.h"
#include "../vfio/error.h"
#include "../vfio/removal.h"
#include "access.h"
#include "clock.h"
#include "mac.h"
#include "pipe/slots.h"
#include "report.h"
#include "ring/ring.h"
#include "service.h"
#include "stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT_PACKETS 256u /* a thread may hold so many between receiving and sending */

static const struct driver *const drivers[] = {&ixgbe_driver, &e1000_driver, &igb_driver};

const char *nic_error(void)
{
	return pollux_error();
}

const struct driver *driver_find(const char *address, uint16_t vendor, uint16_t device, const struct driver_id **id)
{
	for (size_t d = 0; vendor == INTEL && d < sizeof(drivers) / sizeof(*drivers); d++) {
		for (unsigned i = 0; i < drivers[d]->id_count; i++) {
			*id = &drivers[d]->ids[i];
			if ((*id)->device == device)
				return drivers[d];
		}
	}
	driver_refuse(address, vendor, device);
	return NULL;
}

bool nic_drives(const char *address, uint16_t vendor_id, uint16_t device_id)
{
	const struct driver_id *id;
	return driver_find(address, vendor_id, device_id, &id) != NULL;
}

static int identify(struct vfio_device *device, const struct driver **driver, const struct driver_id **id)
{
	uint16_t vendor = (uint16_t)vfio_config_read(device, 0, 2), product = (uint16_t)vfio_config_read(device, 2, 2);
	struct vfio_refusal refusal;
	if (vfio_device_gone(device))
		return vfio_fail_gone(device);
	if (vfio_refusal(device, 0, &refusal))
		return pollux_fail(EIO,
			"%s: the device refuses to have its configuration space read: %s; it is no PCI device",
			device->address, strerror(refusal.error));
	if (vendor == 0xFFFF)
		return pollux_fail(ENODEV, "%s: the device does not answer: its configuration space reads all ones",
			device->address);
	*driver = driver_find(device->address, vendor, product, id);
	return *driver ? 0 : -ENOTSUP;
}

/* Some firmware names a node that the machine lacks, and a container may not be allowed all nodes. */
static void set_numa_node(struct nic_info *info, int node)
{
	info->numa_node = dma_memory_node_exists(node) ? node : -1;
	if (node >= 0 && info->numa_node < 0)
		snprintf(info->note, sizeof(info->note),
			"it is on NUMA node %d, whose memory cannot be had here: it uses other memory", node);
}

int port_from_device(struct nic **out, struct vfio_device *device)
{
	*out = NULL;
	const struct driver *driver = NULL;
	const struct driver_id *id = NULL;
	struct nic *nic = NULL;
	uint64_t refusals = vfio_refusals();
	int ret = identify(device, &driver, &id);
	if (ret)
		goto fail;
	nic = calloc(1, driver->port_bytes);
	if (!nic) {
		ret = pollux_fail(ENOMEM, "%s: no memory for a port", device->address);
		goto fail;
	}
	nic->driver = driver;
	nic->id = id;
	nic->device = device;
	nic->interrupts.event_fd = -1;
	struct nic_info *info = &nic->info;
	snprintf(info->address, sizeof(info->address), "%s", device->address);
	snprintf(info->reached_by, sizeof(info->reached_by), "%s", device->reached_by);
	snprintf(info->driver, sizeof(info->driver), "%s", driver->name);
	snprintf(info->name, sizeof(info->name), "%s", id->name);
	info->vendor_id = INTEL;
	info->device_id = id->device;
	set_numa_node(info, device->numa_node);
	ret = fail_if_refused(nic, refusals, driver->ops->open(nic));
	if (ret)
		goto fail;
	nic->freshly_reset = true;
	*out = nic;
	return 0;

fail:
	free(nic);
	vfio_device_close(device);
	return ret;
}

int nic_open(struct nic **nic, const char *address, struct dma_space *space)
{
	if (!nic)
		return pollux_fail(EINVAL, "nic_open: no place to store the port");
	*nic = NULL;
	if (!address || !space)
		return pollux_fail(EINVAL, "nic_open: %s is missing",
			address ? "a DMA space (dma_space_open)" : "the device's address");
	struct vfio_device *device;
	int ret = vfio_device_open(&device, address, space);
	return ret ? ret : port_from_device(nic, device);
}

/* Replaces zeros by their defaults. */
static struct nic_config complete(const struct nic_config *config)
{
	struct nic_config full = config ? *config : (struct nic_config){.rx_queues = 0};
	full.rx_queues = full.rx_queues ? full.rx_queues : 1;
	full.tx_queues = full.tx_queues ? full.tx_queues : 1;
	full.rx_ring = full.rx_ring ? full.rx_ring : RING_SIZE_DEFAULT;
	full.tx_ring = full.tx_ring ? full.tx_ring : RING_SIZE_DEFAULT;
	full.mtu = full.mtu ? full.mtu : PORT_MTU_DEFAULT;
	full.simd = full.simd ? full.simd : pkt_simd_choose(PKT_SIMD_AUTO);
	return full;
}

static int check_queues(const struct nic *nic, const char *name, unsigned count, unsigned max, unsigned ring)
{
	if (count > max)
		return fail_port(nic, EINVAL, "%u %s queues, but the port has at most %u", count, name, max);
	if (ring < RING_SIZE_MIN || ring > RING_SIZE_MAX || (ring & (ring - 1)))
		return fail_port(nic, EINVAL, "a %s ring of %u descriptors: give a power of two, %u to %u", name, ring,
			RING_SIZE_MIN, RING_SIZE_MAX);
	return 0;
}

static int check_config(struct nic *nic, const struct nic_config *config)
{
	const struct nic_info *info = &nic->info;
	int ret = check_queues(nic, "receive", config->rx_queues, info->max_rx_queues, config->rx_ring);
	if (!ret)
		ret = check_queues(nic, "transmit", config->tx_queues, info->max_tx_queues, config->tx_ring);
	if (ret)
		return ret;
	if (config->mtu < PORT_MTU_MIN || config->mtu > info->max_mtu)
		return pollux_fail(EINVAL, "%s: an MTU of %u: give %u to %u", info->address, config->mtu, PORT_MTU_MIN,
			info->max_mtu);
	if (pkt_simd_choose(config->simd) == PKT_SIMD_AUTO)
		return pollux_fail(ENOTSUP,
			"%s: this CPU does not have %s: choose another instruction set, or PKT_SIMD_AUTO",
			info->address, pkt_simd_name(config->simd));
	if (config->speeds & ~info->speeds) {
		char wanted[SPEEDS_TEXT_BYTES], possible[SPEEDS_TEXT_BYTES];
		speeds_text(wanted, config->speeds & ~info->speeds);
		speeds_text(possible, info->speeds);
		return pollux_fail(EINVAL, "%s: no link of %s: the card, %s, can have %s", info->address, wanted,
			info->name, possible);
	}
	if (config->pause & ~info->pause)
		return fail_port(nic, EINVAL, "flow control 0x%x: the card, %s, can have 0x%x", config->pause,
			info->name, info->pause);
	ret = queues_configure(nic, config);
	return ret ? ret : interrupts_check(nic);
}

unsigned nic_pool_count(const struct nic_config *config, unsigned ports, unsigned threads)
{
	struct nic_config full = complete(config);
	uint64_t rings = (uint64_t)full.rx_queues * full.rx_ring + (uint64_t)full.tx_queues * full.tx_ring;
	uint64_t count = ports * rings + pkt_pool_slack(threads) + (uint64_t)threads * IN_FLIGHT_PACKETS;
	return count < UINT32_MAX ? (unsigned)count : UINT32_MAX;
}

/* A pool that is sure to run dry is refused at once: later it would show as mere loss. */
static int check_pool(const struct nic *nic, const struct nic_config *config)
{
	const struct pkt_pool *pool = config->pool;
	if (pool->memory.space != nic->device->space)
		return fail_port(
			nic, EINVAL, "the pool lies in another DMA space than the port: open both with the same");
	unsigned needed = nic_pool_count(config, 1, 1), count = pkt_pool_count(pool);
	if (count < needed)
		return fail_port(nic, ENOBUFS,
			"the pool has %u buffers, but one port with these rings needs %u, and more with further ports "
			"or threads (see nic_pool_count)",
			count, needed);
	unsigned available = pkt_pool_available(pool), rings = (unsigned)config->rx_queues * config->rx_ring;
	if (available < rings)
		return fail_port(nic, ENOBUFS,
			"%u of the pool's %u buffers are free, but the receive rings need %u: give a pool of at least "
			"%u",
			available, count, rings, count - available + needed);
	return 0;
}

/* Closes the port's own pool, unless the application still holds packets of it. It may use and free them, and the pool
 * is closed at the next start, stop or close. */
static void close_own_pool(struct nic *nic)
{
	if (pkt_pool_close(nic->own_pool) == 0)
		nic->own_pool = NULL;
}

static int find_pool(struct nic *nic)
{
	struct nic_config *config = &nic->config;
	close_own_pool(nic);
	/* The last own pool may still have packets out. It serves again: if another took its place, nobody would close
	 * it */
	if (!config->pool)
		config->pool = nic->own_pool;
	if (!config->pool) {
		unsigned threads = config->rx_queues + config->tx_queues + 1u;
		int ret = pkt_pool_open(
			&nic->own_pool, nic->device->space, nic_pool_count(config, 1, threads), nic->info.numa_node);
		if (ret)
			return ret;
		pkt_pool_use_simd(nic->own_pool, config->simd);
		config->pool = nic->own_pool;
	}
	return check_pool(nic, config);
}

static void close_data_path(struct nic *nic)
{
	interrupts_stop(nic);
	rings_close(nic);
	nic->config.pool = NULL;
	close_own_pool(nic);
}

int nic_start(struct nic *nic, const struct nic_config *config)
{
	if (!nic)
		return pollux_fail(EINVAL, "nic_start: no port given");
	if (nic->started)
		return fail_port(nic, EBUSY, "the port is started already: stop it first");
	int ret = rings_begin_call(nic, false);
	if (ret)
		return ret;
	nic->config = complete(config);
	ret = check_config(nic, &nic->config);
	/* An earlier stop may have failed to reset the card */
	if (!ret && !nic->freshly_reset)
		ret = bus_halt(nic);
	if (ret)
		return ret;
	if (!nic->config.speeds)
		nic->config.speeds = nic->info.speeds;
	stats_clear(nic);
	nic->link = (struct nic_link){.up = false};
	nic->promiscuous = nic->config.promiscuous;
	nic->all_multicast = false;
	ret = find_pool(nic);
	if (!ret)
		ret = fail_if_refused(nic, nic->refusals_before, nic->driver->ops->start(nic));
	if (!ret)
		ret = interrupts_start(nic);
	if (!ret) {
		nic->started = true;
		nic->stats.time_ns = clock_now_ns();
		return 0;
	}
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(&failure, ret);
	if (!nic->freshly_reset)
		bus_halt(nic);
	close_data_path(nic);
	return pollux_failure_restore(&failure);
}

int nic_stop(struct nic *nic)
{
	if (!nic || !nic->started)
		return 0;
	rings_add_stats(nic, &nic->stats); /* the queues go, and what they counted stays */
	struct pollux_failure failure = {.error = 0};
	uint64_t refusals = vfio_refusals();
	pipe_inputs_end(nic);
	int ret = nic->driver->ops->stop(nic);
	pipe_outputs_ended(nic); /* no DMA any more */
	close_data_path(nic);
	pollux_failure_keep(&failure, ret ? fail_if_refused(nic, refusals, ret) : 0);
	pollux_failure_keep(&failure, stats_check(nic));
	pollux_failure_keep(&failure, service_report_refusal(nic));
	nic->started = false;
	nic->recovery = (struct port_recovery){.causes = 0};
	return pollux_failure_restore(&failure);
}

void nic_close(struct nic *nic)
{
	if (!nic)
		return;
	nic_stop(nic);
	interrupts_close(nic);
	if (!nic->freshly_reset)
		bus_halt(nic);
	close_own_pool(nic);
	free(nic->macs);
	vfio_device_close(nic->device);
	free(nic);
}

void nic_get_info(const struct nic *nic, struct nic_info *info)
{
	*info = nic->info;
}

struct nic_rxq *nic_rxq(struct nic *nic, unsigned index)
{
	if (!nic || !nic->started || index >= nic->config.rx_queues)
		return NULL;
	return &nic->rings.rxqs[index]->nic;
}

struct nic_txq *nic_txq(struct nic *nic, unsigned index)
{
	if (!nic || !nic->started || index >= nic->config.tx_queues)
		return NULL;
	return &nic->rings.txqs[index]->nic;
}

int nic_get_link(struct nic *nic, struct nic_link *link)
{
	int ret = rings_begin_call(nic, false);
	ret = rings_end_call(nic, ret ? ret : nic->driver->ops->get_link(nic, link));
	if (ret)
		*link = (struct nic_link){.up = false};
	return ret;
}

unsigned nic_get_facts(struct nic *nic, struct nic_fact *facts, unsigned n)
{
	struct fact_list list = {.facts = facts, .room = n};
	const uint32_t *irqs = nic->device->irq_count;
	fact_add(&list, "interrupts", "MSI-X: %u vectors, MSI: %u, INTx: %u", irqs[VFIO_PCI_MSIX_IRQ_INDEX],
		irqs[VFIO_PCI_MSI_IRQ_INDEX], irqs[VFIO_PCI_INTX_IRQ_INDEX]);
	if (!port_gone(nic) && nic->driver->ops->facts)
		nic->driver->ops->facts(nic, &list);
	return port_gone(nic) ? 0 : list.count;
}

int nic_get_stats(struct nic *nic, struct nic_stats *stats)
{
	if (rings_begin_call(nic, false) == 0 && nic->started)
		stats_update(nic, false);
	stats_report(nic, stats);
	if (nic->started)
		rings_add_stats(nic, stats);
	return rings_end_call(nic, stats_check(nic));
}

static int set_mode(struct nic *nic, bool *mode, bool on)
{
	bool before = *mode;
	int ret = rings_begin_call(nic, true);
	if (!ret && before != on) {
		*mode = on;
		ret = nic->driver->ops->set_receive_mode(nic);
	}
	ret = rings_end_call(nic, ret);
	if (ret)
		*mode = before;
	return ret;
}

int nic_set_promiscuous(struct nic *nic, bool on)
{
	return set_mode(nic, &nic->promiscuous, on);
}

int nic_set_all_multicast(struct nic *nic, bool on)
{
	return set_mode(nic, &nic->all_multicast, on);
}

int nic_add_mac(struct nic *nic, const uint8_t mac[6])
{
	int ret = rings_begin_call(nic, false);
	return rings_end_call(nic, ret ? ret : mac_add(nic, mac));
}

int nic_remove_mac(struct nic *nic, const uint8_t mac[6])
{
	int ret = rings_begin_call(nic, false);
	return rings_end_call(nic, ret ? ret : mac_remove(nic, mac));
}

int nic_catch_removal(void)
{
	return vfio_catch_removal();
}
