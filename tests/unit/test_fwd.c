/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the forwarder's answers to ARP, neighbour solicitations and pings. The sums in them were reckoned apart from
 * this code; tests/judge_apps.sh has Wireshark look at such answers. */
#include "../../apps/fwd_echo.c"

#include "unit.h"

#include <stdlib.h>

static const uint8_t own[6] = {2, 0, 0, 0, 0, 0x10};

/* A host with the addresses of a list, or for all of them. */
static struct fwd_host host_of(const char *addresses)
{
	struct fwd_host host = {.address_count = 0};

	memcpy(host.mac, own, 6);
	CU_ASSERT_TRUE(!*addresses || fwd_add_addresses(&host, addresses));
	return host;
}

/* A frame that is as long as its text, in memory of exactly that and what an answer may add. */
#define ROOM 8u
static uint8_t *frame;
static unsigned frame_bytes;

static void make(const char *hex)
{
	free(frame);
	frame_bytes = 0;
	frame = calloc(1, strlen(hex) / 2 + ROOM);
	for (const char *at = hex; *at; at += at[0] == ' ' ? 1 : 2)
		if (*at != ' ')
			frame[frame_bytes++] = (uint8_t)strtoul((const char[3]){at[0], at[1]}, NULL, 16);
}

/* Asks a host. @return the answer's length; 0: none, and the frame is as it was */
static unsigned ask(const char *addresses)
{
	const struct fwd_host host = host_of(addresses);
	struct pkt pkt = {.data = frame, .len = (uint16_t)frame_bytes};
	uint8_t before[256];

	memcpy(before, frame, frame_bytes);
	if (fwd_answer(&host, &pkt, frame_bytes))
		return pkt.len;
	CU_ASSERT_EQUAL(memcmp(before, frame, frame_bytes), 0);
	return 0;
}

/* The answer, to a frame of that text, is of that text, or there is none (""). */
static void asks(const char *addresses, const char *request, const char *answer, int line)
{
	unsigned bytes;
	uint8_t got[256];

	make(request);
	bytes = ask(addresses);
	memcpy(got, frame, bytes);
	make(answer);
	if (bytes != frame_bytes || memcmp(got, frame, bytes) != 0) {
		printf("\n    line %d: %u bytes, wanted %u:", line, bytes, frame_bytes);
		for (unsigned i = 0; i < bytes; i++)
			printf(" %02x", got[i]);
		CU_FAIL("another answer");
	}
}
#define ASKS(addresses, request, answer) asks(addresses, request, answer, __LINE__)

#define TO_ALL                  "ffffffffffff"
#define TO_US                   "020000000010"
#define PEER                    "0a0000000001"
#define WHO_HAS(sender, target) "0001080006040001" PEER sender "000000000000" target
#define IS_AT(ip)               "0001080006040002" TO_US ip PEER

static void an_arp_request_is_answered(void)
{
	ASKS("", TO_ALL PEER "0806" WHO_HAS("c0000201", "c0000202"), PEER TO_US "0806" IS_AT("c0000202") "c0000201");
	ASKS("192.0.2.2", TO_US PEER "0806" WHO_HAS("c0000201", "c0000202"),
		PEER TO_US "0806" IS_AT("c0000202") "c0000201");
	/* tags stay, two of them */
	ASKS("", TO_ALL PEER "88a80007 81000005 0806" WHO_HAS("c0000201", "c0000202"),
		PEER TO_US "88a80007 81000005 0806" IS_AT("c0000202") "c0000201");
	/* of another's address; to another's station; three tags; a reply */
	ASKS("192.0.2.3,2001:db8::2", TO_ALL PEER "0806" WHO_HAS("c0000201", "c0000202"), "");
	ASKS("", "020000000011" PEER "0806" WHO_HAS("c0000201", "c0000202"), "");
	ASKS("", TO_ALL PEER "88a80007 81000005 81000005 0806" WHO_HAS("c0000201", "c0000202"), "");
	ASKS("", TO_US PEER "0806" IS_AT("c0000202") "c0000201", "");
	/* who says that an address is his, and who asks whether it is free, must not lose it to who answers for all */
	ASKS("", TO_ALL PEER "0806" WHO_HAS("c0000202", "c0000202"), "");
	ASKS("", TO_ALL PEER "0806" WHO_HAS("00000000", "c0000202"), "");
	ASKS("192.0.2.2", TO_ALL PEER "0806" WHO_HAS("00000000", "c0000202"),
		PEER TO_US "0806" IS_AT("c0000202") "00000000");
}

