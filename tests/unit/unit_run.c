/* SPDX-License-Identifier: BSD-2-Clause
 * Running a test program's suites, the same way in each. */
#include "unit.h"

#include "../../driver/recovery.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int unit_run(CU_SuiteInfo *suites)
{
	unsigned failures;

	recovery_times.link = recovery_times.look = 0; /* tests see at once what happens */
	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures() + (CU_get_error() != CUE_SUCCESS);
	CU_cleanup_registry();
	return failures != 0;
}

/* A process that runs suites, and writes what they say to a file. */
struct beside {
	pid_t pid;
	int output;
};

static struct beside start(CU_SuiteInfo *suites)
{
	struct beside beside = {.output = memfd_create("suites", MFD_CLOEXEC)};

	fflush(NULL);
	beside.pid = beside.output < 0 ? -1 : fork();
	if (beside.pid != 0)
		return beside;
	dup2(beside.output, STDOUT_FILENO);
	dup2(beside.output, STDERR_FILENO);
	int status = unit_run(suites);
	fflush(NULL);
	exit(status);
}

static bool passed(const struct beside *beside)
{
	char text[4096];
	int status = 1;
	ssize_t bytes;

	if (beside->pid < 0 || waitpid(beside->pid, &status, 0) != beside->pid)
		status = 1;
	for (off_t at = 0; (bytes = pread(beside->output, text, sizeof(text), at)) > 0; at += bytes)
		fwrite(text, 1, (size_t)bytes, stdout);
	close(beside->output);
	return status == 0;
}

int unit_run_beside(CU_SuiteInfo *const groups[], unsigned count)
{
	struct beside beside[count];
	bool good = true;

	for (unsigned i = 0; i < count; i++)
		beside[i] = start(groups[i]);
	for (unsigned i = 0; i < count; i++)
		good = passed(&beside[i]) && good;
	return !good;
}
