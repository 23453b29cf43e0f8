/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of ports as all families share them: which device has which driver, what configurations are refused, the life
 * cycle, added addresses, events. */
#include "card_ixgbe.c"

#include "../../driver/driver.h"
#include "../../driver/mac.h"
#include "../../driver/pipe.h"
#include "../../driver/report.h"
#include "../../mempool/pool.h"
#include "../../vfio/error.h"

#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#define BUFFERS 4096u

static struct dma_space *space;
static struct pkt_pool *pool;
static struct card card;
static struct nic *nic;

static int begin(void)
{
	card_hurry();
	int ret = dma_space_open(&space);
	return ret ? ret : pkt_pool_open(&pool, space, BUFFERS, -1);
}

static int end(void)
{
	int ret = pkt_pool_close(pool);
	dma_space_unref(space);
	return ret;
}

static bool says(const char *part)
{
	if (strstr(nic_error(), part))
		return true;
	printf("\n    \"%s\" does not say \"%s\" ", nic_error(), part);
	return false;
}

static void open_port(void)
{
	card_init(&card, 0x10FB, space);
	int ret = port_from_device(&nic, &card.device);
	if (ret)
		printf("\n    port_from_device: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

static void start_port(const struct nic_config *config)
{
	struct nic_config own = {.pool = pool};
	int ret = nic_start(nic, config ? config : &own);
	if (ret)
		printf("\n    nic_start: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

static void close_port(void)
{
	nic_close(nic);
	nic = NULL;
	CU_ASSERT(card.closed);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
}

static void gigabit_cards_are_claimed_by_id(void)
{
	static const struct {
		uint16_t device;
		const char *name;
	} claimed[] = {{0x100E, "Intel 82540EM"}, {0x1015, "Intel 82540EM (on board)"},
		{0x1016, "Intel 82540EP (on board)"}, {0x1008, "Intel 82544EI"}, {0x100C, "Intel 82544GC"},
		{0x100D, "Intel 82544GC (on board)"}, {0x100F, "Intel 82545EM"}, {0x1017, "Intel 82540EP"},
		{0x101E, "Intel 82540EP (mobile)"}, {0x10D3, "Intel 82574L"}, {0x10F6, "Intel 82574LA"},
		{0x150C, "Intel 82583V"}, {0x10C9, "Intel 82576"}};
	for (unsigned i = 0; i < sizeof(claimed) / sizeof(*claimed); i++) {
		const struct driver_id *id = NULL;
		const struct driver *driver = driver_find("here", 0x8086, claimed[i].device, &id);
		CU_ASSERT_PTR_EQUAL(driver, claimed[i].device == 0x10C9 ? &igb_driver : &e1000_driver);
		CU_ASSERT_PTR_NOT_NULL_FATAL(id);
		CU_ASSERT_STRING_EQUAL(id->name, claimed[i].name);
		CU_ASSERT(strlen(id->name) < sizeof(((struct nic_info *)NULL)->name));
	}
}

static void cards_are_claimed_by_id(void)
{
	const uint16_t claimed[] = {0x10FB, 0x1507, 0x154D, 0x10F7, 0x1517, 0x151C, 0x1528, 0x1560, 0x1563, 0x15D1};
	for (unsigned i = 0; i < sizeof(claimed) / sizeof(*claimed); i++) {
		const struct driver_id *id = NULL;
		const struct driver *driver = driver_find("here", 0x8086, claimed[i], &id);
		CU_ASSERT_PTR_EQUAL(driver, &ixgbe_driver);
		CU_ASSERT_PTR_NOT_NULL_FATAL(id);
		CU_ASSERT_EQUAL(id->device, claimed[i]);
		CU_ASSERT(strlen(id->name) < sizeof(((struct nic_info *)NULL)->name));
	}
}

/* Each with what it is, and what to do instead. */
static void relatives_are_refused_by_name(void)
{
	static const struct {
		uint16_t device;
		const char *name, *remedy;
	} gigabit[] = {{0x1004, "Intel 82543GC, has a PHY", "VirtualBox has both"},
		{0x1011, "Intel 82545EM fibre", "with copper (8086:100f)"}, {0x1010, "Intel 82546", "Linux's e1000, "},
		{0x10BC, "Intel 82571", "Linux's e1000e"}, {0x109A, "Intel 82573", "8086:10d3"},
		{0x1503, "Intel 82579", "part of a chipset"}, {0x153A, "Intel I217", "Linux's e1000e"},
		{0x15A3, "Intel I218", "8086:10d3"}, {0x156F, "Intel I219", "8086:10d3"},
		{0x57B9, "Intel I219", "8086:10d3"}, {0x57BA, "Intel I219", "8086:10d3"},
		{0x10A7, "Intel 82575", "Linux's igb"}, {0x10E7, "Intel 82576 for fibre or a backplane", "8086:10c9"},
		{0x10CA, "Intel 82576 virtual function", "a whole port"}, {0x150E, "Intel 82580", "Linux's igb"},
		{0x1521, "Intel I350, is", "8086:10c9"}, {0x1546, "Intel I350", "8086:10c9"},
		{0x1F41, "Intel I354", "Linux's igb"}, {0x1533, "Intel I210, is", "Linux's igb"},
		{0x157C, "Intel I210", "8086:10c9"}, {0x1539, "Intel I211", "Linux's igb"},
		{0x15F3, "Intel I225", "Linux's igc"}, {0x125C, "Intel I226", "8086:10c9"},
		{0x3102, "Intel I226", "X550"}};
	const struct driver_id *id;
	for (unsigned i = 0; i < sizeof(gigabit) / sizeof(*gigabit); i++) {
		CU_ASSERT_PTR_NULL(driver_find("here", 0x8086, gigabit[i].device, &id));
		CU_ASSERT(says(gigabit[i].name));
		CU_ASSERT(says(gigabit[i].remedy));
		CU_ASSERT(!nic_drives("here", 0x8086, gigabit[i].device));
	}
	CU_ASSERT_PTR_NULL(driver_find("here", 0x8086, 0x10ED, &id));
	CU_ASSERT(says("virtual function"));
	CU_ASSERT_PTR_NULL(driver_find("here", 0x8086, 0x1515, &id));
	CU_ASSERT(says("physical function"));
	CU_ASSERT_PTR_NULL(driver_find("here", 0x8086, 0x10C7, &id));
	CU_ASSERT(says("82598"));
	CU_ASSERT_PTR_NULL(driver_find("here", 0x8086, 0x15AD, &id));
	CU_ASSERT(says("X550EM_x"));
}

static void others_are_refused(void)
{
	const struct driver_id *id;
	CU_ASSERT_PTR_NULL(driver_find("here", 0x8086, 0x1572, &id));
	CU_ASSERT(says("8086:1572"));
	CU_ASSERT_PTR_NULL(driver_find("here", 0x15B3, 0x10FB, &id));
	CU_ASSERT(says("15b3:10fb"));
	/* and what was handed over is closed */
	static const struct {
		uint16_t id;
		const char *words;
	} cases[] = {{0x10ED, "virtual function"}, {0x10C7, "Intel 82598 AF, is an 82598"},
		{0x1572, "no driver for 8086:1572"}};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		card_init(&card, cases[i].id, space);
		CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), -ENOTSUP);
		CU_ASSERT(says(cases[i].words));
		CU_ASSERT_PTR_NULL(nic);
		CU_ASSERT(card.closed);
		CU_ASSERT_EQUAL(card.accesses, 0);
	}
}

static void missing_arguments_are_refused(void)
{
	CU_ASSERT_EQUAL(nic_open(NULL, "here", space), -EINVAL);
	CU_ASSERT_EQUAL(nic_open(&nic, NULL, space), -EINVAL);
	CU_ASSERT_EQUAL(nic_open(&nic, "here", NULL), -EINVAL);
	CU_ASSERT_EQUAL(nic_start(NULL, NULL), -EINVAL);
	CU_ASSERT_EQUAL(nic_stop(NULL), 0);
	nic_close(NULL);
	CU_ASSERT_PTR_NULL(nic_rxq(NULL, 0));
}

static void an_open_port_is_known(void)
{
	open_port();
	struct nic_info info;
	nic_get_info(nic, &info);
	CU_ASSERT_STRING_EQUAL(info.driver, "ixgbe");
	CU_ASSERT_STRING_EQUAL(info.name, "Intel 82599ES SFI/SFP+");
	CU_ASSERT_STRING_EQUAL(info.address, "card");
	CU_ASSERT_EQUAL(info.device_id, 0x10FB);
	const uint8_t mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
	CU_ASSERT_EQUAL(memcmp(info.mac, mac, 6), 0);
	CU_ASSERT_EQUAL(info.max_mtu, 15846);
	CU_ASSERT(!card_bus_master(&card));
	close_port();
}

static void refuse(struct nic_config config, const char *part)
{
	unsigned accesses = card.accesses;
	int ret = nic_start(nic, &config);
	CU_ASSERT_EQUAL(ret, -EINVAL);
	CU_ASSERT(says(part));
	CU_ASSERT_EQUAL(card.accesses, accesses); /* nothing was touched for it */
}

static void senseless_configurations_are_refused(void)
{
	open_port();
	refuse((struct nic_config){.rx_queues = 129}, "129 receive queues");
	refuse((struct nic_config){.tx_queues = 65}, "65 transmit queues");
	refuse((struct nic_config){.rx_ring = 32}, "32 descriptors");
	refuse((struct nic_config){.rx_ring = 8192}, "8192 descriptors");
	refuse((struct nic_config){.tx_ring = 100}, "100 descriptors");
	refuse((struct nic_config){.mtu = 15847}, "15847");
	refuse((struct nic_config){.mtu = 67}, "67");
	refuse((struct nic_config){.offloads = NIC_VLAN_FILTER}, "offloads");
	refuse((struct nic_config){.speeds = NIC_SPEED_5G | NIC_SPEED_10G}, "no link of 5 Gbit/s: the card");
	refuse((struct nic_config){.speeds = NIC_SPEED_10M | 1u << 20}, "can have 1 Gbit/s, 10 Gbit/s");
	refuse((struct nic_config){.speeds = 1u << 31}, "no link of an unknown speed");
	close_port();
}

static void a_port_starts_and_stops_again_and_again(void)
{
	open_port();
	CU_ASSERT_PTR_NULL(nic_rxq(nic, 0));
	CU_ASSERT_PTR_NULL(nic_txq(nic, 0));
	for (unsigned round = 0; round < 3; round++) {
		start_port(NULL);
		CU_ASSERT_PTR_NOT_NULL(nic_rxq(nic, 0));
		CU_ASSERT_PTR_NOT_NULL(nic_txq(nic, 0));
		CU_ASSERT_PTR_NULL(nic_rxq(nic, 1));
		CU_ASSERT_PTR_NULL(nic_txq(nic, 1));
		CU_ASSERT(card_bus_master(&card));
		CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS - 512);
		CU_ASSERT_EQUAL(nic_start(nic, NULL), -EBUSY);
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
		CU_ASSERT_PTR_NULL(nic_rxq(nic, 0));
		CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
		CU_ASSERT(!card_bus_master(&card));
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
	}
	start_port(NULL);
	close_port(); /* which stops it */
	CU_ASSERT(!card_bus_master(&card));
}

