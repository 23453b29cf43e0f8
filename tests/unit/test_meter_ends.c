/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the ends that the comparison's meter has: a port of the software card, asked by lines of its control, and
 * the program compare-meter. */
#include "../model/control.h"
#include "../model/wire/configure.h"
#include "unit_meter.h"
#include "unit_model_host.h"

#include "unit.h"
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define RDT0    0x1018u
#define TDT0    0x6018u
#define RING    256u
#define TX_BITS (1ull << 24 | 1ull << 25) /* EOP, IFCS */

static char error[256];

static void test_keys(void)
{
	static const char *const good[] = {"0", "a.b/c:d_e+f-9 window=4096", "x rate=1.5M,seconds=0.001",
		"x protocol=roce,qpn=0x11,qkey=7", "x bytes=9018 warmup=0", "x to=02:00:00:00:00:09"};
	static const char *const bad[] = {"", " window=1", "a\"b", "x window=0", "x window=4097", "x bytes=63",
		"x bytes=9019", "x rate=0", "x rate=1e400", "x rate=nan", "x seconds=0", "x seconds=-1", "x warmup",
		"x =", "x protocol=tcp", "x protocol=roce", "x to=1", "x qpn=0x1000000", "x qkey=0x100000000",
		"x qkey=", "x window=1 window=", "x color=red"};
	struct control_command command;
	struct meter_order order;
	char line[300];
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int state = meter_end_understand(good[i], &order, error, sizeof(error));
		if (state)
			printf("\n    %s: %s ", good[i], error);
		CU_ASSERT_EQUAL(state, 0);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error[0] = '\0';
		if (!meter_end_understand(bad[i], &order, error, sizeof(error)))
			printf("\n    %s is taken ", bad[i]);
		CU_ASSERT(error[0] != '\0');
	}
	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	CU_ASSERT_EQUAL(meter_end_understand(line, &order, error, sizeof(error)), -22);
	CU_ASSERT_TRUE(control_understand("meter 1 id window=3", 2, &command));
	ASSERT_NUMBER(command.port, 1);
	ASSERT_NUMBER(command.meter.config.window, 3);
	ASSERT_NUMBER(command.meter.config.rate_pps, 0);
	CU_ASSERT_STRING_EQUAL(command.meter.id, "id");
	CU_ASSERT_FALSE(control_understand("meter 2 id window=3", 2, &command));
	CU_ASSERT_FALSE(control_understand("meter 1 id window=x", 2, &command));
	CU_ASSERT_STRING_EQUAL(command.error, "a measurement has no 'window=x': see --help");
	CU_ASSERT_FALSE(control_understand("meter", 2, &command));
	CU_ASSERT_FALSE(control_understand("meter 1", 2, &command));
}

/** A driver answers what the port has received, in the same slots. @return how many */
static unsigned echo(struct host *h, unsigned *at)
{
	unsigned n = 0;
	for (; host_rx_ring(h)[*at].q1 & 1; n++, *at = (*at + 1) % RING) {
		uint32_t len = (uint32_t)(host_rx_ring(h)[*at].q1 >> 32 & 0xFFFF);
		struct model_frame request = {.data = host_rx_buffer(h, *at), .len = len};
		memcpy(host_tx_buffer(h, *at), echo_answer(&request), len);
		host_tx_ring(h)[*at] = host_data(*at, len, TX_BITS);
		host_rx_ring(h)[*at] = (struct host_descriptor){HOST_IOVA + HOST_RX_BUFFERS + 2048u * *at, 0};
		model_write32(h->model, TDT0, (*at + 1) % RING);
		model_write32(h->model, RDT0, *at);
	}
	return n;
}

