/* SPDX-License-Identifier: BSD-2-Clause
 * A port's wire that ends at a meter: measurements that are asked for while the model runs, each of which adds a line
 * of JSON to a file. */
#ifndef POLLUX_TESTS_MODEL_WIRE_METER_END_H
#define POLLUX_TESTS_MODEL_WIRE_METER_END_H

#include "meter_text.h"

/** What is to be measured. A config.to of zeros stands for the port's own address. */
struct meter_order {
	char id[METER_ID_MAX];
	struct meter_config config;
};

struct meter_end;

/** The file is added to, and made if it is not there. error receives a sentence. @return NULL */
struct meter_end *meter_end_open(const char *path, char *error, size_t error_bytes);
/** Ends what is not at its end, and says it. @return 0, or -errno when a line could not be written; error receives the
 * sentence */
int meter_end_close(struct meter_end *end, uint64_t now_ns, char *error, size_t error_bytes);

/** Understands "ID KEY=VALUE,...". error receives a sentence. @return 0 or -EINVAL */
int meter_end_understand(const char *text, struct meter_order *order, char *error, size_t error_bytes);
/** Begins to measure at the next meter_end_give. What is not at its end is ended before: requests that wait are lost.
 */
void meter_end_order(struct meter_end *end, const struct meter_order *order, uint64_t now_ns);

/** The frames that are to go to the port now, all of them; see meter_give. */
unsigned meter_end_give(
	struct meter_end *end, const struct model *model, uint64_t now_ns, struct model_frame frames[METER_BATCH]);
/** The port has sent frames; see meter_take. */
void meter_end_take(struct meter_end *end, uint64_t now_ns, const struct model_frame *frames, unsigned n, bool far);
/** Says the measurement that has ended. */
void meter_end_look(struct meter_end *end, uint64_t now_ns);

#endif