static void a_port_without_a_pool_makes_its_own(void)
{
	open_port();
	int mapped = card.mapped;
	start_port(&(struct nic_config){.rx_ring = 4096, .tx_ring = 64});
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
	CU_ASSERT_EQUAL(card.mapped, mapped + 2); /* the pool and the rings */
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(card.mapped, mapped);
	close_port();
}

static void pool_counts_grow_with_what_they_are_for(void)
{
	struct nic_config config = {.rx_ring = 1024, .tx_ring = 256};
	unsigned one = nic_pool_count(&config, 1, 1);
	CU_ASSERT(one >= 1280 + pkt_pool_slack(1));
	CU_ASSERT_EQUAL(nic_pool_count(&config, 2, 1), one + 1280);
	CU_ASSERT(nic_pool_count(&config, 1, 2) > one);
	CU_ASSERT_EQUAL(
		nic_pool_count(NULL, 1, 1), nic_pool_count(&(struct nic_config){.rx_ring = 512, .tx_ring = 512}, 1, 1));
}

static void too_small_a_pool_is_said_before_starting(void)
{
	open_port();
	struct pkt_pool *small;
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&small, space, 600, -1), 0);
	struct nic_config config = {.pool = small};
	char needed[64];
	snprintf(needed, sizeof(needed), "needs %u", nic_pool_count(&config, 1, 1));
	unsigned accesses = card.accesses;
	CU_ASSERT_EQUAL(nic_start(nic, &config), -ENOBUFS);
	CU_ASSERT(says(needed));
	CU_ASSERT_EQUAL(card.accesses, accesses);
	CU_ASSERT_EQUAL(pkt_pool_close(small), 0);
	/* large enough, but others hold too much of it */
	struct pkt *held = calloc(BUFFERS, sizeof(*held));
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, held, BUFFERS - 511), BUFFERS - 511);
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool}), -ENOBUFS);
	CU_ASSERT(says("511 of the pool's 4096 buffers"));
	pkt_free(held, BUFFERS - 511);
	free(held);
	close_port();
}

