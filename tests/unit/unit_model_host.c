/* SPDX-License-Identifier: BSD-2-Clause
 * A plain host for tests of the model. Offsets and bits are typed from the register facts, on purpose not shared with
 * anybody. */
#include "unit_model_host.h"

#include <stdlib.h>
#include <string.h>

static bool host_memory(void *context, uint64_t iova, struct model_extent *extent)
{
	struct host *h = context;

	h->lookups++;
	if (iova < HOST_IOVA || iova >= HOST_IOVA + HOST_BYTES)
		return false;
	*extent = (struct model_extent){HOST_IOVA, HOST_BYTES, h->memory, !h->read_only};
	return true;
}

static void host_interrupt(void *context, unsigned vector)
{
	struct host *h = context;

	h->interrupts[vector]++;
}

static unsigned host_take(void *context, const struct model_frame *frames, unsigned n)
{
	struct host *h = context;
	unsigned i;

	for (i = 0; i < n && i < h->take_limit && h->sent_n < HOST_FRAMES; i++) {
		struct host_frame *f = &h->sent[h->sent_n++];

		f->len = frames[i].len;
		f->bad_crc = frames[i].bad_crc;
		if (frames[i].data && f->len <= sizeof(f->data))
			memcpy(f->data, frames[i].data, f->len);
	}
	return i;
}

void host_open(struct host *h)
{
	host_open_card(h, &(struct model_config){0});
}

void host_open_card(struct host *h, const struct model_config *config)
{
	const struct model_host around = {h, host_memory, host_interrupt};
	uint16_t command = 0x0006;

	memset(h, 0, sizeof(*h));
	h->memory = aligned_alloc(4096, HOST_BYTES);
	h->sent = malloc(HOST_FRAMES * sizeof(*h->sent));
	memset(h->memory, 0, HOST_BYTES);
	h->take_limit = HOST_FRAMES;
	h->sink = (struct model_sink){h, host_take, false};
	h->model = model_open(config, &around);
	model_region_write(h->model, 7, 4, &command, 2);
	host_wait(h, 10 * 1000 * 1000);
}

void host_close(struct host *h)
{
	model_close(h->model);
	free(h->memory);
	free(h->sent);
}

void host_wait(struct host *h, uint64_t ns)
{
	h->now_ns += ns;
	model_step(h->model, h->now_ns);
}

void host_link(struct host *h)
{
	model_set_partner(h->model, true);
	model_write32(h->model, 0x042A0, model_read32(h->model, 0x042A0) | 1u << 12);
	host_wait(h, 100 * 1000 * 1000);
}

struct host_descriptor *host_rx_ring(struct host *h)
{
	return (struct host_descriptor *)(void *)(h->memory + HOST_RX_RING);
}

struct host_descriptor *host_tx_ring(struct host *h)
{
	return (struct host_descriptor *)(void *)(h->memory + HOST_TX_RING);
}

uint8_t *host_rx_buffer(struct host *h, unsigned i)
{
	return h->memory + HOST_RX_BUFFERS + 2048u * i;
}

uint8_t *host_tx_buffer(struct host *h, unsigned i)
{
	return h->memory + HOST_TX_BUFFERS + 2048u * i;
}

uint64_t host_tx_iova(unsigned i)
{
	return HOST_IOVA + HOST_TX_BUFFERS + 2048u * i;
}

void host_receive_queue(struct host *h, unsigned queue, unsigned n)
{
	struct model *m = h->model;
	uint32_t base = queue < 64 ? 0x1000 + 0x40 * queue : 0xD000 + 0x40 * (queue - 64);

	for (unsigned i = 0; i < n; i++)
		host_rx_ring(h)[i] = (struct host_descriptor){HOST_IOVA + HOST_RX_BUFFERS + 2048u * i, 0};
	model_write32(m, 0x05080, 0x700); /* FCTRL: MPE, UPE, BAM */
	model_write32(m, base + 0x00, (uint32_t)(HOST_IOVA + HOST_RX_RING));
	model_write32(m, base + 0x04, 0);
	model_write32(m, base + 0x08, n * 16);
	model_write32(m, base + 0x14, 1u << 25 | 2);                               /* SRRCTL: advanced, 2 KiB */
	model_write32(m, base + 0x0C, model_read32(m, base + 0x0C) & ~(1u << 12)); /* DCA_RXCTRL */
	model_write32(m, base + 0x28, 1u << 25);
	host_wait(h, 10000);
	model_write32(m, base + 0x18, n - 1);
	model_write32(m, 0x03000, 1); /* RXCTRL */
}

void host_transmit_queue(struct host *h, unsigned queue, unsigned n)
{
	struct model *m = h->model;
	uint32_t base = 0x6000 + 0x40 * queue;

	memset(host_tx_ring(h), 0, n * 16);
	model_write32(m, base + 0x00, (uint32_t)(HOST_IOVA + HOST_TX_RING));
	model_write32(m, base + 0x04, 0);
	model_write32(m, base + 0x08, n * 16);
	model_write32(m, 0x04A80, model_read32(m, 0x04A80) | 1); /* DMATXCTL.TE */
	model_write32(m, base + 0x28, 1u << 25);
	host_wait(h, 10000);
}

void host_fill(uint8_t *frame, uint32_t len, uint8_t seed)
{
	static const uint8_t header[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xB5};

	memcpy(frame, header, 14);
	for (uint32_t i = 14; i < len; i++)
		frame[i] = (uint8_t)(seed + i);
}

struct host_descriptor host_data(unsigned i, uint32_t len, uint64_t bits)
{
	/* DEXT, data type 3, and the length twice: DTALEN and PAYLEN. */
	return (struct host_descriptor){host_tx_iova(i), len | 3ull << 20 | 1ull << 29 | (uint64_t)len << 46 | bits};
}

bool host_arrive(struct host *h, const uint8_t *data, uint32_t len)
{
	const struct model_frame frame = {data, len, false};

	return model_receive(h->model, &frame, 1) == 1;
}
