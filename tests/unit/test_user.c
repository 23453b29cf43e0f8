/* SPDX-License-Identifier: BSD-2-Clause
 * The vfio-user client against a small device process that behaves: what it learns, what it sends, and what it says
 * where nobody is. */
#include "user_scene.c"

#include <linux/pci_regs.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/* ---- Success ---- */

static void test_open_learns_the_device(void)
{
	struct scene s;

	set_up(&s);
	must_open(&s);
	CU_ASSERT_STRING_EQUAL(s.device->address, s.fake->address);
	CU_ASSERT_PTR_EQUAL(s.device->space, s.space);
	CU_ASSERT_EQUAL(s.device->region_bytes[0], BAR0_BYTES);
	CU_ASSERT_EQUAL(s.device->region_bytes[1], 0);
	CU_ASSERT_EQUAL(s.device->region_bytes[4], BAR4_BYTES);
	CU_ASSERT_EQUAL(s.device->region_bytes[7], 4096);
	CU_ASSERT_EQUAL(s.device->irq_count[VFIO_PCI_MSIX_IRQ_INDEX], 64);
	CU_ASSERT_EQUAL(s.device->numa_node, -1);
	CU_ASSERT(!vfio_device_gone(s.device));
	tear_down(&s);
}

static void test_a_device_without_pci_express_gets_addresses_below_4_gib(void)
{
	struct scene s;

	set_up(&s);
	s.fake->config[PCI_STATUS] = 0;
	must_open(&s);
	CU_ASSERT((uintptr_t)s.memory + dma_space_offset(s.space) < 1ull << 32);
	tear_down(&s);
}

static void test_a_device_that_hides_its_capabilities_is_refused(void)
{
	struct scene s;

	set_up(&s);
	s.fake->how = ERROR_REAL;
	s.fake->command = VFIO_USER_REGION_READ;
	CU_ASSERT_EQUAL(open_scene(&s), -EXDEV);
	CU_ASSERT_PTR_NULL(s.device);
	tear_down(&s);
}

static void test_registers_by_message(void)
{
	struct vfio_window window;
	struct scene s;
	uint8_t many[4096];

	set_up(&s);
	must_open(&s);
	CU_ASSERT_EQUAL_FATAL(s.device->ops->window(s.device, 0, &window), 0);
	CU_ASSERT_PTR_NULL(window.memory);
	CU_ASSERT_EQUAL(window.bytes, BAR0_BYTES);
	vfio_write32(&window, 0x1028,
		0x12345678); /* also in a mapped page: the window's functions are messages all the same */
	vfio_write32(&window, BAR0_BYTES - 4, 99);
	const unsigned reads = s.fake->counts[VFIO_USER_REGION_READ];
	CU_ASSERT_EQUAL(vfio_read32(&window, 0x1028), 0x12345678);
	CU_ASSERT_EQUAL(vfio_read32(&window, BAR0_BYTES - 4), 99);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_REGION_WRITE], 2);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_REGION_READ], reads + 2);
	CU_ASSERT_EQUAL(s.fake->bar0[0x1028], 0x78);

	CU_ASSERT_EQUAL(vfio_read32(&window, BAR0_BYTES), UINT32_MAX); /* outside: never sent */
	CU_ASSERT_EQUAL(vfio_access(s.device, 0, UINT64_MAX, many, NULL, 4), -EINVAL);
	CU_ASSERT_EQUAL(vfio_access(s.device, 9, 0, many, NULL, 4), -EINVAL);
	CU_ASSERT_EQUAL(vfio_access(s.device, 1, 0, NULL, many, 4), -EINVAL);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_REGION_READ], reads + 2);
	CU_ASSERT(!vfio_device_gone(s.device));

	CU_ASSERT_EQUAL(vfio_set_bus_master(s.device, true), 0);
	CU_ASSERT_EQUAL(s.fake->config[4], 6);
	s.fake->config[4095] = 42;
	CU_ASSERT_EQUAL(vfio_access(s.device, VFIO_PCI_CONFIG_REGION_INDEX, 0, many, NULL, sizeof(many)), 0);
	CU_ASSERT_EQUAL(many[4], 6);
	CU_ASSERT_EQUAL(many[4095], 42);

	CU_ASSERT_EQUAL(s.device->ops->window(s.device, 1, &window), -EINVAL);
	CU_ASSERT_EQUAL(s.device->ops->window(s.device, 7, &window), -EINVAL);
	CU_ASSERT_EQUAL(s.device->ops->window(s.device, 77, &window), -EINVAL);
	tear_down(&s);
}

