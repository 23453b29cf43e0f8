/* SPDX-License-Identifier: BSD-2-Clause
 * What the software card does only where it is asked to be like a real one: its quirks, each by itself. */
#include "model_scene.c"

static void open_with(uint32_t quirks, unsigned time_scale, enum model_card card)
{
	host_open_card(&h, &(struct model_config){.card = card, .quirks = quirks, .time_scale = time_scale});
}

static void nvm_and_dma_take_as_long_as_on_a_card(void)
{
	open_with(MODEL_QUIRK_SLOW, 0, MODEL_82599);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 0); /* EEC.AUTO_RD */
	ASSERT_NUMBER(rd(0x0A204), 0);          /* RAH[0] */
	host_wait(&h, 29 * 1000 * 1000);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 0);
	ASSERT_NUMBER(rd(0x02F00) >> 3 & 1, 0); /* RDRXCTL.DMAIDONE */
	host_wait(&h, 2 * 1000 * 1000);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 1);
	ASSERT_NUMBER(rd(0x02F00) >> 3 & 1, 1);
	ASSERT_NUMBER(rd(0x0A204), 0x80000000);
	host_close(&h);
}

static void a_scale_shortens_a_cards_times(void)
{
	open_with(MODEL_QUIRK_SLOW, 100, MODEL_X540);
	wr(0, 1u << 26);
	host_wait(&h, 790 * 1000);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 0);
	host_wait(&h, 20 * 1000);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 1);
	host_close(&h);
}

static void config_write(unsigned at, uint32_t value, unsigned bytes)
{
	model_region_write(h.model, 7, at, &value, bytes);
}

/* The ways to reset a port: CTRL.RST, CTRL.LNK_RST, FLR, and to D3hot and back. */
enum { BY_RST, BY_LNK_RST, BY_FLR, BY_D3, WAYS };

static void reset_by(unsigned way)
{
	if (way == BY_RST || way == BY_LNK_RST)
		wr(0, way == BY_RST ? 1u << 26 : 1u << 3);
	else if (way == BY_FLR)
		model_function_reset(h.model);
	else
		config_write(0x44, 3, 2);
	if (way == BY_D3) {
		ASSERT_NUMBER(rd(8), 0xFFFFFFFF);
		config_write(0x44, 0, 2);
	}
	config_write(4, 6, 2);
	host_wait(&h, 100 * 1000 * 1000);
}

/** Writes registers, resets, and looks at what is left. */
static void each_reset_clears_what_it_clears_on_a_card(void)
{
	static const struct {
		uint32_t at, value;
		unsigned kept[MODEL_CARDS]; /* a bit for each way */
	} cases[] = {
		{0x05200, 0x12345678, {15, 15, 15}}, /* MTA */
		{0x0A1FC, 0x87654321, {15, 15, 15}}, /* VFTA[127] */
		{0x0A208, 0x00112233, {15, 15, 15}}, /* RAL[1] */
		{0x0A5FC, 0x80004455, {15, 15, 15}}, /* RAH[127] */
		{0x06000, 0xABCDEF80, {15, 15, 15}}, /* TDBAL */
		{0x01004, 0x00000012, {15, 15, 15}}, /* RDBAH */
		{0x0DFC0, 0xABCDEF80, {15, 15, 15}}, /* RDBAL[127] */
		{0x0E600, 0x80000001, {15, 15, 0}},  /* FTQF */
		{0x05128, 0x80000800, {15, 15, 0}},  /* ETQF */
		{0x0600C, 0x01000000, {15, 15, 15}}, /* DCA_TXCTRL */
		{0x00020, 0x00000100, {15, 15, 15}}, /* ESDP */
		{0x00200, 0x00000004, {14, 14, 14}}, /* LEDCTL: CTRL.RST alone */
		{0x10160, 0x00000001, {15, 15, 15}}, /* SW_FW_SYNC */
		{0x05080, 0x00000400, {0, 0, 0}},    /* FCTRL */
		{0x06008, 0x00000200, {0, 0, 0}},    /* TDLEN */
		{0x0EB00, 0x01010101, {0, 0, 0}},    /* RETA */
	};

	for (unsigned card = 0; card < MODEL_CARDS; card++) {
		for (unsigned way = 0; way < WAYS; way++) {
			open_with(MODEL_QUIRK_MEMORY, 0, (enum model_card)card);
			for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
				wr(cases[i].at, cases[i].value);
			reset_by(way);
			for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
				bool kept = (rd(cases[i].at) & cases[i].value) == cases[i].value;
				if (kept != (cases[i].kept[card] >> way & 1))
					printf("\n    card %u, way %u, 0x%05x ", card, way, cases[i].at);
				ASSERT_NUMBER(kept, cases[i].kept[card] >> way & 1);
			}
			host_close(&h);
		}
	}
}

