/* SPDX-License-Identifier: BSD-2-Clause
 * The vfio-user client against a small device process, a thread that is told to misbehave at any message: each time
 * there is an error with a sentence, and no crash, no hang, and no file descriptor or mapping left. */
#include "user_scene.c"

static void check_sentence(const struct scene *s, int error, const char *what)
{
	bool good =
		strncmp(pollux_error(), s->fake->address, strlen(s->fake->address)) == 0 && strlen(pollux_error()) > 60;

	if (!good)
		printf("\n  %s: error %d, '%s'\n", what, error, pollux_error());
	CU_ASSERT(good);
}

/* ---- Misbehaviour at every message ---- */

static int expected_error(enum how how)
{
	switch (how) {
	case CLOSE:
	case CLOSE_HALFWAY:
		return -ENODEV;
	case SILENT:
	case DRIP:
		return -ETIMEDOUT;
	case ERROR_REAL:
		return -EXDEV;
	default:
		return -EPROTO;
	}
}

static bool keeps_connection(enum how how)
{
	return how == ERROR_REAL || how == ERROR_0 || how == ERROR_HUGE;
}

static bool has_reply_payload(unsigned command)
{
	return command != VFIO_USER_DMA_MAP && command != VFIO_USER_DEVICE_SET_IRQS &&
	       command != VFIO_USER_DEVICE_RESET;
}

static void report(const char *what, unsigned command, enum how how, int error)
{
	if (error != expected_error(how))
		printf("\n  %s: command %u, %s: error %d: %s\n", what, command, how_names[how], error, pollux_error());
	CU_ASSERT_EQUAL(error, expected_error(how));
}

/** Waits for answers as long as ever, but for those that will not come. */
static void expect_answers(enum how how)
{
	answer_limit_ms = expected_error(how) == -ETIMEDOUT ? SHORT_LIMIT_MS : 5000;
}

static void test_open_survives_misbehaviour_at_every_message(void)
{
	static const unsigned commands[] = {VFIO_USER_VERSION, VFIO_USER_DEVICE_GET_INFO,
		VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_USER_DEVICE_GET_IRQ_INFO, VFIO_USER_DMA_MAP};

	for (unsigned c = 0; c < 5; c++)
		for (enum how how = CLOSE; how < HOW_COUNT; how++) {
			struct scene s;
			int error;

			if (how == TOO_SHORT && !has_reply_payload(commands[c]))
				continue;
			set_up(&s);
			s.fake->how = how;
			s.fake->command = commands[c];
			expect_answers(how);
			error = open_scene(&s);
			report("open", commands[c], how, error);
			CU_ASSERT_PTR_NULL(s.device);
			check_sentence(&s, error, how_names[how]);
			CU_ASSERT_EQUAL(dma_space_offset(s.space), 0);
			tear_down(&s);
			answer_limit_ms = 5000;
		}
}

static void test_open_survives_a_close_before_each_answer(void)
{
	/* VERSION, GET_INFO, eight regions, five kinds of interrupt, three reads for the capability, one DMA_MAP. */
	for (unsigned n = 1; n <= 20; n++) {
		struct scene s;
		int error;

		set_up(&s);
		s.fake->close_at = n;
		error = open_scene(&s);
		CU_ASSERT_EQUAL(error, n <= 19 ? -ENODEV : 0);
		if (error)
			check_sentence(&s, error, "close");
		tear_down(&s);
	}
}

/* One operation of an open device. */
static int operate(struct scene *s, unsigned command)
{
	uint32_t value = 0;
	int fd, error;

	switch (command) {
	case VFIO_USER_REGION_READ:
		error = vfio_access(s->device, 0, 0x5000, &value, NULL, 4);
		if (error)
			CU_ASSERT_EQUAL(value, UINT32_MAX);
		return error;
	case VFIO_USER_REGION_WRITE:
		return vfio_access(s->device, 0, 0x5000, NULL, &value, 4);
	case VFIO_USER_DEVICE_SET_IRQS:
		fd = eventfd(0, EFD_CLOEXEC);
		error = vfio_set_irqs(s->device, VFIO_PCI_MSIX_IRQ_INDEX, 1, &fd);
		close(fd);
		return error;
	default:
		return s->device->ops->reset(s->device);
	}
}

