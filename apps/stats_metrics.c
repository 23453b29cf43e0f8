/* SPDX-License-Identifier: BSD-2-Clause
 * Reads files of metrics in Prometheus' text format, as our programs write them: each metric has its HELP and TYPE in
 * front of its samples, and the last line says that the file is whole. Anything else may be in such a file: a file that
 * is not wholly as it should be is refused, with the line. */
#include "stats_metrics.h"

#include "app_figures.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABEL_NAME  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
#define METRIC_NAME LABEL_NAME ":"

/* The length of the name that a text begins with. 0: there is none. */
static size_t name_bytes(const char *text, const char *allowed)
{
	return *text >= '0' && *text <= '9' ? 0 : strspn(text, allowed);
}

bool stats_next_label(const char **at, struct stats_label *label)
{
	size_t bytes = name_bytes(*at, LABEL_NAME), n = 0;
	const char *end = *at + bytes;

	/* Prometheus keeps names that begin with __ to itself */
	if (!bytes || bytes >= sizeof(label->name) || strncmp(*at, "__", 2) == 0 || end[0] != '=' || end[1] != '"')
		return false;
	memcpy(label->name, *at, bytes);
	label->name[bytes] = '\0';
	for (end += 2; *end && *end != '"' && n < sizeof(label->value) - 1; end++) {
		if (*end == '\\' && *++end != '\\' && *end != '"' && *end != 'n')
			return false;
		label->value[n++] = end[-1] == '\\' && *end == 'n' ? '\n' : *end;
	}
	label->value[n] = '\0';
	if (*end++ != '"')
		return false;
	*at = *end == ',' ? end + 1 : end;
	return true;
}

/* ---- Lines ---- */

/* What is being read. */
struct reader {
	struct stats_metrics *metrics;
	unsigned file;
	struct stats_family *family; /* whose samples may follow; NULL: none */
	char *help_name, *help;
};

