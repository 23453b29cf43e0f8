#!/bin/bash
# What programs write: to readers that stand still, to descriptors that came closed, to files that must not grow, and
# after signals.
# Usage: tests/output.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
a=vfio-user:$work/a b=vfio-user:$work/b
capture=tests/captures/mixed.pcap

# unread NAME PROGRAM ARGUMENTS...: runs it as ${process[NAME]}, its stdout a full pipe that nobody reads, with what it
# says in $work/NAME.log
declare -A process
unread() {
	local name=$1 held
	mkfifo "$work/$name"
	exec {held}<>"$work/$name"
	dd if=/dev/zero of="$work/$name" bs=4096 oflag=nonblock status=none 2>/dev/null
	by "$name" "${@:2}" >"$work/$name"
}
# by NAME PROGRAM ARGUMENTS...: the same with stdout as it is
by() {
	: >"$work/$1.log" # what an earlier one said must not be waited for
	"$bin/pollux-$2" "${@:3}" 2>>"$work/$1.log" &
	process[$1]=$!
}
# ends NAME STATUS SENTENCE
ends() {
	check "$1 ends with status $2" "$work/$1.log" ended "${process[$1]}" "$2"
	[ -z "$3" ] || check "  and says: $3" "$work/$1.log" grep -qE "^pollux-[a-z]*: $3" "$work/$1.log"
}
# signal NAME SIGNAL: once its ports are open
signal() {
	wait_for grep -q '^port ' "$work/$1.log"
	kill -"$2" "${process[$1]}"
}
standing='stdout: [0-9]+ bytes were not written: its reader stands still'
# Three models, so that those who wait their second for a reader do so at the same time.
others=()
for pair in "c d" "e f"; do
	read -r one two <<<"$pair"
	"$bin/pollux-model" --port "$work/$one" --port "$work/$two" --wire 0:source,rate=10k \
		--wire 1:source,rate=10k >"$work/$one.log" 2>&1 &
	others+=($!)
done
model --wire 0:source,rate=100k --wire 1:source,rate=100k,size=1518
wait_for test -S "$work/d" && wait_for test -S "$work/f"
c=vfio-user:$work/c d=vfio-user:$work/d e=vfio-user:$work/e f=vfio-user:$work/f

# -- readers that stand still: each program has its second to find out, at the same time --
unread capture dump $a -w -
unread lines dump $b --duration 1
unread json fwd --json --interval 0.1 $c $d
{ printf '\023go\n'; sleep 20; } |
	script -qc "read go; $bin/pollux-fwd --duration 0.3 $e $f; echo \$? >$work/status" \
		"$work/typescript" >"$work/terminal.log" 2>&1 &
signal capture TERM
signal json INT
ends capture 1 "$standing"
ends lines 1 "$standing"
ends json 1 "$standing"
check "a terminal that is stopped (Ctrl-S) keeps no forwarder" "$work/terminal.log" wait_for grep -qx 1 "$work/status"
unread count dump $a -w - --count 100
unread lost fwd --json --interval 0.05 $e $f
unread text pipe --interval 0.1 --duration 0.3 $c $d
mkfifo "$work/unopened"
by fifo dump $b --json -w "$work/unopened"
signal fifo TERM
{ "$bin/pollux-gen" --rate 1k --count 100 --interval 0.05 $b >"$work/text" 2>&1; echo $? >"$work/both.status"; } &
wait_for grep -q '^port 1' "$work/lost.log"
kill -9 "${others[1]}"
wait "${others[1]}" 2>/dev/null
ends count 1 "$standing"
ends text 1 "$standing"
ends lost 1 '.*the device is gone'
ends fifo 1 '.*unopened: nobody has read this FIFO'
check "stdout and stderr both stuck: it ends all the same" /dev/null wait_for grep -qx 1 "$work/both.status"

# a reader that is slow gets all of it, whole lines
all_lines() { [ "$(grep -c ' length 60$' "$work/slow")" = 3000 ]; }
by slow dump $a --count 3000 > >(sleep 0.3; cat >"$work/slow")
ends slow 0 ''
check "  and its slow reader has all" "$work/slow.log" wait_for all_lines