static void test_operations_survive_misbehaviour(void)
{
	static const unsigned commands[] = {
		VFIO_USER_REGION_READ, VFIO_USER_REGION_WRITE, VFIO_USER_DEVICE_SET_IRQS, VFIO_USER_DEVICE_RESET};

	for (unsigned c = 0; c < 4; c++)
		for (enum how how = CLOSE; how < HOW_COUNT; how++) {
			struct vfio_window window;
			struct scene s;
			int error;

			if (how == TOO_SHORT && !has_reply_payload(commands[c]))
				continue;
			set_up(&s);
			expect_answers(how);
			must_open(&s);
			s.fake->how = how;
			s.fake->command = commands[c];
			CU_ASSERT_EQUAL(s.device->ops->window(s.device, 0, &window), 0);
			error = operate(&s, commands[c]);
			report("operation", commands[c], how, error);
			check_sentence(&s, error, how_names[how]);
			CU_ASSERT_EQUAL(vfio_device_gone(s.device), !keeps_connection(how));
			for (unsigned again = 0; again < 4; again++)
				CU_ASSERT_EQUAL(operate(&s, commands[again]), keeps_connection(how) ? 0 : -ENODEV);
			if (!keeps_connection(how)) {
				CU_ASSERT_EQUAL(vfio_read32(&window, 8), UINT32_MAX);
				vfio_write32(&window, 8, 1);
				CU_ASSERT_EQUAL(s.device->ops->window(s.device, 0, &window), -ENODEV);
				CU_ASSERT_EQUAL(vfio_config_read(s.device, 0, 2), 0xffff);
				CU_ASSERT_EQUAL(vfio_set_bus_master(s.device, false), -ENODEV);
			}
			tear_down(&s);
			answer_limit_ms = 5000;
		}
}

static void tamper_refuse(struct fake *fake, const struct vfio_user_header *command, struct reply *reply)
{
	if (command->command != VFIO_USER_REGION_READ && command->command != VFIO_USER_REGION_WRITE)
		return;
	(void)fake;
	reply->header.flags |= VFIO_USER_ERROR;
	reply->header.error = EINVAL;
	reply->payload_bytes = 0;
	reply->header.bytes = sizeof(reply->header);
}

static void *ring_in_vain(void *window)
{
	vfio_write32(window, 0x5800, 1);
	return NULL;
}

static void test_a_refused_access_is_noted_and_no_data(void)
{
	const uint64_t before = vfio_refusals();
	pthread_t other;
	struct vfio_refusal refusal;
	struct vfio_window window;
	struct scene s;

	set_up(&s);
	must_open(&s);
	s.fake->tamper = tamper_refuse;
	CU_ASSERT_EQUAL_FATAL(s.device->ops->window(s.device, 0, &window), 0);
	for (unsigned again = 0; again < 2; again++) {
		CU_ASSERT_EQUAL(vfio_read32(&window, 0x5004), UINT32_MAX);
		vfio_write32(&window, 0x5008, 1);
	}
	CU_ASSERT_EQUAL(vfio_config_read(s.device, 2, 2), 0xffff);
	CU_ASSERT_EQUAL(vfio_set_bus_master(s.device, true), -EINVAL);
	CU_ASSERT_FALSE(vfio_device_gone(s.device));
	CU_ASSERT_EQUAL(vfio_refusals() - before, 6);
	vfio_last_refusal(&refusal);
	CU_ASSERT(refusal.region == 7 && refusal.offset == 4 && !refusal.write && refusal.error == EINVAL);
	CU_ASSERT(vfio_refusal(s.device, 1, &refusal));
	CU_ASSERT(refusal.region == 0 && refusal.offset == 0x5008 && refusal.write && refusal.error == EINVAL);
	CU_ASSERT_FALSE(vfio_refusal(s.device, 4, &refusal)); /* each once */
	/* what another thread is refused counts with the device, and not with this thread's work */
	CU_ASSERT_EQUAL_FATAL(pthread_create(&other, NULL, ring_in_vain, &window), 0);
	pthread_join(other, NULL);
	CU_ASSERT_EQUAL(vfio_refusals() - before, 6);
	CU_ASSERT(vfio_refusal(s.device, 4, &refusal) && refusal.offset == 0x5800);
	for (unsigned i = 0; i < VFIO_REFUSALS + 8; i++) /* more than there is room for are counted all the same */
		vfio_write32(&window, 0x6000 + 4 * i, 1);
	CU_ASSERT_EQUAL(vfio_refusals() - before, 6 + VFIO_REFUSALS + 8);
	CU_ASSERT_FALSE(vfio_refusal(s.device, VFIO_REFUSALS, &refusal));
	tear_down(&s);
}