/* A request with a time to live of 1, and 8 bytes of data. */
#define PING "45000024 1a2b4000 0101 dbaa c0000201 c0000202 0800 5435 12340001 6162636465666768"
#define PONG "45000024 1a2b4000 4001 9caa c0000202 c0000201 0000 5c35 12340001 6162636465666768"

static void a_ping_is_answered(void)
{
	ASKS("", TO_US PEER "0800" PING, PEER TO_US "0800" PONG);
	ASKS("192.0.2.2", TO_US PEER "81000005 0800" PING "0000", PEER TO_US "81000005 0800" PONG "0000");
	ASKS("192.0.2.1", TO_US PEER "0800" PING, "");
	/* to a group of stations, and to none of ours */
	ASKS("", TO_ALL PEER "0800" PING, "");
	ASKS("", "020000000011" PEER "0800" PING, "");
	/* a damaged header; a fragment; longer than the frame; a destination that is a group */
	ASKS("",
		TO_US PEER "0800"
			   "45000024 1a2b4000 0201 dbaa c0000201 c0000202 0800 5435 12340001 6162636465666768",
		"");
	ASKS("",
		TO_US PEER "0800"
			   "45000024 1a2b2000 0101 fbaa c0000201 c0000202 0800 5435 12340001 6162636465666768",
		"");
	ASKS("",
		TO_US PEER "0800"
			   "45000025 1a2b4000 0101 dba9 c0000201 c0000202 0800 5435 12340001 6162636465666768",
		"");
	ASKS("",
		TO_US PEER "0800"
			   "45000024 1a2b4000 0101 bbab c0000201 e0000201 0800 5435 12340001 6162636465666768",
		"");
	/* a sum that needs its carry: of data that add up to 0xf700 */
	ASKS("",
		TO_US PEER "0800"
			   "4500001c 00004000 4001 b6dd c0000201 c0000202 0800 00ff f7000000",
		PEER TO_US "0800"
			   "4500001c 00004000 4001 b6dd c0000202 c0000201 0000 08ff f7000000");
	ASKS("",
		TO_US PEER "0800"
			   "4500001c 00004000 4001 b6dd c0000201 c0000202 0800 f8fe ff000000",
		PEER TO_US "0800"
			   "4500001c 00004000 4001 b6dd c0000202 c0000201 0000 00ff ff000000");
}

#define IP6_1        "20010db8000000000000000000000001"
#define IP6_2        "20010db8000000000000000000000002"
#define SOLICITED    "ff0200000000000000000001ff000002"
#define TO_SOLICITED "3333ff000002"

static void a_ping_over_ipv6_is_answered(void)
{
	ASKS("2001:db8::2", TO_US PEER "86dd 60000000 0010 3a01" IP6_1 IP6_2 "8000 8075 12340001 6162636465666768",
		PEER TO_US "86dd 60000000 0010 3a40" IP6_2 IP6_1 "8100 7f75 12340001 6162636465666768");
	ASKS("", TO_US PEER "86dd 60000000 0011 3a01" IP6_1 IP6_2 "8000 8075 12340001 6162636465666768", "");
	ASKS("", TO_US PEER "86dd 60000000 0007 3a01" IP6_1 IP6_2 "8000 8075 12340001 6162636465666768", "");
	ASKS("2001:db8::3", TO_US PEER "86dd 60000000 0010 3a01" IP6_1 IP6_2 "8000 8075 12340001 6162636465666768", "");
	ASKS("", TO_US PEER "86dd 60000000 0010 3a01" IP6_1 SOLICITED "8000 8075 12340001 6162636465666768", "");
}

