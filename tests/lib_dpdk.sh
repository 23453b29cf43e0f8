# What the tests with DPDK share: source it after tests/lib.sh. Starts testpmd on the software 82599, tells it what to
# do, and reads what it says. Ends the script with status 77 where DPDK cannot run.
# shellcheck shell=bash
limit=1200 # wait_for is generous: 60 s, for machines that have other things to do
dpdk=''
cpus=$(nproc)
mac=(02:82:59:9e:00:00 02:82:59:9e:00:01)
model_options=(--mac "0:${mac[0]}" --mac "1:${mac[1]}")
case ${card:-82599} in x540) id=1528 ;; x550) id=1563 ;; *) id=10fb ;; esac
trap '' PIPE # a testpmd that ended is found out otherwise
if ! command -v dpdk-testpmd >/dev/null; then
	echo "skip: DPDK is not installed: apt-get install --no-install-recommends dpdk dpdk-dev"
	exit 77
fi

# What DPDK calls its paths ("Burst mode" of newer versions), and how each is had. eal: --force-max-simd-bitwidth=64
# forbids vectors.
declare -A eal options rx tx
no_vectors=--force-max-simd-bitwidth=64
# full: tx with checksum offloads and frames in several buffers; rx scattered over buffers of 1 KiB
full="--enable-scatter --mbuf-size=1152 --tx-offloads=0x800e"
path() { eal[$1]=$2 options[$1]=$3 rx[$1]=$4 tx[$1]=$5; }
path vector "" "" "Vector SSE" "Vector SSE"
path scalar $no_vectors "" "Scalar bulk alloc" "Scalar simple"
path single $no_vectors "--rxfreet=31" "Scalar" "Scalar simple"
path full-vector "" "$full" "Vector SSE scattered" "Scalar"
path full-scalar $no_vectors "$full" "Scalar LRO bulk alloc" "Scalar"
path full-single $no_vectors "$full --rxfreet=31" "Scalar LRO single alloc" "Scalar"

# testpmd PORTS PATH OPTIONS...: starts it and waits for its prompt. PORTS: a, b or ab
testpmd() {
	local ports=() names=() path=$2
	case $1 in *a*) ports+=(--device "0000:81:00.0=$work/a") names+=(-a 0000:81:00.0) ;; esac
	case $1 in *b*) ports+=(--device "0000:81:00.1=$work/b") names+=(-a 0000:81:00.1) ;; esac
	shift 2
	rm -f "$work/in"
	mkfifo "$work/in"
	: >"$work/dpdk.log"
	# shellcheck disable=SC2086
	timeout -k 5 600 tests/preload/run --library "$bin/libpollux-preload.so" --device-id $id "${ports[@]}" -- \
		stdbuf -oL dpdk-testpmd ${memory:---no-huge -m 128} --lcores 0@0,1@$((cpus > 1)),2@0 \
		--no-telemetry --file-prefix "judge$$" --iova-mode=va --log-level=pmd.net.ixgbe.init:debug \
		"${names[@]}" ${eal[$path]} -- \
		-i --total-num-mbufs=6144 --no-flush-rx ${options[$path]} "$@" <"$work/in" >"$work/dpdk.log" 2>&1 &
	dpdk=$!
	exec 9>"$work/in"
	wait_for eval 'ready || ! kill -0 $dpdk'
	ready && return
	kill $dpdk 2>/dev/null
	wait $dpdk
	skip_on_77 $? "$work/dpdk.log"
	check "testpmd comes up" "$work/dpdk.log" false
	end_checks
	exit 1
}
ready() { sed '1,/^Checking link statuses/d' "$work/dpdk.log" | grep -q Done; }
ask() { echo "$*" >&9; }
# said TIMES TEXT: it has said so
said() { [ "$(grep -c "$2" "$work/dpdk.log")" = "$1" ]; }
started=0
# start MODE [retry]: retry tries again where its ring is full, instead of dropping. It takes its counters' baseline
# last of all, so that is done only when it answers another question.
start() {
	started=$((started + 1))
	ask "set burst tx delay 20 retry 100000"
	ask "set fwd $*"
	ask start
	ask "show port summary all"
	wait_for said $started 'Number of available ports'
}
stop() {
	ask stop
	wait_for said $started 'Accumulated forward statistics for all ports'
}
end_testpmd() {
	ask quit
	exec 9>&-
	wait $dpdk
	started=0
}