static void a_pool_of_another_space_is_refused(void)
{
	open_port();
	struct dma_space *other;
	struct pkt_pool *foreign;
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&other), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&foreign, other, BUFFERS, -1), 0);
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = foreign}), -EINVAL);
	CU_ASSERT(says("DMA space"));
	CU_ASSERT_EQUAL(pkt_pool_close(foreign), 0);
	dma_space_unref(other);
	close_port();
}

static void packets_may_outlive_the_port_s_own_pool(void)
{
	open_port();
	start_port(&(struct nic_config){.rx_ring = 64, .tx_ring = 64});
	struct pkt pkt;
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(nic->rings.rxqs[0]->pool, &pkt, 1), 1);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	memset(pkt.data, 1, PKT_DATA_BYTES);
	pkt_free(&pkt, 1);
	int mapped = card.mapped;
	start_port(NULL);                     /* now the pool is closed */
	CU_ASSERT_EQUAL(card.mapped, mapped); /* the rings came, the pool went */
	close_port();
}

static void a_pool_with_packets_out_serves_the_next_start(void)
{
	open_port();
	start_port(&(struct nic_config){.rx_ring = 64, .tx_ring = 64});
	struct pkt_pool *own = nic->rings.rxqs[0]->pool;
	struct pkt pkt;
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(own, &pkt, 1), 1);
	int mapped = card.mapped;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start_port(&(struct nic_config){.rx_ring = 64, .tx_ring = 64});
	CU_ASSERT_PTR_EQUAL(nic->rings.rxqs[0]->pool, own);
	CU_ASSERT_EQUAL(card.mapped, mapped);
	pkt_free(&pkt, 1);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(card.mapped, mapped - 2); /* the rings went, and the pool */
	close_port();
}

