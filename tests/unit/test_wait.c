/* SPDX-License-Identifier: BSD-2-Clause
 * Waits for packets, on the software card in this process: a packet comes before and behind each register access of a
 * wait, and none is missed; and waits that are called wrongly. */
#include "../../driver/clock.h"
#include "../../driver/driver.h"
#include "../../driver/pipe.h"
#include "../../driver/ring/rx.h"

#include "unit_local.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define RX_INTERRUPT_US 2
#define ACCESSES_MAX    5u

static struct nic *nic;
static struct vfio_device *device;
static struct dma_space *space;
static struct vfio_window registers; /* the port's own */
static unsigned accesses, arrive_at; /* the frame comes before access arrive_at / 2, if that is even, or behind it */

static void frame_arrives(void)
{
	static uint8_t data[60] = {0x02};
	struct model_frame frame = {.data = data, .len = sizeof(data)};
	CU_ASSERT_EQUAL(model_receive(model_local_model(device), &frame, 1), 1);
}

static void at(unsigned moment)
{
	if (moment == arrive_at)
		frame_arrives();
}

static uint32_t read_register(void *context, uint32_t offset)
{
	unsigned access = accesses++;
	at(2 * access);
	uint32_t value = registers.read32(context, offset);
	at(2 * access + 1);
	return value;
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	unsigned access = accesses++;
	at(2 * access);
	registers.write32(context, offset, value);
	at(2 * access + 1);
}

static void open_port_with(struct nic_config config)
{
	config.promiscuous = true;
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	local_port_open(&nic, &device, space, &config);
	arrive_at = UINT32_MAX;
	registers = nic->bar;
	if (!registers.memory) {
		nic->bar.read32 = read_register;
		nic->bar.write32 = write_register;
	}
}

static void open_port(unsigned rx_interrupt_us)
{
	open_port_with((struct nic_config){.rx_interrupt_us = (uint16_t)rx_interrupt_us});
}

static void close_port(void)
{
	nic_close(nic);
	dma_space_unref(space);
}

static bool readable(int fd)
{
	model_local_advance(device, 2000000); /* moderation is over */
	return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

static unsigned take(void)
{
	struct pkt pkts[8];
	unsigned n = nic_rx(nic_rxq(nic, 0), pkts, 8);
	pkt_free(pkts, n);
	return n;
}

/* With what came earlier, which has left its cause in the card, or without. */
static void no_packet_is_missed(void)
{
	unsigned most = 0;
	for (unsigned moment = 0; moment < 2 * ACCESSES_MAX; moment++) {
		for (unsigned earlier = 0; earlier < 3; earlier++) {
			open_port(RX_INTERRUPT_US);
			struct nic_rxq *queue = nic_rxq(nic, 0);
			int fd = nic_rxq_fd(queue);
			CU_ASSERT_FATAL(fd >= 0);
			if (earlier == 2) /* it was armed, and fired */
				CU_ASSERT(nic_rxq_arm(queue));
			for (unsigned i = 0; i < earlier; i++)
				frame_arrives();
			CU_ASSERT_EQUAL(take(), earlier);
			accesses = 0;
			arrive_at = moment;
			bool armed = nic_rxq_arm(queue);
			arrive_at = UINT32_MAX;
			most = accesses > most ? accesses : most;
			if (moment >= 2 * accesses) {
				CU_ASSERT(armed);
				frame_arrives(); /* behind all */
			}
			if (armed && !readable(fd)) {
				printf("\n    a packet at moment %u of %u accesses is missed ", moment, accesses);
				CU_FAIL("missed");
			}
			CU_ASSERT_EQUAL(nic_wait(&queue, 1, 1000000), 1);
			CU_ASSERT_EQUAL(take(), 1);
			close(fd);
			close_port();
		}
	}
	CU_ASSERT(most >= 2 && most < ACCESSES_MAX);
}

static void one_arm_lets_one_interrupt_through(void)
{
	open_port(RX_INTERRUPT_US);
	struct nic_rxq *queue = nic_rxq(nic, 0);
	int fd = nic_rxq_fd(queue);
	CU_ASSERT(nic_rxq_arm(queue));
	CU_ASSERT(!readable(fd));
	frame_arrives();
	CU_ASSERT(readable(fd));
	CU_ASSERT(!nic_rxq_arm(queue)); /* the packet is there */
	CU_ASSERT_EQUAL(take(), 1);
	CU_ASSERT(nic_rxq_arm(queue));
	CU_ASSERT(!readable(fd));
	/* what the application closes is its own */
	CU_ASSERT_EQUAL(close(fd), 0);
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 1000), 0);
	frame_arrives();
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 1000), 1);
	close_port();
}

