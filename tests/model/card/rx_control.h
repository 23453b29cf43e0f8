/* SPDX-License-Identifier: BSD-2-Clause
 * The receive path as a whole. */
#ifndef POLLUX_TESTS_MODEL_CARD_RX_CONTROL_H
#define POLLUX_TESTS_MODEL_CARD_RX_CONTROL_H

#include "state.h"

/** Works out from the registers what the receive path asks of every burst. */
void model_receive_settle(struct model *m);

register_read model_read_secrxstat;
register_write model_write_receive;

#endif
