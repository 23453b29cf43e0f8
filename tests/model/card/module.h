/* SPDX-License-Identifier: BSD-2-Clause
 * The modules that the 82599's cage can hold: what each tells of itself, and what light or copper it has behind it. */
#ifndef POLLUX_TESTS_MODEL_CARD_MODULE_H
#define POLLUX_TESTS_MODEL_CARD_MODULE_H

#include "model.h"

#define MODULE_ID_BYTES   96u
#define MODULE_CORE_WORDS 3u

/** What lies between the card and the wire. */
struct module {
	const char *name, *description;
	uint32_t speeds; /* enum model_speed; 0: nothing passes */
	bool laser;      /* SDP3 switches it */
	bool dual_rate;  /* SDP5 selects the one speed or the other */
	bool cable;      /* direct attach: its words for CORECTL are not those of optics */
	bool legible;    /* its EEPROM says what it is */
	/* SFF-8472 table 4-1 */
	uint8_t connector, codes_10g, codes_1g, cable_technology, rate, copper_metres, cable_compliance;
	uint16_t wavelength;
	const char *vendor, *part;
};
extern const struct module model_modules[MODEL_MODULES];

/** @return byte `at` of device A0h (SFF-8472). */
uint8_t model_module_byte(enum model_module module, uint8_t at);

/** The types by which the NVM lists the words that a module needs in CORECTL; the other port's are one more. */
enum { MODULE_TYPE_CABLE = 3, MODULE_TYPE_OPTICS = 5, MODULE_TYPES_END = 15 };
/** @return a word of a type's sequence, below MODULE_CORE_WORDS. */
uint16_t model_module_core_word(unsigned type, unsigned i);
/** @return the type whose words a module needs at a port. */
unsigned model_module_type(enum model_module module, unsigned port);

#endif
