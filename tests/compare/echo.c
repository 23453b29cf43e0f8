/* SPDX-License-Identifier: BSD-2-Clause
 * What the echo programs of the comparison share: arguments, signals, how they end. None of it is called per packet. */
#include "echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *name = "echo"; /* the program's, in what it says */

volatile sig_atomic_t echo_stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	echo_stopped = 1;
	/* A call that blocks may begin between the program's look at echo_stopped and now: interrupt that too. */
	alarm(1);
}

void echo_fail(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

void echo_skip(const char *format, ...)
{
	va_list arguments;

	printf("skip: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	exit(77);
}

static void usage(FILE *out, const struct echo_program *program)
{
	fprintf(out, "Usage: %s [OPTION...] %s%s%s%s\n%s\n\n", program->name, program->port,
		program->most_ports > 1 ? " [" : "", program->most_ports > 1 ? program->port : "",
		program->most_ports > 1 ? "]" : "", program->about);
	for (const struct echo_option *option = program->options; option && option->name; option++)
		fprintf(out, "  %-20s %s\n", option->name, option->help);
	fprintf(out, "  %-20s %s\n\n", "--help", "this text");
	fprintf(out,
		"It answers UDP packets to %s, port %d, until SIGTERM or SIGINT; \"ready\" says that\n"
		"it does, and its last line, a JSON object, how many it received and sent.\n",
		ECHO_ADDRESS, ECHO_PORT);
}

void echo_misused(const struct echo_program *program, const char *what, const char *which)
{
	fprintf(stderr, "%s: %s%s\n", program->name, what, which);
	usage(stderr, program);
	exit(2);
}

/** Takes one option, and returns how many arguments that were. */
static int take_option(const struct echo_program *program, char **argument)
{
	if (strcmp(*argument, "--help") == 0) {
		usage(stdout, program);
		exit(0);
	}
	for (const struct echo_option *option = program->options; option && option->name; option++) {
		if (strcmp(*argument, option->name) != 0)
			continue;
		if (option->flag) {
			*option->flag = true;
			return 1;
		}
		if (!argument[1])
			echo_misused(program, "a value is missing after ", *argument);
		*option->value = argument[1];
		return 2;
	}
	echo_misused(program, "there is no option ", *argument);
}

int echo_begin(const struct echo_program *program, int argc, char **argv, const char *ports[2])
{
	int count = 0;

	name = program->name;
	ports[0] = ports[1] = NULL;
	for (int i = 1; i < argc;) {
		if (argv[i][0] == '-') {
			i += take_option(program, argv + i);
			continue;
		}
		if (count == program->most_ports)
			echo_misused(program, "one too many: ", argv[i]);
		ports[count++] = argv[i++];
	}
	if (count == 0)
		echo_misused(program, "missing: ", program->port);
	/* without SA_RESTART: what blocks returns */
	struct sigaction action = {.sa_handler = stop};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	return count;
}

void echo_ready(void)
{
	puts("ready");
	fflush(stdout);
}

int echo_end(const char *technique, uint64_t received, uint64_t sent)
{
	printf("{\"technique\":\"%s\",\"received\":%" PRIu64 ",\"sent\":%" PRIu64 "}\n", technique, received, sent);
	return fflush(stdout) ? 1 : 0;
}

int echo_socket(const char *interface)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(ECHO_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		echo_fail("no UDP socket can be opened: %s", strerror(errno));
	if (if_nametoindex(interface) == 0)
		echo_fail("there is no interface %s: \"ip link\" lists those that there are", interface);
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)))
		echo_fail("the socket cannot be bound to %s: %s; before Linux 5.7 only root may", interface,
			strerror(errno));
	inet_pton(AF_INET, ECHO_ADDRESS, &address.sin_addr);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (errno == EADDRNOTAVAIL)
		echo_fail("%s has not the address %s: ip address add %s/24 dev %s", interface, ECHO_ADDRESS,
			ECHO_ADDRESS, interface);
	echo_fail("port %d of %s cannot be had: %s; \"ss -ulp\" says who has it", ECHO_PORT, ECHO_ADDRESS,
		strerror(errno));
}
