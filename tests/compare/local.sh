#!/bin/bash
# The comparison without a guest: each technique once, at windows of 1 and 64. Those of the kernel answer on a TAP
# interface, DPDK and Pollux on the software 82599; the meter is the same. The two are not one card, and TAP is no card
# at all: this shows that each technique works here, and not how fast it is on a real port.
# Usage: [NAME=VALUE...] tests/compare/local.sh BUILD-FOLDER basic|full
#   basic                needs no root: a user's namespaces have the TAP interface
#   full                 needs root: AF_XDP, XDP, busy polling and soft RoCE too
#   TECHNIQUES="..."     some of them, by the names of the table
#   SECONDS_EACH=1       how long each is measured, at each window
#   RESULTS=FILE         where the lines go (build/compare/results.jsonl); those of the run before: FILE.before
# Exit status: 0; 1: a technique failed; 2: wrong usage; 77: skipped, the last line says why.
set -u
usage() {
	sed -nE '2,/^set/s/^# ?//p' "$0"
	exit "$1"
}
misused() {
	echo "local.sh: $1" >&2
	usage 2 >&2
}
[[ ${1:-} != --help && ${1:-} != -h ]] || usage 0
cd "$(dirname "$0")/../.." || exit 1
bin=${1:-} level=${2:-}
[[ $# = 2 && -d $bin && $level =~ ^(basic|full)$ ]] || misused "a build folder, and basic or full, are wanted"
known="sockets epoll busy-poll io_uring packet-ring"
[ "$level" = basic ] || known+=" af_xdp-copy af_xdp-zc af_xdp-zc-busy xdp soft-roce"
known+=" dpdk pollux pollux-pipe"
techniques=${TECHNIQUES:-$known} seconds=${SECONDS_EACH:-1} results=${RESULTS:-build/compare/results.jsonl}
for technique in $techniques; do
	[[ " $known " == *" $technique "* ]] || misused "LEVEL=$level has no '$technique', but: $known"
done
[[ $seconds =~ ^([0-9]|[1-9][0-9]{1,2})(\.[0-9]+)?$ && ! $seconds =~ ^0(\.0+)?$ ]] ||
	misused "SECONDS_EACH is more than 0 and less than 1000, not '$seconds'"
[[ $level = basic || $(id -u) = 0 ]] || { echo "skip: LEVEL=full needs root; LEVEL=basic does not" && exit 77; }


# An empty network of our own for the TAP interface; a user is root in it. What follows runs inside.
if [ -z "${COMPARE_INSIDE:-}" ]; then
	namespace=(-n)
	[ "$level" = full ] || namespace+=(-r)
	if unshare "${namespace[@]}" true 2>/dev/null; then
		COMPARE_INSIDE=network exec unshare "${namespace[@]}" "$PWD/tests/compare/local.sh" "$bin" "$level"
	fi
	COMPARE_INSIDE=none
fi

. tests/wait.sh
. tests/compare/host_asks.sh
work=$(mktemp -d) || exit 1
said=$work/said meter=$work/meter.jsonl control=$work/control linux=$(uname -r) status=0 echo_process=
exec 3>&1
mkdir -p "$(dirname "$results")"
! grep -qs '"type":"run"' "$results" || mv -f "$results" "$results.before"
: >"$results"
: >"$meter"

# The echo program's exit status, in $echo_status
end_echo() {
	[ -n "$echo_process" ] || return
	kill -TERM "$echo_process" 2>/dev/null
	wait "$echo_process"
	echo_status=$? echo_process=
}
end_all() {
	trap '' INT TERM
	end_echo
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null
	wait
}
broken_off() {
	end_all
	echo "broken off: this is what was measured until now"
	tests/compare/report.sh "$results"
	exit 130
}
trap 'end_all; rm -rf "$work"' EXIT
trap broken_off INT TERM

# start_echo PROGRAM COMMAND...: until it says that it is ready. Else the exit status with which it ended; what it said
# is in $work/echo.
start_echo() {
	[ -x "$bin/$1" ] || { echo "skip: $1 was not built: make compare-deps" >"$work/echo" && return 77; }
	shift
	"$@" >"$work/echo" 2>&1 &
	echo_process=$!
	wait_for eval 'grep -q ^ready "$work/echo" || ! kill -0 $echo_process'
	grep -q '^ready' "$work/echo" && return
	end_echo
	return "$echo_status"
}
# A new TAP interface, in an empty network; with the address for those that leave the rest to the kernel.
make_tap() {
	local says="skip: no TAP interface can be made here"
	{
		[ "$COMPARE_INSIDE" != none ] || { echo "$says: neither root nor user namespaces" && return 77; }
		command -v ip >/dev/null || { echo "$says: there is no ip: make compare-deps" && return 77; }
		ip link delete tap0
		ip tuntap add dev tap0 mode tap || { echo "$says: see /dev/net/tun" && return 77; }
		echo 1 >/proc/sys/net/ipv6/conf/tap0/disable_ipv6
		ip link set tap0 up && { [ "$1" = plain ] || ip address add 198.18.0.2/24 dev tap0; }
	} >"$work/echo" 2>"$work/ip.log"
}
soft_roce() {
	if ! rdma link add rxe0 type rxe netdev tap0 >"$work/ip.log" 2>&1; then
		echo "skip: there is no soft RoCE here (the module rdma_rxe): $(tail -n 1 "$work/ip.log")" >"$work/echo"
		return 77
	fi
}
start_model() {
	[ -z "${model:-}" ] || return 0
	"$bin/pollux-model" --port "$work/0" --port "$work/1" --wire "0:meter=$meter" --control "$control" \
		>"$work/model.log" 2>&1 &
	model=$!
	wait_for eval '[ -S "$work/1" ] && [ -p "$control" ] || ! kill -0 $model' && [ -S "$work/1" ] &&
		return
	tail -n 1 "$work/model.log" >"$work/echo"
	return 1
}
start_technique() {
	local preload=(tests/preload/run --library "$bin/libpollux-preload.so" --device "0000:01:00.0=$work/0" --)
	keys='' card=tap
	: >"$work/echo"
	case $1 in
	sockets | epoll | busy-poll) make_tap addressed && start_echo "echo-$1" "$bin/echo-$1" tap0 ;;
	io_uring) make_tap addressed && start_echo echo-io-uring "$bin/echo-io-uring" tap0 ;;
	packet-ring) make_tap plain && start_echo echo-packet "$bin/echo-packet" tap0 ;;
	af_xdp-copy) make_tap plain && start_echo echo-xsk "$bin/echo-xsk" tap0 ;;
	af_xdp-zc) make_tap plain && start_echo echo-xsk "$bin/echo-xsk" --zero-copy tap0 ;;
	af_xdp-zc-busy) make_tap plain && start_echo echo-xsk "$bin/echo-xsk" --zero-copy --busy-poll tap0 ;;
	xdp) make_tap plain && start_echo echo-xdp "$bin/echo-xdp" tap0 ;;
	soft-roce)
		make_tap addressed && soft_roce && start_echo echo-rdma "$bin/echo-rdma" rxe0 || return
		keys=$(sed -n 's/^ready//p' "$work/echo")
		;;
	*)
		card="82599 (no guest)"
		start_model || return
		case $1 in
		dpdk) start_echo echo-dpdk "${preload[@]}" "$bin/echo-dpdk" 0000:01:00.0 ;;
		pollux) start_echo echo-pollux "$bin/echo-pollux" "vfio-user:$work/0" ;;
		pollux-pipe) start_echo echo-pipe "$bin/echo-pipe" "vfio-user:$work/0" ;;
		esac
		;;
	esac
}

