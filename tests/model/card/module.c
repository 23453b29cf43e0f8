/* SPDX-License-Identifier: BSD-2-Clause
 * The modules: what each of them is, and its identification EEPROM (SFF-8472 table 4-1; bytes 8 and 60 also SFF-8431).
 */
#include "module.h"

#include <string.h>

enum {
	IDENTIFIER = 0,
	EXTENDED_IDENTIFIER = 1,
	CONNECTOR = 2,
	CODES_10G = 3,
	CODES_1G = 6,
	CABLE_TECHNOLOGY = 8,
	ENCODING = 11,
	RATE = 12,
	LENGTH_COPPER = 18,
	VENDOR = 20,
	VENDOR_BYTES = 16,
	OUI = 37,
	PART = 40,
	REVISION = 56,
	WAVELENGTH = 60, /* of optics; what a cable complies with */
	CC_BASE = 63,
	OPTIONS = 64,
	SERIAL = 68,
	DATE = 84,
	CC_EXT = 95,
};
enum { SFP = 3, I2C_ONLY = 4, LC = 0x07, PIGTAIL = 0x21, RJ45 = 0x22, RATE_10G = 103, RATE_1G = 13 };
enum { SPEEDS_CABLE = MODEL_SPEED_10G | MODEL_SPEED_1G };

/* Bits of the compliance codes: in CODES_10G, CODES_1G, CABLE_TECHNOLOGY, and in byte 60 of passive and active cables.
 */
enum {
	SR = 1 << 4,
	LR = 1 << 5,
	SX = 1 << 0,
	LX = 1 << 1,
	BASE_T = 1 << 3,
	PASSIVE = 1 << 2,
	ACTIVE = 1 << 3,
	PASSIVE_8431 = 1 << 0,
	LIMITING = 1 << 2,
};

#define OPTICS_10G .speeds = MODEL_SPEED_10G, .laser = true, .legible = true, .connector = LC, .rate = RATE_10G
#define OPTICS_1G  .speeds = MODEL_SPEED_1G, .laser = true, .legible = true, .connector = LC, .rate = RATE_1G
#define POLLUX     .vendor = "Pollux"

const struct module model_modules[MODEL_MODULES] = {
	[MODEL_MODULE_SR] = {"sr", "10GBASE-SR", OPTICS_10G, .codes_10g = SR, .wavelength = 850, POLLUX,
		.part = "SOFT-10G-SR"},
	[MODEL_MODULE_LR] = {"lr", "10GBASE-LR", OPTICS_10G, .codes_10g = LR, .wavelength = 1310, POLLUX,
		.part = "SOFT-10G-LR"},
	[MODEL_MODULE_DAC] = {"dac", "a passive direct-attach cable", SPEEDS_CABLE, .cable = true, .legible = true,
		.connector = PIGTAIL, .cable_technology = PASSIVE, .rate = RATE_10G, .copper_metres = 3,
		.cable_compliance = PASSIVE_8431, POLLUX, .part = "SOFT-DAC-3M"},
	[MODEL_MODULE_DAC_ACTIVE] = {"dac-active", "an active, limiting direct-attach cable", MODEL_SPEED_10G,
		.legible = true, .connector = PIGTAIL, .cable_technology = ACTIVE, .rate = RATE_10G, .copper_metres = 7,
		.cable_compliance = LIMITING, POLLUX, .part = "SOFT-AOC-7M"},
	[MODEL_MODULE_1G_SX] = {"1g-sx", "1000BASE-SX", OPTICS_1G, .codes_1g = SX, .wavelength = 850, POLLUX,
		.part = "SOFT-1G-SX"},
	[MODEL_MODULE_1G_LX] = {"1g-lx", "1000BASE-LX", OPTICS_1G, .codes_1g = LX, .wavelength = 1310, POLLUX,
		.part = "SOFT-1G-LX"},
	[MODEL_MODULE_1G_T] = {"1g-t", "1000BASE-T", MODEL_SPEED_1G, .legible = true, .connector = RJ45,
		.codes_1g = BASE_T, .rate = RATE_1G, POLLUX, .part = "SOFT-1G-T"},
	[MODEL_MODULE_DUAL_RATE] = {"dual-rate", "10GBASE-SR and 1000BASE-SX; SDP5 selects (set: 10 Gbit/s)",
		MODEL_SPEED_10G | MODEL_SPEED_1G, .laser = true, .dual_rate = true, .legible = true, .connector = LC,
		.codes_10g = SR, .codes_1g = SX, .rate = RATE_10G, .wavelength = 850, POLLUX, .part = "SOFT-DUAL-SR"},
	[MODEL_MODULE_FOREIGN] = {"foreign", "10GBASE-SR of another vendor; the NVM does not allow every vendor",
		OPTICS_10G, .codes_10g = SR, .wavelength = 850, .vendor = "ELSEWHERE OPTICS", .part = "EO-10G-850"},
	[MODEL_MODULE_NONE] = {"none", "the cage is empty", .speeds = 0},
	[MODEL_MODULE_NONSENSE] = {"nonsense", "10GBASE-SR whose EEPROM holds garbage", MODEL_SPEED_10G, .laser = true},
	[MODEL_MODULE_BAD_SUM] = {"bad-sum", "10GBASE-SR whose CC_BASE is wrong", OPTICS_10G, .codes_10g = SR,
		.wavelength = 850, POLLUX, .part = "SOFT-BAD-SUM"},
	[MODEL_MODULE_VANISHING] = {"vanishing", "10GBASE-SR that is pulled out while it is read", OPTICS_10G,
		.codes_10g = SR, .wavelength = 850, POLLUX, .part = "SOFT-VANISHING"},
};