/* Another process that has the port: it is connected, and stays so until its pipe is closed. */
static pid_t hold_port(const char *path, int *until)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int ready[2], end[2];
	char byte = 0;
	pid_t pid;

	CU_ASSERT_FATAL(pipe2(ready, O_CLOEXEC) == 0 && pipe2(end, O_CLOEXEC) == 0);
	memcpy(name.sun_path, path, strlen(path));
	if ((pid = fork()) == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		close(end[1]);
		prctl(PR_SET_NAME, "the-holder");
		if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0 && write(ready[1], &byte, 1) == 1)
			while (read(end[0], &byte, 1) > 0)
				;
		_exit(0);
	}
	CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	close(end[0]);
	*until = end[1];
	return pid;
}

static void test_who_has_the_port_is_told(void)
{
	struct vfio_device *second;
	char words[64];
	struct scene s;
	int until;

	/* another process, of a server that leaves the next client waiting */
	set_up(&s);
	start_fake(s.fake);
	pid_t pid = hold_port(s.fake->path, &until);
	snprintf(words, sizeof(words), "is in use by the-holder, process %d", (int)pid);
	answer_limit_ms = SHORT_LIMIT_MS;
	CU_ASSERT_EQUAL(vfio_device_open(&second, s.fake->address, s.space), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), words));
	CU_ASSERT_PTR_NULL(strstr(pollux_error(), "restart"));
	close(until);
	waitpid(pid, NULL, 0);
	tear_down(&s);

	/* this process */
	set_up(&s);
	must_open(&s);
	answer_limit_ms = SHORT_LIMIT_MS;
	CU_ASSERT_EQUAL(vfio_device_open(&second, s.fake->address, s.space), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "is open in this process already"));
	tear_down(&s);
	answer_limit_ms = 5000;
}

static void test_what_is_no_socket_is_called_so(void)
{
	static const struct {
		const char *path, *words;
	} cases[] = {{"/tmp", "a directory and no socket"}, {"/dev/null", "a device node and no socket"},
		{"/proc/self/exe", "a file and no socket"}, {NULL, "a FIFO and no socket"}};
	char fifo[64], address[128];
	struct dma_space *space;
	struct vfio_device *device;

	snprintf(fifo, sizeof(fifo), "/tmp/pollux-test-fifo.%d", (int)getpid());
	CU_ASSERT_EQUAL_FATAL(mkfifo(fifo, 0600), 0);
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(address, sizeof(address), VFIO_USER_PREFIX "%s", cases[i].path ? cases[i].path : fifo);
		CU_ASSERT_EQUAL(vfio_device_open(&device, address, space), -ENOTSOCK);
		CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), cases[i].words));
	}
	dma_space_unref(space);
	unlink(fifo);
}

static void tamper_small_transfers(struct fake *fake, const struct vfio_user_header *command, struct reply *reply)
{
	static const char json[] = "{\"capabilities\":{\"max_data_xfer_size\": 64}}";

	(void)fake;
	if (command->command == VFIO_USER_VERSION) {
		memcpy(reply->payload + 4, json, sizeof(json));
		reply->payload_bytes = 4 + sizeof(json);
		reply->header.bytes = (uint32_t)(sizeof(reply->header) + reply->payload_bytes);
	}
}