static void counters_stay_readable_after_stop(void)
{
	open_port();
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, 0);
	start_port(NULL);
	*card_register(&card, IXGBE_QPRC) = 7;
	nic->rings.rxqs[0]->pool_empty = 3;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, 7);
	CU_ASSERT_EQUAL(stats.rx_pool_empty, 3);
	start_port(NULL);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, 0);
	CU_ASSERT_EQUAL(stats.rx_pool_empty, 0);
	close_port();
}

static void service_tells_of_the_link_once(void)
{
	open_port();
	start_port(NULL);
	uint32_t events = 99;
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events, 0);
	*card_register(&card, IXGBE_LINKS) = IXGBE_LINKS_UP | 3u << IXGBE_LINKS_SPEED_SHIFT;
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events, 0);
	struct nic_link link;
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
	CU_ASSERT(link.up);
	CU_ASSERT_EQUAL(link.mbps, 10000);
	*card_register(&card, IXGBE_LINKS) = 0;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
	CU_ASSERT(!link.up);
	CU_ASSERT_EQUAL(link.mbps, 0);
	close_port();
}

static void events_have_a_descriptor_that_service_drains(void)
{
	open_port();
	start_port(NULL);
	int fd = nic_event_fd(nic);
	CU_ASSERT_FATAL(fd >= 0);
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	const uint64_t one = 1;
	for (unsigned i = 0; i < 3; i++) {
		nic_service(nic, NULL);
		CU_ASSERT_EQUAL(poll(&wait, 1, 0), 0);
		*card_register(&card, IXGBE_EICR) = IXGBE_EICR_LSC;
		CU_ASSERT_EQUAL(write(card.irq_fd, &one, sizeof(one)), sizeof(one));
		CU_ASSERT_EQUAL(poll(&wait, 1, 0), 1);
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_EICR), 0);
	}
	/* A vfio-user peer has the same open file: it may take what is in it, and have readers wait */
	CU_ASSERT_EQUAL(fcntl(card.irq_fd, F_SETFL, 0), 0);
	alarm(10);
	uint64_t taken;
	CU_ASSERT_EQUAL(read(card.irq_fd, &taken, sizeof(taken)), sizeof(taken));
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT_EQUAL(write(card.irq_fd, &one, sizeof(one)), sizeof(one));
	CU_ASSERT_EQUAL(poll(&wait, 1, 0), 1);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	alarm(0);
	CU_ASSERT_EQUAL(poll(&wait, 1, 0), 0);
	/* it is the caller's: another one is not touched by its end, nor by the port's */
	int other = nic_event_fd(nic);
	CU_ASSERT(other >= 0 && other != fd);
	CU_ASSERT_EQUAL(close(fd), 0);
	CU_ASSERT_EQUAL(write(card.irq_fd, &one, sizeof(one)), sizeof(one));
	wait.fd = other;
	CU_ASSERT_EQUAL(poll(&wait, 1, 0), 1);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	close_port();
	CU_ASSERT_EQUAL(poll(&wait, 1, 0), 0);
	CU_ASSERT_EQUAL(close(other), 0);
	CU_ASSERT_EQUAL(card.irq_fd, -1);
}

static void a_device_without_interrupts_says_so(void)
{
	open_port();
	card.device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = 0;
	CU_ASSERT_EQUAL(nic_event_fd(nic), -ENOTSUP);
	CU_ASSERT(says("MSI"));
	unsigned fds = card_count_fds();
	CU_ASSERT_EQUAL(nic_event_fd(nic), -ENOTSUP);
	CU_ASSERT_EQUAL(card_count_fds(), fds);
	close_port();
}

