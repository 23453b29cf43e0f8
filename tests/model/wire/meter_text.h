/* SPDX-License-Identifier: BSD-2-Clause
 * How a measurement is asked for, as "key=value", and how its result is said, as a line of JSON. */
#ifndef POLLUX_TESTS_MODEL_WIRE_METER_TEXT_H
#define POLLUX_TESTS_MODEL_WIRE_METER_TEXT_H

#include "meter.h"

#define METER_ID_MAX     64u /* characters, with the end */
#define METER_JSON_BYTES 1024u

/** What is measured where nothing else is asked for: UDP, 64 bytes, a window of 64, 2 s after a warm-up of 0.2 s. */
extern const struct meter_config meter_default;
/** The keys and their values, for --help: a line each, from column 7 on. */
extern const char meter_keys[];

/** Whether it is a name that JSON takes as it is: letters, digits, and ._:/+- */
bool meter_good_id(const char *id);

/** Sets what a key means. error receives a sentence. @return 0 or -EINVAL */
int meter_set(struct meter_config *config, const char *key, const char *value, char *error, size_t error_bytes);

/** The result in one line, without its end. @return text */
const char *meter_json(const struct meter_result *result, const char *id, char text[METER_JSON_BYTES]);

#endif