static void wrong_calls_are_refused(void)
{
	struct nic_rxq *queues[2];
	open_port(RX_INTERRUPT_US);
	queues[0] = queues[1] = nic_rxq(nic, 0);
	CU_ASSERT_EQUAL(nic_wait(queues, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(nic_wait(queues, 257, 0), -EINVAL);
	CU_ASSERT_EQUAL(nic_wait(NULL, 1, 0), -EINVAL);
	CU_ASSERT_EQUAL(nic_wait(queues, 2, 0), 0); /* the same twice */
	queues[1] = NULL;
	CU_ASSERT_EQUAL(nic_wait(queues, 2, 0), -EINVAL);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_rxq_fd(nic_rxq(nic, 0)), -EINVAL);
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.rx_interrupt_us = 1}), -EINVAL);
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.rx_interrupt_us = 1001}), -EINVAL);
	close_port();
	open_port(0);
	queues[0] = nic_rxq(nic, 0);
	CU_ASSERT_EQUAL(nic_wait(queues, 1, 0), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "rx_interrupt_us"));
	CU_ASSERT_EQUAL(nic_rxq_fd(queues[0]), -EINVAL);
	CU_ASSERT(!nic_rxq_arm(queues[0]));
	close_port();
}

/* Sleeps until the time is over, or for a nap. */
static void waits(struct nic_rxq *queue, int result, uint64_t limit_us, uint64_t least_us)
{
	uint64_t begin = clock_now_us();
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, (uint32_t)limit_us), result);
	CU_ASSERT(clock_now_us() - begin >= least_us);
}

/* One that has run out of slots, since the application had all buffers, goes on when a burst finds some; so a wait must
 * not sleep on, and not spin. Until it is started again. */
static void a_dry_ring_naps(void)
{
	struct pkt held[256], pkts[64];
	unsigned have = 0, spare, n;
	open_port_with((struct nic_config){.rx_interrupt_us = RX_INTERRUPT_US, .rx_ring = 64, .tx_ring = 64});
	struct nic_rxq *queue = nic_rxq(nic, 0);
	struct ring_rxq *ring = (struct ring_rxq *)queue;
	struct pkt all[4096];
	spare = pkt_alloc(nic->config.pool, all, 4096);
	for (unsigned i = 0; i < 63; i++)
		frame_arrives();
	while ((n = nic_rx(queue, pkts, 32)) > 0 && have + n <= 256) {
		memcpy(&held[have], pkts, n * sizeof(*pkts));
		have += n;
	}
	CU_ASSERT_EQUAL(have, 63); /* one stays back */
	waits(queue, 1, 1000000, 900);
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 0), 1);
	CU_ASSERT(!nic_rxq_arm(queue));
	CU_ASSERT_EQUAL(nic_reset(nic), -ENOBUFS);
	waits(queue, 0, 30000, 30000); /* not started: nothing can come */
	pkt_free(held, have);
	pkt_free(all, spare);
	CU_ASSERT_EQUAL(nic_reset(nic), 0);
	/* A part of a frame is nothing to look at yet */
	ring->ring[ring->next & ring->mask].q1 = ring->format->dd;
	waits(queue, 0, 30000, 30000);
	ring->ring[ring->next & ring->mask].q1 = 0;
	close_port();
}

static void a_stopped_queue_has_nothing(void)
{
	open_port_with((struct nic_config){.rx_interrupt_us = RX_INTERRUPT_US, .rx_queues = 2});
	struct nic_rxq *queue = nic_rxq(nic, 0);
	frame_arrives();
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, false), 0);
	waits(queue, 0, 30000, 30000);
	CU_ASSERT(nic_rxq_arm(queue));
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, true), 0);
	waits(queue, 0, 30000, 30000);
	frame_arrives();
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 1000000), 1);
	CU_ASSERT_EQUAL(take(), 1);
	close_port();
}

static uint32_t to_all(void *context, struct pkt *pkt)
{
	(void)context, (void)pkt;
	return 1;
}

static void a_wait_for_a_pipe(void)
{
	struct nic_pipe *pipe;
	open_port(RX_INTERRUPT_US);
	struct nic_rxq *queue = nic_rxq(nic, 0);
	struct ring_rxq *ring = (struct ring_rxq *)queue;
	CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &(struct nic_queue){nic, 0}, &(struct nic_queue){nic, 0}, 1), 0);
	waits(queue, 0, 30000, 30000);
	frame_arrives();
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 1000000), 1);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_all, NULL), 1);
	/* as if outputs held all slots, until a run gets them back */
	ring->refill_next -= ring->mask - 1;
	waits(queue, 1, 1000000, 900);
	CU_ASSERT(!nic_rxq_arm(queue));
	ring->refill_next += ring->mask - 1;
	nic_pipe_close(pipe);
	frame_arrives();
	waits(queue, 0, 30000, 30000); /* nobody takes from the queue, until the port is started again */
	close_port();
}