/** At a port: a measurement waits until the port is up, goes to its own address, and leaves its line. */
static void test_wire_end(void)
{
	static struct wire wires[2];
	struct host h;
	char path[] = "/tmp/test_meter_XXXXXX", option[64], line[METER_JSON_BYTES];
	struct meter_order order;
	unsigned at = 0;
	close(mkstemp(path));
	snprintf(option, sizeof(option), "0:meter=%s", path);
	CU_ASSERT_NOT_EQUAL(wire_configure(wires, 2, "1:meter-far=0", error, sizeof(error)), 0);
	CU_ASSERT_EQUAL_FATAL(wire_configure(wires, 2, option, error, sizeof(error)), 0);
	CU_ASSERT_NOT_EQUAL(wire_configure(wires, 2, option, error, sizeof(error)), 0);
	CU_ASSERT_EQUAL(wire_configure(wires, 2, "1:meter-far=0", error, sizeof(error)), 0);
	CU_ASSERT_NOT_EQUAL(wire_configure(wires, 2, "0:meter-far=0", error, sizeof(error)), 0);
	CU_ASSERT_NOT_EQUAL(wire_configure(wires, 2, "1:meter=/nowhere/x", error, sizeof(error)), 0);
	host_open(&h);
	CU_ASSERT_EQUAL_FATAL(
		meter_end_understand("one window=8,seconds=0.01,warmup=0", &order, error, sizeof(error)), 0);
	meter_end_order(wires[0].meter, &order, h.now_ns);
	wire_step(&wires[0], h.model, h.now_ns);
	host_link(&h);
	host_receive_queue(&h, 0, RING);
	host_transmit_queue(&h, 0, RING);
	unsigned echoed = 0;
	for (unsigned i = 0; i < 50000; i++) {
		host_wait(&h, 1000);
		wire_step(&wires[0], h.model, h.now_ns);
		echoed += echo(&h, &at);
	}
	FILE *file = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fgets(line, sizeof(line), file));
	unsigned sent = 0;
	CU_ASSERT_EQUAL(
		sscanf(line,
			"{\"type\":\"meter\",\"id\":\"one\",\"protocol\":\"udp\",\"bytes\":64,\"frame_bytes\":64,"
			"\"window\":8,\"rate_pps\":null,\"seconds\":0.010,\"sent\":%u,",
			&sent),
		1);
	ASSERT_NUMBER(sent, echoed);
	CU_ASSERT(sent > 10000);
	snprintf(option, sizeof(option), "\"received\":%u,\"lost\":0,\"late\":0,\"wrong\":0,\"other\":0,", sent);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, option));
	CU_ASSERT_PTR_NULL(fgets(line, sizeof(line), file));
	ASSERT_NUMBER(wires[0].counts.in_frames, echoed);
	ASSERT_NUMBER(wires[0].counts.out_frames, echoed);

	/* the end of the model ends it */
	meter_end_understand("two window=8,warmup=0", &order, error, sizeof(error));
	meter_end_order(wires[0].meter, &order, h.now_ns);
	for (unsigned i = 0; i < 100; i++) {
		host_wait(&h, 1000);
		wire_step(&wires[0], h.model, h.now_ns);
	}
	CU_ASSERT_EQUAL(wire_close(&wires[0], error, sizeof(error)), 0);
	CU_ASSERT_EQUAL(wire_close(&wires[1], error, sizeof(error)), 0);
	clearerr(file);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fgets(line, sizeof(line), file));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"id\":\"two\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"sent\":8,\"received\":0,\"lost\":8,"));
	fclose(file);
	unlink(path);
	host_close(&h);
}

static char folder[] = "/tmp/test_meter_XXXXXX";

/** Starts compare-meter, which stands beside this program, with its output at *out. */
static pid_t start(const char *const *arguments, FILE **out)
{
	char program[512] = "";
	int ends[2];
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	CU_ASSERT_FATAL(readlink("/proc/self/exe", program, sizeof(program) - 32) > 0);
	strcat(dirname(program), "/compare-meter");
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		execv(program, (char *const *)arguments);
		_exit(99);
	}
	close(ends[1]);
	*out = fdopen(ends[0], "r");
	return child;
}

