/* SPDX-License-Identifier: BSD-2-Clause
 * What tests of the model's registers and queues begin with: one host, short names for its registers, and a port that
 * receives. They include this file. */
#include "unit.h"
#include "unit_model_host.h"

#include <CUnit/CUnit.h>
#include <string.h>

static struct host h;
static uint8_t rx_frame[16384];

static inline uint32_t rd(uint32_t offset)
{
	return model_read32(h.model, offset);
}

static inline void wr(uint32_t offset, uint32_t value)
{
	model_write32(h.model, offset, value);
}

static inline void start_receiving(unsigned descriptors)
{
	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 0, descriptors);
	host_fill(rx_frame, sizeof(rx_frame), 1);
}

/** FCTRL.SBP may change only while receiving is off. */
static inline void filter(uint32_t fctrl)
{
	wr(0x03000, 0);
	wr(0x05080, fctrl);
	wr(0x03000, 1);
}

/** Hands the first n descriptors over anew. */
static inline void rearm(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		host_rx_ring(&h)[i] = (struct host_descriptor){HOST_IOVA + HOST_RX_BUFFERS + 2048u * i, 0};
}

/* The I2C bus by hand: bit 1 drives the clock, bit 3 the data, bit 2 reads it. */
static inline void i2c(bool clock, bool data)
{
	wr(0x28, clock * 2u | data * 8u);
}

static inline void i2c_start(void)
{
	i2c(0, 1);
	i2c(1, 1);
	i2c(1, 0);
	i2c(0, 0);
}

static inline bool i2c_bit(bool data)
{
	bool in;

	i2c(0, data);
	i2c(1, data);
	in = rd(0x28) & 4;
	i2c(0, data);
	return in;
}

static inline bool i2c_byte(uint8_t byte)
{
	for (unsigned i = 0; i < 8; i++)
		i2c_bit(byte >> (7 - i) & 1);
	return !i2c_bit(1);
}

static inline uint8_t i2c_read(uint8_t at)
{
	unsigned value = 0;

	i2c_start();
	CU_ASSERT(i2c_byte(0xA0));
	CU_ASSERT(i2c_byte(at));
	i2c_start();
	CU_ASSERT(i2c_byte(0xA1));
	for (unsigned i = 0; i < 8; i++)
		value = value << 1 | i2c_bit(1);
	i2c_bit(1);
	i2c(0, 0);
	i2c(1, 0);
	i2c(1, 1);
	return (uint8_t)value;
}
