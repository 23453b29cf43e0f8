/* SPDX-License-Identifier: BSD-2-Clause
 * A device whose registers vanish from under the process, as those of a card that is pulled out: SIGBUS is caught for
 * these registers, and left to others for all else. */
#include "../../driver/nic.h"
#include "../../vfio/removal.h"

#include "unit.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES 8192u

static int file;
static struct vfio_device device;
static sigjmp_buf back;
static volatile sig_atomic_t others;

static void others_handler(int number)
{
	(void)number;
	others++;
	siglongjmp(back, 1);
}

static volatile uint8_t *map(void)
{
	file = memfd_create("registers", 0);
	CU_ASSERT_EQUAL_FATAL(ftruncate(file, BYTES), 0);
	void *at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	CU_ASSERT_PTR_NOT_EQUAL_FATAL(at, MAP_FAILED);
	return at;
}

static void pull_out(void)
{
	CU_ASSERT_EQUAL(ftruncate(file, 0), 0);
	close(file);
}

static void catch (void)
{
	signal(SIGBUS, others_handler);
	CU_ASSERT_EQUAL(nic_catch_removal(), 0);
	CU_ASSERT_EQUAL(nic_catch_removal(), 0); /* once is enough */
}

static void registers_that_vanish_read_all_ones(void)
{
	volatile uint8_t *at = map();
	struct vfio_window window = {.memory = at, .bytes = BYTES};

	device = (struct vfio_device){.address = "card"};
	vfio_removal_watch(&device, at, BYTES);
	vfio_write32(&window, 8, 5);
	CU_ASSERT_EQUAL(vfio_read32(&window, 8), 5);
	pull_out();
	errno = ENOTTY;
	CU_ASSERT_EQUAL(vfio_read32(&window, 4096 + 8), UINT32_MAX);
	CU_ASSERT_EQUAL(errno, ENOTTY);
	CU_ASSERT_EQUAL(vfio_read32(&window, 8), UINT32_MAX);
	vfio_write32(&window, 16, 1); /* goes nowhere */
	CU_ASSERT(vfio_device_gone(&device));
	CU_ASSERT(strstr(device.loss.why, "pulled out") != NULL);
	CU_ASSERT_EQUAL(others, 0);
	vfio_removal_forget(at);
	munmap((void *)(uintptr_t)at, BYTES);
}

static void other_memory_is_the_former_handlers(void)
{
	volatile uint8_t *at = map();

	vfio_removal_watch(&device, at, BYTES);
	vfio_removal_forget(at); /* and so is what is a device's no more */
	pull_out();
	if (sigsetjmp(back, 1) == 0)
		CU_ASSERT_EQUAL(at[0], 1);
	CU_ASSERT_EQUAL(others, 1);
	munmap((void *)(uintptr_t)at, BYTES);
}

/* A process that has no handler of its own dies by the signal as before. */
static void without_a_former_handler_the_process_dies(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		volatile uint8_t *at = map();

		signal(SIGBUS, SIG_DFL);
		vfio_catch_removal();
		pull_out();
		_exit(at[0]);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

int main(void)
{
	CU_TestInfo tests[] = {
		/* the first one before anything is caught */
		{"without a former handler the process dies", without_a_former_handler_the_process_dies},
		{"it is caught", catch},
		{"registers that vanish read all ones", registers_that_vanish_read_all_ones},
		{"other memory is the former handler's", other_memory_is_the_former_handlers},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "removal", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
