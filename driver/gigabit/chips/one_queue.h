/* SPDX-License-Identifier: BSD-2-Clause
 * What the chips with one queue share, 82540EM and 82574L: receive and transmit. */
#ifndef POLLUX_DRIVER_GIGABIT_ONE_QUEUE_H
#define POLLUX_DRIVER_GIGABIT_ONE_QUEUE_H

#include "../gigabit.h"

/** Programs ring and receive control; RXDCTL, RXCSUM and what is special are the chip's, done before. */
int one_queue_receive_start(struct nic *nic);
/** Programs ring and transmit control with these extra bits; TXDCTL is the chip's, done before. */
void one_queue_transmit_start(struct nic *nic, uint32_t more_tctl);

uint32_t one_queue_rx_tail(unsigned queue);
uint32_t one_queue_tx_tail(unsigned queue);
uint32_t one_queue_tx_head(unsigned queue);

#endif
