/* SPDX-License-Identifier: BSD-2-Clause
 * The I2C bus of an SFP+ cage, whose two wires are bits of I2CCTL (82599 DS 3.5?; SFF-8472 chapter 4). Only reading. A
 * wire is low when anybody pulls it low, and high when all let go. */
#include "../access.h"
#include "../clock.h"
#include "port.h"

struct bus {
	struct nic *nic;
	uint32_t wires;         /* what we write: CLK_OUT and DATA_OUT, 1 lets go; other bits as they were */
	uint64_t stretch_until; /* when a module that holds the clock is given up, microseconds; 0: none has held it */
	bool hangs;
};

static void set_wire(struct bus *bus, uint32_t wire, bool high)
{
	uint32_t wires = high ? bus->wires | wire : bus->wires & ~wire;
	if (wires == bus->wires)
		return;
	bus->wires = wires;
	/* Specification update of the 82599: a register is read between the write and the delay. The delay is far
	 * shorter than what a sleep takes */
	reg_write(bus->nic, IXGBE_I2CCTL, wires);
	reg_read(bus->nic, IXGBE_STATUS);
	uint64_t until = clock_now_ns() + ixgbe_link_times.i2c * UINT64_C(1000);
	while (clock_now_ns() < until)
		;
}

/* Lets go of the clock. A module may hold it low until it is ready ("stretching"). @return what all wires are then */
static uint32_t clock_high(struct bus *bus)
{
	set_wire(bus, IXGBE_I2CCTL_CLK_OUT, true);
	for (;;) {
		uint64_t now = clock_now_us();
		uint32_t wires;
		if (bus->hangs || reg_read_sure(bus->nic, IXGBE_I2CCTL, &wires) != 0) {
			bus->hangs = true;
			return IXGBE_I2CCTL_DATA_IN;
		}
		if (wires & IXGBE_I2CCTL_CLK_IN)
			return wires;
		if (!bus->stretch_until)
			bus->stretch_until = now + ixgbe_link_times.i2c_stretch;
		bus->hangs = now >= bus->stretch_until;
	}
}

/* One bit either way: what is read is what the module leaves of what is written. */
static bool transfer_bit(struct bus *bus, bool bit)
{
	if (bus->hangs)
		return true;
	set_wire(bus, IXGBE_I2CCTL_DATA_OUT, bit);
	bool read = clock_high(bus) & IXGBE_I2CCTL_DATA_IN;
	set_wire(bus, IXGBE_I2CCTL_CLK_OUT, false);
	return read;
}

/* @return whether the module acknowledges the byte: it pulls the ninth bit low */
static bool send(struct bus *bus, uint8_t byte)
{
	for (int bit = 7; bit >= 0; bit--)
		transfer_bit(bus, byte >> bit & 1);
	return !transfer_bit(bus, true) && !bus->hangs;
}

static uint8_t receive(struct bus *bus, bool more)
{
	uint8_t byte = 0;
	for (int bit = 0; bit < 8; bit++)
		byte = (uint8_t)(byte << 1 | transfer_bit(bus, true));
	transfer_bit(bus, !more);
	return byte;
}

/* The data wire falls while the clock is high. */
static void start(struct bus *bus)
{
	set_wire(bus, IXGBE_I2CCTL_DATA_OUT, true);
	clock_high(bus);
	set_wire(bus, IXGBE_I2CCTL_DATA_OUT, false);
	set_wire(bus, IXGBE_I2CCTL_CLK_OUT, false);
}

/* And it rises. */
static void stop(struct bus *bus)
{
	set_wire(bus, IXGBE_I2CCTL_DATA_OUT, false);
	clock_high(bus);
	set_wire(bus, IXGBE_I2CCTL_DATA_OUT, true);
}

static bool read_block(struct bus *bus, uint8_t device, uint8_t from, uint8_t *bytes, unsigned n)
{
	start(bus);
	bool answers = send(bus, device) && send(bus, from);
	if (answers) {
		start(bus);
		answers = send(bus, device | 1);
	}
	for (unsigned i = 0; answers && i < n; i++) {
		bytes[i] = receive(bus, i + 1 < n);
		answers = !bus->hangs;
	}
	stop(bus);
	return answers;
}

/* A module that was interrupted while it sent holds the data wire: nine clocks let it finish. */
static void clear(struct bus *bus)
{
	for (unsigned i = 0; i < 9; i++)
		transfer_bit(bus, true);
	start(bus);
	stop(bus);
}

bool ixgbe_i2c_read(struct nic *nic, uint8_t device, uint8_t from, uint8_t *bytes, unsigned n)
{
	struct bus bus = {.nic = nic};
	if (reg_read_sure(nic, IXGBE_I2CCTL, &bus.wires) != 0)
		return false;
	bus.wires |= IXGBE_I2CCTL_CLK_OUT | IXGBE_I2CCTL_DATA_OUT;
	if (read_block(&bus, device, from, bytes, n))
		return true;
	if (bus.hangs)
		return false;
	clear(&bus);
	return read_block(&bus, device, from, bytes, n);
}
