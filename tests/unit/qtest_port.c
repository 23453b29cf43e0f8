/* SPDX-License-Identifier: BSD-2-Clause
 * A port on one of QEMU's cards: what the tests of the e1000 and igb drivers begin and end with. They include this
 * file. */
#include "../qtest/qtest.h"

#include "../../driver/driver.h"
#include "../../driver/pipe.h"
#include "../../mempool/pool.h"
#include "../../vfio/error.h"

#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS  20000u /* for what comes at once on an idle machine */
#define QUIET_MS  30u    /* for what must not come */
#define FRAME_MAX 16384u

struct port {
	struct qtest *qtest;
	struct dma_space *space;
	struct pkt_pool *pool;
	unsigned pool_count;
	struct vfio_device *device;
	struct nic *nic;
};

static uint64_t port_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A frame whose every byte follows from its number and length. Its destination is the card's own address. */
static void port_frame(uint8_t *data, unsigned number, size_t bytes)
{
	static const uint8_t own[6] = {0x52, 0x54, 0x00, 0x00, 0x00, 0x10};
	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
	memcpy(data, own, bytes < 6 ? bytes : 6);
	if (bytes >= 14)
		data[12] = 0x88, data[13] = 0xB5;
}

static void port_open(struct port *p, const char *card)
{
	memset(p, 0, sizeof(*p));
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&p->space), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_open(&p->qtest, &card, 1), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_device(p->qtest, 0, p->space, &p->device), 0);
	int ret = port_from_device(&p->nic, p->device);
	if (ret)
		printf("\n    port_from_device: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

static void port_start(struct port *p, const struct nic_config *wanted)
{
	struct nic_config config = *wanted;
	if (!p->pool) {
		p->pool_count = nic_pool_count(&config, 1, 1) + 512;
		CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&p->pool, p->space, p->pool_count, -1), 0);
	}
	config.pool = p->pool;
	int ret = nic_start(p->nic, &config);
	if (ret)
		printf("\n    nic_start: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	struct nic_link link = {.up = false};
	for (uint64_t end = port_now_ms() + LIMIT_MS; !link.up && port_now_ms() < end;)
		CU_ASSERT_EQUAL_FATAL(nic_get_link(p->nic, &link), 0);
	CU_ASSERT_TRUE_FATAL(link.up);
	CU_ASSERT_EQUAL(link.mbps, 1000);
}

/* Everything back, nothing touched that was freed. */
static void port_close(struct port *p)
{
	nic_close(p->nic);
	if (p->pool) {
		CU_ASSERT_EQUAL(pkt_pool_available(p->pool), p->pool_count);
		CU_ASSERT_EQUAL(pkt_pool_close(p->pool), 0);
	}
	CU_ASSERT(!qtest_strayed(p->qtest));
	qtest_close(p->qtest);
	dma_space_unref(p->space);
	memset(p, 0, sizeof(*p));
}

static struct nic_stats port_stats(struct port *p)
{
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(p->nic, &stats), 0);
	return stats;
}

/* Receives up to n handles, waiting for the first. @return how many */
static unsigned port_receive(struct port *p, struct pkt *pkts, unsigned n, unsigned limit_ms)
{
	uint64_t end = port_now_ms() + limit_ms;
	for (;;) {
		unsigned got = nic_rx(nic_rxq(p->nic, 0), pkts, n);
		if (got || port_now_ms() >= end)
			return got;
		nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
	}
}

/* Receives a frame in as many handles as it comes, and copies it. @return its bytes; 0: none came */
static inline size_t port_receive_frame(struct port *p, uint8_t *data, unsigned limit_ms)
{
	struct pkt pkt;
	size_t bytes = 0;
	do {
		if (!port_receive(p, &pkt, 1, limit_ms))
			return 0;
		CU_ASSERT_FATAL(pkt.len <= PKT_DATA_BYTES && bytes + pkt.len <= FRAME_MAX);
		memcpy(data + bytes, pkt.data, pkt.len);
		bytes += pkt.len;
		pkt_free(&pkt, 1);
	} while (pkt.flags & PKT_MORE);
	return bytes;
}

static void port_put(struct port *p, const uint8_t *frame, size_t bytes)
{
	int ret = 0;
	for (uint64_t end = port_now_ms() + LIMIT_MS;
		(ret = qtest_send(p->qtest, 0, frame, bytes)) == -EAGAIN && port_now_ms() < end;)
		nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

/* Puts a frame for an address on the wire. True if it's received; none must be under way. */
static inline bool port_accepts(struct port *p, const uint8_t mac[6])
{
	static unsigned number;
	uint8_t frame[64], got[FRAME_MAX];
	port_frame(frame, ++number, sizeof(frame));
	memcpy(frame, mac, 6);
	port_put(p, frame, sizeof(frame));
	/* a broadcast behind it tells that it would have been here by now */
	uint8_t last[64];
	port_frame(last, ++number, sizeof(last));
	memset(last, 0xFF, 6);
	port_put(p, last, sizeof(last));
	size_t bytes = port_receive_frame(p, got, LIMIT_MS);
	CU_ASSERT_EQUAL_FATAL(bytes, 64);
	if (memcmp(got, last, 64) == 0)
		return false;
	CU_ASSERT_EQUAL(memcmp(got, frame, 64), 0);
	CU_ASSERT_EQUAL(port_receive_frame(p, got, LIMIT_MS), 64);
	CU_ASSERT_EQUAL(memcmp(got, last, 64), 0);
	return true;
}

/* Makes a frame of n bytes in as few buffers as it takes. @return handles */
static unsigned port_build(struct port *p, struct pkt *pkts, const uint8_t *frame, size_t bytes)
{
	unsigned pieces = 0;
	for (size_t done = 0; done < bytes; pieces++) {
		size_t piece = bytes - done < PKT_DATA_BYTES ? bytes - done : PKT_DATA_BYTES;
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(p->pool, &pkts[pieces], 1), 1);
		memcpy(pkts[pieces].data, frame + done, piece);
		pkts[pieces].len = (uint16_t)piece;
		done += piece;
		pkts[pieces].flags = done < bytes ? PKT_MORE : 0;
	}
	return pieces;
}

static inline void port_send(struct port *p, const struct pkt *pkts, unsigned n)
{
	for (uint64_t end = port_now_ms() + LIMIT_MS; n && port_now_ms() < end;) {
		unsigned sent = nic_tx(nic_txq(p->nic, 0), pkts, n);
		pkts += sent;
		n -= sent;
	}
	CU_ASSERT_EQUAL_FATAL(n, 0);
}