static void counters_outlive_resets(void)
{
	for (unsigned way = 0; way < WAYS; way++) {
		open_with(MODEL_QUIRK_MEMORY, 0, MODEL_82599);
		wr(0x00020, 0); /* the laser */
		host_link(&h);
		host_receive_queue(&h, 0, 16);
		host_fill(rx_frame, 60, 1);
		CU_ASSERT(rd(0x04074) != 0); /* a former owner's */
		CU_ASSERT(rd(0x04088) != 0);
		host_arrive(&h, rx_frame, 60);
		reset_by(way);
		ASSERT_NUMBER(rd(0x04074), 1);  /* GPRC */
		ASSERT_NUMBER(rd(0x04088), 64); /* GORCL */
		host_close(&h);
	}
}

static void memories_begin_as_a_former_owner_left_them(void)
{
	unsigned addresses = 0, groups = 0, limits = 0;

	open_with(MODEL_QUIRK_MEMORY, 0, MODEL_82599);
	for (unsigned i = 0; i < 128; i++) {
		addresses += i && rd(0x0A204 + 8 * i) >> 31;
		groups += rd(0x05200 + 4 * i) != 0;
		wr(0x04904, i); /* RTTDQSEL */
		limits += rd(0x04984) >> 31;
		ASSERT_NUMBER(rd(0x0E600 + 4 * i) >> 31, 0); /* FTQF: none is on */
	}
	CU_ASSERT(addresses > 32 && addresses < 96);
	CU_ASSERT(groups > 120);
	ASSERT_NUMBER(limits, 128);
	ASSERT_NUMBER(rd(0x00020) >> 3 & 1, 1); /* ESDP.SDP3: the laser is off */
	ASSERT_NUMBER(rd(0x0A204), 0x80000000); /* the port's own address is right all the same */
	/* Another's address that is left in RAL[n] is still received. */
	unsigned n = 1;
	while (!(rd(0x0A204 + 8 * n) >> 31) || (rd(0x0A200 + 8 * n) & 1))
		n++;
	uint32_t low = rd(0x0A200 + 8 * n), high = rd(0x0A204 + 8 * n);
	wr(0x00020, 0);
	host_link(&h);
	host_receive_queue(&h, 0, 16);
	filter(0);
	host_fill(rx_frame, 60, 1);
	memcpy(rx_frame, &low, 4);
	memcpy(rx_frame + 4, &high, 2);
	host_arrive(&h, rx_frame, 60);
	ASSERT_NUMBER(model_fate_count(h.model, MODEL_RECEIVED), 1);
	host_close(&h);
}

static void link_settings_outlive_a_function_reset(void)
{
	open_with(MODEL_QUIRK_MEMORY, 0, MODEL_82599);
	config_write(0xA8, 0x5836, 2); /* Device Control: payload of 256 bytes */
	config_write(0xB0, 0x0041, 2); /* Link Control: common clock, ASPM L0s */
	model_function_reset(h.model);
	uint16_t device, link;
	model_region_read(h.model, 7, 0xA8, &device, 2);
	model_region_read(h.model, 7, 0xB0, &link, 2);
	ASSERT_NUMBER(device, 0x2830);
	ASSERT_NUMBER(link, 0x41);
	host_close(&h);
}

