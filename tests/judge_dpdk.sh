#!/bin/bash
# DPDK's ixgbe driver as a judge of the software 82599, X540 or X550: the distribution's testpmd, unmodified, on two of
# its ports through
# tests/preload/run, in all its plain forwarding modes and on each of the driver's paths. Every frame is compared, every
# counter reconciled.
# Usage: tests/judge_dpdk.sh BUILD-FOLDER [CARD [--all|--real]]. CARD: as for pollux-model --card. --all: each mode on
# each path. --real: some, on a card that is as real as it can be. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [CARD [--all|--real]]}
card=${2:-82599}
all=${3:-}
. tests/lib.sh
. tests/lib_dpdk.sh
small=tests/captures/mixed.pcap
large=$work/large.pcap
"$bin/pollux-pcap-make" "$large" 20000 || exit 1
number_of_frames() { "$bin/pollux-pcap-diff" "$1" "$1" | grep -o '[0-9]*'; }
n_small=$(number_of_frames $small)
n_large=$(number_of_frames "$large")
# bytes of a capture's frames, each padded to 60
bytes_of() {
	local size=0
	size=$(stat -c %s "$1")
	echo $((size - 24 - 16 * $2))
}
large_bytes=$(bytes_of "$large" "$n_large")

# both_queues: RSS gave each of two queues of port 0 a good part, and they sum up
both_queues() {
	local parts
	parts=$(sed -n '/Forward Stats for RX Port= 0\/Queue= [01]/,/RX-packets/s/.*RX-packets: *\([0-9]*\).*/\1/p' \
		"$work/dpdk.log" | xargs)
	set -- $parts
	[ $# = 2 ] && counts "$n_large" $(($1 + $2)) && [ "$1" -ge $((n_large / 4)) ] && [ "$2" -ge $((n_large / 4)) ]
}
# forward PATH MODE [OPTIONS...]: captures both ways at once, from wire to wire; with options for several queues these
# may overtake each other
forward() {
	local path=$1 mode=$2 name="$1, $2${3:+, $3}" to_a=() to_b=()
	shift 2
	case $mode in
	mac) to_b=(--to 02:00:00:00:00:01 --from ${mac[1]}) to_a=(--to 02:00:00:00:00:00 --from ${mac[0]}) ;;
	macswap) to_b=(--swapped) to_a=(--swapped) ;;
	esac
	case $* in *--rxq=2*) to_a+=(--any-order) to_b+=(--any-order) ;; esac
	model --hold --wire "0:pcap-in=$large" --wire "0:pcap-out=$work/a.pcap" --wire "1:pcap-in=$small" \
		--wire "1:pcap-out=$work/b.pcap"
	testpmd ab "$path" "$@"
	ask "show rxq info 0 0"
	ask "show txq info 0 0"
	start "$mode" retry
	kill -USR1 $model
	wait_for has 1 TX-packets "$n_large"
	wait_for has 0 TX-packets "$n_small"
	ask "show port stats all"
	stop
	end_testpmd
	end_model
	check "$name: on the path that is meant" "$work/dpdk.log" on_path "$path"
	check "  $n_large frames come out of the other port as they should be" "$work/dpdk.log" \
		"$bin/pollux-pcap-diff" "${to_b[@]}" "$large" "$work/b.pcap"
	check "  and $n_small the other way" "$work/dpdk.log" "$bin/pollux-pcap-diff" "${to_a[@]}" $small "$work/a.pcap"
	check "  model and DPDK agree on every count: none missed, none dropped" "$work/model.log" counts \
		"$n_large $n_large 0 0 $n_large $n_large 0 $n_small $n_small 0 0 $n_small $n_small 0" \
		"$(model_count 0 in)" "$(dpdk_count 0 RX-packets)" "$(model_count 0 missed)" \
		"$(dpdk_count 0 RX-dropped)" \
		"$(dpdk_count 1 TX-packets)" "$(model_count 1 out)" "$(dpdk_count 1 TX-dropped)" \
		"$(model_count 1 in)" "$(dpdk_count 1 RX-packets)" "$(model_count 1 missed)" \
		"$(dpdk_count 1 RX-dropped)" \
		"$(dpdk_count 0 TX-packets)" "$(model_count 0 out)" "$(dpdk_count 0 TX-dropped)"
	case $* in *--rxq=2*) check "  RSS uses both queues" "$work/dpdk.log" both_queues ;; esac
	check "  and on bytes" "$work/dpdk.log" \
		counts "$large_bytes $large_bytes" "$(shown 0 RX-bytes)" "$(shown 1 TX-bytes)"
	check "  the model finds nothing wrong" "$work/model.log" only_known_faults
}

