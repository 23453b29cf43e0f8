/* SPDX-License-Identifier: BSD-2-Clause
 * Numbered frames in, frames out, as unit_wire.h says. */
#include "unit_wire.h"

#include <stdlib.h>
#include <string.h>

unsigned wire_take(void *context, const struct model_frame *frames, unsigned n)
{
	struct wire *wire = context;

	if (wire->capacity && n > wire->capacity)
		n = wire->capacity;
	for (unsigned i = 0; i < n && wire->count < WIRE_FRAMES; i++, wire->count++) {
		wire->data[wire->count] = malloc(frames[i].len);
		memcpy(wire->data[wire->count], frames[i].data, frames[i].len);
		wire->len[wire->count] = frames[i].len;
		wire->bytes += frames[i].len;
	}
	return n;
}

unsigned wire_send(struct wire *wire, struct model *model)
{
	struct model_sink sink = {.context = wire, .take = wire_take};
	unsigned total = 0, n;

	while ((n = model_transmit(model, &sink, 256)))
		total += n;
	return total;
}

void wire_forget(struct wire *wire)
{
	for (unsigned i = 0; i < wire->count; i++)
		free(wire->data[i]);
	memset(wire, 0, sizeof(*wire));
}

struct model_frame wire_frame(uint8_t *data, unsigned number, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
	data[0] = 0x02; /* unicast, local */
	data[12] = 0x88, data[13] = 0xb5;
	return (struct model_frame){.data = data, .len = len};
}

bool wire_arrive(struct model *model, unsigned number, uint32_t len)
{
	uint8_t data[WIRE_BYTES];
	struct model_frame frame = wire_frame(data, number, len);

	return model_receive(model, &frame, 1) == 1;
}

bool wire_is_frame(const uint8_t *data, uint32_t got, unsigned number, uint32_t len)
{
	uint8_t expected[WIRE_BYTES];

	wire_frame(expected, number, len);
	return got == len && !memcmp(data, expected, len);
}