/** Sends up to n frames of 1,000 bytes in a millisecond, looking every 10 us. @return how many. */
static unsigned send_for_a_millisecond(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		host_tx_ring(&h)[i] = host_data(i % 64, 1000, 1u << 24 | 1u << 25);
	wr(0x06018, n);
	h.sent_n = 0;
	for (unsigned i = 0; i < 100; i++) {
		host_wait(&h, 10 * 1000);
		model_transmit(h.model, &h.sink, 1);
	}
	return h.sent_n;
}

static void a_rate_limit_survives_and_slows_its_queue_down(void)
{
	open_with(MODEL_QUIRK_MEMORY, 0, MODEL_82599);
	wr(0x04904, 0);
	wr(0x04984, 1u << 31 | 50u << 14); /* a fiftieth of 10 Gbit/s: 1,024 bytes take 41 us */
	wr(0, 1u << 26);
	host_wait(&h, 10 * 1000 * 1000);
	wr(0x00020, 0);
	host_link(&h);
	wr(0x0600C, 0); /* DCA_TXCTRL */
	host_transmit_queue(&h, 0, 512);
	ASSERT_NUMBER(send_for_a_millisecond(300), 25);
	wr(0x04984, 0);
	for (unsigned i = 0; i < 100; i++) {
		host_wait(&h, 1000);
		model_transmit(h.model, &h.sink, 1);
	}
	ASSERT_NUMBER(h.sent_n, 125);
	ASSERT_NUMBER(model_faults(h.model)->bad_order, 0);
	host_close(&h);
}

static void write_backs_are_not_to_overtake_each_other(void)
{
	open_with(MODEL_QUIRK_MEMORY, 0, MODEL_82599);
	host_transmit_queue(&h, 0, 512);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_RELAXED], 1);
	host_close(&h);
}

/** Hands n frames of 1,000 bytes over, each to be reported. */
static void hand_over(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		host_fill(host_tx_buffer(&h, i), 1000, (uint8_t)i);
		host_tx_ring(&h)[i] = host_data(i, 1000, 1u << 24 | 1u << 25 | 1u << 27);
	}
	wr(0x06018, n);
}

static void transmit_all(void)
{
	while (model_transmit(h.model, &h.sink, 64))
		;
}

static unsigned reported(unsigned n)
{
	unsigned done = 0;

	for (unsigned i = 0; i < n; i++)
		done += (host_tx_ring(&h)[i].q1 >> 32 & 1) != 0;
	return done;
}

static void open_for_sending(uint32_t quirks)
{
	open_with(quirks, 0, MODEL_82599);
	host_link(&h);
	host_transmit_queue(&h, 0, 512);
}

/** 162 frames of 1,000 bytes, each with 8 bytes of the buffer's own, fill 160 KiB. */
static void transmit_goes_on_without_link_and_sends_that_later(void)
{
	open_for_sending(MODEL_QUIRK_STALE);
	model_set_partner(h.model, false);
	hand_over(300);
	for (unsigned i = 0; i < 10; i++)
		ASSERT_NUMBER(model_transmit(h.model, &h.sink, 64), 0);
	ASSERT_NUMBER(h.sent_n, 0);
	ASSERT_NUMBER(reported(300), 162);
	ASSERT_NUMBER(rd(0x04080), 0);   /* GPTC: none has left the MAC */
	ASSERT_NUMBER(rd(0x06030), 162); /* QPTC: but the queue */
	ASSERT_NUMBER(rd(0x06010), 162); /* TDH */
	/* The buffers are the driver's again, and it writes something else to them. */
	for (unsigned i = 0; i < 162; i++)
		memset(host_tx_buffer(&h, i), 0xEE, 1000);
	model_set_partner(h.model, true);
	host_wait(&h, 100 * 1000 * 1000);
	transmit_all();
	ASSERT_NUMBER(h.sent_n, 300);
	for (unsigned i = 0; i < 162; i++)
		ASSERT_NUMBER(h.sent[i].data[500], (uint8_t)(i + 500));
	ASSERT_NUMBER(rd(0x04080), 300);
	ASSERT_NUMBER(rd(0x06030), 138);
	ASSERT_NUMBER(model_tx_lost(h.model), 0);
	host_close(&h);
}