static void test_why_the_device_is_gone_is_told_from_then_on(void)
{
	static const struct {
		enum how how;
		const char *why;
	} cases[] = {
		{CLOSE, "the device is gone: the device process closed the connection at REGION_READ"},
		{SILENT, "the device is gone: the device process did not answer REGION_READ within 500 ms"},
		{WRONG_ID, "the device is gone: the device process answers REGION_READ with another message's number"},
	};

	const uint64_t before = vfio_refusals();

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vfio_window window;
		struct scene s;

		set_up(&s);
		expect_answers(cases[i].how);
		must_open(&s);
		s.fake->how = cases[i].how;
		s.fake->command = VFIO_USER_REGION_READ;
		CU_ASSERT_EQUAL(s.device->ops->window(s.device, 0, &window), 0);
		CU_ASSERT_EQUAL(vfio_read32(&window, 8), UINT32_MAX);
		CU_ASSERT_EQUAL(operate(&s, VFIO_USER_DEVICE_RESET), -ENODEV);
		CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), cases[i].why));
		CU_ASSERT_EQUAL(vfio_set_bus_master(s.device, false), -ENODEV);
		CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), cases[i].why));
		CU_ASSERT_EQUAL(vfio_refusals(), before);
		tear_down(&s);
		answer_limit_ms = 5000;
	}
}

static void test_memory_comes_back_whatever_the_peer_does(void)
{
	for (enum how how = CLOSE; how < HOW_COUNT; how++) {
		struct scene s;
		void *more;
		int error;

		set_up(&s);
		s.fake->how = how;
		s.fake->command = VFIO_USER_DMA_UNMAP;
		expect_answers(how);
		must_open(&s);
		dma_space_unmap(s.space, s.memory);
		CU_ASSERT(vfio_device_gone(
			s.device)); /* it may hold the memory still: it is not to be talked to any more */
		more = map_memory(s.space, 4096, &error); /* others of the space still get memory */
		CU_ASSERT_EQUAL(error, 0);
		s.memory = more;
		tear_down(&s);
		answer_limit_ms = 5000;
	}
}

static void test_a_refused_map_is_an_error_and_a_lost_one_too(void)
{
	for (enum how how = CLOSE; how < HOW_COUNT; how++) {
		struct scene s;
		void *more;
		int error;

		if (how == TOO_SHORT)
			continue;
		set_up(&s);
		dma_space_unmap(s.space, s.memory);
		s.memory = NULL;
		s.fake->how = how;
		s.fake->command = VFIO_USER_DMA_MAP;
		expect_answers(how);
		must_open(&s);
		more = map_memory(s.space, 4096, &error);
		report("map", VFIO_USER_DMA_MAP, how, error);
		check_sentence(&s, error, how_names[how]);
		CU_ASSERT_PTR_NULL(more);
		CU_ASSERT_EQUAL(vfio_device_gone(s.device), !keeps_connection(how));
		tear_down(&s);
		answer_limit_ms = 5000;
	}
}

/* ---- Well-formed messages with nonsense in them ---- */

/* What is put into the payload of the first reply of a kind (and, for regions, index). */
struct nonsense {
	const char *what;
	unsigned command, index;
	int error;
	const char *json; /* of VERSION */
	struct put {
		uint16_t at, bytes; /* bytes 0: no more */
		uint64_t value;
	} puts[3];
	size_t payload_bytes; /* 0: as it was */
};

static const struct nonsense *nonsense_now;

static void tamper_nonsense(struct fake *fake, const struct vfio_user_header *command, struct reply *reply)
{
	uint32_t index;

	memcpy(&index, reply->payload + 8, sizeof(index));
	if (command->command != nonsense_now->command || fake->misbehaved ||
		(command->command == VFIO_USER_DEVICE_GET_REGION_INFO && index != nonsense_now->index))
		return;
	fake->misbehaved = true;
	if (nonsense_now->json) {
		reply->payload_bytes = 4 + strlen(nonsense_now->json) + 1;
		memcpy(reply->payload + 4, nonsense_now->json, strlen(nonsense_now->json) + 1);
	}
	for (const struct put *put = nonsense_now->puts; put->bytes; put++)
		memcpy(reply->payload + put->at, &put->value, put->bytes); /* little-endian, as we are */
	if (nonsense_now->payload_bytes)
		reply->payload_bytes = nonsense_now->payload_bytes;
	reply->header.bytes = (uint32_t)(sizeof(reply->header) + reply->payload_bytes);
}

/* Offsets in a region's reply with the sparse mmap capability right behind. */
enum { CAP = 32, CAP_ID = CAP, CAP_NEXT = CAP + 4, AREAS = CAP + 8, AREA0 = CAP + 16 };