# jumbo PATH: frames of up to 9,014 bytes, over as many buffers as they need
jumbo() {
	local large=$work/jumbo.pcap n_large=3000 large_bytes
	"$bin/pollux-pcap-make" "$large" $n_large 9014
	large_bytes=$(bytes_of "$large" $n_large)
	forward "$1" io --max-pkt-len=9018
}

# only_receive PATH: rxonly
only_receive() {
	model --hold --wire "0:pcap-in=$large" --wire "1:pcap-in=$small"
	testpmd ab "$1"
	start rxonly
	kill -USR1 $model
	wait_for has 0 RX-packets "$n_large"
	wait_for has 1 RX-packets "$n_small"
	stop
	end_testpmd
	end_model
	check "$1, rxonly: on the path that is meant" "$work/dpdk.log" on_path "$1"
	check "  all frames are received, byte for byte as many" "$work/dpdk.log" \
		counts "$n_large $large_bytes $n_small 0 0" \
		"$(dpdk_count 0 RX-packets)" "$(shown 0 RX-bytes)" "$(dpdk_count 1 RX-packets)" \
		"$(dpdk_count 0 RX-dropped)" "$(model_count 0 missed)"
	check "  the model finds nothing wrong" "$work/model.log" only_known_faults
}

# only_send PATH MODE COMMAND...: txonly and flowgen; every frame that leaves port 0 is judged
only_send() {
	local path=$1 mode=$2 ports=ab
	shift 2
	[ "$mode" != flowgen ] || ports=a # it shares its flows out among ports
	model --wire "0:pcap-out=$work/a.pcap"
	testpmd $ports "$path"
	for command in "$@"; do ask "$command"; done
	start "$mode"
	wait_for sent_enough 0
	stop
	wait_for still sent 0 # what is in the ring then is sent, but not in the statistics of its end
	end_testpmd
	end_model
	check "$path, $mode: on the path that is meant" "$work/dpdk.log" on_path "$path"
	check "  each frame that leaves is sound, and there are as many as DPDK says" "$work/dpdk.log" \
		sound_and_counted "$mode" "$@"
	check "  the model finds nothing wrong" "$work/model.log" only_known_faults
}
sound_and_counted() {
	local sent size=64 demands
	[ $# = 1 ] || size=1514
	demands=(--to 02:00:00:00:00:00 --from ${mac[0]} --size $size --flows 1)
	[ "$1" != flowgen ] || demands=(--to 00:01:02:03:04:01 --from 00:01:02:03:04:00 --flows 1024)
	sent=$(shown 0 TX-packets)
	counts "$sent" "$(model_count 0 out)" && [ "$sent" -ge 2000 ] &&
		"$bin/pollux-pcap-check" "${demands[@]}" --count "$sent" "$work/a.pcap"
}

if [ "$all" = --all ]; then
	for p in vector scalar single full-vector full-scalar full-single; do
		for m in io mac macswap; do forward $p $m; done
		forward $p io --rxq=2 --txq=2 --rss-udp --nb-cores=2
		only_receive $p
		only_send $p txonly
		only_send $p flowgen
	done
	for p in full-vector full-scalar full-single; do jumbo $p; done
elif [ "$all" = --real ]; then
	# but for links that want more tries than DPDK's driver makes (hw-docs/judged.md)
	model_options+=(--quirk all --time-scale 10)
	forward vector io
	forward full-scalar macswap
	jumbo full-vector
	only_receive single
	only_send scalar flowgen
else
	forward vector io
	forward scalar mac
	forward full-vector io
	# its memory in hugepages, as it is meant to have it, where enough are free
	if awk '/HugePages_Free/ { n = $2 } /Hugepagesize/ { size = $2 } END { exit !(size == 2048 && n >= 40) }' \
		/proc/meminfo; then
		memory="--in-memory -m 48"
	else
		echo "skip: DPDK's memory in hugepages: 40 of 2 MiB are not free"
	fi
	forward full-scalar macswap
	memory=
	forward scalar io --rxq=2 --txq=2 --rss-udp --nb-cores=2
	jumbo full-vector
	only_receive single
	only_receive full-single
	only_send vector txonly
	only_send full-vector txonly "set txpkts 64,1000,450"
	only_send scalar flowgen
fi
end_checks