/** What loses the frames that wait: SWFLSH of their queue, loopback, BUFFERS_CLEAR, and each reset. */
static void what_waits_for_the_link_is_lost_by_flushes_and_resets(void)
{
	for (unsigned way = 0; way < 3 + WAYS; way++) {
		open_for_sending(MODEL_QUIRK_STALE);
		model_set_partner(h.model, false);
		hand_over(100);
		model_transmit(h.model, &h.sink, 64);
		ASSERT_NUMBER(reported(100), 64);
		wr(0, 1u << 2); /* GIO_DIS: what waits keeps master requests on */
		ASSERT_NUMBER(rd(8) >> 19 & 1, 1);
		if (way == 0)
			wr(0x06028, 1u << 26);
		else if (way == 1)
			wr(0x04240, rd(0x04240) | 1u << 15);
		else if (way == 2)
			wr(0x11050, 1u << 30);
		ASSERT_NUMBER(rd(8) >> 19 & 1, way >= 3);
		if (way >= 3)
			reset_by(way - 3);
		ASSERT_NUMBER(model_tx_lost(h.model), 64);
		wr(0x04240, rd(0x04240) & ~(1u << 15));
		model_set_partner(h.model, true);
		host_link(&h);
		transmit_all();
		ASSERT_NUMBER(h.sent_n, 0);
		host_close(&h);
	}
}

static void queues_are_disabled_late_and_without_link_never(void)
{
	open_for_sending(MODEL_QUIRK_ENABLE);
	host_receive_queue(&h, 0, 16);
	wr(0x06028, 0);
	wr(0x01028, 0);
	host_wait(&h, 1900 * 1000);
	ASSERT_NUMBER(rd(0x06028) >> 25 & 1, 1);
	ASSERT_NUMBER(rd(0x01028) >> 25 & 1, 1);
	host_wait(&h, 200 * 1000);
	ASSERT_NUMBER(rd(0x06028) >> 25 & 1, 0);
	ASSERT_NUMBER(rd(0x01028) >> 25 & 1, 0);

	wr(0x06028, 1u << 25);
	wr(0x01028, 1u << 25);
	host_wait(&h, 10 * 1000);
	ASSERT_NUMBER(rd(0x06028) >> 25 & 1, 1);
	model_set_partner(h.model, false);
	wr(0x06028, 0);
	wr(0x01028, 0);
	host_wait(&h, 1000 * 1000 * 1000);
	ASSERT_NUMBER(rd(0x06028) >> 25 & 1, 1);
	ASSERT_NUMBER(rd(0x01028) >> 25 & 1, 1);
	wr(0x06028, 1u << 26); /* SWFLSH */
	host_wait(&h, 3 * 1000 * 1000);
	ASSERT_NUMBER(rd(0x06028) >> 25 & 1, 0);
	model_set_partner(h.model, true);
	host_wait(&h, 100 * 1000 * 1000);
	host_wait(&h, 3 * 1000 * 1000);
	ASSERT_NUMBER(rd(0x01028) >> 25 & 1, 0);
	host_close(&h);
}