static void a_signal(int number)
{
	(void)number;
}

static void links_are_waited_for(void)
{
	/* again and again: one may miss the sleep */
	const struct itimerval soon = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 3000},
			       never = {.it_value.tv_usec = 0};
	struct sigaction action = {.sa_handler = a_signal};
	unsigned missing = 77;
	open_port();
	start_port(NULL);
	struct nic *nics[2] = {nic, nic};
	*card_register(&card, IXGBE_LINKS) = IXGBE_LINKS_UP | UINT32_C(3) << IXGBE_LINKS_SPEED_SHIFT;
	CU_ASSERT_EQUAL(nic_wait_links(nics, 2, 0, &missing), 0);
	CU_ASSERT_EQUAL(missing, 77);
	*card_register(&card, IXGBE_LINKS) = 0;
	CU_ASSERT_EQUAL(nic_wait_links(nics, 2, 0, NULL), -ETIMEDOUT);
	/* counters are accumulated meanwhile */
	*card_register(&card, IXGBE_QPRC) = 5;
	CU_ASSERT_EQUAL(nic_wait_links(nics, 2, 30, &missing), -ETIMEDOUT);
	CU_ASSERT(says("no link after 30 ms"));
	CU_ASSERT_EQUAL(missing, 0);
	CU_ASSERT_EQUAL(nic->stats.rx_packets, 5);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	CU_ASSERT_EQUAL(nic_wait_links(nics, 2, 10000, &missing), -EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	pollux_lose(&card.device.loss, "for this test");
	CU_ASSERT_EQUAL(nic_wait_links(nics, 2, 10000, &missing), -ENODEV);
	close_port();
}

static void a_node_that_the_machine_lacks_is_no_obstacle(void)
{
	struct nic_info info;
	card_init(&card, 0x10FB, space);
	card.device.numa_node = 4000;
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	nic_get_info(nic, &info);
	CU_ASSERT_EQUAL(info.numa_node, -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(info.note, "NUMA node 4000"));
	CU_ASSERT_EQUAL(nic_start(nic, NULL), 0); /* with a pool of its own */
	close_port();
	open_port();
	nic_get_info(nic, &info);
	CU_ASSERT_STRING_EQUAL(info.note, "");
	close_port();
}

static void lose_the_card(struct vfio_device *device)
{
	uint64_t count;
	if (read(device->event_fd, &count, sizeof(count)) == sizeof(count))
		pollux_lose(&device->loss, "for this test");
}

static void a_device_wanted_back_wakes_who_waits(void)
{
	open_port();
	struct vfio_device_ops with_check = *card.device.ops;
	with_check.check = lose_the_card;
	card.device.ops = &with_check;
	card.device.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	start_port(NULL);
	struct pollfd wait = {.fd = nic_event_fd(nic), .events = POLLIN};
	CU_ASSERT_FATAL(wait.fd >= 0);
	const uint64_t one = 1;
	for (unsigned i = 0; i < 2; i++) { /* the card's interrupt still comes through the same descriptor, and again */
		CU_ASSERT_EQUAL(poll(&wait, 1, 0), 0);
		CU_ASSERT_EQUAL(write(card.irq_fd, &one, sizeof(one)), sizeof(one));
		CU_ASSERT_EQUAL(poll(&wait, 1, 0), 1);
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	}
	CU_ASSERT_EQUAL(write(card.device.event_fd, &one, sizeof(one)), sizeof(one));
	CU_ASSERT_EQUAL(poll(&wait, 1, 0), 1);
	unsigned accesses = card.accesses;
	uint32_t events;
	CU_ASSERT_EQUAL(nic_service(nic, &events), -ENODEV);
	CU_ASSERT_EQUAL(events, NIC_GONE);
	CU_ASSERT_EQUAL(poll(&wait, 1, 0), 0);
	close_port();
	CU_ASSERT_EQUAL(card.accesses, accesses);
	close(card.device.event_fd);
}

static void a_gone_device_is_reported_once_and_touched_no_more(void)
{
	open_port();
	start_port(NULL);
	CU_ASSERT(nic_event_fd(nic) >= 0);
	pollux_lose(&card.device.loss, "for this test");
	unsigned accesses = card.accesses;
	uint32_t events;
	struct nic_link link;
	struct nic_stats stats;
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	CU_ASSERT_EQUAL(nic_service(nic, &events), -ENODEV);
	CU_ASSERT_EQUAL(events, NIC_GONE);
	CU_ASSERT_EQUAL(nic_service(nic, &events), -ENODEV);
	CU_ASSERT_EQUAL(events, 0);
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), -ENODEV);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), -ENODEV);
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), -ENODEV);
	CU_ASSERT_EQUAL(nic_add_mac(nic, mac), -ENODEV);
	CU_ASSERT_EQUAL(nic_stop(nic), -ENODEV);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
	CU_ASSERT_EQUAL(nic_start(nic, NULL), -ENODEV);
	close_port();
	CU_ASSERT_EQUAL(card.accesses, accesses);
}

