/* SPDX-License-Identifier: BSD-2-Clause
 * The SFP+ module: its identification EEPROM behind a bit-banged I2C bus, its presence pin and its laser. */
#include "sfp.h"

#include "link.h"

#include <stddef.h>

enum { IDLE, ADDRESS, ACK_ADDRESS, POINTER, ACK_POINTER, WRITE, ACK_WRITE, READ, WAIT_ACK };

/** A 10GBASE-SR module, as device A0h tells it (SFF-8472). */
static const struct {
	uint8_t identifier, extended, connector, transceiver[8], encoding, rate, rate_id, length[6];
	char vendor[16];
	uint8_t more_transceiver, oui[3];
	char part[16], revision[4];
	uint8_t wavelength[2], reserved, sum_base, options[2], rate_max, rate_min;
	char serial[16], date[8];
	uint8_t diagnostics, enhanced, compliance, sum_extended;
} module = {
	.identifier = 0x03, /* SFP */
	.extended = 0x04,
	.connector = 0x07,     /* LC */
	.transceiver = {0x10}, /* 10GBASE-SR */
	.encoding = 0x06,      /* 64B/66B */
	.rate = 103,           /* 10.3 Gbit/s */
	.length = {0, 0, 8, 3, 0, 30},
	.vendor = "Pollux          ",
	.oui = {0x02, 0x82, 0x59},
	.part = "SOFT-10G-SR     ",
	.revision = "1   ",
	.wavelength = {0x03, 0x52}, /* 850 nm */
	.options = {0x00, 0x1A},
	.serial = "82599           ",
	.date = "260101  ",
};

_Static_assert(sizeof(module) == 96 && offsetof(__typeof__(module), sum_base) == 63, "SFF-8472 table 4-1");

static uint8_t module_byte(uint8_t at)
{
	const uint8_t *id = (const uint8_t *)&module;
	unsigned sum = 0, first = at == 63 ? 0 : 64;

	if (at >= sizeof(module))
		return 0;
	if (at != 63 && at != 95)
		return id[at];
	for (unsigned i = first; i < at; i++)
		sum += id[i]; /* CC_BASE and CC_EXT */
	return (uint8_t)sum;
}

/** SCL rose: the module takes a bit, or the master does. */
static void clock_up(struct i2c_slave *s, bool data)
{
	switch (s->state) {
	case ADDRESS:
	case POINTER:
	case WRITE:
		s->shift = (uint8_t)(s->shift << 1 | data);
		s->bits++;
		break;
	case READ:
		s->bits++;
		break;
	case WAIT_ACK:
		s->state = data ? IDLE : READ; /* no acknowledgement: the master has enough */
		s->bits = 0;
		if (s->state == READ)
			s->shift = module_byte(s->pointer++);
		break;
	default:
		break;
	}
}

/** SCL fell: the module may change SDA. */
static void clock_down(struct i2c_slave *s)
{
	s->drive_low = false;
	switch (s->state) {
	case ADDRESS:
		if (s->bits < 8)
			break;
		s->device = s->shift & 0xFE;
		s->reading = s->shift & 1;
		s->state = s->device == 0xA0 ? ACK_ADDRESS : IDLE;
		s->drive_low = s->state == ACK_ADDRESS;
		break;
	case POINTER:
	case WRITE:
		if (s->bits < 8)
			break;
		if (s->state == POINTER)
			s->pointer = s->shift;
		s->state = s->state == POINTER ? ACK_POINTER : ACK_WRITE; /* what is written is not kept */
		s->drive_low = true;
		break;
	case ACK_ADDRESS:
		s->state = s->reading ? READ : POINTER;
		s->bits = 0;
		if (s->reading)
			s->shift = module_byte(s->pointer++);
		break;
	case ACK_POINTER:
	case ACK_WRITE:
		s->state = WRITE;
		s->bits = 0;
		break;
	default:
		break;
	}
	if (s->state == READ) {
		if (s->bits == 8)
			s->state = WAIT_ACK;
		else
			s->drive_low = !(s->shift >> (7 - s->bits) & 1);
	}
}

void model_write_i2c(struct model *m, uint32_t offset, uint32_t value)
{
	struct i2c_slave *s = &m->i2c;
	bool clock = value & I2C_CLK_OUT, data = value & I2C_DATA_OUT;

	reg_set(m, offset, value);
	if (m->config.sfp_absent)
		return;
	if (clock && s->clock && data != s->data) {
		/* SDA moves while SCL is high: start or stop. */
		s->state = data ? IDLE : ADDRESS;
		s->bits = 0;
		s->drive_low = false;
	} else if (clock && !s->clock) {
		clock_up(s, data);
	} else if (!clock && s->clock) {
		clock_down(s);
	}
	s->clock = clock;
	s->data = data;
}

/** Both lines are open drain: what is read is low when either end pulls. */
uint32_t model_read_i2c(struct model *m, uint32_t offset)
{
	uint32_t value = reg_get(m, offset) & ~(uint32_t)(I2C_CLK_IN | I2C_DATA_IN);

	value |= (value & I2C_CLK_OUT) ? I2C_CLK_IN : 0;
	value |= (value & I2C_DATA_OUT) && !m->i2c.drive_low ? I2C_DATA_IN : 0;
	return value;
}

/** SDP2 is 1 while a module is in the cage (doubt M6). */
uint32_t model_read_esdp(struct model *m, uint32_t offset)
{
	return m->config.sfp_absent ? reg_get(m, offset) & ~(uint32_t)ESDP_SDP2 : reg_get(m, offset) | ESDP_SDP2;
}

void model_write_esdp(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value);
	model_link_review(m);
}
