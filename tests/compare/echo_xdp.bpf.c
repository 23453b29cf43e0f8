/* SPDX-License-Identifier: BSD-2-Clause
 * What runs inside the kernel for the techniques xdp and af_xdp: the driver calls one of these programs for each frame
 * that it has received, before there is an skb (libbpf(7), kernel document networking/af_xdp.rst). They take what
 * echo_frame.h calls a request: IPv4 without options or fragments, UDP to the echo's address and port; any other frame
 * (ARP above all) goes to the kernel's stack, as without a program. The Makefile compiles this file with clang -target
 * bpf and links the object into the programs echo-xdp and echo-xsk, which load it with libbpf. */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#define ECHO_ADDRESS 0xc6120002 /* 198.18.0.2 */
#define ECHO_PORT    7007
#define FRAGMENT     0x3fff /* more fragments, or an offset */
#define QUEUES_MOST  64

/** The headers of a request, in the frame. Pointers, as the alignment of one structure of all would be a byte's. */
struct headers {
	struct ethhdr *eth;
	struct iphdr *ip;
	struct udphdr *udp;
};

/** The AF_XDP socket of each receive queue. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, QUEUES_MOST);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

/** Where forward() sends what comes: one interface. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} other SEC(".maps");

/** Requests answered, or frames forwarded, a count per CPU: nothing is shared. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} answered SEC(".maps");

/** @return whether it is one. The verifier demands that the length is checked before anything is read. */
static __always_inline int request(struct xdp_md *context, struct headers *in)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;

	in->eth = data;
	in->ip = (void *)(in->eth + 1);
	in->udp = (void *)(in->ip + 1);
	return (void *)(in->udp + 1) <= end && in->eth->h_proto == bpf_htons(ETH_P_IP) && in->ip->version == 4 &&
	       in->ip->ihl == 5 && in->ip->protocol == IPPROTO_UDP && !(in->ip->frag_off & bpf_htons(FRAGMENT)) &&
	       in->ip->daddr == bpf_htonl(ECHO_ADDRESS) && in->udp->dest == bpf_htons(ECHO_PORT);
}

/** Exchanges the MAC addresses, in units of the alignment that they have. */
static __always_inline void exchange_mac(__u16 *addresses)
{
	for (int i = 0; i < 3; i++) {
		__u16 was = addresses[i];
		addresses[i] = addresses[i + 3];
		addresses[i + 3] = was;
	}
}

static __always_inline void count_one(void)
{
	__u64 *count = bpf_map_lookup_elem(&answered, &(__u32){0});

	if (count)
		++*count;
}

/** Back to where it came from, by the same port. Both checksums stay right: they are sums, in any order. */
SEC("xdp")
int echo(struct xdp_md *context)
{
	struct headers in;

	if (!request(context, &in))
		return XDP_PASS;
	__be32 address = in.ip->saddr;
	__be16 port = in.udp->source;
	exchange_mac((__u16 *)in.eth);
	in.ip->saddr = in.ip->daddr;
	in.ip->daddr = address;
	in.udp->source = in.udp->dest;
	in.udp->dest = port;
	count_one();
	return XDP_TX;
}

/** To the AF_XDP socket of the queue by which it came; to the kernel's stack where there is none. */
SEC("xdp")
int to_socket(struct xdp_md *context)
{
	struct headers in;

	return request(context, &in) ? bpf_redirect_map(&sockets, context->rx_queue_index, XDP_PASS) : XDP_PASS;
}

/** Each frame as it is, by the other interface: its driver sends it from where this one has received it. */
SEC("xdp")
int forward(struct xdp_md *context)
{
	(void)context;
	count_one();
	return bpf_redirect_map(&other, 0, XDP_DROP);
}

char program_license[] SEC("license") = "BSD";