/* ---- every control call that can say so ends the bursts of a gone device ---- */

static const uint8_t added[6] = {2, 0, 0, 0, 0, 1}, other[6] = {2, 0, 0, 0, 0, 2};

static int call_service(void)
{
	return nic_service(nic, NULL);
}

static int call_get_link(void)
{
	struct nic_link link;
	return nic_get_link(nic, &link);
}

static int call_wait_links(void)
{
	return nic_wait_links(&nic, 1, 0, NULL);
}

static int call_get_stats(void)
{
	struct nic_stats stats;
	return nic_get_stats(nic, &stats);
}

static int call_event_fd(void)
{
	return nic_event_fd(nic);
}

static int call_set_promiscuous(void)
{
	return nic_set_promiscuous(nic, true);
}

static int call_set_all_multicast(void)
{
	return nic_set_all_multicast(nic, true);
}

static int call_add_mac(void)
{
	return nic_add_mac(nic, other);
}

static int call_remove_mac(void)
{
	return nic_remove_mac(nic, added);
}

static int call_pipe_open(void)
{
	struct nic_pipe *pipe;
	const struct nic_queue queue = {nic, 0};
	return nic_pipe_open(&pipe, &queue, &queue, 1);
}

static const struct {
	const char *name;
	int (*call)(void);
	bool reads; /* registers, so it finds out by itself that the card has vanished */
} control_calls[] = {
	{"nic_service", call_service, true},
	{"nic_get_link", call_get_link, true},
	{"nic_wait_links", call_wait_links, true},
	{"nic_get_stats", call_get_stats, true},
	{"nic_event_fd", call_event_fd, false},
	{"nic_set_promiscuous", call_set_promiscuous, true},
	{"nic_set_all_multicast", call_set_all_multicast, true},
	{"nic_add_mac", call_add_mac, false},
	{"nic_remove_mac", call_remove_mac, false},
	{"nic_pipe_open", call_pipe_open, false},
};

/* A started port with a finished frame in its first receive slot. */
static void start_with_a_frame(void)
{
	open_port();
	CU_ASSERT_EQUAL(nic_add_mac(nic, added), 0);
	start_port(NULL);
	nic->rings.rxqs[0]->ring[0].q1 =
		ixgbe_rx_format.dd | ixgbe_rx_format.eop | UINT64_C(60) << ixgbe_rx_format.length_shift;
}

static void bursts_do_nothing_after(const char *name, int ret)
{
	struct nic_rxq *rxq = nic_rxq(nic, 0);
	struct nic_txq *txq = nic_txq(nic, 0);
	unsigned accesses = card.accesses, received, sent;
	struct pkt pkts[2];
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkts[1], 1), 1);
	pkts[1].len = 60;
	received = nic_rx(rxq, pkts, 1);
	sent = nic_tx(txq, &pkts[1], 1);
	if (ret != -ENODEV || received || sent || card.accesses != accesses)
		printf("\n    after %s, which returned %d: %u received, %u sent, %u accesses ", name, ret, received,
			sent, card.accesses - accesses);
	CU_ASSERT_EQUAL(ret, -ENODEV);
	CU_ASSERT_EQUAL(received, 0);
	CU_ASSERT_EQUAL(sent, 0);
	CU_ASSERT_EQUAL(card.accesses, accesses);
	pkt_free(pkts, received);
	pkt_free(&pkts[1], 1 - sent);
	close_port();
}

static void control_calls_end_the_bursts_of_a_gone_device(void)
{
	struct pkt pkt;
	start_with_a_frame();
	CU_ASSERT_EQUAL(call_service(), 0);
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), &pkt, 1), 1); /* while the card is there */
	pkt_free(&pkt, 1);
	close_port();
	for (unsigned i = 0; i < sizeof(control_calls) / sizeof(*control_calls); i++) {
		start_with_a_frame();
		pollux_lose(&card.device.loss, "for this test");
		bursts_do_nothing_after(control_calls[i].name, control_calls[i].call());
		if (!control_calls[i].reads)
			continue;
		start_with_a_frame();
		card.vanish = card.accesses + 1;
		bursts_do_nothing_after(control_calls[i].name, control_calls[i].call());
	}
}