static void test_longer_transfers_than_the_peer_takes_are_refused(void)
{
	struct scene s;
	uint8_t out[65], in[65];

	set_up(&s);
	s.fake->tamper = tamper_small_transfers;
	must_open(&s);
	const unsigned reads = s.fake->counts[VFIO_USER_REGION_READ];
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 3);
	CU_ASSERT_EQUAL(vfio_access(s.device, 7, 0x100, NULL, out, 64), 0);
	CU_ASSERT_EQUAL(vfio_access(s.device, 7, 0x100, in, NULL, 64), 0);
	CU_ASSERT_EQUAL(memcmp(in, out, 64), 0);
	CU_ASSERT_EQUAL(vfio_access(s.device, 7, 0x100, NULL, out, 65), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "takes at most 64 bytes in a message, not 65"));
	CU_ASSERT_EQUAL(vfio_access(s.device, 7, 0x100, in, NULL, 65), -EINVAL);
	CU_ASSERT_EQUAL(in[0], 0xff);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_REGION_WRITE], 1);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_REGION_READ], reads + 1);
	CU_ASSERT_FALSE(vfio_device_gone(s.device));
	tear_down(&s);
}

static void test_doorbells_are_stores_where_the_peer_shares_memory(void)
{
	struct vfio_window window;
	struct scene s;
	uint32_t value = 0;

	set_up(&s);
	must_open(&s);
	CU_ASSERT_EQUAL_FATAL(s.device->ops->window(s.device, 0, &window), 0);
	CU_ASSERT_EQUAL(window.part_count, 2);
	CU_ASSERT_PTR_NULL(vfio_doorbell(&window, 0));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&window, 0x2000));
	CU_ASSERT_PTR_NULL(vfio_doorbell(&window, 0x8000));
	CU_ASSERT_PTR_NOT_NULL_FATAL(vfio_doorbell(&window, 0x1018));
	CU_ASSERT_PTR_NOT_NULL_FATAL(vfio_doorbell(&window, 0x7ffc));
	*vfio_doorbell(&window, 0x1018) = 511;
	*vfio_doorbell(&window, 0x7ffc) = 17;
	CU_ASSERT_EQUAL(pread(s.fake->bar_file, &value, 4, 0x1018), 4);
	CU_ASSERT_EQUAL(value, 511);
	CU_ASSERT_EQUAL(pread(s.fake->bar_file, &value, 4, 0x7ffc), 4);
	CU_ASSERT_EQUAL(value, 17);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_REGION_WRITE], 0);
	CU_ASSERT_EQUAL(bar_mappings(), s.mappings + 2 + 1); /* two parts, and the memory */
	tear_down(&s);
}

static void test_a_region_without_capability_is_mapped_whole(void)
{
	struct vfio_window window;
	struct scene s;

	set_up(&s);
	s.fake->mapped = MAPPED_WHOLE;
	must_open(&s);
	CU_ASSERT_EQUAL_FATAL(s.device->ops->window(s.device, 0, &window), 0);
	CU_ASSERT_PTR_NULL(window.memory);
	CU_ASSERT_PTR_NOT_NULL(vfio_doorbell(&window, 0));
	CU_ASSERT_PTR_NOT_NULL(vfio_doorbell(&window, BAR0_BYTES - 4));
	CU_ASSERT_EQUAL(s.device->ops->window(s.device, 4, &window), 0);
	CU_ASSERT_PTR_NULL(vfio_doorbell(&window, 0));
	tear_down(&s);
}

