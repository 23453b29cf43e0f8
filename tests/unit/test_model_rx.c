/* SPDX-License-Identifier: BSD-2-Clause
 * How the software 82599 receives: descriptors, buffers, errors, counters, and what hostile drivers hand it. */
#include "model_scene.c"

static void frames_arrive_in_order_with_status_and_length(void)
{
	start_receiving(8);
	for (unsigned i = 0; i < 3; i++) {
		rx_frame[20] = (uint8_t)i;
		CU_ASSERT(host_arrive(&h, rx_frame, 60 + i));
	}
	for (unsigned i = 0; i < 3; i++) {
		struct host_descriptor d = host_rx_ring(&h)[i];

		CU_ASSERT_EQUAL(d.q1 & 3, 3);
		CU_ASSERT_EQUAL(d.q1 >> 32 & 0xFFFF, 60 + i);
		CU_ASSERT_EQUAL(d.q1 >> 29 & 7, 0);
		CU_ASSERT_EQUAL(d.q0 & 0xF, 0);
		CU_ASSERT_EQUAL(host_rx_buffer(&h, i)[20], i);
		CU_ASSERT_EQUAL(host_rx_buffer(&h, i)[59], rx_frame[59]);
	}
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[3].q1, 0);
	host_close(&h);
}

static void an_empty_ring_keeps_the_frame_with_the_caller(void)
{
	struct model_frame frames[100];

	start_receiving(8);
	for (unsigned i = 0; i < 100; i++)
		frames[i] = (struct model_frame){rx_frame, 60, false};
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 100), 7);
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 1), 0);
	CU_ASSERT_EQUAL(rd(0x04074), 7);
	rearm(4);
	wr(0x01018, 3);
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 100), 4);
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	model_miss(h.model, frames, 5);
	CU_ASSERT_EQUAL(rd(0x03FA0), 5);
	CU_ASSERT_EQUAL(rd(0x04074), 4 + 5); /* includes the missed */
	host_close(&h);
}

static void drop_enable_drops_and_counts(void)
{
	struct model_frame frames[20];

	start_receiving(8);
	for (unsigned i = 0; i < 20; i++)
		frames[i] = (struct model_frame){rx_frame, 60, false};
	wr(0x01028, 0);
	host_wait(&h, 10000);
	wr(0x02300, 0x03); /* queue 0 counts in 3 */
	wr(0x01018, 0);
	wr(0x01014, rd(0x01014) | 1u << 28);
	wr(0x01028, 1u << 25);
	host_wait(&h, 10000);
	wr(0x01018, 7);
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 20), 20);
	CU_ASSERT_EQUAL(rd(0x01430 + 0x40 * 3), 13);
	CU_ASSERT_EQUAL(rd(0x01030 + 0x40 * 3), 7);
	CU_ASSERT_EQUAL(rd(0x01034 + 0x40 * 3), 7 * 60);
	CU_ASSERT_EQUAL(rd(0x03FA0), 0);
	host_close(&h);
}

static void the_fcs_is_kept_when_asked_for(void)
{
	/* The CRC-32 check value: of "123456789" it is cbf43926; here the residue of a frame with its FCS is checked
	 * instead. */
	uint32_t crc = 0xFFFFFFFF;

	start_receiving(8);
	wr(0x03000, 0);
	wr(0x04240, rd(0x04240) & ~2u);
	wr(0x02F00, rd(0x02F00) & ~2u);
	wr(0x03000, 1);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 64);
	for (unsigned i = 0; i < 64; i++)
		for (unsigned b = 0; b < 8; b++)
			crc = crc >> 1 ^ ((crc ^ host_rx_buffer(&h, 0)[i] >> b) & 1 ? 0xEDB88320u : 0);
	CU_ASSERT_EQUAL(crc, 0xDEBB20E3);
	host_close(&h);
}