# The time now, and the processor time of a process's threads: in ns
now_ns() { echo "${EPOCHREALTIME/./}000"; }
processor_ns() { cat "/proc/$1"/task/*/schedstat 2>/dev/null | awk '{ ns += $1 } END { print ns + 0 }'; }

# meter ID WINDOW: one measurement; its line is in $meter. Where a busy machine let nothing through, it gets more time.
meter() {
	local lasts
	for lasts in "$seconds" 2 10; do
		measure "$1" "$2" "$lasts" || return
		grep -F "\"id\":\"$1\"" "$meter" | tail -n 1 | grep -q '"received":0,.*"wrong":0,' || return 0
	done
}
measure() {
	local before options=(--id "$1" --window "$2" --seconds "$3")
	case $card in
	tap)
		# shellcheck disable=SC2086
		"$bin/compare-meter" --tap tap0 "${options[@]}" ${keys:+--protocol roce} \
			$(sed 's/\([a-z]*\)=/--\1=/g' <<<"$keys") >>"$meter" 2>"$work/meter.log" &
		wait $! # so that a signal is heeded at once
		;;
	*)
		before=$(wc -l <"$meter")
		echo "meter 0 $1 window=$2,seconds=$3" 1<>"$control" # for reading too: it does not wait for a model
		limit=600 wait_for eval '[ "$(wc -l <"$meter")" -gt '"$before"' ]'
		;;
	esac
}
# try TECHNIQUE: at each window. Why it did not work is in $why.
try() {
	local technique=$1 window begun busy keys card
	start_technique "$technique"
	failed=$?
	[ $failed = 0 ] || { why=$(tail -n 1 "$work/echo") && return $failed; }
	for window in 1 64; do
		begun=$(now_ns) busy=$(processor_ns "$echo_process")
		if ! meter "$technique-$window" "$window" ||
			! host_run "$technique-$window" "$technique" 1 echo 64 "$window" 0 \
				$(($(processor_ns "$echo_process") - busy)) $(($(now_ns) - begun)); then
			why=$(tail -n 1 "$work/meter.log" 2>/dev/null)
			why=${why:-"at a window of $window answers were wrong, or none came"}
			return 1
		fi
	done
	end_echo
	why=$(tail -n 1 "$work/echo")
	return "$echo_status"
}

cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1 | tr -d '"\\')
result "{\"type\":\"conditions\",\"level\":\"$level\",\"linux\":\"$linux\",\"cpu\":\"$cpu\",\"host_cpus\":$(nproc),\
\"date\":\"$(date -u +%FT%TZ)\",\"pollux\":\"$(git describe --always --dirty 2>/dev/null)\",\"seconds\":$seconds,\
\"rounds\":1,\"libraries\":\"$(libraries)\",\"cpu_time\":\"of the program's own threads\"}"
for technique in $techniques; do
	say "$technique"
	try "$technique"
	failed=$?
	end_echo
	[ $failed != 0 ] || continue
	card=tap
	[[ ! $technique =~ ^(dpdk|pollux) ]] || card="82599 (no guest)"
	why=$(tr -cd '[:print:]' <<<"$why" | tr -d '"\\')
	host_skip "$technique" "${why#skip: }"
	[ $failed = 77 ] || { echo "FAIL  $technique: it ended with status $failed" && status=1; }
done
end_all
tests/compare/report.sh "$results" || status=1
exit $status