static void test_files_that_could_fault_are_not_mapped(void)
{
	for (int file = FILE_GOOD; file <= FILE_PIPE; file++)
		for (int mapped = MAPPED_NO; mapped <= MAPPED_WHOLE; mapped++) {
			struct vfio_window window;
			struct scene s;

			set_up(&s);
			s.fake->file = (typeof(s.fake->file))file;
			s.fake->mapped = (enum how_mapped)mapped;
			must_open(&s);
			CU_ASSERT_EQUAL_FATAL(s.device->ops->window(s.device, 0, &window), 0);
			if (file == FILE_GOOD && mapped != MAPPED_NO) {
				CU_ASSERT_PTR_NOT_NULL(vfio_doorbell(&window, 0x1018));
				CU_ASSERT_STRING_EQUAL(s.device->reached_by, "vfio-user");
			} else {
				const char *why = mapped == MAPPED_NO  ? "does not share"
						  : file == FILE_SHORT ? "too short"
								       : "F_SEAL_SHRINK";

				CU_ASSERT_PTR_NOT_NULL(
					strstr(s.device->reached_by, "registers by messages, which is slow"));
				CU_ASSERT_PTR_NOT_NULL(strstr(s.device->reached_by, why));
				CU_ASSERT_EQUAL(window.part_count, 0);
				CU_ASSERT_PTR_NULL(vfio_doorbell(&window, 0x1018));
			}
			vfio_write32(&window, 0x1018, 5); /* messages do */
			CU_ASSERT_EQUAL(vfio_read32(&window, 0x1018), 5);
			tear_down(&s);
		}
}

static void test_memory_is_announced_at_its_iova(void)
{
	struct scene s;
	void *later;
	int error;

	set_up(&s);
	must_open(&s);
	CU_ASSERT_EQUAL_FATAL(s.fake->map_count, 1);
	CU_ASSERT_EQUAL(s.fake->maps[0].iova, (uintptr_t)s.memory + dma_space_offset(s.space));
	CU_ASSERT_EQUAL(s.fake->maps[0].bytes, 3 * 4096);
	CU_ASSERT_EQUAL(s.fake->maps[0].file_bytes, 3 * 4096);
	CU_ASSERT_EQUAL(s.fake->maps[0].first_byte, 'M');
	later = map_memory(s.space, 8192, &error);
	CU_ASSERT_EQUAL_FATAL(error, 0);
	CU_ASSERT_EQUAL_FATAL(s.fake->map_count, 2);
	CU_ASSERT_EQUAL(s.fake->maps[1].iova, (uintptr_t)later + dma_space_offset(s.space));
	dma_space_unmap(s.space, later);
	CU_ASSERT_EQUAL(s.fake->map_count, 1);
	CU_ASSERT_EQUAL(s.fake->unmaps, 1);

	vfio_device_close(s.device);
	s.device = NULL;
	serve_again(s.fake);
	CU_ASSERT_EQUAL(s.fake->map_count, 0);
	CU_ASSERT_EQUAL(s.fake->unmaps, 2);
	CU_ASSERT_EQUAL(vfio_device_open(&s.device, s.fake->address, s.space), 0); /* and once more */
	CU_ASSERT_EQUAL(s.fake->map_count, 1);
	tear_down(&s);
}

static uint64_t drain(int fd)
{
	uint64_t value = 0;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

static void test_interrupts_reach_their_eventfds(void)
{
	const unsigned msix = VFIO_PCI_MSIX_IRQ_INDEX;
	struct scene s;
	int fds[20];

	set_up(&s);
	must_open(&s);
	for (unsigned i = 0; i < 20; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	CU_ASSERT_EQUAL(vfio_set_irqs(s.device, msix, 20, fds), 0);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_DEVICE_SET_IRQS], 20);
	CU_ASSERT_EQUAL(s.fake->irqs.flags, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER);
	for (unsigned i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(drain(fds[i]), i + 1);

	/* Some of them off, of fewer. */
	const int some[] = {fds[0], -1, -1, fds[3]};
	CU_ASSERT_EQUAL(vfio_set_irqs(s.device, msix, 4, some), 0);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_DEVICE_SET_IRQS], 20 + 1 + 4);
	CU_ASSERT_EQUAL(drain(fds[0]), 1);
	CU_ASSERT_EQUAL(drain(fds[3]), 4);
	/* As many, one of them off. */
	const int first[] = {fds[0], -1, -1, -1};
	CU_ASSERT_EQUAL(vfio_set_irqs(s.device, msix, 4, first), 0);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_DEVICE_SET_IRQS], 25 + 4);
	CU_ASSERT_EQUAL(s.fake->irqs.flags, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER);
	CU_ASSERT_EQUAL(s.fake->irqs.start, 3);
	CU_ASSERT_EQUAL(s.fake->irqs.count, 1);
	CU_ASSERT_EQUAL(s.fake->irq_fds, 0);

	/* All of them. */
	CU_ASSERT_EQUAL(vfio_set_irqs(s.device, msix, 0, NULL), 0);
	CU_ASSERT_EQUAL(s.fake->irqs.flags, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER);
	CU_ASSERT_EQUAL(s.fake->irqs.count, 0);

	unsigned before = s.fake->counts[VFIO_USER_DEVICE_SET_IRQS];
	CU_ASSERT_EQUAL(vfio_set_irqs(s.device, msix, 65, fds), -EINVAL);
	CU_ASSERT_EQUAL(vfio_set_irqs(s.device, msix, UINT32_MAX, fds), -EINVAL);
	CU_ASSERT_EQUAL(vfio_set_irqs(s.device, 5, 1, fds), -EINVAL);
	CU_ASSERT_EQUAL(vfio_set_irqs(s.device, msix, 0, NULL), 0); /* none is on */
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_DEVICE_SET_IRQS], before);
	for (unsigned i = 0; i < 20; i++)
		close(fds[i]);
	tear_down(&s);
}

