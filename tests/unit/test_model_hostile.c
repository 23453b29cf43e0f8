/* SPDX-License-Identifier: BSD-2-Clause
 * The software 82599 against a client that writes anything anywhere: it may count and drop, never crash or leave its
 * memory. */
#include "unit.h"
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "unit_model_host.h"

static struct host h;
static uint64_t seed = 88172645463325252ull;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % sides;
}

static uint32_t any32(void)
{
	return dice(0xFFFF) << 16 ^ dice(0x10000) ^ (dice(4) ? 0 : 0xFFFF0000u);
}

static uint32_t likely_offset(void)
{
	static const uint32_t areas[] = {0x00000, 0x00800, 0x01000, 0x02100, 0x02F00, 0x03000, 0x04000, 0x04240,
		0x042A0, 0x05000, 0x05400, 0x05800, 0x05C00, 0x06000, 0x06FC0, 0x08000, 0x08600, 0x0A000, 0x0D000,
		0x0EB00, 0x0EC80, 0x10000, 0x10140};

	return dice(8) == 0 ? dice(0x20100) : areas[dice(sizeof(areas) / sizeof(areas[0]))] + 4 * dice(64);
}

static void random_frames(struct model_frame *frames, unsigned n)
{
	static uint8_t data[16][16384];

	for (unsigned i = 0; i < n; i++) {
		uint8_t *d = data[i % 16];

		host_fill(d, 128, (uint8_t)i);
		if (dice(2))
			memcpy(d + 12, dice(2) ? "\x08\x00\x45" : "\x86\xDD\x60", 3);
		if (dice(4) == 0)
			memcpy(d + 12, "\x81\x00\x00\x05\x08\x00\x45", 7);
		for (unsigned k = dice(4); k; k--)
			d[dice(64)] = (uint8_t)dice(256);
		frames[i] =
			(struct model_frame){d, dice(16) ? 60 + dice(1500) : dice(MODEL_FRAME_MAX + 200), dice(8) == 0};
	}
}

static void a_looped_frame_may_arrive_where_it_came_from(void)
{
	static const uint32_t lengths[] = {60, 64, 300, 1500};
	uint8_t wanted[1500];
	uint32_t at = 0;

	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 0, 16);
	host_transmit_queue(&h, 0, 16);
	model_write32(h.model, 0x04240, model_read32(h.model, 0x04240) | 1u << 15); /* HLREG0.LPBK */
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t len = lengths[i];

		/* The receive buffer begins inside the frame that is sent. */
		host_fill(host_tx_buffer(&h, i), len, (uint8_t)i);
		memcpy(wanted, host_tx_buffer(&h, i), len);
		host_rx_ring(&h)[i].q0 = host_tx_iova(i) + 20;
		host_tx_ring(&h)[i] = host_data(i, len, 1ull << 24 | 1ull << 25);
		model_write32(h.model, 0x06018, ++at);
		CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 1), 1);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[i].q1 >> 32 & 0xffff, len);
		CU_ASSERT_EQUAL(memcmp(host_tx_buffer(&h, i) + 20, wanted, len), 0);
	}
	host_close(&h);
}

static void random_registers_rings_and_frames_do_no_harm(void)
{
	struct model_frame frames[100];

	host_open(&h);
	host_link(&h);
	for (unsigned round = 0; round < 60000; round++) {
		switch (dice(12)) {
		case 0:
			host_receive_queue(&h, dice(4), 8 << dice(6));
			break;
		case 1:
			host_transmit_queue(&h, dice(4), 8 << dice(6));
			break;
		case 2:
			((uint64_t *)(void *)h.memory)[dice(HOST_BYTES / 8)] = (uint64_t)any32() << 32 | any32();
			host_tx_ring(&h)[dice(64)] =
				host_data(dice(32), dice(2000), (uint64_t)dice(256) << 24 | (uint64_t)dice(4) << 40);
			break;
		case 3:
			model_write32(h.model, (dice(2) ? 0x1018 : 0x6018) + 0x40 * dice(4), dice(70));
			break;
		case 4:
			random_frames(frames, 16);
			CU_ASSERT(model_receive(h.model, frames, dice(17)) <= 16);
			break;
		case 5:
			h.sent_n = 0;
			CU_ASSERT(model_transmit(h.model, &h.sink, dice(200)) <= 200);
			break;
		case 6:
			host_wait(&h, dice(3000000));
			break;
		case 7:
			model_read32(h.model, likely_offset());
			break;
		case 8: {
			uint64_t value = (uint64_t)any32() << 32 | any32();

			model_region_write(
				h.model, (unsigned[]){0, 4, 7, 7, 2}[dice(5)], dice(300), &value, 1u << dice(4));
			value = 6;
			model_region_write(h.model, 7, 4, &value, 2);
			break;
		}
		case 9:
			if (dice(50) == 0)
				model_break(h.model, any32() & any32() & any32());
			else if (dice(10) == 0)
				model_break(h.model, 0);
			if (dice(100) == 0)
				model_function_reset(h.model);
			if (dice(20) == 0)
				host_link(&h);
			break;
		default:
			model_write32(h.model, likely_offset(), any32());
		}
	}
	CU_ASSERT(model_faults(h.model)->bad_register > 0);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"a looped frame may arrive where it came from", a_looped_frame_may_arrive_where_it_came_from},
		{"random registers, rings and frames do no harm", random_registers_rings_and_frames_do_no_harm},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model hostile", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
