/* SPDX-License-Identifier: BSD-2-Clause
 * The kinds of reset, and what each of them reaches. */
#ifndef POLLUX_TESTS_MODEL_CARD_RESETS_H
#define POLLUX_TESTS_MODEL_CARD_RESETS_H

#include "state.h"

enum reset_kind {
	RESET_POWER = 1 << 0,    /* LAN_PWR_GOOD: the model is opened */
	RESET_LINK = 1 << 1,     /* CTRL.LNK_RST */
	RESET_FUNCTION = 1 << 2, /* FLR, as VFIO_DEVICE_RESET does */
	RESET_D3 = 1 << 3,       /* back from D3hot */
	RESET_SOFTWARE = 1 << 4, /* CTRL.RST */
	RESET_ANY = (1 << 5) - 1,
};

/** Finds out which registers each kind of reset reaches on this card. */
void model_resets_open(struct model *m);
/** Whether a reset sets the register at that word to its reset value. */
bool model_reset_reaches(const struct model *m, unsigned word, enum reset_kind kind);
/** Fills what has no value at power-on, as a former owner may have left it. The same at each start. */
void model_resets_garbage(struct model *m);

#endif
