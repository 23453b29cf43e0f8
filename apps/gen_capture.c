/* SPDX-License-Identifier: BSD-2-Clause
 * What of a capture the generator sends, and what of it not as it was on the wire. */
#include "gen_capture.h"

#include "app_args.h"
#include "app_figures.h"
#include "app_output.h"
#include "gen_unique.h"

#define LONG_GAP_S 10.0

static unsigned payload_bytes(const struct gen_captured *frame)
{
	unsigned header = gen_header_bytes(frame->data, frame->held_bytes);

	return frame->bytes > header ? frame->bytes - header : 0;
}

static uint64_t gap_before(struct gen_capture *capture, uint64_t now)
{
	uint64_t before = capture->last_ns, gap = now > before ? now - before : 0;

	if (!capture->frames) {
		capture->first_ns = now;
		return 0;
	}
	capture->backwards += capture->own_timing && now < before;
	if (capture->own_timing && gap > capture->longest_gap_ns) {
		capture->longest_gap_ns = gap;
		capture->longest_gap_after = capture->frames;
	}
	if (capture->max_gap_ns <= 0 || (double)gap <= capture->max_gap_ns)
		return gap;
	capture->gaps_shortened++;
	return (uint64_t)capture->max_gap_ns;
}

bool gen_capture_count(struct gen_capture *capture, struct gen_captured *frame, uint64_t *gap_ns)
{
	bool cut = frame->bytes < frame->wire_bytes;

	if (capture->pad && cut)
		frame->bytes = frame->wire_bytes;
	unsigned payload = payload_bytes(frame);
	if (frame->held_bytes == 0) {
		capture->empty++;
		return false;
	}
	if (frame->no_ether_type) {
		capture->no_ether_type++;
		return false;
	}
	if (payload > capture->mtu || frame->bytes > APP_FRAME_MAX) {
		capture->too_long++;
		capture->longest_payload = payload > capture->longest_payload ? payload : capture->longest_payload;
		return false;
	}
	*gap_ns = gap_before(capture, frame->ns);
	capture->last_ns = frame->ns;
	capture->cut += cut && !capture->pad;
	capture->padded += cut && capture->pad;
	capture->header_added += frame->header_added;
	capture->same_ip += capture->unique_ip && !gen_unique_find(frame->data, frame->held_bytes).source;
	capture->frames++;
	return true;
}

uint64_t gen_capture_again_ns(const struct gen_capture *c)
{
	uint64_t ns = c->frames > 1 && c->last_ns > c->first_ns ? (c->last_ns - c->first_ns) / (c->frames - 1) : 0;

	return c->max_gap_ns > 0 && (double)ns > c->max_gap_ns ? (uint64_t)c->max_gap_ns : ns;
}

/* What of a capture cannot be sent as it was, or when it was. */
#define AT(member) APP_FIGURE(struct gen_capture, member)
static const struct app_figure remarks[] = {
	{"frames", NULL, AT(frames)},
	{"too_long", "too long for the MTU: left out: %llu", AT(too_long), APP_ZERO_IS_NOTHING},
	{"empty", "empty: left out: %llu", AT(empty), APP_ZERO_IS_NOTHING},
	{"no_ether_type", "of protocols that Ethernet has no type for: left out: %llu", AT(no_ether_type),
		APP_ZERO_IS_NOTHING},
	{"header_added", "without an Ethernet header: sent with one: %llu", AT(header_added), APP_ZERO_IS_NOTHING},
	{"cut", "cut when captured: sent as they are: %llu", AT(cut), APP_ZERO_IS_NOTHING},
	{"padded", "cut when captured: sent with zeros at their end: %llu", AT(padded), APP_ZERO_IS_NOTHING},
	{"same_ip", "without IP addresses that may change: the same in each loop: %llu", AT(same_ip),
		APP_ZERO_IS_NOTHING},
	{"backwards", "older than the one in front: sent right behind it: %llu", AT(backwards), APP_ZERO_IS_NOTHING},
	{"gaps_shortened", "behind gaps that --max-gap shortens: %llu", AT(gaps_shortened), APP_ZERO_IS_NOTHING},
	{"streamed", NULL, AT(streamed)},
	{"damage", NULL, AT(damage), APP_ZERO_IS_UNKNOWN},
	{0},
};
#undef AT

void gen_capture_tell(const struct gen_capture *c)
{
	for (const struct app_figure *f = remarks; f->key; f++) {
		char text[96];
		if (!f->text || app_figure_count(f, c) == 0)
			continue;
		snprintf(text, sizeof(text), f->text, (unsigned long long)app_figure_count(f, c));
		app_error("%s: frames %s", c->name, text);
	}
	if (c->too_long && c->longest_payload <= APP_MTU_MAX)
		app_error("%s: the longest needs --mtu %u", c->name, c->longest_payload);
	else if (c->too_long)
		app_error("%s: the longest needs an MTU of %u, more than cards have", c->name, c->longest_payload);
	if (*c->damage)
		app_error("%s: what follows frame %llu cannot be read, and is left out: %s", c->name,
			(unsigned long long)(c->frames + c->too_long + c->empty + c->no_ether_type), c->damage);
	double gap_s = (double)c->longest_gap_ns / 1e9 / c->speed;
	if (!c->gaps_shortened && gap_s >= LONG_GAP_S)
		app_error("%s: no frame is due for %.0f s behind frame %llu; --max-gap SECONDS shortens such gaps",
			c->name, gap_s, (unsigned long long)c->longest_gap_after);
}

bool gen_capture_whole(const struct gen_capture *capture)
{
	return !capture->too_long && !capture->empty && !capture->no_ether_type && !capture->cut && !capture->padded &&
	       !capture->header_added && !*capture->damage;
}

void gen_capture_print(const struct gen_capture *c, FILE *out, bool json)
{
	static const char separator[] = "\ngenerator: frames of the capture ";

	if (json) {
		app_figures_json(out, ",\"capture\":{", remarks, c);
		fputc('}', out);
		return;
	}
	if (app_figures_text(out, separator + 1, separator, remarks, c))
		fputc('\n', out);
	if (*c->damage)
		fputs("generator: what follows in the capture could not be read, and is left out\n", out);
}
