/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the files that a capture goes to: their names and when they begin, and frames that are in none of them. */
#include "../../apps/dump_file.c"

#include "unit.h"

#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

static char folder[] = "/tmp/pollux-dump-XXXXXX";
static struct dump_file file;
static const uint8_t frame[100];
static const struct pcap_pkthdr header = {.ts = {.tv_sec = 1}, .len = 100, .caplen = 84}; /* 100 bytes in a file */

/* Opens the first file of that name. */
static void begin_capture(const char *path, uint64_t bytes_limit, unsigned seconds, unsigned count_limit)
{
	static const struct app_options options;
	static struct app app = {.options = &options};

	memset(&file, 0, sizeof(file));
	file.pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
	file.path = path;
	file.bytes_limit = bytes_limit;
	file.seconds = seconds;
	file.count_limit = count_limit;
	CU_ASSERT_TRUE_FATAL(dump_file_check(&file) && dump_file_open(&file, &app));
}

static void end_capture(bool good)
{
	CU_ASSERT_EQUAL(dump_file_close(&file), good);
	pcap_close(file.pcap);
}

static void write_frames(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		dump_file_write(&file, &header, frame);
}

/* How many whole frames a file has; -1: there is none. */
static int frames_in(const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, why);
	struct pcap_pkthdr *got;
	const uint8_t *data;
	int n = 0;

	if (!pcap)
		return -1;
	while (pcap_next_ex(pcap, &got, &data) == 1)
		n += got->caplen == header.caplen;
	pcap_close(pcap);
	return n;
}

static void files_by_size_are_called_as_tcpdump_calls_them(void)
{
	/* A file goes on until it is larger than the limit: 24 + 100 * n. */
	begin_capture("size", 1000, 0, 0);
	write_frames(25);
	end_capture(true);
	ASSERT_NUMBER(frames_in("size"), 10);
	ASSERT_NUMBER(frames_in("size1"), 10);
	ASSERT_NUMBER(frames_in("size2"), 5);
	ASSERT_NUMBER(frames_in("size0"), -1);
	ASSERT_NUMBER(file.files, 3);
	ASSERT_NUMBER(file.lost, 0);
	/* exactly as large is not larger */
	begin_capture("even", 1024, 0, 0);
	write_frames(12);
	end_capture(true);
	ASSERT_NUMBER(frames_in("even"), 11);
	ASSERT_NUMBER(frames_in("even1"), 1);
}

static void the_first_is_overwritten_after_as_many_as_wanted(void)
{
	begin_capture("ring", 1000, 0, 11);
	write_frames(10 * 12 + 3);
	end_capture(true);
	ASSERT_NUMBER(frames_in("ring"), -1);
	ASSERT_NUMBER(frames_in("ring00"), 10);
	ASSERT_NUMBER(frames_in("ring01"), 3);
	ASSERT_NUMBER(frames_in("ring10"), 10);
	ASSERT_NUMBER(frames_in("ring11"), -1);
	ASSERT_NUMBER(file.files, 13);
}

static void files_by_time_begin_at_even_times(void)
{
	char first[PATH_MAX];

	begin_capture("time-%s", 0, 10, 3); /* %s: seconds since 1970 */
	time_t began = file.began;
	strcpy(first, file.name);
	CU_ASSERT_TRUE(dump_file_turn(&file, began + 9));
	CU_ASSERT_STRING_EQUAL(file.name, first);
	write_frames(1);
	CU_ASSERT_TRUE(dump_file_turn(&file, began + 47)); /* a quiet time: the file that begins is of 40 */
	ASSERT_NUMBER(strtoll(file.name + 5, NULL, 10), began + 40);
	write_frames(2);
	CU_ASSERT_TRUE(dump_file_turn(&file, began + 49));
	CU_ASSERT_TRUE(dump_file_turn(&file, began + 50));
	ASSERT_NUMBER(strtoll(file.name + 5, NULL, 10), began + 50);
	/* a clock that is set back begins no file */
	CU_ASSERT_TRUE(dump_file_turn(&file, began - 100));
	ASSERT_NUMBER(file.files, 3);
	/* three are enough */
	CU_ASSERT_FALSE(dump_file_turn(&file, began + 60));
	ASSERT_NUMBER(file.files, 3);
	end_capture(true);
	ASSERT_NUMBER(frames_in(first), 1);
}