static void large_frames_span_descriptors(void)
{
	start_receiving(16);
	CU_ASSERT(host_arrive(&h, rx_frame, 5000)); /* too long without JUMBOEN */
	CU_ASSERT_EQUAL(rd(0x040AC), 1);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	wr(0x04240, rd(0x04240) | 4);
	wr(0x04268, 9018u << 16);
	CU_ASSERT(host_arrive(&h, rx_frame, 5000));
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 3, 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 & 3, 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[2].q1 & 3, 3);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 2048);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[2].q1 >> 32 & 0xFFFF, 904);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 0), rx_frame, 5000), 0);
	CU_ASSERT(host_arrive(&h, rx_frame, 9014));
	CU_ASSERT_EQUAL(rd(0x01010), 8);
	CU_ASSERT(host_arrive(&h, rx_frame, 9015));
	CU_ASSERT_EQUAL(rd(0x040AC), 1);
	CU_ASSERT(host_arrive(&h, rx_frame, 9014));
	CU_ASSERT_FALSE(host_arrive(&h, rx_frame, 9014)); /* 2 of 5 descriptors left */
	CU_ASSERT(host_arrive(&h, rx_frame, 100));
	host_close(&h);
}

static void legacy_descriptors_keep_their_address(void)
{
	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 1, 8);
	wr(0x01068, 0);
	host_wait(&h, 10000);
	host_fill(rx_frame, sizeof(rx_frame), 1);
	wr(0x0100C, 0);
	wr(0x01000, (uint32_t)HOST_IOVA);
	wr(0x01008, 128);
	wr(0x01014, 2); /* legacy */
	wr(0x01028, 1u << 25);
	host_wait(&h, 10000);
	wr(0x01018, 7);
	CU_ASSERT(host_arrive(&h, rx_frame, 61));
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q0, HOST_IOVA + HOST_RX_BUFFERS);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 0xFFFF, 61);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 3, 3);
	host_close(&h);
}

static void bad_frames_are_counted_and_stored_only_on_request(void)
{
	struct model_frame bad = {rx_frame, 60, true};

	start_receiving(16);
	CU_ASSERT_EQUAL(model_receive(h.model, &bad, 1), 1);
	CU_ASSERT_EQUAL(rd(0x04000), 1);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	filter(0x702);
	CU_ASSERT_EQUAL(model_receive(h.model, &bad, 1), 1);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 29 & 1, 1);
	CU_ASSERT(host_arrive(&h, rx_frame, 59));
	CU_ASSERT_EQUAL(rd(0x040A4), 1);
	CU_ASSERT(host_arrive(&h, rx_frame, 11));
	CU_ASSERT(host_arrive(&h, rx_frame, 0));
	CU_ASSERT_EQUAL(rd(0x040A4), 0);
	bad.len = 40;
	model_receive(h.model, &bad, 1);
	CU_ASSERT_EQUAL(rd(0x040A8), 1);
	CU_ASSERT_EQUAL(rd(0x04074), 0);
	host_close(&h);
}

static void nothing_arrives_without_link_or_enable(void)
{
	start_receiving(8);
	wr(0x03000, 0);
	CU_ASSERT(host_arrive(&h, rx_frame, 60));
	wr(0x03000, 1);
	wr(0x08D00, 2);
	CU_ASSERT_EQUAL(rd(0x08D04), 1);
	CU_ASSERT(host_arrive(&h, rx_frame, 60));
	wr(0x08D00, 0);
	model_set_partner(h.model, false);
	CU_ASSERT(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	CU_ASSERT_EQUAL(rd(0x040D0), 2); /* but the MAC counts what its link brings */
	host_close(&h);
}

static void a_flood_is_dropped_or_filtered_in_bursts(void)
{
	struct model_frame frames[64];
	uint8_t other[60];

	start_receiving(16);
	wr(0x01014, rd(0x01014) | 1u << 28);
	host_fill(other, 60, 0);
	other[0] = 4;
	filter(0);
	wr(0x0A208, 0x00000002);
	wr(0x0A20C, 0x80000100);
	for (unsigned i = 0; i < 64; i++)
		frames[i] = (struct model_frame){i % 2 ? other : rx_frame, 60, false};
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 64), 64);
	CU_ASSERT_EQUAL(rd(0x01030), 15);
	CU_ASSERT_EQUAL(rd(0x01430), 17);
	CU_ASSERT_EQUAL(rd(0x04074), 32);
	CU_ASSERT_EQUAL(rd(0x040D0), 64);
	for (unsigned i = 0; i < 15; i++)
		CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, i), rx_frame, 60), 0);
	host_close(&h);
}