const char *model_module_name(unsigned module)
{
	return module < MODEL_MODULES ? model_modules[module].name : NULL;
}

const char *model_module_description(unsigned module)
{
	return module < MODEL_MODULES ? model_modules[module].description : NULL;
}

/** Text fields are padded with blanks. */
static void text(uint8_t *to, const char *from, unsigned bytes)
{
	memset(to, ' ', bytes);
	memcpy(to, from, strnlen(from, bytes));
}

static void fill_id(const struct module *module, uint8_t *id)
{
	memset(id, 0, MODULE_ID_BYTES);
	id[IDENTIFIER] = SFP;
	id[EXTENDED_IDENTIFIER] = I2C_ONLY;
	id[CONNECTOR] = module->connector;
	id[CODES_10G] = module->codes_10g;
	id[CODES_1G] = module->codes_1g;
	id[CABLE_TECHNOLOGY] = module->cable_technology;
	id[ENCODING] = module->rate == RATE_1G ? 0x01 : 0x06; /* 8B/10B, 64B/66B */
	id[RATE] = module->rate;
	id[LENGTH_COPPER] = module->copper_metres;
	text(id + VENDOR, module->vendor, VENDOR_BYTES);
	memcpy(id + OUI, (uint8_t[]){0x02, 0x82, 0x59}, 3);
	text(id + PART, module->part, VENDOR_BYTES);
	text(id + REVISION, "1", 4);
	id[WAVELENGTH] = module->cable_technology ? module->cable_compliance : (uint8_t)(module->wavelength >> 8);
	id[WAVELENGTH + 1] = (uint8_t)module->wavelength;
	id[OPTIONS + 1] = 0x1A; /* loss of signal, fault and disable pins */
	text(id + SERIAL, "82599", VENDOR_BYTES);
	text(id + DATE, "260101", 8);
}

static uint8_t sum(const uint8_t *id, unsigned first, unsigned end)
{
	unsigned total = 0;

	for (unsigned i = first; i < end; i++)
		total += id[i];
	return (uint8_t)total;
}

uint8_t model_module_byte(enum model_module module, uint8_t at)
{
	uint8_t id[MODULE_ID_BYTES];

	if (!model_modules[module].legible)
		return (uint8_t)(at * 37u + 0x5Bu); /* the identifier is none of SFF-8024's */
	if (at >= MODULE_ID_BYTES)
		return 0;
	fill_id(&model_modules[module], id);
	id[CC_BASE] = (uint8_t)(sum(id, 0, CC_BASE) + (module == MODEL_MODULE_BAD_SUM));
	id[CC_EXT] = sum(id, OPTIONS, CC_EXT);
	return id[at];
}

uint16_t model_module_core_word(unsigned type, unsigned i)
{
	return (uint16_t)((i + 1) << 8 | (0xA0 + type));
}

unsigned model_module_type(enum model_module module, unsigned port)
{
	/* Active cables and 1G modules are set up as optics are. */
	return (model_modules[module].cable ? MODULE_TYPE_CABLE : MODULE_TYPE_OPTICS) + (port & 1);
}