static void test_open_refuses_nonsense(void)
{
	enum {
		V = VFIO_USER_VERSION,
		I = VFIO_USER_DEVICE_GET_INFO,
		R = VFIO_USER_DEVICE_GET_REGION_INFO,
		Q = VFIO_USER_DEVICE_GET_IRQ_INFO
	};
	static const struct nonsense all[] = {
		{"major version 1", V, 0, -EPROTO, .puts = {{0, 2, 1}}},
		{"minor version 2", V, 0, -EPROTO, .puts = {{2, 2, 2}}},
		{"max_msg_fds a text", V, 0, -EPROTO, .json = "{\"capabilities\":{\"max_msg_fds\":\"x\"}}"},
		{"max_msg_fds 0", V, 0, -ENOTSUP, .json = "{\"capabilities\":{\"max_msg_fds\":0}}"},
		{"max_msg_fds -3", V, 0, -EPROTO, .json = "{\"max_msg_fds\":-3}"},
		{"max_data_xfer_size 3", V, 0, -EPROTO, .json = "\"max_data_xfer_size\":3"},
		{"pgsizes 0", V, 0, -EPROTO, .json = "\"pgsizes\" :\t0"},
		{"a number beyond 64 bits", V, 0, -EPROTO, .json = "\"pgsizes\":99999999999999999999999"},
		{"JSON that ends behind a key", V, 0, -EPROTO, .json = "\"pgsizes\":"},
		{"pages of 2 MiB only", V, 0, -EINVAL, .json = "\"pgsizes\":2097152}"},
		{"no memory at all", V, 0, -ENOSPC, .json = "\"max_dma_maps\":0}"},
		{"not a PCI device", I, 0, -ENOTSUP, .puts = {{4, 4, VFIO_DEVICE_FLAGS_RESET}}},
		{"three regions", I, 0, -EPROTO, .puts = {{8, 4, 3}}},
		{"another region", R, 0, -EPROTO, .puts = {{8, 4, 5}}},
		{"a mappable region of size 0", R, 0, -EPROTO, .puts = {{16, 8, 0}}},
		{"a region of 2^64-1", R, 0, -EPROTO, .puts = {{16, 8, UINT64_MAX}}},
		{"configuration space of 64 bytes", R, 7, -EPROTO, .puts = {{16, 8, 64}}},
		{"configuration space of size 0", R, 7, -EPROTO, .puts = {{16, 8, 0}}},
		{"a capability that points to itself", R, 0, -EPROTO, .puts = {{CAP_ID, 2, 99}, {CAP_NEXT, 4, CAP}}},
		{"a capability that points into itself", R, 0, -EPROTO,
			.puts = {{CAP_ID, 2, 99}, {CAP_NEXT, 4, CAP + 4}}},
		{"a capability that points outside", R, 0, -EPROTO,
			.puts = {{CAP_ID, 2, 99}, {CAP_NEXT, 4, 0xfffffff0}}},
		{"a capability inside the fixed part", R, 0, -EPROTO, .puts = {{12, 4, 8}}},
		{"a capability across the end", R, 0, -EPROTO, .puts = {{12, 4, AREA0 + 2 * 16 - 4}}},
		{"a capability cut off", R, 0, -EPROTO, .payload_bytes = CAP + 12},
		{"four billion areas", R, 0, -EPROTO, .puts = {{AREAS, 4, UINT32_MAX}}},
		{"one area more than there is", R, 0, -EPROTO, .puts = {{AREAS, 4, 3}}},
		{"an area beyond the region", R, 0, -EPROTO, .puts = {{AREA0 + 8, 8, BAR0_BYTES}}},
		{"an area that wraps", R, 0, -EPROTO, .puts = {{AREA0, 8, UINT64_MAX - 0xfff}, {AREA0 + 8, 8, 0x2000}}},
		{"a descriptor for an unmappable region", R, 0, -EPROTO, .puts = {{4, 4, 3}}},
		{"four billion interrupts", Q, 0, -EPROTO, .puts = {{12, 4, UINT32_MAX}}},
		{"another kind of interrupt", Q, 0, -EPROTO, .puts = {{8, 4, 4}}},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct scene s;
		int error;

		set_up(&s);
		nonsense_now = &all[i];
		s.fake->tamper = tamper_nonsense;
		error = open_scene(&s);
		if (error != all[i].error)
			printf("\n  %s: error %d: %s\n", all[i].what, error, pollux_error());
		CU_ASSERT_EQUAL(error, all[i].error);
		check_sentence(&s, error, all[i].what);
		CU_ASSERT_PTR_NULL(s.device);
		tear_down(&s);
	}
}