static void byte_counters_have_36_bits(void)
{
	struct model_frame frames[64];

	start_receiving(128);
	wr(0x04240, rd(0x04240) | 4);
	wr(0x04268, 0xFFFF0000);
	wr(0x01028, 0); /* drop everything: counting needs no memory */
	host_wait(&h, 10000);
	wr(0x01014, 1u << 28 | 1u << 25 | 16);
	for (unsigned i = 0; i < 64; i++)
		frames[i] = (struct model_frame){rx_frame, 15868, false};
	/* GORC: 64 frames of 15872 bytes, until more than 32 bits are used. */
	uint64_t bytes = 0;
	while (bytes < 1ull << 32) {
		CU_ASSERT_EQUAL_FATAL(model_receive(h.model, frames, 64), 64);
		bytes += 64 * 15872;
	}
	uint32_t low = rd(0x04088);
	model_receive(h.model, frames, 64); /* in between: belongs to the next reading */
	uint32_t high = rd(0x0408C);
	CU_ASSERT_EQUAL(((uint64_t)high << 32 | low), bytes);
	CU_ASSERT_EQUAL(rd(0x04088), 64 * 15872);
	CU_ASSERT_EQUAL(rd(0x0408C), 0);
	host_close(&h);
}

static void hostile_rings_and_addresses_are_counted_not_followed(void)
{
	start_receiving(8);
	const struct model_faults *faults = model_faults(h.model);
	uint64_t before;

	before = faults->bad_ring;
	wr(0x01018, 8); /* a tail outside */
	CU_ASSERT_FALSE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT(faults->bad_ring > before);
	wr(0x01018, 7);
	static const uint64_t addresses[] = {
		0, UINT64_MAX, UINT64_MAX - 30, HOST_IOVA - 1, HOST_IOVA + HOST_BYTES - 59, HOST_IOVA + HOST_BYTES};
	for (unsigned i = 0; i < 6; i++) {
		before = faults->bad_address;
		host_rx_ring(&h)[0].q0 = addresses[i];
		CU_ASSERT(host_arrive(&h, rx_frame, 60));
		CU_ASSERT_EQUAL(faults->bad_address - before, 1);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q0, addresses[i]);
	}
	h.read_only = true;
	model_memory_changed(h.model);
	before = faults->bad_address;
	CU_ASSERT(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(faults->bad_address - before, 1);
	h.read_only = false;
	model_memory_changed(h.model);
	uint16_t command = 2;
	model_region_write(h.model, 7, 4, &command, 2); /* bus mastering off */
	before = faults->bad_address;
	CU_ASSERT(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(faults->bad_address - before, 1);
	command = 6;
	model_region_write(h.model, 7, 4, &command, 2);
	host_rx_ring(&h)[0].q0 = HOST_IOVA + HOST_RX_BUFFERS;
	CU_ASSERT(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	/* Rings: nowhere, at the end of the world, without length. */
	static const uint64_t bases[] = {0, UINT64_MAX - 127, HOST_IOVA + HOST_BYTES - 64};
	for (unsigned i = 0; i < 3; i++)
		for (uint32_t bytes = 0; bytes <= 0xFFF80; bytes += 0x7FF80 - 0x380) {
			wr(0x01028, 0);
			host_wait(&h, 10000);
			wr(0x01018, 0);
			wr(0x01000, (uint32_t)bases[i]);
			wr(0x01004, (uint32_t)(bases[i] >> 32));
			wr(0x01008, bytes);
			wr(0x01028, 1u << 25);
			host_wait(&h, 10000);
			wr(0x01018, 7);
			host_arrive(&h, rx_frame, 60);
			CU_ASSERT_EQUAL(rd(0x01010), 0);
		}
	host_close(&h);
}

/* Memory in pages of 4 KiB that lie in reverse order, as behind a virtual IOMMU. */
static bool scattered(void *context, uint64_t iova, struct model_extent *extent)
{
	uint64_t page = (iova - HOST_IOVA) >> 12;

	(void)context;
	if (iova < HOST_IOVA || page >= HOST_BYTES >> 12)
		return false;
	*extent =
		(struct model_extent){iova & ~0xFFFull, 4096, h.memory + (((HOST_BYTES >> 12) - 1 - page) << 12), true};
	return true;
}

static uint8_t *scattered_at(uint32_t offset)
{
	return h.memory + (((HOST_BYTES >> 12) - 1 - (offset >> 12)) << 12) + (offset & 0xFFF);
}

static void rings_and_buffers_may_lie_in_pieces(void)
{
	const struct model_config config = {0};
	const struct model_host host = {NULL, scattered, NULL};
	uint16_t command = 6;
	struct model_frame f = {rx_frame, 1514, false};

	host_open(&h);
	model_close(h.model);
	h.model = model_open(&config, &host);
	model_region_write(h.model, 7, 4, &command, 2);
	host_wait(&h, 10 * 1000 * 1000);
	host_link(&h);
	host_receive_queue(&h, 0, 512); /* two pages */
	host_fill(rx_frame, sizeof(rx_frame), 3);
	for (uint32_t i = 0; i < 512; i++) {
		uint64_t d[2] = {
			HOST_IOVA + HOST_RX_BUFFERS + 2048u * i + 1000, 0}; /* every other one crosses a page */
		memcpy(scattered_at(HOST_RX_RING + 16 * i), d, 16);
	}
	for (unsigned i = 0; i < 300; i++)
		CU_ASSERT_EQUAL_FATAL(model_receive(h.model, &f, 1), 1);
	uint64_t q1;
	memcpy(&q1, scattered_at(HOST_RX_RING + 16 * 299 + 8), 8);
	CU_ASSERT_EQUAL(q1, 3 | 1514ull << 32 | 0x80);
	for (uint32_t i = 0; i < 1514; i++)
		if (*scattered_at(HOST_RX_BUFFERS + 2048u * 299 + 1000 + i) != rx_frame[i]) {
			CU_FAIL("the frame arrived changed");
			break;
		}
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_address, 0);
	host_close(&h);
}

static void write_backs_can_be_tampered_with(void)
{
	start_receiving(8);
	model_tamper_rx(h.model, ~(0xFFFFull << 32), 0xFFFFull << 32, 1);
	host_arrive(&h, rx_frame, 60);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 0xFFFF);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 >> 32 & 0xFFFF, 60);
	host_close(&h);
}

