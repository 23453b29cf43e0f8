# Runs inside the guest, where a script takes it in: starts DPDK's testpmd, tells it what to do, and ends it. What it
# says is in /tmp/fwd.log. $lcores: its threads' CPUs, the second of which forwards.
# shellcheck shell=sh
mkfifo /tmp/in
testpmd() { # PORT... -- OPTION...: in the background, until end_testpmd; its process is $pid
	allow= plugins=
	while [ "$1" != -- ]; do allow="$allow -a $1"; shift; done
	shift
	for plugin in /host/lib/librte_mempool_ring.so.* /host/lib/librte_net_*.so.*; do
		plugins="$plugins -d $plugin"
	done
	: >/tmp/fwd.log
	# line by line, as for a terminal
	# shellcheck disable=SC2086
	_STDBUF_O=L LD_PRELOAD=/host/lib/libstdbuf.so dpdk-testpmd --in-memory --no-telemetry \
		--lcores "${lcores:-0@0,1@1}" $plugins --iova-mode=va $allow \
		-- --total-num-mbufs=8192 --rxd=512 --txd=512 --burst=32 --no-lsc-interrupt --no-mlockall -i "$@" \
		</tmp/in >/tmp/fwd.log 2>&1 &
	pid=$!
	exec 9>/tmp/in
	wait_for 60 grep -q '^Done' /tmp/fwd.log
}
tell() { echo "$*" >&9; }
end_testpmd() {
	tell quit
	exec 9>&-
	wait "$pid"
}