static void multicast_hashes_are_the_datasheet_s(void)
{
	/* bits 47:36 of the address on the wire: the high half of byte 4 and all of byte 5 */
	const struct {
		uint8_t mac[6];
		unsigned hash;
	} rows[] = {
		{{0x01, 0x00, 0x5E, 0x00, 0x00, 0x01}, 0x010},
		{{0x01, 0x00, 0x5E, 0x00, 0x00, 0xFB}, 0xFB0},
		{{0x33, 0x33, 0x00, 0x00, 0x12, 0x34}, 0x341},
		{{0x01, 0x80, 0xC2, 0x00, 0xFF, 0xFF}, 0xFFF},
		{{0x01, 0xFF, 0xFF, 0xFF, 0x0F, 0x00}, 0x000},
	};
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CU_ASSERT_EQUAL(mac_multicast_hash(rows[i].mac), rows[i].hash);
}

static void addresses_are_checked(void)
{
	open_port();
	const uint8_t zero[6] = {0}, all[6] = {255, 255, 255, 255, 255, 255}, good[6] = {2, 0, 0, 0, 0, 9};
	CU_ASSERT_EQUAL(nic_add_mac(nic, zero), -EINVAL);
	CU_ASSERT_EQUAL(nic_add_mac(nic, all), -EINVAL);
	CU_ASSERT_EQUAL(nic_add_mac(nic, nic->info.mac), -EEXIST);
	CU_ASSERT_EQUAL(nic_add_mac(nic, good), 0);
	CU_ASSERT_EQUAL(nic_add_mac(nic, good), -EEXIST);
	CU_ASSERT(says("02:00:00:00:00:09"));
	CU_ASSERT_EQUAL(nic_remove_mac(nic, good), 0);
	CU_ASSERT_EQUAL(nic_remove_mac(nic, good), -ENOENT);
	CU_ASSERT_EQUAL(nic_remove_mac(nic, nic->info.mac), -ENOENT);
	close_port();
}

static void exact_filters_run_out_and_are_used_again(void)
{
	open_port();
	start_port(NULL);
	uint8_t mac[6] = {2, 0, 0, 0, 0, 0};
	for (unsigned i = 1; i <= 127; i++) {
		mac[5] = (uint8_t)i;
		CU_ASSERT_EQUAL(nic_add_mac(nic, mac), 0);
	}
	mac[5] = 200;
	CU_ASSERT_EQUAL(nic_add_mac(nic, mac), -ENOSPC);
	CU_ASSERT(says("127"));
	mac[5] = 50;
	CU_ASSERT_EQUAL(nic_remove_mac(nic, mac), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RAH + 8 * 50), 0);
	mac[5] = 200;
	CU_ASSERT_EQUAL(nic_add_mac(nic, mac), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RAH + 8 * 50), (IXGBE_RAH_AV | 200u << 8));
	/* multicast needs none */
	mac[0] = 3;
	CU_ASSERT_EQUAL(nic_add_mac(nic, mac), 0);
	close_port();
}

static void addresses_of_one_hash_share_their_bit(void)
{
	open_port();
	start_port(NULL);
	const uint8_t one[6] = {1, 0, 0x5E, 0, 0, 1}, same[6] = {1, 0, 0x5E, 9, 0x0F, 1},
		      near[6] = {1, 0, 0x5E, 0, 0x10, 1};
	uint32_t *word = card_register(&card, IXGBE_MTA + 4 * (mac_multicast_hash(one) >> 5));
	CU_ASSERT_EQUAL(nic_add_mac(nic, one), 0);
	CU_ASSERT_EQUAL(nic_add_mac(nic, same), 0);
	CU_ASSERT_EQUAL(nic_add_mac(nic, near), 0);
	CU_ASSERT_EQUAL(*word, 3u << 16);
	CU_ASSERT_EQUAL(nic_remove_mac(nic, one), 0);
	CU_ASSERT_EQUAL(*word, 3u << 16);
	CU_ASSERT_EQUAL(nic_remove_mac(nic, same), 0);
	CU_ASSERT_EQUAL(*word, 2u << 16);
	CU_ASSERT_EQUAL(nic_remove_mac(nic, near), 0);
	CU_ASSERT_EQUAL(*word, 0);
	close_port();
}

static void addresses_are_kept_over_a_restart(void)
{
	open_port();
	const uint8_t unicast[6] = {2, 0, 0, 0, 1, 2}, multicast[6] = {1, 0, 0x5E, 0, 0, 1};
	CU_ASSERT_EQUAL(nic_add_mac(nic, unicast), 0);
	CU_ASSERT_EQUAL(nic_add_mac(nic, multicast), 0);
	for (unsigned round = 0; round < 2; round++) {
		start_port(NULL);
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RAL + 8), 2);
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RAH + 8), (IXGBE_RAH_AV | 0x0201));
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MPSAR + 8), 1);
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MTA), 1u << 16);
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
	}
	close_port();
}