static void the_receive_path_halts_late(void)
{
	open_for_sending(MODEL_QUIRK_ENABLE);
	wr(0x08D00, 2);
	ASSERT_NUMBER(rd(0x08D04) & 1, 0);
	host_wait(&h, 2100 * 1000);
	ASSERT_NUMBER(rd(0x08D04) & 1, 1);
	wr(0x08D00, 0);
	ASSERT_NUMBER(rd(0x08D04) & 1, 0);
	host_close(&h);
}

/** @return whether a frame is received once RXEN was set again. */
static bool received_after_enable(bool traffic, bool halted)
{
	if (halted)
		wr(0x08D00, 2);
	wr(0x03000, 0);
	host_wait(&h, 10 * 1000 * 1000);
	if (traffic)
		host_arrive(&h, rx_frame, 60);
	wr(0x03000, 1);
	wr(0x08D00, 0);
	uint64_t before = model_fate_count(h.model, MODEL_RECEIVED);
	host_arrive(&h, rx_frame, 60);
	return model_fate_count(h.model, MODEL_RECEIVED) != before;
}

static void receive_hangs_if_it_is_enabled_into_traffic(void)
{
	open_with(MODEL_QUIRK_HANG, 0, MODEL_82599);
	host_link(&h);
	host_receive_queue(&h, 0, 64);
	host_fill(rx_frame, 60, 1);
	ASSERT_NUMBER(received_after_enable(false, false), true);
	ASSERT_NUMBER(received_after_enable(true, true), true);
	ASSERT_NUMBER(received_after_enable(true, false), false);
	ASSERT_NUMBER(received_after_enable(false, true), false); /* and nothing but a reset helps */
	reset_by(BY_RST);
	host_link(&h);
	host_receive_queue(&h, 0, 64);
	ASSERT_NUMBER(received_after_enable(false, false), true);
	host_close(&h);
}

static void pause_frames_are_counted_and_obeyed_on_request(void)
{
	open_for_sending(MODEL_QUIRK_PAUSE);
	rd(0x041A8);
	hand_over(200);
	host_wait(&h, 1000 * 1000);
	ASSERT_NUMBER(rd(0x041A8), 0); /* LXOFFRXCNT: ignored ones are not counted */
	ASSERT_NUMBER(model_transmit(h.model, &h.sink, 32), 32);
	wr(0, 1u << 2);
	ASSERT_NUMBER(rd(8) >> 19 & 1, 0);
	wr(0x04294, 1u << 3); /* MFLCN.RFCE */
	ASSERT_NUMBER(rd(8) >> 19 & 1, 1);
	wr(0, 0);
	host_wait(&h, 1000 * 1000);
	ASSERT_NUMBER(rd(0x041A8), 1);
	ASSERT_NUMBER(model_transmit(h.model, &h.sink, 32), 0);
	host_wait(&h, 300 * 1000);
	ASSERT_NUMBER(model_transmit(h.model, &h.sink, 32), 32);
	/* a longer pause that came over the wire is not shortened by those */
	const uint8_t longest[60] = {1, 0x80, 0xC2, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 8, 0, 1, 0xFF, 0xFF};
	struct model_frame frame = {.data = longest, .len = sizeof(longest)};
	model_arrive(h.model, &frame);
	for (unsigned i = 0; i < 10; i++) {
		host_wait(&h, 330 * 1000);
		ASSERT_NUMBER(model_transmit(h.model, &h.sink, 32), 0);
	}
	model_set_partner(h.model, false);
	rd(0x041A8);
	host_wait(&h, 5 * 1000 * 1000);
	ASSERT_NUMBER(rd(0x041A8), 0);
	host_close(&h);
}