static void the_upper_queues_work_too(void)
{
	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 100, 8);
	CU_ASSERT_EQUAL(rd(0xD028 + 0x40 * 36) & 1u << 25, 1u << 25);
	CU_ASSERT_EQUAL(rd(0xD018 + 0x40 * 36), 7);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_register, 0);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order, 0);
	host_close(&h);
}

/* Frames for a queue that is off are lost at once, and hold up no other (X550 DS 4.6.7.1); those for one without
 * descriptors do, unless DROP_EN is set. */
static void one_queue_stops_and_starts_alone(void)
{
	static const uint16_t types[2] = {0x88B5, 0x88B6};
	struct model_frame frames[8];
	uint8_t other[60];

	start_receiving(8);
	host_receive_queue(&h, 1, 8);
	wr(0x05128, 1u << 31 | types[1]);
	wr(0x0EC00, 1u << 31 | 1u << 16);
	memcpy(other, rx_frame, 60);
	other[13] = (uint8_t)types[1];
	for (unsigned i = 0; i < 8; i++)
		frames[i] = (struct model_frame){.data = i % 2 ? other : rx_frame, .len = 60};
	rearm(8);
	wr(0x01014 + 0x40, rd(0x01014 + 0x40) | 1u << 28); /* SRRCTL.DROP_EN counts only while a queue is on */
	wr(0x01028 + 0x40, 0);
	host_wait(&h, 10000);
	ASSERT_NUMBER(model_receive(h.model, frames, 8), 8);
	ASSERT_NUMBER(rd(0x01010), 4);
	ASSERT_NUMBER(model_fate_count(h.model, MODEL_QUEUE_OFF), 4);
	ASSERT_NUMBER(model_fate_count(h.model, MODEL_RECEIVED), 4);
	ASSERT_NUMBER(rd(0x01430), 4); /* QPRDC of counter 0, which RQSMR gives to both */
	wr(0x01018 + 0x40, 0);
	wr(0x01014 + 0x40, rd(0x01014 + 0x40) & ~(1u << 28));
	wr(0x01028 + 0x40, 1u << 25);
	host_wait(&h, 10000);
	ASSERT_NUMBER(rd(0x01010 + 0x40), 0);
	wr(0x01018 + 0x40, 2);
	rearm(8);
	wr(0x01018, 3);
	ASSERT_NUMBER(model_receive(h.model, frames, 8), 5); /* the third for queue 1 is in the way */
	ASSERT_NUMBER(rd(0x01010), 7);
	ASSERT_NUMBER(rd(0x01010 + 0x40), 2);
	wr(0x01014 + 0x40, rd(0x01014 + 0x40) | 1u << 28); /* SRRCTL.DROP_EN */
	ASSERT_NUMBER(model_receive(h.model, frames + 5, 3), 3);
	ASSERT_NUMBER(rd(0x01010), 0);
	ASSERT_NUMBER(model_fate_count(h.model, MODEL_NO_DESCRIPTOR), 2);
	host_close(&h);
}