static int status_of(pid_t child)
{
	int status = 0;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int echo_socket(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(at.sun_path, path);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/** Answers what comes, until nothing has come for so long, or so many were answered. */
static unsigned echo_frames(int fd, int quiet_ms, unsigned most)
{
	uint8_t bytes[ECHO_FRAME];
	struct sockaddr_un from;
	struct pollfd look = {.fd = fd, .events = POLLIN};
	unsigned n = 0;
	for (; n < most && poll(&look, 1, quiet_ms) == 1; n++) {
		socklen_t from_bytes = sizeof(from);
		ssize_t got = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_bytes);
		struct model_frame request = {.data = bytes, .len = (uint32_t)got};
		if (got < 60 ||
			sendto(fd, echo_answer(&request), request.len, 0, (struct sockaddr *)&from, from_bytes) < 0)
			break;
	}
	return n;
}

/** At the sockets of QEMU's -netdev dgram: more in flight than a socket holds, and none lost. A signal ends it. */
static void test_sockets(void)
{
	char paths[300], remote[200], line[METER_JSON_BYTES] = "";
	const char *arguments[] = {"compare-meter", "--dgram", paths, "--to=02:82:00:00:00:0e", "--warmup=0",
		"--seconds=60", "--window=4096", NULL};
	FILE *out;
	snprintf(remote, sizeof(remote), "%s/qemu", folder);
	snprintf(paths, sizeof(paths), "%s/meter,%s", folder, remote);
	int fd = echo_socket(remote);
	pid_t child = start(arguments, &out);
	unsigned n = echo_frames(fd, 10000, 20000), sent = 0, received = 0, lost = 0, late = 0;
	ASSERT_NUMBER(n, 20000);
	kill(child, SIGINT);
	int status;
	do
		n += echo_frames(fd, 10, 100000);
	while (waitpid(child, &status, WNOHANG) == 0);
	ASSERT_NUMBER(status, 0);
	CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof(line), out));
	const char *counted = strstr(line, "\"sent\"");
	CU_ASSERT_EQUAL(sscanf(counted ? counted : "", "\"sent\":%u,\"received\":%u,\"lost\":%u,\"late\":%u", &sent,
				&received, &lost, &late),
		4);
	ASSERT_NUMBER(sent, n);
	ASSERT_NUMBER(received + late, n); /* late: on a machine that held this program up for a second */
	CU_ASSERT_PTR_NULL(strstr(line, "\"seconds\":60."));
	fclose(out);

	/* whoever answers goes away: what was measured is said, and why it ended */
	bool sentence = false, measured = false;
	child = start(arguments, &out);
	echo_frames(fd, 10000, 5000);
	close(fd);
	unlink(remote);
	while (fgets(line, sizeof(line), out)) {
		sentence |= strstr(line, "cannot send to") != NULL;
		measured |= strstr(line, "\"type\":\"meter\"") != NULL;
	}
	CU_ASSERT_TRUE(sentence && measured);
	ASSERT_NUMBER(status_of(child), 1);
	fclose(out);
	CU_ASSERT_EQUAL(rmdir(folder), 0); /* it leaves no socket */
}

/** What cannot be used is refused with a status and a sentence. */
static void test_refused(void)
{
	static const struct {
		int status;
		const char *arguments[6], *sentence;
	} cases[] = {
		{2, {"compare-meter"}, "Usage"},
		{0, {"compare-meter", "--help"}, "Usage"},
		{2, {"compare-meter", "--mirror", "--tap=x"}, "Usage"},
		{2, {"compare-meter", "--mirror", "x"}, "Usage"},
		{2, {"compare-meter", "--mirror", "--id=a b"}, "Usage"},
		{2, {"compare-meter", "--mirror", "--protocol=roce", "--qpn=1"}, "Usage"},
		{2, {"compare-meter", "--mirror", "--window=0"}, "a measurement has no 'window=0'"},
		{2, {"compare-meter", "--dgram=a,b"}, "Usage"},
		{1, {"compare-meter", "--dgram=a", "--to=02:00:00:00:00:01"}, "two paths"},
		{1, {"compare-meter", "--dgram=/nowhere/a,b", "--to=02:00:00:00:00:01"}, "cannot make the socket"},
		{1, {"compare-meter", "--tap=too-long-for-an-interface"}, "no name of an interface"},
		{0, {"compare-meter", "--mirror", "--seconds=0.01", "--id=m"}, "\"id\":\"m\""},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[METER_JSON_BYTES] = "";
		FILE *out;
		pid_t child = start(cases[i].arguments, &out);
		bool said = false;
		while (fgets(line, sizeof(line), out))
			said |= strstr(line, cases[i].sentence) != NULL;
		fclose(out);
		int status = status_of(child);
		if (status != cases[i].status || !said)
			printf("\n    case %u: status %d, %s ", i, status, said ? "said" : "not said");
		CU_ASSERT(status == cases[i].status && said);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"keys and commands", test_keys},
		{"at a port", test_wire_end},
		{"compare-meter at sockets", test_sockets},
		{"compare-meter refuses", test_refused},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "ends of the meter", .pTests = tests}, CU_SUITE_INFO_NULL};
	if (!mkdtemp(folder))
		return 1;
	return unit_run(suites);
}