static void a_file_whose_name_stays_goes_on(void)
{
	begin_capture("same", 0, 10, 0);
	write_frames(1);
	CU_ASSERT_TRUE(dump_file_turn(&file, file.began + 10));
	write_frames(1);
	end_capture(true);
	ASSERT_NUMBER(frames_in("same"), 2);
	/* by size, too: the second one of a time is not the first of the next */
	begin_capture("both", 1000, 10, 0);
	write_frames(11);
	CU_ASSERT_TRUE(dump_file_turn(&file, file.began + 10));
	write_frames(10);
	end_capture(true);
	ASSERT_NUMBER(frames_in("both"), 10);
	ASSERT_NUMBER(frames_in("both1"), 10);
	ASSERT_NUMBER(frames_in("both2"), 1);
}

/* Numbers begin anew with each time. */
static void files_by_time_and_size_have_both_in_their_names(void)
{
	char name[64];

	begin_capture("two-%s-", 1000, 10, 2);
	long long began = file.began;
	write_frames(11);
	CU_ASSERT_TRUE(dump_file_turn(&file, began + 10));
	write_frames(1);
	end_capture(true);
	static const struct {
		int seconds, number, frames;
	} wanted[] = {{0, 0, 10}, {0, 1, 1}, {10, 0, 1}, {10, 1, -1}};
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "two-%lld-%d", began + wanted[i].seconds, wanted[i].number);
		ASSERT_NUMBER(frames_in(name), wanted[i].frames);
	}
}

/* Whatever was written and is in no file is counted, to the frame, and no frame stands behind the gap. */
static void frames_that_find_no_room_are_counted(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	for (unsigned room = 200000; room <= 200100; room += 25) {
		unsigned n = 0;
		begin_capture("full", 0, 0, 0);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){room, RLIM_INFINITY});
		for (; n < 3000 && dump_file_turn(&file, file.began); n++)
			write_frames(1);
		setrlimit(RLIMIT_FSIZE, &unlimited); /* there is room again: too late */
		write_frames(5);
		end_capture(false);
		ASSERT_NUMBER(frames_in("full"), (room - 24) / 100);
		ASSERT_NUMBER(file.lost, n + 5 - (room - 24) / 100);
		CU_ASSERT_TRUE(n < 3000);
	}
}

static void a_next_file_that_cannot_be_made_is_an_error(void)
{
	CU_ASSERT_EQUAL_FATAL(mkdir("away", 0700), 0);
	begin_capture("away/file", 1000, 0, 0);
	write_frames(10);
	CU_ASSERT_EQUAL_FATAL(unlink("away/file"), 0);
	CU_ASSERT_EQUAL_FATAL(rmdir("away"), 0);
	CU_ASSERT_TRUE(dump_file_turn(&file, file.began));
	write_frames(3);
	CU_ASSERT_FALSE(dump_file_turn(&file, file.began));
	CU_ASSERT_FALSE(dump_file_offer(&file));
	ASSERT_NUMBER(file.lost, 3);
	end_capture(false);
}

/* A reader that stands still while the program ends, and goes on then. The last test: nobody waits any more. */
static void nothing_is_written_behind_a_gap(void)
{
	static char text[200000];
	int ends[2];
	uint64_t got = 0;
	ssize_t n;

	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
	FILE *out = app_output_open(ends[1], "pipe", false);
	app_output_hurry();
	fwrite(text, sizeof(text), 1, out); /* a pipe has room for 64 KiB */
	while ((n = read(ends[0], text, sizeof(text))) > 0)
		got += (uint64_t)n;
	fwrite(text, 1000, 1, out);
	ASSERT_NUMBER(app_output_written(out), got);
	CU_ASSERT_TRUE(got > 0);
	CU_ASSERT_EQUAL(read(ends[0], text, sizeof(text)), -1);
	CU_ASSERT_FALSE(app_output_end(out));
	fclose(out);
	close(ends[0]);
}

static int take_away(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status, (void)type, (void)at;
	return remove(path);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"files by size are called as tcpdump calls them", files_by_size_are_called_as_tcpdump_calls_them},
		{"the first is overwritten after as many as wanted", the_first_is_overwritten_after_as_many_as_wanted},
		{"files by time begin at even times", files_by_time_begin_at_even_times},
		{"a file whose name stays goes on", a_file_whose_name_stays_goes_on},
		{"files by time and size have both in their names", files_by_time_and_size_have_both_in_their_names},
		{"frames that find no room are counted", frames_that_find_no_room_are_counted},
		{"a next file that cannot be made is an error", a_next_file_that_cannot_be_made_is_an_error},
		{"nothing is written behind a gap", nothing_is_written_behind_a_gap},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "files of a capture", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};

	if (!mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	int status = unit_run(suites);
	return nftw(folder, take_away, 8, FTW_DEPTH | FTW_PHYS) < 0 ? 1 : status;
}
