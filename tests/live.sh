#!/bin/bash
# Programs that live beside others: with --poll adaptive they sleep while no packets come.
# Usage: tests/live.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
a=vfio-user:$work/a b=vfio-user:$work/b

# cpu_ns PROCESS: the CPU time of all its threads, in nanoseconds
cpu_ns() { cat /proc/"$1"/task/*/schedstat 2>/dev/null | awk '{ sum += $1 } END { printf "%d\n", sum }'; }
# start PROGRAM OPTIONS...: runs it as $app, once its ports are open
start() {
	"$bin/pollux-$1" --json --poll adaptive "${@:2}" >"$work/json" 2>"$work/err" &
	app=$!
	wait_for grep -q '^port ' "$work/err"
}
stop() {
	kill -INT $app
	check "$1 ends with status 0" "$work/err" ended $app 0
}
# total FIELD: its first value in the JSON total
total() { tail -n 1 "$work/json" | grep -oE "\"$1\":[0-9.]+" | head -n 1 | cut -d : -f 2; }
naps() { [ "$(total naps)" -gt 0 ] && [ "$(total napped_s | cut -d . -f 1)" -ge 0 ]; }

# -- idle: below 1 % of a core. Of CPU time and time, a busy machine changes the latter --
model
capture="-w $work/idle.pcap $a"
for program in "fwd --queues 2 $a $b" "pipe $a $b" "dump --queues 2 $capture" "dump $capture"; do
	read -r name options <<<"$program"
	# shellcheck disable=SC2086
	start $name $options
	sleep 0.5
	before=$(cpu_ns $app) begun=$(date +%s%N)
	sleep 1.5
	used=$(($(cpu_ns $app) - before)) time=$(($(date +%s%N) - begun))
	echo "$used ns of CPU in $time ns" >>"$work/err"
	check "an idle pollux-$name ${options%% *} takes less than 1 % of a core" "$work/err" \
		[ $((used * 100)) -lt $time ]
	stop "  it"
	check "  and says that it has slept" "$work/json" naps
done
end_model

# -- traffic that comes and goes: none is lost by sleep --
model --wire 0:source,rate=200,count=300 --wire 1:source,rate=50,count=70
start fwd $a $b
taken() { tail -n 1 "$work/json" | grep -q '"rx_taken":300,.*"rx_taken":70,'; }
came() {
	[ "$(grep -oE '"rx_taken":[0-9]+' "$work/json" | cut -d : -f 2 | awk '{ sum += $1 } END { print sum }')" = 370 ]
}
check "packets wake a forwarder" "$work/json" wait_for came
stop "  it"
check "  none was missed" "$work/json" taken
check "  and it slept between them" "$work/json" naps
end_model
model --wire 0:peer=1,lossless
start gen --cpu 0,1 --count 100 --rate 200 $a $b
check "the generator's receiver sleeps" "$work/err" ended $app 0
check "  and all came back" "$work/json" eval '[ "$(total own)" = 100 ] && naps'
end_model
end_checks
