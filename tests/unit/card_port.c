/* SPDX-License-Identifier: BSD-2-Clause
 * A port on the scripted card: what tests of control paths begin and end with. They include this file behind that of
 * their kind of card. */
#include "../../driver/driver.h"
#include "../../mempool/pool.h"
#include "../../vfio/error.h"

#include <CUnit/Basic.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFERS 4096u
#define ANY     0u

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

static inline void open_card(uint16_t id)
{
	card_init(&card, id, space);
	int ret = port_from_device(&nic, &card.device);
	if (ret)
		printf("\n    port_from_device: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

static void start_with(struct nic_config config)
{
	config.pool = pool;
	int ret = nic_start(nic, &config);
	if (ret)
		printf("\n    nic_start: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

static inline void start(void)
{
	start_with((struct nic_config){.rx_queues = 0});
}

/* Whether a note of the port has this part. */
static inline bool notes(const char *part)
{
	struct nic_note note;
	uint64_t next = 0;
	while (nic_get_notes(nic, &next, &note, 1))
		if (strstr(note.text, part))
			return true;
	return false;
}

static inline void nothing_is_left(void)
{
	CU_ASSERT(!card_bus_master(&card));
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
}

static void close_port(void)
{
	nic_close(nic);
	nic = NULL;
	CU_ASSERT(card.closed);
	CU_ASSERT_EQUAL(card.mapped, 0);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
}

/* True when a note of the port says this. */
static inline bool noted(const char *part)
{
	struct nic_note note;
	uint64_t next = 0;
	while (nic_get_notes(nic, &next, &note, 1) == 1)
		if (strstr(note.text, part))
			return true;
	return false;
}

static inline unsigned count_notes(const char *part)
{
	struct nic_note note;
	unsigned count = 0;
	for (uint64_t next = 0; nic_get_notes(nic, &next, &note, 1) == 1;)
		count += strstr(note.text, part) != NULL;
	return count;
}

static inline unsigned written(unsigned from, uint32_t offset, uint32_t mask, uint32_t value)
{
	unsigned at = card_written(&card, from, offset, mask, value);
	if (at == CARD_LOG)
		printf("\n    0x%05x: no write of 0x%x under 0x%x ", offset, value, mask);
	CU_ASSERT_NOT_EQUAL_FATAL(at, CARD_LOG);
	return at;
}
