/* SPDX-License-Identifier: BSD-2-Clause
 * The link, and what it depends on. */
#ifndef POLLUX_TESTS_MODEL_CARD_LINK_H
#define POLLUX_TESTS_MODEL_CARD_LINK_H

#include "resets.h"
#include "state.h"

void model_link_open(struct model *m);
void model_link_reset(struct model *m, enum reset_kind kind);
void model_link_step(struct model *m);
/** Something the link depends on has changed: it goes at once, and comes after a while. */
void model_link_review(struct model *m);
/** Negotiation begins anew: the link goes, and comes again after a while. */
void model_link_restart(struct model *m);
/** @return what the partner can do (enum model_speed); 0: there is none. */
uint32_t model_partner_speeds(const struct model *m);

register_read model_read_links, model_read_anlp1;
register_write model_write_macc, model_write_autoc, model_write_autoc2, model_write_corectl;

#endif
