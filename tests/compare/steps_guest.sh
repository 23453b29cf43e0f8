# Runs inside the guest: how long the kernel takes for each step of a packet's way through sockets, by its function
# graph. One function at a time: tracing what it calls as well would be counted in it. See compare_guest.sh.
# shellcheck shell=sh disable=SC2154
# As a packet comes: interrupt, NAPI's poll of the driver (with all that it calls), an skb around a buffer, GRO, IP, UDP
# and its queue, waking the process, its call and the skb's end; as the answer goes: the call, the skb with the data in
# it, IP's output, qdisc, the driver's ring and doorbell, and the end of the skb when it was sent. ipv4_mtu does next to
# nothing: what it takes is the tracer's own.
steps="ixgbe_msix_clean_rings ixgbe_poll napi_build_skb napi_gro_receive ip_rcv ip_list_rcv udp_rcv
	udp_queue_rcv_one_skb sock_def_readable udp_recvmsg skb_consume_udp
	udp_sendmsg ip_make_skb ipv4_mtu ip_output __dev_queue_xmit dev_hard_start_xmit ixgbe_xmit_frame
	napi_consume_skb"
# traced FUNCTION: sets $hits, and of its durations, in ns, $median and $mean, that without the longest hundredth, in
# which others had the CPU; fails where it cannot be traced
traced() {
	echo nop >$tracing/current_tracer
	echo "$1" >$tracing/set_ftrace_filter 2>/dev/null && echo function_graph >$tracing/current_tracer || return 1
	for option in sleep-time funcgraph-cpu funcgraph-overhead; do
		echo 0 >"$tracing/options/$option"
	done 2>/dev/null
	echo >$tracing/trace
	id=$technique/step/$1
	ask begin "$id" "$technique" 64 64 0 0 1 && sleep 1 && ask measured "$id" || return 1
	echo 0 >$tracing/tracing_on
	sed -n 's/^ *\([0-9.]*\) us .*/\1/p' $tracing/trace | sort -g >/tmp/durations
	echo 1 >$tracing/tracing_on
	hits=$(wc -l </tmp/durations)
	# shellcheck disable=SC2046
	set -- $(awk -v hits="$hits" '
		NR <= hits * 0.99 || NR == 1 { t += $1; n++ }
		NR == int((hits + 1) / 2) { median = $1 }
		END { if (n) printf "%.0f %.0f", 1000 * median, 1000 * t / n }' /tmp/durations)
	median=${1:-} mean=${2:-}
	[ "$hits" -gt 0 ]
}
trace_steps() {
	echo 16384 >$tracing/buffer_size_kb
	for function in $steps; do
		! traced "$function" || ask step "$id" "$technique" "$function" "$hits" "$median" "$mean"
	done
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
}
