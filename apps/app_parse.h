/* SPDX-License-Identifier: BSD-2-Clause
 * The forms that values of options have: numbers with multiples, times, addresses, speeds, lists of CPUs. */
#ifndef POLLUX_APPS_APP_PARSE_H
#define POLLUX_APPS_APP_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#define APP_CPU_NUMBERS 1024u /* of CPUs, from 0: as many as sched.h knows */

/** Parses a decimal number with an optional k, M or G, and leaves what follows in *rest. @return false: there is none
 */
bool app_parse_number(const char *text, double *value, const char **rest);

/* Each of these is false, and leaves the result alone, when the text is not wholly what it should be. */
/** 100, 64k, 1.5M, 2G: decimal multiples. */
bool app_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value);
bool app_parse_seconds(const char *text, double min, double max, double *value);
/** 02:00:00:00:00:01. */
bool app_parse_mac(const char *text, uint8_t mac[6]);
/** A list of some of these words: a mask with bit i for words[i]. */
bool app_parse_words(const char *text, const char *const *words, unsigned count, uint32_t *mask);
/** 1G,10G: a mask of NIC_SPEED_. */
bool app_parse_speeds(const char *text, uint32_t *speeds);
/** 2,4-6: at most `most` CPUs, in that order. When it fails, `cpus` may have the first ones. */
bool app_parse_cpus(const char *text, unsigned *cpus, unsigned most, unsigned *count);

#endif