static void the_last_notes_are_kept_in_order(void)
{
	struct nic_note notes[8];
	uint64_t next = 0;
	unsigned seen = 0;

	open_port();
	next = nic->notes.count;
	CU_ASSERT_EQUAL(nic_get_notes(nic, &next, notes, 8), 0);
	uint64_t first = next;
	for (unsigned i = 0; i < PORT_NOTES + 10; i++)
		port_note(nic, "step %u", i);
	for (unsigned n; (n = nic_get_notes(nic, &next, notes, 8)) > 0; seen += n)
		for (unsigned i = 0; i < n; i++) {
			char text[16];
			snprintf(text, sizeof(text), "step %u", 10 + seen + i);
			CU_ASSERT_STRING_EQUAL(notes[i].text, text);
		}
	CU_ASSERT_EQUAL(seen, PORT_NOTES);
	CU_ASSERT_EQUAL(next, first + PORT_NOTES + 10);
	pollux_fail(EIO, "%s: what was tried failed", nic->device->address);
	port_note_failure(nic);
	CU_ASSERT_EQUAL(nic_get_notes(nic, &next, notes, 8), 1);
	CU_ASSERT_STRING_EQUAL(notes[0].text, "what was tried failed");
	close_port();
}

static void facts_are_cut_to_what_fits(void)
{
	struct nic_fact facts[2];
	struct fact_list list = {.facts = facts, .room = 2};
	char line[400];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	fact_add(&list, "LINKS", "%08x", 0x70000000);
	fact_add(&list, line, "%s", line);
	fact_add(&list, "beyond", "the room");
	CU_ASSERT_EQUAL(list.count, 3);
	CU_ASSERT_STRING_EQUAL(facts[0].value, "70000000");
	CU_ASSERT_EQUAL(strlen(facts[1].name), sizeof(facts[1].name) - 1);
	CU_ASSERT_EQUAL(strlen(facts[1].value), sizeof(facts[1].value) - 1);
}

static void modes_need_a_started_port(void)
{
	open_port();
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), -EINVAL);
	CU_ASSERT_EQUAL(nic_set_all_multicast(nic, true), -EINVAL);
	CU_ASSERT(says("not started"));
	close_port();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"cards are claimed by id", cards_are_claimed_by_id},
		{"gigabit cards are claimed by id", gigabit_cards_are_claimed_by_id},
		{"relatives are refused by name", relatives_are_refused_by_name},
		{"others are refused", others_are_refused},
		{"missing arguments are refused", missing_arguments_are_refused},
		{"an open port is known", an_open_port_is_known},
		{"senseless configurations are refused", senseless_configurations_are_refused},
		{"a port starts and stops again and again", a_port_starts_and_stops_again_and_again},
		{"a port without a pool makes its own", a_port_without_a_pool_makes_its_own},
		{"pool counts grow with what they are for", pool_counts_grow_with_what_they_are_for},
		{"too small a pool is said before starting", too_small_a_pool_is_said_before_starting},
		{"a pool of another space is refused", a_pool_of_another_space_is_refused},
		{"packets may outlive the port's own pool", packets_may_outlive_the_port_s_own_pool},
		{"a pool with packets out serves the next start", a_pool_with_packets_out_serves_the_next_start},
		{"counters stay readable after stop", counters_stay_readable_after_stop},
		{"service tells of the link once", service_tells_of_the_link_once},
		{"events have a descriptor that service drains", events_have_a_descriptor_that_service_drains},
		{"a device without interrupts says so", a_device_without_interrupts_says_so},
		{"a device wanted back wakes who waits", a_device_wanted_back_wakes_who_waits},
		{"links are waited for", links_are_waited_for},
		{"a node that the machine lacks is no obstacle", a_node_that_the_machine_lacks_is_no_obstacle},
		{"a gone device is reported once, touched no more", a_gone_device_is_reported_once_and_touched_no_more},
		{"control calls end the bursts of a gone device", control_calls_end_the_bursts_of_a_gone_device},
		{"multicast hashes are the datasheet's", multicast_hashes_are_the_datasheet_s},
		{"addresses are checked", addresses_are_checked},
		{"exact filters run out and are used again", exact_filters_run_out_and_are_used_again},
		{"addresses of one hash share their bit", addresses_of_one_hash_share_their_bit},
		{"addresses are kept over a restart", addresses_are_kept_over_a_restart},
		{"modes need a started port", modes_need_a_started_port},
		{"the last notes are kept, in order", the_last_notes_are_kept_in_order},
		{"facts are cut to what fits", facts_are_cut_to_what_fits},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "nic", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