static void what_is_rewritten_after_it_was_handed_over_comes_too_late(void)
{
	open_with(MODEL_QUIRK_PREFETCH, 0, MODEL_82599);
	host_link(&h);
	host_receive_queue(&h, 0, 128);
	host_fill(rx_frame, 60, 1);
	host_wait(&h, 1);
	/* The first 64 are fetched; those behind them are not yet. */
	host_rx_ring(&h)[1].q0 = HOST_IOVA + HOST_RX_BUFFERS + 2048u * 100;
	host_rx_ring(&h)[64].q0 = HOST_IOVA + HOST_RX_BUFFERS + 2048u * 101;
	host_arrive(&h, rx_frame, 60);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_PREFETCH], 0);
	host_arrive(&h, rx_frame, 60);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_PREFETCH], 1);
	ASSERT_NUMBER(host_rx_buffer(&h, 1)[0], rx_frame[0]);
	ASSERT_NUMBER(host_rx_buffer(&h, 100)[0], 0);
	for (unsigned i = 2; i < 128; i++)
		host_arrive(&h, rx_frame, 60);
	ASSERT_NUMBER(model_fate_count(h.model, MODEL_RECEIVED), 127);
	/* It was fetched when the head moved on from the first. */
	ASSERT_NUMBER(host_rx_buffer(&h, 101)[0], rx_frame[0]);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_PREFETCH], 1);
	/* A second turn of the ring, and a queue that begins anew. */
	rearm(128);
	wr(0x01018, 126);
	host_wait(&h, 1);
	for (unsigned i = 0; i < 127; i++)
		host_arrive(&h, rx_frame, 60);
	ASSERT_NUMBER(model_fate_count(h.model, MODEL_RECEIVED), 254);
	wr(0x01018, 60);
	host_wait(&h, 1);
	wr(0x01028, 0);
	host_wait(&h, 10 * 1000);
	rearm(128);
	host_rx_ring(&h)[0].q0 = HOST_IOVA + HOST_RX_BUFFERS + 2048u * 110;
	wr(0x01028, 1u << 25);
	host_wait(&h, 10 * 1000);
	wr(0x01018, 64);
	host_arrive(&h, rx_frame, 60);
	ASSERT_NUMBER(host_rx_buffer(&h, 110)[0], rx_frame[0]);
	ASSERT_NUMBER(model_faults(h.model)->bad_order, 1);
	host_close(&h);
}

static void firmware_takes_the_semaphores_now_and_then(void)
{
	for (unsigned card = 0; card < MODEL_CARDS; card++) {
		uint32_t guard = card == MODEL_82599 ? 0 : 1u << 31;

		open_with(MODEL_QUIRK_FIRMWARE, 0, (enum model_card)card);
		ASSERT_NUMBER(rd(0x10160), 0);
		wr(0x10160, 1); /* software has the EEPROM, and firmware waits for it */
		host_wait(&h, 50 * 1000 * 1000);
		ASSERT_NUMBER(rd(0x10160) & 0x3FF, 1);
		wr(0x10160, 0);
		host_wait(&h, 200 * 1000);
		ASSERT_NUMBER(rd(0x10160), 0x3E0);
		wr(0x10160, guard);
		ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 0);
		wr(0x10160, 2);
		ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 1);
		wr(0x10160, 0);
		host_wait(&h, 3 * 1000 * 1000);
		ASSERT_NUMBER(rd(0x10160), 0);
		wr(0x10160, 0);
		model_break(h.model, MODEL_SEMAPHORES_KEPT);
		host_wait(&h, 1);
		ASSERT_NUMBER(rd(0x10160), 0x3E0);
		host_wait(&h, 1000 * 1000 * 1000);
		ASSERT_NUMBER(rd(0x10160) & 0x3E0, 0x3E0);
		host_close(&h);
	}
}

static uint16_t nvm_word(uint32_t address)
{
	wr(0x10160, 1);
	wr(0x10014, address << 2 | 1);
	host_wait(&h, 10 * 1000);
	uint32_t value = rd(0x10014);
	wr(0x10160, 0);
	return (uint16_t)(value >> 16);
}