static void test_version_is_read_tolerantly(void)
{
	static const struct nonsense all[] = {
		{"garbage", VFIO_USER_VERSION, 0, 0, .json = "\"max_msg_fds\" \"pgsizes}{[max_dma_maps:\xff"},
		{"no JSON", VFIO_USER_VERSION, 0, 0, .payload_bytes = 4},
		{"version 0.0", VFIO_USER_VERSION, 0, 0, .puts = {{2, 2, 0}}},
		{"999 descriptors", VFIO_USER_VERSION, 0, 0, .json = "{\"max_msg_fds\" :\n999 }"},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct scene s;

		set_up(&s);
		nonsense_now = &all[i];
		s.fake->tamper = tamper_nonsense;
		must_open(&s);
		tear_down(&s);
	}
}

static void test_areas_that_cannot_be_mapped_are_left_to_messages(void)
{
	static const struct {
		struct nonsense nonsense;
		unsigned parts;
	} all[] = {
		{{"an area not on a page", VFIO_USER_DEVICE_GET_REGION_INFO, 0, 0, .puts = {{AREA0, 8, 0x1010}}}, 1},
		{{"an empty area", VFIO_USER_DEVICE_GET_REGION_INFO, 0, 0, .puts = {{AREA0 + 8, 8, 0}}}, 1},
		{{"a file offset that wraps", VFIO_USER_DEVICE_GET_REGION_INFO, 0, 0,
			 .puts = {{24, 8, UINT64_MAX - 0xfff}}},
			0},
		{{"a file offset beyond the file", VFIO_USER_DEVICE_GET_REGION_INFO, 0, 0,
			 .puts = {{24, 8, BAR0_BYTES}}},
			0},
		{{"capabilities left out", VFIO_USER_DEVICE_GET_REGION_INFO, 0, 0,
			 .puts = {{0, 4, UINT32_MAX}, {12, 4, 0}}, .payload_bytes = 32},
			0},
		{{"version 2 of the capability", VFIO_USER_DEVICE_GET_REGION_INFO, 0, 0, .puts = {{CAP_ID + 2, 2, 2}}},
			0},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct vfio_window window;
		struct scene s;

		set_up(&s);
		nonsense_now = &all[i].nonsense;
		s.fake->tamper = tamper_nonsense;
		must_open(&s);
		CU_ASSERT_EQUAL(s.device->ops->window(s.device, 0, &window), 0);
		if (window.part_count != all[i].parts)
			printf("\n  %s: %u parts\n", all[i].nonsense.what, window.part_count);
		CU_ASSERT_EQUAL(window.part_count, all[i].parts);
		CU_ASSERT_EQUAL(vfio_read32(&window, 0x1000), 0);
		tear_down(&s);
	}
}

static void test_answers_for_other_registers_lose_the_device(void)
{
	static const unsigned commands[] = {VFIO_USER_REGION_READ, VFIO_USER_REGION_WRITE};
	static const struct put puts[] = {{0, 8, 0x5004}, {8, 4, 1}, {12, 4, 8}};

	for (unsigned c = 0; c < 2; c++)
		for (unsigned p = 0; p < 3; p++) {
			struct nonsense nonsense = {"another register", commands[c], 0, -EPROTO, .puts = {puts[p]}};
			struct scene s;

			set_up(&s);
			must_open(&s);
			nonsense_now = &nonsense;
			s.fake->tamper = tamper_nonsense;
			CU_ASSERT_EQUAL(operate(&s, commands[c]), -EPROTO);
			CU_ASSERT(vfio_device_gone(s.device));
			tear_down(&s);
		}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"open survives misbehaviour at every message", test_open_survives_misbehaviour_at_every_message},
		{"open survives a close before each answer", test_open_survives_a_close_before_each_answer},
		{"operations survive misbehaviour", test_operations_survive_misbehaviour},
		{"a refused access is noted, and no data", test_a_refused_access_is_noted_and_no_data},
		{"why the device is gone is told from then on", test_why_the_device_is_gone_is_told_from_then_on},
		{"memory comes back whatever the peer does", test_memory_comes_back_whatever_the_peer_does},
		{"a refused map is an error, and a lost one too", test_a_refused_map_is_an_error_and_a_lost_one_too},
		{"open refuses nonsense", test_open_refuses_nonsense},
		{"VERSION is read tolerantly", test_version_is_read_tolerantly},
		{"areas that cannot be mapped are left to messages",
			test_areas_that_cannot_be_mapped_are_left_to_messages},
		{"answers for other registers lose the device", test_answers_for_other_registers_lose_the_device},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"vfio-user client, bad devices", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