static void tamper_no_reset(struct fake *fake, const struct vfio_user_header *command, struct reply *reply)
{
	(void)fake;
	if (command->command == VFIO_USER_DEVICE_GET_INFO)
		reply->payload[4] &= (uint8_t)~VFIO_DEVICE_FLAGS_RESET;
}

static void test_reset(void)
{
	struct scene s;

	set_up(&s);
	must_open(&s);
	CU_ASSERT_EQUAL(s.device->ops->reset(s.device), 0);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_DEVICE_RESET], 1);
	tear_down(&s);

	set_up(&s);
	s.fake->tamper = tamper_no_reset;
	must_open(&s);
	CU_ASSERT_EQUAL(s.device->ops->reset(s.device), -ENOTTY);
	CU_ASSERT_EQUAL(s.fake->counts[VFIO_USER_DEVICE_RESET], 0);
	tear_down(&s);
}

struct pounder {
	struct vfio_window *window;
	uint32_t offset, bad;
};

static void *pound(void *context)
{
	struct pounder *p = context;

	for (uint32_t i = 0; i < 1000; i++) {
		vfio_write32(p->window, p->offset, i ^ p->offset);
		p->bad += vfio_read32(p->window, p->offset) != (i ^ p->offset);
	}
	return NULL;
}

static void test_threads_share_a_connection(void)
{
	struct vfio_window window;
	struct pounder p[3];
	pthread_t threads[3];
	struct scene s;

	set_up(&s);
	must_open(&s);
	CU_ASSERT_EQUAL_FATAL(s.device->ops->window(s.device, 0, &window), 0);
	for (unsigned i = 0; i < 3; i++) {
		p[i] = (struct pounder){&window, 0x5000 + 4 * i, 0};
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, pound, &p[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(p[i].bad, 0);
	}
	tear_down(&s);
}

/* ---- Nobody there ---- */

static void test_nobody_there(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/tmp/pollux-test-user.dead"};
	struct vfio_device *device = (struct vfio_device *)1;
	struct dma_space *space;
	unsigned files = open_files();
	char longest[VFIO_ADDRESS_MAX];
	int fd;

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL(vfio_device_open(&device, "vfio-user:/tmp/pollux-test-user.none", space), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "start the device process"));
	CU_ASSERT_PTR_NULL(device);

	unlink(name.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	CU_ASSERT_EQUAL(vfio_device_open(&device, "vfio-user:/tmp/pollux-test-user.dead", space), -ECONNREFUSED);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "start the device process"));

	/* It listens, and never accepts: first our connection waits in vain for an answer, then the queue is full. */
	CU_ASSERT_EQUAL(listen(fd, 0), 0);
	answer_limit_ms = SHORT_LIMIT_MS;
	CU_ASSERT_EQUAL(vfio_device_open(&device, "vfio-user:/tmp/pollux-test-user.dead", space), -ETIMEDOUT);
	CU_ASSERT_EQUAL(vfio_device_open(&device, "vfio-user:/tmp/pollux-test-user.dead", space), -ETIMEDOUT);
	answer_limit_ms = 5000;
	close(fd);
	unlink(name.sun_path);

	CU_ASSERT_EQUAL(vfio_device_open(&device, "vfio-user:", space), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "vfio-user:", 10);
	longest[sizeof(longest) - 1] = '\0';
	CU_ASSERT_EQUAL(vfio_device_open(&device, longest, space), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "107"));
	dma_space_unref(space);
	CU_ASSERT_EQUAL(open_files(), files);
}