/* RQSMR says which of 16 counters a queue adds to; several may share one. */
static void queues_count_where_they_are_told(void)
{
	start_receiving(8);
	host_receive_queue(&h, 1, 8);
	host_receive_queue(&h, 70, 8);
	wr(0x02300, 0x00000900);          /* queue 1: counter 9 */
	wr(0x02300 + 4 * 17, 0x00090000); /* queue 70, too */
	wr(0x05128, 1u << 31 | 0x88B6);
	wr(0x05128 + 4, 1u << 31 | 0x88B7);
	wr(0x0EC00, 1u << 31 | 1u << 16);
	wr(0x0EC04, 1u << 31 | 70u << 16);
	for (unsigned i = 0; i < 9; i++) {
		rx_frame[13] = (uint8_t)(0xB5 + i % 3);
		rearm(8);
		CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60 + i));
	}
	ASSERT_NUMBER(rd(0x01030), 3);
	ASSERT_NUMBER(rd(0x01030 + 0x40 * 9), 6);
	ASSERT_NUMBER(rd(0x01034), 60 + 63 + 66);
	ASSERT_NUMBER(rd(0x01034 + 0x40 * 9), 61 + 62 + 64 + 65 + 67 + 68);
	ASSERT_NUMBER(rd(0x01030 + 0x40), 0);
	wr(0x01014 + 0x40, rd(0x01014 + 0x40) | 1u << 28);
	rx_frame[13] = 0xB6;
	for (unsigned i = 0; i < 8; i++)
		host_arrive(&h, rx_frame, 60);
	ASSERT_NUMBER(rd(0x01430 + 0x40 * 9), 4); /* the ring has 7, and 3 were taken */
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"frames arrive in order with status and length", frames_arrive_in_order_with_status_and_length},
		{"an empty ring keeps the frame with the caller", an_empty_ring_keeps_the_frame_with_the_caller},
		{"DROP_EN drops and counts", drop_enable_drops_and_counts},
		{"the FCS is kept when asked for", the_fcs_is_kept_when_asked_for},
		{"large frames span descriptors", large_frames_span_descriptors},
		{"legacy descriptors keep their address", legacy_descriptors_keep_their_address},
		{"bad frames are counted and stored only on request",
			bad_frames_are_counted_and_stored_only_on_request},
		{"nothing arrives without link or enable", nothing_arrives_without_link_or_enable},
		{"a flood is dropped or filtered in bursts", a_flood_is_dropped_or_filtered_in_bursts},
		{"byte counters have 36 bits", byte_counters_have_36_bits},
		{"hostile rings and addresses are counted, not followed",
			hostile_rings_and_addresses_are_counted_not_followed},
		{"rings and buffers may lie in pieces", rings_and_buffers_may_lie_in_pieces},
		{"write-backs can be tampered with", write_backs_can_be_tampered_with},
		{"the upper queues work too", the_upper_queues_work_too},
		{"one queue stops and starts alone", one_queue_stops_and_starts_alone},
		{"queues count where they are told", queues_count_where_they_are_told},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model receive", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