static void a_neighbour_solicitation_is_answered(void)
{
	static const char *const solicitation =
		TO_SOLICITED PEER "86dd 60000000 0020 3aff" IP6_1 SOLICITED "8700 1427 00000000" IP6_2 "0101" PEER;
	static const char *const advertisement =
		PEER TO_US "86dd 60000000 0020 3aff" IP6_2 IP6_1 "8800 8a63 60000000" IP6_2 "0201" TO_US;
	/* whether an address is free: no source, no option; the answer is to all nodes */
	static const char *const is_free = TO_SOLICITED PEER
		"86dd 60000000 0018 3aff 00000000000000000000000000000000" SOLICITED "8700 4ceb 00000000" IP6_2;
	static const char *const it_is_not = "333300000001" TO_US "86dd 60000000 0020 3aff" IP6_2
					     "ff020000000000000000000000000001 8800 f919 20000000" IP6_2 "0201" TO_US;

	ASKS("2001:db8::2", solicitation, advertisement);
	ASKS("", solicitation, advertisement);
	ASKS("2001:db8::2", is_free, it_is_not);
	ASKS("", is_free, "");
	ASKS("2001:db8::3", solicitation, "");
	/* it was routed; its sum is wrong */
	make(solicitation);
	frame[14 + 7]--;
	ASSERT_NUMBER(ask(""), 0);
	make(solicitation);
	frame[frame_bytes - 1]++;
	ASSERT_NUMBER(ask(""), 0);
}

/* Frames that end anywhere, and have any bytes: nothing beyond them is read or written (a sanitizer looks). */
static void no_frame_is_too_short_or_too_strange(void)
{
	static const char *const requests[] = {
		TO_ALL PEER "81000005 0806" WHO_HAS("c0000201", "c0000202"),
		TO_US PEER "0800" PING,
		TO_US PEER "86dd 60000000 0010 3a01" IP6_1 IP6_2 "8000 8075 12340001 6162636465666768",
		TO_SOLICITED PEER "86dd 60000000 0020 3aff" IP6_1 SOLICITED "8700 1427 00000000" IP6_2 "0101" PEER,
	};
	unsigned answered = 0;

	for (unsigned i = 0; i < 4; i++) {
		make(requests[i]);
		for (unsigned bytes = frame_bytes; bytes-- > 0;) {
			frame = realloc(frame, bytes + !bytes);
			frame_bytes = bytes;
			answered += ask("") > 0;
		}
		for (unsigned n = 0; n < 20000; n++) {
			make(requests[i]);
			for (unsigned flips = 1 + n % 3; flips > 0; flips--)
				frame[(unsigned)rand() % frame_bytes] = (uint8_t)rand();
			ask(n % 2 ? "" : "192.0.2.2,2001:db8::2");
		}
	}
	ASSERT_NUMBER(answered, 0);
	free(frame);
	frame = NULL;
}

static void lists_of_addresses(void)
{
	struct fwd_host host = {.address_count = 0};

	CU_ASSERT_TRUE(fwd_add_addresses(&host, "192.0.2.1,2001:db8::1"));
	CU_ASSERT_TRUE(fwd_add_addresses(&host, "192.0.2.3"));
	ASSERT_NUMBER(host.address_count, 3);
	CU_ASSERT_FALSE(fwd_add_addresses(&host, ""));
	CU_ASSERT_FALSE(fwd_add_addresses(&host, "192.0.2.1,"));
	CU_ASSERT_FALSE(fwd_add_addresses(&host, "192.0.2.256"));
	CU_ASSERT_FALSE(fwd_add_addresses(&host, "2001:db8:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"));
	while (host.address_count < FWD_ADDRESSES)
		CU_ASSERT_TRUE_FATAL(fwd_add_addresses(&host, "::1"));
	CU_ASSERT_FALSE(fwd_add_addresses(&host, "::1"));
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"an ARP request is answered", an_arp_request_is_answered},
		{"a ping is answered", a_ping_is_answered},
		{"a ping over IPv6 is answered", a_ping_over_ipv6_is_answered},
		{"a neighbour solicitation is answered", a_neighbour_solicitation_is_answered},
		{"no frame is too short or too strange", no_frame_is_too_short_or_too_strange},
		{"lists of addresses", lists_of_addresses},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "the forwarder's answers", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
