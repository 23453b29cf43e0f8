/* SPDX-License-Identifier: BSD-2-Clause
 * In place of libFuzzer, for every compiler: gives a fuzzer's function the files, and the files of the folders, that
 * the command line names. */
#include "input.h"

#include <dirent.h>
#include <sys/stat.h>

#define INPUT_MAX (1u << 20)

static unsigned replayed;

static bool replay(const char *path)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *data = malloc(INPUT_MAX);
	bool good = file && data;

	if (good) {
		size_t bytes = fread(data, 1, INPUT_MAX, file);
		/* to its size, so that reading behind its end shows */
		uint8_t *exact = malloc(bytes ? bytes : 1);

		good = exact != NULL;
		if (good) {
			memcpy(exact, data, bytes);
			LLVMFuzzerTestOneInput(exact, bytes);
			replayed++;
		}
		free(exact);
	}
	if (!good)
		perror(path);
	if (file)
		fclose(file);
	free(data);
	return good;
}

static bool replay_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	bool good = count >= 0;
	char name[4096];

	if (!good)
		perror(path);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (good && entries[i]->d_name[0] != '.')
			good = replay(name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return good;
}

int main(int argc, char **argv)
{
	struct stat status;

	for (int i = 1; i < argc; i++)
		if (!(stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode) ? replay_folder(argv[i])
									     : replay(argv[i])))
			return EXIT_FAILURE;
	printf("%u inputs replayed\n", replayed);
	return replayed ? EXIT_SUCCESS : EXIT_FAILURE;
}
