/* SPDX-License-Identifier: BSD-2-Clause
 * RDMA verbs (libibverbs): a program puts buffers and work requests into queues, and an RDMA card moves the data
 * itself. This is a queue pair of type UD, unreliable datagrams, like UDP; RoCE v2 carries its messages in UDP packets
 * to port 4791. On a card made for it a message costs no system call, no interrupt, no copy and no skb. Soft RoCE
 * (rdma_rxe) is the same interface with a kernel module for a card: all of these costs are there, most of them in the
 * kernel's threads, and a checksum over each message.
 *
 * Settings, from ibv_post_send(3) and ibv_get_cq_event(3):
 * - many receives are posted ahead, and a batch of sends is handed over by one call, as a list.
 * - IBV_SEND_INLINE for short messages: the data goes into the queue itself; and only the last send of a batch asks for
 *   a completion, which stands for those before it.
 * - it sleeps on the completion channel while there is nothing. A real card is best polled without a pause; but that
 *   takes the core from soft RoCE's threads, and on one core it was slower by half or more. */
#include "echo.h"

#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define QKEY         0x11111111u
#define DEPTH        512u /* buffers: each is posted to receive, or being sent */
#define BATCH        64
#define GRH          40u /* bytes before a message: the network header that it came with */
#define BUFFER       (GRH + 4096u)
#define INLINE_BYTES 128u
#define PEERS        64u /* senders that are answered */
#define PORT         1

struct echo_rdma {
	struct ibv_qp *pair;
	struct ibv_mr *memory;
	uint8_t buffers[DEPTH][BUFFER];
	uint32_t sending[DEPTH]; /* buffers in the order in which they are sent: those from done to sent */
	uint64_t done, sent, received;
	uint32_t addresses[PEERS];     /* of senders */
	struct ibv_ah *handles[PEERS]; /* the way to each; NULL: a free place */
};

static void *must(void *object, const char *what)
{
	if (!object)
		echo_fail("no %s: %s", what, strerror(errno));
	return object;
}

static struct ibv_context *open_device(const char *name)
{
	struct ibv_device **devices = ibv_get_device_list(NULL);
	struct ibv_context *device = NULL;

	if (access("/sys/class/infiniband", F_OK))
		echo_skip("this kernel has no RDMA, or its modules are not loaded: modprobe rdma_rxe");
	errno = ENODEV;
	for (; devices && *devices && !device; devices++) /* a list that ends with NULL */
		if (strcmp(ibv_get_device_name(*devices), name) == 0)
			device = ibv_open_device(*devices);
	return must(device, "RDMA device of that name (rdma link add rxe0 type rxe netdev INTERFACE)");
}

/** It can receive in the state RTR, and send in RTS. */
static void start_pair(struct ibv_qp *pair)
{
	struct ibv_qp_attr init = {.qp_state = IBV_QPS_INIT, .port_num = PORT, .qkey = QKEY};
	struct ibv_qp_attr receive = {.qp_state = IBV_QPS_RTR}, send = {.qp_state = IBV_QPS_RTS};

	if (ibv_modify_qp(pair, &init, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY) ||
		ibv_modify_qp(pair, &receive, IBV_QP_STATE) || ibv_modify_qp(pair, &send, IBV_QP_STATE | IBV_QP_SQ_PSN))
		echo_fail("the queue pair does not start: is the interface up?");
}

static void post_receive(struct echo_rdma *rdma, uint32_t buffer)
{
	struct ibv_sge data = {(uintptr_t)rdma->buffers[buffer], BUFFER, rdma->memory->lkey};
	struct ibv_recv_wr request = {.wr_id = buffer, .sg_list = &data, .num_sge = 1}, *bad;

	if (ibv_post_recv(rdma->pair, &request, &bad))
		echo_fail("a buffer cannot be posted to receive");
}

static void open_pair(struct echo_rdma *rdma, struct ibv_context *device)
{
	struct ibv_pd *domain = must(ibv_alloc_pd(device), "protection domain");
	struct ibv_comp_channel *channel = must(ibv_create_comp_channel(device), "completion channel");
	struct ibv_cq *completions = must(ibv_create_cq(device, 2 * DEPTH, NULL, channel, 0), "completion queue");
	struct ibv_qp_init_attr pair = {.send_cq = completions, .recv_cq = completions, .qp_type = IBV_QPT_UD};
	const int access = IBV_ACCESS_LOCAL_WRITE;
	pair.cap = (struct ibv_qp_cap){DEPTH, DEPTH, 1, 1, INLINE_BYTES};
	rdma->memory = must(ibv_reg_mr(domain, rdma->buffers, sizeof(rdma->buffers), access),
		"memory that the device may use (\"ulimit -l\" limits it)");
	rdma->pair = must(ibv_create_qp(domain, &pair), "queue pair");
	start_pair(rdma->pair);
	for (uint32_t i = 0; i < DEPTH; i++)
		post_receive(rdma, i);
}