/* Takes a word off *rest, which is "" then if it was the last. */
static char *next_word(char **rest)
{
	char *word = *rest;

	*rest += strcspn(word, " ");
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

static const char *read_type(struct reader *r, const char *name, const char *type)
{
	struct stats_metrics *m = r->metrics;
	bool is_counter = strcmp(type, "counter") == 0;
	struct stats_family *f = m->families, *end = f + m->family_count;

	if (!r->help_name || strcmp(name, r->help_name) != 0)
		return "a TYPE follows the HELP of its metric";
	if (!is_counter && strcmp(type, "gauge") != 0)
		return "a metric is a counter or a gauge";
	while (f < end && strcmp(f->name, name) != 0)
		f++;
	if (f == m->families + STATS_FAMILIES)
		return "too many metrics";
	if (f == end)
		m->families[m->family_count++] = (struct stats_family){name, r->help, is_counter, r->file};
	else if (f->file == r->file)
		return "a metric is there twice";
	else if (f->is_counter != is_counter)
		return "another file has this metric with another TYPE";
	f->file = r->file;
	r->family = f;
	r->help_name = NULL;
	return NULL;
}

static const char *read_comment(struct reader *r, char *line)
{
	char *rest = line + 1, *kind;

	if (*rest++ != ' ')
		return NULL;
	kind = next_word(&rest);
	bool is_help = strcmp(kind, "HELP") == 0, is_type = strcmp(kind, "TYPE") == 0;
	if (!is_help && !is_type)
		return NULL;
	char *name = next_word(&rest);
	size_t bytes = name_bytes(name, METRIC_NAME);
	if (!bytes || name[bytes])
		return "a metric's name is wanted";
	if (strncmp(name, STATS_OWN, sizeof(STATS_OWN) - 1) == 0)
		return "names of pollux-stats' own metrics begin with " STATS_OWN;
	if (is_type)
		return read_type(r, name, rest);
	if (strchr(rest, '\\'))
		return "a sentence without a backslash is wanted";
	r->help_name = name;
	r->help = rest;
	r->family = NULL;
	return NULL;
}

static const char *read_sample(struct reader *r, char *line)
{
	struct stats_metrics *m = r->metrics;
	struct stats_sample s = {.family = r->family, .file = r->file, .labels = ""};
	struct stats_label label, last = {.name = ""};
	size_t bytes = name_bytes(line, METRIC_NAME);
	char *end = line + bytes;

	if (!r->family || strlen(r->family->name) != bytes || memcmp(line, r->family->name, bytes) != 0)
		return "a sample of the metric whose HELP and TYPE are in front is wanted";
	if (*end == '{') {
		const char *at = s.labels = end + 1;
		for (bool more = *at != '}'; more; more = at[-1] == ',', last = label) {
			if (!stats_next_label(&at, &label) || (at[-1] != ',' && *at != '}'))
				return "labels such as port=\"0000:03:00.0\" are wanted";
			if (strcmp(label.name, last.name) <= 0)
				return "labels are wanted in the order of their names, each once";
		}
		end = line + (at - line);
		*end++ = '\0';
	}
	if (*end++ != ' ')
		return "a space and a value are wanted";
	s.value = end;
	s.number = strtod(s.value, &end);
	if (end == s.value || *end || s.value[strspn(s.value, "+-.0123456789eE")] || !isfinite(s.number))
		return "a value is one finite decimal number, without a time behind it";
	if (m->sample_count == STATS_SAMPLES)
		return "too many samples";
	m->samples[m->sample_count++] = s;
	return NULL;
}

/* Terminals, JSON and Prometheus want text. @return the first byte that is none; NULL: all are */
static const char *find_no_text(const char *text, size_t bytes)
{
	const char *end = text + bytes;

	while (text < end) {
		unsigned length = app_utf8_bytes(text);
		bool control = (*text >= 0 && *text < 0x20 && *text != '\n') || *text == 0x7f ||
			       (length == 2 && memcmp(text, "\xc2\xa0", 2) < 0);
		if (!length || control)
			return text;
		text += length;
	}
	return NULL;
}

static bool fail(struct stats_file *file, unsigned line, const char *why)
{
	if (line)
		snprintf(file->problem, sizeof(file->problem), "line %u: %s", line, why);
	else
		snprintf(file->problem, sizeof(file->problem), "%s", why);
	return false;
}

#define LAST_LINE "# EOF\n"

/* Reads the lines of a text, which it cuts. False: not all is as it should be. */
static bool read_text(struct reader *r, struct stats_file *file, size_t bytes)
{
	const size_t last = sizeof(LAST_LINE) - 1;
	const char *problem, *no_text = find_no_text(file->text, bytes);
	unsigned number = 1;

	if (no_text) {
		for (const char *at = file->text; at < no_text; at++)
			number += *at == '\n';
		return fail(file, number, "this is no text: is it a file that --metrics has written?");
	}
	if (bytes < last || strcmp(file->text + bytes - last, LAST_LINE) != 0)
		return fail(
			file, 0, "its last line is not \"# EOF\": it is cut, or no file that --metrics has written");
	for (char *rest = file->text, *line; *rest; number++) {
		line = strsep(&rest, "\n");
		problem = *line == '#' ? read_comment(r, line) : *line ? read_sample(r, line) : NULL;
		if (problem)
			return fail(file, number, problem);
	}
	return true;
}

/* Reads the bytes of a file: those that are there now, as it may grow. False: it is none, or too large. */
static bool load(struct stats_file *file, size_t *bytes)
{
	struct stat status = {.st_mode = 0};
	ssize_t got = 1;
	int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*bytes = 0;
	if (fd < 0 || fstat(fd, &status) < 0)
		fail(file, 0, strerror(errno));
	else if (!S_ISREG(status.st_mode))
		fail(file, 0, S_ISDIR(status.st_mode) ? "it is a folder" : "it is no regular file");
	else if (!(file->text = malloc(STATS_FILE_BYTES + 1)))
		fail(file, 0, "no memory");
	while (file->text && got > 0 && *bytes <= STATS_FILE_BYTES) {
		got = read(fd, file->text + *bytes, STATS_FILE_BYTES + 1 - *bytes);
		*bytes += got > 0 ? (size_t)got : 0;
	}
	if (file->text && got < 0)
		fail(file, 0, strerror(errno));
	else if (*bytes > STATS_FILE_BYTES)
		fail(file, 0, "it has more than 4 MiB: it is no file that --metrics has written");
	else if (file->text)
		file->text[*bytes] = '\0';
	if (fd >= 0)
		close(fd);
	file->written = status.st_mtim;
	return !file->problem[0];
}

/* ---- All files ---- */

int stats_compare(const void *a, const void *b)
{
	const struct stats_sample *one = a, *two = b;
	int order = strcmp(one->family->name, two->family->name);

	return order ? order : strverscmp(one->labels, two->labels);
}

static int compare_files(const void *a, const void *b)
{
	const struct stats_sample *one = a, *two = b;
	int order = stats_compare(a, b);

	return order ? order : (int)one->file - (int)two->file;
}

static void sort_samples(struct stats_metrics *m)
{
	unsigned kept = 0;

	qsort(m->samples, m->sample_count, sizeof(*m->samples), compare_files);
	for (unsigned i = 0; i < m->sample_count; i++)
		if (!kept || stats_compare(&m->samples[kept - 1], &m->samples[i]) != 0)
			m->samples[kept++] = m->samples[i];
	m->sample_count = kept;
}

struct stats_metrics *stats_read(const char *const *paths, unsigned count)
{
	struct stats_metrics *m = calloc(1, sizeof(*m));

	if (m)
		m->samples = malloc(STATS_SAMPLES * sizeof(*m->samples));
	if (!m || !m->samples) {
		free(m);
		return NULL;
	}
	m->file_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct reader reader = {.metrics = m, .file = i};
		unsigned families = m->family_count, samples = m->sample_count;
		size_t bytes;
		m->files[i].path = paths[i];
		if (load(&m->files[i], &bytes) && read_text(&reader, &m->files[i], bytes))
			continue;
		/* of a file that is not wholly good nothing is kept */
		m->family_count = families;
		m->sample_count = samples;
	}
	sort_samples(m);
	return m;
}

void stats_free(struct stats_metrics *metrics)
{
	if (!metrics)
		return;
	for (unsigned i = 0; i < metrics->file_count; i++)
		free(metrics->files[i].text);
	free(metrics->samples);
	free(metrics);
}