static bool noted(const char *part)
{
	struct nic_note note;
	for (uint64_t next = 0; nic_get_notes(nic, &next, &note, 1);)
		if (strstr(note.text, part))
			return true;
	return false;
}

static void arm_nothing(const struct nic *port, unsigned queue)
{
	(void)port, (void)queue;
}

static void *arrive_later(void *argument)
{
	(void)argument;
	usleep(30000);
	frame_arrives();
	return NULL;
}

/* A packet whose interrupt is lost is found after 100 ms where interrupts are trusted. */
static void a_packet_without_interrupt(struct nic_rxq *queue, bool trusted)
{
	pthread_t thread;
	CU_ASSERT_EQUAL(pthread_create(&thread, NULL, arrive_later, NULL), 0);
	waits(queue, 1, 20000000, trusted ? 99000 : 0);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(take(), 1);
}

/* As of a card whose interrupts are lost: they are let through nowhere. */
static void lost_interrupts_are_found_out(void)
{
	uint64_t retry_us = interrupts_retry_us;
	open_port(RX_INTERRUPT_US);
	struct nic_rxq *queue = nic_rxq(nic, 0);
	struct interrupt_ops mute = *nic->driver->ops->interrupts;
	struct driver_ops ops = *nic->driver->ops;
	struct driver driver = *nic->driver;
	mute.arm = arm_nothing;
	ops.interrupts = &mute;
	driver.ops = &ops;
	nic->driver = &driver;
	for (unsigned i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
		CU_ASSERT_EQUAL(noted("packets come without interrupts"), i == 3);
		a_packet_without_interrupt(queue, i < 3);
	}
	/* A reset may have mended them; and so may time */
	CU_ASSERT_EQUAL(nic_reset(nic), 0);
	for (struct nic_link link = {.up = false}; !link.up;) {
		model_local_advance(device, 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(nic, &link), 0);
	}
	interrupts_retry_us = 1;
	for (unsigned i = 0; i < 5; i++)
		a_packet_without_interrupt(queue, true);
	interrupts_retry_us = retry_us;
	close_port();
}

static void *storm(void *stop)
{
	const uint64_t one = 1;
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED))
		if (write(nic->interrupts.eventfds[1], &one, sizeof(one)) < 0)
			return NULL;
	return NULL;
}

static void a_storm_of_interrupts_ends_in_naps(void)
{
	open_port_with((struct nic_config){.rx_interrupt_us = RX_INTERRUPT_US, .rx_queues = 2});
	struct nic_rxq *queue = nic_rxq(nic, 0);
	bool stop = false;
	pthread_t thread;
	CU_ASSERT_EQUAL(pthread_create(&thread, NULL, storm, &stop), 0);
	/* Where another queue shares the vector these may be its interrupts */
	unsigned vectors = nic->interrupts.vectors;
	nic->interrupts.vectors = 1;
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 300000), 0);
	nic->interrupts.vectors = vectors;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT(!noted("interrupts come without packets"));
	for (unsigned i = 0; i < 200 && !noted("interrupts come without packets"); i++) {
		CU_ASSERT_EQUAL(nic_wait(&queue, 1, 100000), 0);
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	}
	CU_ASSERT(noted("interrupts come without packets"));
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	frame_arrives();
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 1000000), 1);
	CU_ASSERT_EQUAL(take(), 1);
	close_port();
}

static void a_signal(int number)
{
	(void)number;
}

static void a_signal_ends_a_wait(void)
{
	/* again and again: one may miss the sleep */
	const struct itimerval soon = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 3000},
			       never = {.it_value.tv_usec = 0};
	struct sigaction action = {.sa_handler = a_signal};
	open_port(RX_INTERRUPT_US);
	struct nic_rxq *queue = nic_rxq(nic, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 20000000), -EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	close_port();
}

static void a_gone_device_ends_a_wait(void)
{
	open_port(RX_INTERRUPT_US);
	struct nic_rxq *queue = nic_rxq(nic, 0);
	pollux_lose(&device->loss, "for this test");
	CU_ASSERT_EQUAL(nic_wait(&queue, 1, 1000000), -ENODEV);
	CU_ASSERT(!nic_rxq_arm(queue));
	close_port();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"no packet is missed", no_packet_is_missed},
		{"one arm lets one interrupt through", one_arm_lets_one_interrupt_through},
		{"wrong calls are refused", wrong_calls_are_refused},
		{"a dry ring naps", a_dry_ring_naps},
		{"a stopped queue has nothing", a_stopped_queue_has_nothing},
		{"a wait for a pipe", a_wait_for_a_pipe},
		{"lost interrupts are found out", lost_interrupts_are_found_out},
		{"a storm of interrupts ends in naps", a_storm_of_interrupts_ends_in_naps},
		{"a signal ends a wait", a_signal_ends_a_wait},
		{"a gone device ends a wait", a_gone_device_ends_a_wait},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "wait", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