static void an_nvm_may_lead_nowhere_and_not_add_up(void)
{
	for (unsigned card = 0; card < MODEL_X550; card++) {
		open_with(0, 0, (enum model_card)card);
		uint16_t sum = nvm_word(0x3F);
		model_break(h.model, MODEL_NVM_CHECKSUM);
		CU_ASSERT(nvm_word(0x3F) != sum);
		model_break(h.model, MODEL_NVM_POINTERS);
		uint16_t pointer = nvm_word(card == MODEL_82599 ? 0x2B : 0x09);
		ASSERT_NUMBER(pointer, 0x3FF0);
		ASSERT_NUMBER(nvm_word(pointer), 0xFFFF);
		host_close(&h);
	}
}

static void all_quirks_together_still_move_frames(void)
{
	for (unsigned card = 0; card < MODEL_CARDS; card++) {
		/* Without those of the link, which have tests of their own. */
		open_with(MODEL_QUIRKS_ALL & 0xFFFF, 100, (enum model_card)card);
		host_wait(&h, 10 * 1000 * 1000);
		for (unsigned i = 0; i < 128; i++) {
			wr(0x04904, i);
			wr(0x04984, 0);
			wr(0x0600C + 0x40 * i, 0);
		}
		wr(0x00020, 0);
		model_set_partner(h.model, true);
		if (card == MODEL_82599)
			wr(0x042A0, rd(0x042A0) | 1u << 12);
		for (unsigned i = 0; i < 10; i++)
			host_wait(&h, 100 * 1000 * 1000);
		wr(0x08D00, 2);
		wr(0x03C00, 384u << 10);
		host_receive_queue(&h, 0, 64);
		wr(0x08D00, 0);
		host_transmit_queue(&h, 0, 128);
		host_fill(rx_frame, 60, 1);
		for (unsigned i = 0; i < 63; i++)
			host_arrive(&h, rx_frame, 60);
		hand_over(100);
		transmit_all();
		ASSERT_NUMBER(model_link_up(h.model), true);
		ASSERT_NUMBER(model_fate_count(h.model, MODEL_RECEIVED), 63);
		ASSERT_NUMBER(h.sent_n, 100);
		ASSERT_NUMBER(model_faults(h.model)->bad_order, 0);
		host_close(&h);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"NVM and DMA take as long as on a card", nvm_and_dma_take_as_long_as_on_a_card},
		{"a scale shortens a card's times", a_scale_shortens_a_cards_times},
		{"each reset clears what it clears on a card", each_reset_clears_what_it_clears_on_a_card},
		{"counters outlive resets", counters_outlive_resets},
		{"memories begin as a former owner left them", memories_begin_as_a_former_owner_left_them},
		{"link settings outlive a function reset", link_settings_outlive_a_function_reset},
		{"a rate limit survives, and slows its queue down", a_rate_limit_survives_and_slows_its_queue_down},
		{"write-backs are not to overtake each other", write_backs_are_not_to_overtake_each_other},
		{"transmit goes on without link, and sends that later",
			transmit_goes_on_without_link_and_sends_that_later},
		{"what waits for the link is lost by flushes and resets",
			what_waits_for_the_link_is_lost_by_flushes_and_resets},
		{"queues are disabled late, and without link never", queues_are_disabled_late_and_without_link_never},
		{"the receive path halts late", the_receive_path_halts_late},
		{"receive hangs if it is enabled into traffic", receive_hangs_if_it_is_enabled_into_traffic},
		{"pause frames are counted, and obeyed on request", pause_frames_are_counted_and_obeyed_on_request},
		{"what is rewritten after it was handed over comes too late",
			what_is_rewritten_after_it_was_handed_over_comes_too_late},
		{"firmware takes the semaphores now and then", firmware_takes_the_semaphores_now_and_then},
		{"an NVM may lead nowhere, and not add up", an_nvm_may_lead_nowhere_and_not_add_up},
		{"all quirks together still move frames", all_quirks_together_still_move_frames},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model, as real as a card", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
