/* SPDX-License-Identifier: BSD-2-Clause
 * The cage: its module's identification EEPROM behind a bit-banged I2C bus, the presence pin and the laser's. */
#include "sfp.h"

#include "link.h"
#include "module.h"

enum { VANISHES_AFTER = 40 }; /* bytes */
enum { IDLE, ADDRESS, ACK_ADDRESS, POINTER, ACK_POINTER, WRITE, ACK_WRITE, READ, WAIT_ACK };

/** @return the next byte of the module. The one that vanishes is pulled out after some of them. */
static uint8_t next_byte(struct model *m)
{
	struct i2c_slave *s = &m->i2c;

	if (m->serial.module == MODEL_MODULE_VANISHING && ++s->given > VANISHES_AFTER) {
		model_set_module(m, MODEL_MODULE_NONE);
		return 0xFF; /* nobody pulls the line low any more */
	}
	return model_module_byte(m->serial.module, s->pointer++);
}

/** SCL rose: the module takes a bit, or the master does. */
static void clock_up(struct model *m, bool data)
{
	struct i2c_slave *s = &m->i2c;

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
			s->shift = next_byte(m);
		break;
	default:
		break;
	}
}

/** SCL fell: the module may change SDA. */
static void clock_down(struct model *m)
{
	struct i2c_slave *s = &m->i2c;

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
			s->shift = next_byte(m);
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
	if (m->serial.module == MODEL_MODULE_NONE || m->now_ns < m->serial.module_ns)
		return;
	if (clock && s->clock && data != s->data) {
		/* SDA moves while SCL is high: start or stop. */
		s->state = data ? IDLE : ADDRESS;
		s->bits = 0;
		s->drive_low = false;
	} else if (clock && !s->clock) {
		clock_up(m, data);
	} else if (!clock && s->clock) {
		clock_down(m);
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

/** SDP2 is 1 while a module is in the cage (doubt M6), unless the driver drives the pin itself. */
uint32_t model_read_esdp(struct model *m, uint32_t offset)
{
	uint32_t value = reg_get(m, offset);

	if (value & ESDP_SDP2_DIR)
		return value;
	value &= ~(uint32_t)ESDP_SDP2;
	return m->serial.module == MODEL_MODULE_NONE ? value : value | ESDP_SDP2;
}

void model_write_esdp(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value);
	model_link_review(m);
}