static volatile unsigned ticks;

static void tick(int number)
{
	(void)number;
	if (++ticks == 250)
		setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0}},
			NULL); /* a wait that lasted so long is too long anyway */
}

static void start_ticks(void)
{
	const struct itimerval every_20_ms = {{0, 20000}, {0, 20000}};
	const struct sigaction action = {.sa_handler = tick};

	ticks = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every_20_ms, NULL);
}

static void test_signals_prolong_no_wait(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/tmp/pollux-test-user.full"};
	const struct timeval limit = {.tv_usec = SHORT_LIMIT_MS * 1000};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];
	struct user_call call = {.command = VFIO_USER_DEVICE_RESET};
	struct user_channel channel;
	char block[4096] = "";
	struct pollux_loss loss = {.lost = false};

	answer_limit_ms = SHORT_LIMIT_MS;
	unlink(name.sun_path);
	CU_ASSERT_EQUAL(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
	CU_ASSERT_EQUAL(listen(listener, 0), 0);
	CU_ASSERT_EQUAL(connect(first, (struct sockaddr *)&name, sizeof(name)), 0); /* that fills the queue */
	start_ticks();
	CU_ASSERT_EQUAL(user_channel_open(&channel, name.sun_path, "full", &loss), -ETIMEDOUT);
	CU_ASSERT(ticks < 250);

	/* A peer that reads nothing. */
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	channel = (struct user_channel){.socket = ends[0], .loss = &loss, .address = "full"};
	pthread_mutex_init(&channel.lock, NULL);
	setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	while (send(ends[0], block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	start_ticks();
	CU_ASSERT_EQUAL(user_channel_call(&channel, &call), -ETIMEDOUT);
	CU_ASSERT(ticks < 250);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0}}, NULL);
	answer_limit_ms = 5000;
	user_channel_close(&channel);
	close(ends[1]);
	close(first);
	close(listener);
	unlink(name.sun_path);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"open learns the device", test_open_learns_the_device},
		{"a device without PCI Express gets addresses below 4 GiB",
			test_a_device_without_pci_express_gets_addresses_below_4_gib},
		{"a device that hides its capabilities is refused",
			test_a_device_that_hides_its_capabilities_is_refused},
		{"registers by message", test_registers_by_message},
		{"who has the port is told", test_who_has_the_port_is_told},
		{"what is no socket is called so", test_what_is_no_socket_is_called_so},
		{"longer transfers than the peer takes are refused",
			test_longer_transfers_than_the_peer_takes_are_refused},
		{"doorbells are stores where the peer shares memory",
			test_doorbells_are_stores_where_the_peer_shares_memory},
		{"a region without capability is mapped whole", test_a_region_without_capability_is_mapped_whole},
		{"files that could fault are not mapped", test_files_that_could_fault_are_not_mapped},
		{"memory is announced at its iova", test_memory_is_announced_at_its_iova},
		{"interrupts reach their eventfds", test_interrupts_reach_their_eventfds},
		{"reset", test_reset},
		{"threads share a connection", test_threads_share_a_connection},
		{"nobody there", test_nobody_there},
		{"signals prolong no wait", test_signals_prolong_no_wait},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"vfio-user client", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
