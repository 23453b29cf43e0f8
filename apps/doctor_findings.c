/* SPDX-License-Identifier: BSD-2-Clause
 * What pollux-doctor finds, in words and as JSON, with what mends it. */
#include "doctor_findings.h"

#include "app_figures.h"

#include <limits.h>
#include <linux/limits.h>
#include <stdarg.h>
#include <stdio.h>

struct doctor_findings doctor_findings;

struct finding {
	const char *level, *about, *what, *mend;
};

#define AT(member) APP_FIGURE(struct finding, member)
static const struct app_figure finding_figures[] = {
	{"level", "%-8s ", AT(level)},
	{"about", "%s: ", AT(about)},
	{"what", "%s\n", AT(what)},
	{"mend", "         mend it: %s\n", AT(mend), APP_ZERO_IS_UNKNOWN},
	{0},
};
#undef AT

void doctor_find(enum doctor_level level, const char *about, const char *mend, const char *format, ...)
{
	static const char *const levels[] = {[FINE] = "ok", [WARNING] = "warning", [PROBLEM] = "problem"};
	char what[512];
	const struct finding finding = {levels[level], about, what, *mend ? mend : NULL};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	doctor_findings.problems += level == PROBLEM;
	if (doctor_findings.json) {
		app_figures_json(stdout, doctor_findings.printed ? ",{" : "{", finding_figures, &finding);
		putchar('}');
		doctor_findings.printed = true;
	} else {
		app_figures_text(stdout, "", "", finding_figures, &finding);
	}
}

const char *doctor_mend(const char *format, ...)
{
	static char text[PATH_MAX + 128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return text;
}