# -- signals and files --
"$bin/pollux-fwd" --interval 0.05 $a $b >"$work/log" 2>&1 &
process[log]=$!
wait_for grep -q 'pps ' "$work/log"
kill -HUP ${process[log]}
check "SIGHUP ends with status 0" "$work/log" ended ${process[log]} 0
check "  and with totals" "$work/log" grep -q '^totals after' "$work/log"
: >"$work/log"
(trap '' HUP; exec "$bin/pollux-fwd" --interval 0.05 $a $b >"$work/log" 2>&1) &
process[log]=$!
wait_for grep -q 'pps ' "$work/log"
kill -HUP ${process[log]}
seen=$(grep -c 'pps ' "$work/log")
more() { [ "$(grep -c 'pps ' "$work/log")" -gt $((seen + 8)) ]; }
check "but not where nohup started it" "$work/log" wait_for more
kill -TERM ${process[log]}
ended ${process[log]} 0
(ulimit -f 8000; exec "$bin/pollux-dump" $b -w "$work/grown" >"$work/said" 2>"$work/log") &
check "a capture that must not grow further ends with status 1" "$work/log" ended $! 1
check "  and a sentence" "$work/log" grep -q 'grown: .* bytes were not written: File too large' "$work/log"
(ulimit -f 64; exec "$bin/pollux-fwd" $c $d >"$work/said" 2>"$work/log") &
check "DMA memory larger than files may be ends with status 1" "$work/log" ended $! 1
check "  and what limits it" "$work/log" grep -q 'ulimit -f unlimited' "$work/log"
by disk dump $a -w /dev/full >"$work/said"
ends disk 1 '/dev/full: [0-9]+ bytes were not written: No space left'

# -- closed descriptors --
"$bin/pollux-dump" $a -w "$work/closed.pcap" --count 500 <&- 2>&- >"$work/log" &
check "stdin and stderr closed: a capture" "$work/log" ended $! 0
check "  has its frames and nothing else" "$work/log" \
	test "$(stat -c %s "$work/closed.pcap")" = $((24 + 500 * (16 + 60)))
"$bin/pollux-dump" $a -w "$work/none.pcap" --count 500 <&- >&- 2>&- &
check "all closed: the totals that cannot be written are status 1" "$work/log" ended $! 1
check "  and the capture is whole" "$work/log" test "$(stat -c %s "$work/none.pcap")" = $((24 + 500 * (16 + 60)))
by closed fwd --duration 0.3 $c $d >&-
ends closed 1 'stdout: [0-9]+ bytes were not written: Bad file descriptor'
kill -HUP "${others[0]}"
check "SIGHUP ends the model with status 0" "$work/c.log" ended "${others[0]}" 0
check "  and with its report" "$work/c.log" grep -q '^port 1: in ' "$work/c.log"
end_model
for program in "pcap-diff $capture $capture" "pcap-check $capture" "doctor --root $work" "bind --json"; do
	# shellcheck disable=SC2086
	"$bin"/pollux-$program <&- >&- 2>"$work/log"
	check "a closed stdout is no success of $program" "$work/log" test $? != 0
	check "  and is told" "$work/log" grep -q 'stdout' "$work/log"
done
"$bin/pollux-pcap-make" "$work/made.pcap" 10 <&- >&- 2>&-
check "a capture is made with all closed" /dev/null test $? = 0
check "  and the capture is whole" "$work/log" "$bin/pollux-pcap-diff" "$work/made.pcap" "$work/made.pcap"

"$bin/pollux-model" --port "$work/g" --port "$work/h" --wire 0:pcap-in=$capture --wire "1:pcap-out=$work/out.pcap" \
	--once <&- >&- 2>&- &
model=$!
wait_for test -S "$work/h"
frames=$("$bin/pollux-pcap-diff" $capture $capture | grep -o '[0-9]*')
"$bin/pollux-fwd" --no-drop --packets "$frames" --duration 20 "vfio-user:$work/g" "vfio-user:$work/h" >"$work/log" 2>&1
check "the model with all closed: a capture goes through it" "$work/log" test $? = 0
check "  its report, which cannot be written, is status 1" "$work/log" ended $model 1
check "  and the capture comes out as it was" "$work/log" "$bin/pollux-pcap-diff" $capture "$work/out.pcap"

end_checks
