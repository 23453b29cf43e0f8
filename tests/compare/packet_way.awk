# Draws hw-docs/packet-way.svg: a packet's way up to the application and down again, step by step, and beside each step
# which techniques take it. Usage: awk -f tests/compare/packet_way.awk >hw-docs/packet-way.svg

function escaped(content) {
	gsub(/&/, "\\&amp;", content)
	return content
}
function text(x, y, content, more) {
	printf "<text x=\"%d\" y=\"%d\" %s>%s</text>\n", x, y, more, escaped(content)
}
function box(x, y, width, height, more) {
	printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" %s/>\n", x, y, width, height, more
}
function arrow(x1, y1, x2, y2, colour) {
	printf "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\"/>\n", x1, y1, x2,
		y2 + (y2 > y1 ? -8 : 8), colour
	printf "<path d=\"M%d %d l-6 %d h12 z\" fill=\"%s\"/>\n", x2, y2, (y2 > y1 ? -10 : 10), colour
}

# step(NAME, RECEIVE, TRANSMIT, WHO): what each is, functions after a "|"; WHO has two letters for each technique, for
# receive and transmit: x each packet, b once a batch, - not at all
function step(name, receive, transmit, who,    i) {
	text(14, y + 19, name, "font-weight=\"bold\"")
	half(RX, receive, "#e6eef6")
	half(TX, transmit, "#f8ebdc")
	for (i = 1; i <= techniques; i++) {
		mark(column(i), substr(who, 3 * i - 2, 1), "#4a6d8c")
		mark(column(i) + MARK, substr(who, 3 * i - 1, 1), "#d98032")
	}
	y += STEP
}
function half(x, what, colour,    part) {
	if (what == "")
		return
	box(x, y, HALF, STEP - 6, "rx=\"4\" fill=\"" colour "\"")
	split(what, part, "|")
	text(x + 8, y + 15, part[1], "")
	text(x + 8, y + 28, part[2], "font-family=\"monospace\" font-size=\"10\" fill=\"#555\"")
}
function mark(x, how, colour) {
	if (how != "-")
		box(x + 1, y, MARK - 2, STEP - 6, "fill=\"" colour "\"" (how == "b" ? " fill-opacity=\"0.35\"" : ""))
}
function column(i) { return FIRST + (i - 1) * COLUMN }
function border(what) {
	printf "<line x1=\"8\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#999\" stroke-dasharray=\"5 4\"/>\n", y + 4,
		WIDTH - 8, y + 4
	text(RX + 8, y + 18, what, "fill=\"#666\" font-size=\"10\"")
	y += 28
}

BEGIN {
	RX = 130; TX = 372; HALF = 228; STEP = 40; FIRST = 640; COLUMN = 62; MARK = 24; WIDTH = 1240
	GREY = "fill=\"#666\""
	techniques = split("sockets|epoll, io_uring|busy poll|AF_PACKET|soft RoCE|AF_XDP, copy|AF_XDP, zc|XDP|" \
		"DPDK, Pollux", name, "|")
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d 716\" font-family=\"sans-serif\" " \
		"font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", WIDTH
	text(14, 26, "A packet's way through Linux 6.12 and ixgbe, and who takes which step",
		"font-size=\"16\" font-weight=\"bold\"")
	text(RX, 92, "receive: from the card up", "font-weight=\"bold\" fill=\"#4a6d8c\"")
	text(TX, 92, "transmit: down to the card", "font-weight=\"bold\" fill=\"#d98032\"")
	for (i = 1; i <= techniques; i++)
		printf "<text x=\"0\" y=\"0\" transform=\"translate(%d 96) rotate(-32)\"%s>%s</text>\n", column(i) + 14,
			i == techniques ? " font-weight=\"bold\" fill=\"#0b6e4f\"" : "", name[i]
	y = 106
	#                                                      so io bu pa ro xc xz xd po
	step("application", "reads the request", "writes the answer", "xx xx xx xx xx xx xx -- xx")
	border("the process above, the kernel below")
	step("system call", "and the sleep before it|recvfrom, __schedule", "a call each way|sendto",
		"xx bb bb bb bb bb bb -- --")
	step("copy", "out of the kernel|_copy_to_iter", "into the kernel|_copy_from_iter", "xx xx xx x- xx xx -- -- --")
	step("socket", "its queue, a lock, a wake-up|__udp_enqueue_schedule_skb",
		"its send buffer|sock_alloc_send_pskb", "xx xx xx xx -- bx b- -- --")
	step("UDP, IP", "checks, route, lookup|ip_list_rcv, udp_rcv",
		"route, headers, neighbour|udp_sendmsg, udp_send_skb, ip_output", "xx xx xx x- xx -- -- -- --")
	step("GRO, qdisc", "GRO, RPS, taps|napi_gro_receive", "queueing discipline|__dev_queue_xmit",
		"xx xx xx x- xx -- -- -- --")
	step("skb", "around the buffer|napi_build_skb", "allocated, freed when sent|ip_make_skb, napi_consume_skb",
		"xx xx xx xx xx -x -- -- --")
	step("XDP", "a program looks first|bpf_prog_run_xdp", "", "-- -- -- -- -- x- x- x- --")
	step("kernel's driver", "NAPI's poll|ixgbe_poll", "descriptors|ixgbe_xmit_frame",
		"xx xx xx xx xx xx xx xx --")
	step("interrupts", "hard, then soft|ixgbe_msix_clean_rings", "the same, once it was sent|net_rx_action",
		"bb bb -- bb bb bb bb bb --")
	border("memory above, PCIe below")
	step("doorbell", "new buffers: the ring's tail|ixgbe_alloc_rx_buffers",
		"the ring's tail, a register|ixgbe_tx_map", "bx bx bx bx bx bx bb bb bb")
	step("card", "filters, queue, DMA, descriptor", "descriptor, DMA, report", "xx xx xx xx xx xx xx xx xx")
	arrow(RX - 8, y - 10, RX - 8, 106, "#4a6d8c")
	arrow(TX + HALF + 8, 106, TX + HALF + 8, y - 10, "#d98032")
	box(column(techniques) - 5, 100, 2 * MARK + 10, y - 104, "rx=\"6\" fill=\"none\" stroke=\"#0b6e4f\"")
	y += 20
	box(FIRST, y - 11, 14, 14, "fill=\"#4a6d8c\"")
	box(FIRST + 16, y - 11, 14, 14, "fill=\"#d98032\"")
	text(FIRST + 38, y, "each packet takes this step, received and sent", "")
	y += 20
	box(FIRST, y - 11, 14, 14, "fill=\"#4a6d8c\" fill-opacity=\"0.35\"")
	box(FIRST + 16, y - 11, 14, 14, "fill=\"#d98032\" fill-opacity=\"0.35\"")
	text(FIRST + 38, y, "once for all packets that have gathered, be they many or few", "")
	text(14, y - 20, "Busy polling: the system call itself runs NAPI's poll. AF_XDP can poll so, too.", GREY)
	text(14, y, "AF_PACKET: IP gets each packet that came in as well, and drops it.", GREY)
	text(14, y + 20, "DPDK and Pollux: descriptors and buffers are the process's own memory. It polls.", GREY)
	print "</svg>"
}
