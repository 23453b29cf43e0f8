/* SPDX-License-Identifier: BSD-2-Clause
 * Keys and values of a measurement, and its line of JSON. */
#include "meter_text.h"

#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 86400.0

const struct meter_config meter_default = {
	.protocol = METER_UDP,
	.bytes = 64,
	.window = 64,
	.warmup_ns = 200000000,
	.duration_ns = 2000000000,
	.qkey = METER_QKEY_DEFAULT,
};

const char meter_keys[] =
	"      protocol=udp|roce  UDP (default), or RoCEv2: SENDs between queue pairs of unreliable datagrams\n"
	"      bytes=64..9018     a request with its FCS (default 64); RoCE: 86 to 1094\n"
	"      window=1..4096     so many requests in flight (default 64)\n"
	"      rate=PPS           or so many a second, 1 to 1000M, k and M allowed; 65536 in flight at most\n"
	"      seconds=SECONDS    measured for so long (default 2)\n"
	"      warmup=SECONDS     before that, not counted (default 0.2)\n"
	"      to=MAC             the echo's Ethernet address (default: that of the port, or of the TAP)\n"
	"      qpn=NUMBER         RoCE: the echo's queue pair, which has to be given\n"
	"      qkey=NUMBER        RoCE: the key of both queue pairs (default 0x11111111). The meter's number is 17\n";

bool meter_good_id(const char *id)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/+-";
	return *id && strlen(id) < METER_ID_MAX && strspn(id, letters) == strlen(id);
}

static bool real(const char *text, double least, double most, const char *units, double *value)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	*value = strtod(text, &end);
	if (*end && strchr(units, *end))
		*value *= *end++ == 'k' ? 1e3 : 1e6;
	return !*end && *value >= least && *value <= most;
}

/** In decimal or, behind 0x, in hexadecimal. */
static bool word(const char *text, uint64_t most, uint32_t *value)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 0);
	*value = (uint32_t)number;
	return !*end && !errno && number <= most;
}

static bool nanoseconds(const char *text, double least, uint64_t *ns)
{
	double seconds;
	if (!real(text, least, SECONDS_MAX, "", &seconds))
		return false;
	*ns = (uint64_t)(seconds * 1e9 + 0.5);
	return true;
}

static bool number(const char *text, uint64_t least, uint64_t most, uint32_t *value)
{
	uint64_t wide;
	if (!text_number(text, least, most, &wide))
		return false;
	*value = (uint32_t)wide;
	return true;
}

static bool set(struct meter_config *config, const char *key, const char *value)
{
	if (strcmp(key, "protocol") == 0) {
		config->protocol = strcmp(value, "roce") == 0 ? METER_ROCE : METER_UDP;
		return config->protocol == METER_ROCE || strcmp(value, "udp") == 0;
	}
	if (strcmp(key, "bytes") == 0)
		return number(value, METER_BYTES_MIN, METER_BYTES_MAX, &config->bytes);
	if (strcmp(key, "window") == 0) {
		config->rate_pps = 0;
		return number(value, 1, METER_WINDOW_MAX, &config->window);
	}
	if (strcmp(key, "rate") == 0) {
		config->window = 0;
		return real(value, 1, 1e9, "kM", &config->rate_pps);
	}
	if (strcmp(key, "seconds") == 0)
		return nanoseconds(value, 1e-3, &config->duration_ns);
	if (strcmp(key, "warmup") == 0)
		return nanoseconds(value, 0, &config->warmup_ns);
	if (strcmp(key, "to") == 0)
		return text_mac_address(value, config->to);
	if (strcmp(key, "qpn") == 0)
		return word(value, 0xFFFFFF, &config->qpn);
	return strcmp(key, "qkey") == 0 && word(value, UINT32_MAX, &config->qkey);
}

int meter_set(struct meter_config *config, const char *key, const char *value, char *error, size_t error_bytes)
{
	if (value && set(config, key, value))
		return 0;
	snprintf(error, error_bytes, "a measurement has no '%s%s%s': see --help", key, value ? "=" : "",
		value ? value : "");
	return -EINVAL;
}

/** A number, or null where there is none. */
static const char *or_null(char text[32], const char *format, double value, bool there)
{
	snprintf(text, 32, there ? format : "null", value);
	return text;
}

const char *meter_json(const struct meter_result *result, const char *id, char text[METER_JSON_BYTES])
{
	static const struct {
		const char *name;
		unsigned share;
	} percentiles[] = {{"p50", 50000}, {"p90", 90000}, {"p99", 99000}, {"p99.9", 99900}};
	const struct meter_config *config = &result->config;
	const struct meter_counts *counts = &result->counts;
	const struct gen_histogram *round_trips = &result->round_trips;
	bool any = counts->received > 0;
	double seconds = (double)result->ns / 1e9, received = (double)counts->received;
	char window[32], rate[32];
	int at = snprintf(text, METER_JSON_BYTES,
		"{\"type\":\"meter\",\"id\":\"%s\",\"protocol\":\"%s\",\"bytes\":%u,\"frame_bytes\":%u,\"window\":%s,"
		"\"rate_pps\":%s,\"seconds\":%.3f,\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"lost\":%" PRIu64
		",\"late\":%" PRIu64 ",\"wrong\":%" PRIu64 ",\"other\":%" PRIu64 ",\"pps\":%.1f,\"latency_ns\":{",
		id, config->protocol == METER_ROCE ? "roce" : "udp", config->bytes, meter_frame_bytes(config),
		or_null(window, "%.0f", config->window, config->window > 0),
		or_null(rate, "%.1f", config->rate_pps, config->window == 0), seconds, counts->sent, counts->received,
		counts->lost, counts->late, counts->wrong, counts->other, seconds > 0 ? received / seconds : 0);
	char least[32], mean[32];
	at += snprintf(text + at, METER_JSON_BYTES - (size_t)at, "\"min\":%s,\"mean\":%s",
		or_null(least, "%.0f", (double)app_get(&round_trips->least), any),
		or_null(mean, "%.0f", any ? (double)app_get(&round_trips->sum) / received : 0, any));
	for (unsigned i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
		uint64_t value = gen_histogram_percentile(round_trips, percentiles[i].share);
		at += snprintf(text + at, METER_JSON_BYTES - (size_t)at, ",\"%s\":%s", percentiles[i].name,
			or_null(mean, "%.0f", (double)value, any));
	}
	snprintf(text + at, METER_JSON_BYTES - (size_t)at, ",\"max\":%s}}",
		or_null(mean, "%.0f", (double)app_get(&round_trips->most), any));
	return text;
}
