#!/bin/bash
# Programs that live beside others: with --poll adaptive they sleep while no packets come, and a card that hangs is
# reset while they run.
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
	: >"$work/err"
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

# A sanitizer's code costs what it costs: measured is what users run. What disturbs a program in one stretch may be over
# in the next.
measured=1
case $bin in *san*) measured= ;; esac
idle_share() {
	for _ in 1 2 3 4; do
		before=$(cpu_ns $app) begun=$(date +%s%N)
		sleep 1.5
		used=$(($(cpu_ns $app) - before)) time=$(($(date +%s%N) - begun))
		echo "$used ns of CPU in $time ns" >>"$work/err"
		[ $((used * 100)) -lt $time ] && return
	done
}

# -- idle: below 1 % of a core. Of CPU time and time, a busy machine changes the latter --
model
capture="-w $work/idle.pcap $a"
for program in "fwd --queues 2 $a $b" "pipe $a $b" "dump --queues 2 $capture" "dump $capture"; do
	read -r name options <<<"$program"
	# shellcheck disable=SC2086
	start $name $options
	sleep 0.5
	if [ -n "$measured" ]; then
		idle_share
		check "an idle pollux-$name ${options%% *} takes less than 1 % of a core" "$work/err" \
			[ $((used * 100)) -lt $time ]
	fi
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

# -- a card that hangs --
# hurt NAME...: lets that happen to the first port
hurt() { echo "fault 0 $*" >"$work/control"; }
# resets: of the first port, as reported last
resets() { tail -n 1 "$work/json" | grep -oE '"resets":[0-9]+' | head -n 1 | cut -d : -f 2; }
goes_on() { # frames leave by both ports in the last interval
	[ "$(tail -n 1 "$work/json" | grep -oE '"tx_packets":[1-9]' | wc -l)" = 2 ]
}
reset_once() { [ "$(resets_sum)" -ge "$1" ]; }
resets_sum() { grep -oE '"resets":[0-9]+' "$work/json" | cut -d : -f 2 | awk '{ sum += $1 } END { print sum + 0 }'; }
model --wire 0:source,rate=10k --wire 1:source,rate=10k --control "$work/control"
for program in fwd pipe; do
	start $program --interval 0.2 $a $b
	wait_for goes_on
	for fault in tx-hang rx-hang; do
		before=$(resets_sum)
		hurt $fault
		check "$program: a reset ends $fault" "$work/err" wait_for reset_once $((before + 1))
		check "  and packets flow again" "$work/json" wait_for goes_on
	done
	stop "  it"
	check "  a sentence says why" "$work/err" eval \
		'grep -q "^port 0: reset in [0-9.]* ms: .*frames were not sent" "$work/err" &&
		grep -q "^port 0: reset in [0-9.]* ms: .*frames were not received" "$work/err"'
	check "  what came adds up" "$work/json" eval 'tail -n 1 "$work/json" | tr "{" "\n" | awk "
		function of(name) {
			if (!match(\$0, \"\\\"\" name \"\\\":[0-9]+\"))
				return 0
			return substr(\$0, RSTART + length(name) + 3) + 0
		}
		/\"rx_taken\".*\"rx_left\"/ {
			ports++
			good += of(\"rx_packets\") == of(\"rx_taken\") + of(\"rx_left\")
		}
		END { exit !(ports == 2 && good == 2) }"'
done
end_model

# -- a reset in the middle of a frame: more come than are taken, each in five buffers, of which a look takes one --
# cut_off: resets the first port until a frame was cut off
cut_off() {
	local before lines
	for _ in 1 2 3 4 5 6; do
		before=$(sum resets)
		hurt tx-hang
		wait_for reset_once $((before + 1)) || return 1
		# a whole interval behind the reset's: before its link is up again nothing comes that could be cut off
		lines=$(wc -l <"$work/json")
		wait_for eval '[ "$(wc -l <"$work/json")" -gt $((lines + 1)) ] && comes'
		[ "$(sum rx_broken)" = 0 ] || return 0
	done
	return 1
}
comes() { tail -n 1 "$work/json" | grep -qE '"rx_packets":[1-9]'; }
sum() { grep -oE "\"$1\":[0-9]+" "$work/json" | cut -d : -f 2 | awk '{ sum += $1 } END { print sum + 0 }'; }
goes_on_alone() { tail -n 1 "$work/json" | grep -qE '"tx_packets":[1-9]'; }
model --wire 0:source,size=9004 --control "$work/control"
for program in fwd "gen --rate 1k"; do
	# shellcheck disable=SC2086
	start $program --interval 0.2 --mtu 9000 --poll busy --burst 1 $a
	wait_for goes_on_alone
	check "${program%% *}: a reset cuts a frame off, which is dropped and counted" "$work/err" cut_off
	stop "  it"
	check "  what came adds up" "$work/json" \
		eval '[ "$(total rx_packets)" = $(($(total rx_taken) + $(total rx_left))) ]'
	[ "$program" != fwd ] || check "  and no frame has pieces of another" "$work/json" \
		eval '[ "$(total tx_bytes)" = $((9000 * $(total forwarded))) ] &&
			[ "$(total dropped_tx_bad_packets)" = 0 ]'
done
end_model

# -- what a reset loses of a count is told and accounted for, as by the forwarder: packets get lost --
model --wire 0:peer=1 --control "$work/control"
start gen --interval 0.2 --count 20k --rate 10k $a $b
wait_for goes_on_alone
hurt tx-hang
check "a generator with a count that loses packets by a reset ends with status 0" "$work/err" ended $app 0
check "  it names the reset" "$work/err" \
	grep -q "packets were not sent by the card, which was reset 1 times" "$work/err"
check "  and nothing else" "$work/err" eval '! grep "stayed in the card" "$work/err"'
check "  its account adds up" "$work/json" eval '[ "$(total not_sent)" -gt 0 ] &&
	[ $(($(total sent) + $(total not_sent))) = 20000 ] && [ $(($(total own) + $(total lost))) = "$(total sent)" ]'
end_model
end_checks