# What it says of its burst functions: newer versions on "Burst mode" lines, older ones in the driver's log.
says() {
	sed -n 's/^Burst mode: //p
		s/.*Vector rx enabled.*/rx Vector SSE/p
		s/.*Using Vector Scattered Rx.*/rx Vector SSE scattered/p
		s/.*Bulk Alloc function will be used.*/rx Scalar bulk alloc/p
		s/.*Bulk Alloc Preconditions are not satisfied.*/rx Scalar/p
		s/.*Using a Scattered with bulk.*/rx Scalar LRO bulk alloc/p
		s/.*Using Regular (non-vector.*/rx Scalar LRO single alloc/p
		s/.*Vector tx enabled.*/tx Vector SSE/p; s/.*Using full-featured tx.*/tx Scalar/p
		s/.*Using simple tx code path.*/tx Scalar simple/p' "$work/dpdk.log" | sort -u
}
# on_path PATH: rx and tx use its functions and no others (where tx is simple or a vector's, the log names both)
on_path() {
	local wanted
	if grep -q '^Burst mode: ' "$work/dpdk.log"; then
		wanted=$(printf '%s\n' "${rx[$1]}" "${tx[$1]}" | sort -u)
		[ "$(sed -n 's/^Burst mode: //p' "$work/dpdk.log" | sort -u)" = "$wanted" ]
		return
	fi
	wanted="rx ${rx[$1]}"$'\n'"tx ${tx[$1]}"
	[ "${tx[$1]}" != "Vector SSE" ] || wanted="rx ${rx[$1]}"$'\n'"tx Scalar simple"$'\n'"tx Vector SSE"
	[ "$(says)" = "$wanted" ]
}

# Counters. dpdk_count PORT NAME: of the statistics at its end. model_count PORT in|missed|out
dpdk_count() {
	sed -n "/Forward statistics for port $1 /,/^  ---*\$/s/.*$2: *\([0-9]*\).*/\1/p" "$work/dpdk.log" | tail -n 1
}
model_count() { sed -n "s/^port $1: .*\b$2 \([0-9]*\)\( frames\|,\).*/\1/p" "$work/model.log"; }
shown() { sed -n "/NIC statistics for port $1 /,/Throughput/s/.*$2: *\([0-9]*\).*/\1/p" "$work/dpdk.log" | tail -n 1; }
counts() {
	local wanted=$1
	shift
	[ "$*" = "$wanted" ] || {
		echo "      counted: $*; wanted: $wanted"
		return 1
	}
}
# nothing wrong but what judged.md tells of DPDK
only_known_faults() {
	[ "$(grep -c 'faults: address 0, ring 0, descriptor 0, register 0, order' "$work/model.log")" = 2 ] &&
		! grep '^ *order ' "$work/model.log" | grep -qvE 'order (reset|dca):' &&
		! grep -q 'no register at' "$work/model.log"
}
# sent PORT: asks for its statistics, and says what it has sent
sent() {
	local answers
	answers=$(grep -c 'Throughput (since last show)' "$work/dpdk.log")
	ask "show port stats $1"
	wait_for said $((answers + 1)) 'Throughput (since last show)'
	shown "$1" TX-packets
}
# sent_enough PORT: asks until it has sent some thousands
sent_enough() {
	ask "show port stats $1"
	sleep 0.1
	[ "$(shown "$1" TX-packets)" -ge 3000 ]
}
# has PORT NAME N: asks until its statistics say so
has() {
	ask "show port stats $1"
	sleep 0.1
	[ "$(shown "$1" "$2")" = "$3" ]
}