/** @return the way back to the sender of a message, made once for each IPv4 address; NULL: none. */
static struct ibv_ah *way_back(struct echo_rdma *rdma, struct ibv_wc *message, uint8_t *buffer)
{
	uint32_t i = 0, address = *(uint32_t *)(void *)(buffer + GRH - 8); /* of the IPv4 header at the GRH's end */

	while (i < PEERS && rdma->handles[i] && rdma->addresses[i] != address)
		i++;
	if (i == PEERS)
		return NULL;
	rdma->addresses[i] = address;
	if (!rdma->handles[i])
		rdma->handles[i] = ibv_create_ah_from_wc(rdma->pair->pd, message, (void *)buffer, PORT);
	return rdma->handles[i];
}

/** Sends messages back from where they are. */
static void answer(struct echo_rdma *rdma, struct ibv_wc *messages, unsigned count)
{
	struct ibv_send_wr requests[BATCH], *bad;
	struct ibv_sge data[BATCH];
	unsigned sends = 0;

	for (unsigned i = 0; i < count; i++) {
		uint32_t index = (uint32_t)messages[i].wr_id;
		uint8_t *buffer = rdma->buffers[index];
		struct ibv_ah *to = way_back(rdma, &messages[i], buffer);
		if (!to) { /* it is not answered */
			post_receive(rdma, index);
			continue;
		}
		data[sends] = (struct ibv_sge){(uintptr_t)buffer + GRH, messages[i].byte_len - GRH, rdma->memory->lkey};
		rdma->sending[rdma->sent++ % DEPTH] = index;
		requests[sends] = (struct ibv_send_wr){
			.wr_id = rdma->sent,
			.next = &requests[sends + 1],
			.sg_list = &data[sends],
			.num_sge = 1,
			.opcode = IBV_WR_SEND,
			.send_flags = data[sends].length <= INLINE_BYTES ? IBV_SEND_INLINE : 0,
			.wr.ud = {.ah = to, .remote_qpn = messages[i].src_qp, .remote_qkey = QKEY},
		};
		sends++;
	}
	if (!sends)
		return;
	requests[sends - 1].next = NULL;
	requests[sends - 1].send_flags |= IBV_SEND_SIGNALED;
	if (ibv_post_send(rdma->pair, requests, &bad))
		echo_fail("answers cannot be posted to be sent");
}

/** @return whether anything had completed. */
static bool serve(struct echo_rdma *rdma)
{
	struct ibv_wc events[BATCH], messages[BATCH];
	int count = ibv_poll_cq(rdma->pair->recv_cq, BATCH, events);
	unsigned received = 0;

	for (int i = 0; i < count; i++) {
		if (events[i].status != IBV_WC_SUCCESS)
			echo_fail("a work request has failed: %s", ibv_wc_status_str(events[i].status));
		if (events[i].opcode == IBV_WC_RECV)
			messages[received++] = events[i];
		while (events[i].opcode == IBV_WC_SEND && rdma->done < events[i].wr_id) /* and those before it */
			post_receive(rdma, rdma->sending[rdma->done++ % DEPTH]);
	}
	rdma->received += received;
	answer(rdma, messages, received);
	return count > 0;
}

/** What completed before the call that asks for an event brings none: the queue is looked at once more. */
static void wait_for_completion(struct echo_rdma *rdma)
{
	struct ibv_cq *queue = rdma->pair->recv_cq;
	void *context;

	if (ibv_req_notify_cq(queue, 0))
		echo_fail("the completion queue gives no events");
	if (!serve(rdma) && ibv_get_cq_event(queue->channel, &queue, &context) == 0)
		ibv_ack_cq_events(queue, 1);
}

int main(int argc, char **argv)
{
	static const struct echo_program program = {
		.name = "echo-rdma",
		.about = "Answers RDMA messages, as a queue pair of type UD. Its number is in the line \"ready\".",
		.port = "RDMA-DEVICE",
		.most_ports = 1,
	};
	static struct echo_rdma rdma;
	const char *ports[2];

	echo_begin(&program, argc, argv, ports);
	open_pair(&rdma, open_device(ports[0]));
	printf("ready qpn=%u qkey=0x%08x\n", rdma.pair->qp_num, QKEY);
	fflush(stdout);
	while (!echo_stopped)
		if (!serve(&rdma))
			wait_for_completion(&rdma);
	return echo_end("soft-roce", rdma.received, rdma.sent);
}
