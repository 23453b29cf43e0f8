#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The generator: what of a capture it sends, and says of what it does not; rates missed, and why; packets in flight;
# long frames.
# Usage: tests/gen.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
a=vfio-user:$work/a b=vfio-user:$work/b

# put N NUMBER...: each as N bytes, little-endian
put() {
	local bytes=$1 number text='' byte
	shift
	for number; do
		for ((byte = 0; byte < bytes; byte++)); do
			printf -v text '%s\\x%02x' "$text" $((number >> 8 * byte & 255))
		done
	done
	printf %b "$text"
}
capture_head() { put 4 $((0xa1b2c3d4)); put 2 2 4; put 4 0 0 262144 "${1:-1}"; }
# frame SECONDS BYTES [TAG-BYTES...]: a record with a frame of so many bytes without FCS, with VLAN tags if given
frame() {
	local seconds=$1 bytes=$2
	shift 2
	put 4 "$seconds" 0 "$bytes" "$bytes"
	printf %b '\x02\0\0\0\0\x01\x02\0\0\0\0\x02' "$@" '\x08\0'
	head -c $((bytes - 14 - $# * 4)) /dev/zero
}
# gen STATUS OPTIONS...: runs it on port 0; whether it ends with that status. Output is in $work/gen.out, gen.err
gen() {
	local status=$1
	shift
	timeout 300 "$bin/pollux-gen" "$@" >"$work/gen.out" 2>"$work/gen.err"
	[ $? = "$status" ]
}
# start OPTIONS...: runs it in the background; $gen is its process. stop: ends it, and checks that it ends well
start() {
	: >"$work/gen.out" # what an earlier one said must not be waited for
	"$bin/pollux-gen" "$@" >"$work/gen.out" 2>"$work/gen.err" &
	gen=$!
}
stop() {
	kill -INT $gen
	check "  it ends with status 0" "$work/gen.err" ended $gen 0
}
said() { grep -Eq -- "$1" "$work/gen.out"; }
# value NAME: of the last line of JSON
value() { tail -n 1 "$work/gen.out" | grep -o "\"$1\":[^,}]*" | head -n 1 | cut -d: -f2-; }
values() {
	local wanted=$1 got='' member
	shift
	for member; do got+="${got:+ }$(value "$member")"; done
	[ "$got" = "$wanted" ] || { echo "got $got" >>"$work/gen.err"; return 1; }
}

# -- captures, before any port is opened --
tag='\x81\0\0\x64' outer='\x88\xa8\0\x64'
{
	capture_head
	frame 1 60; frame 1 1514; frame 1 1518 $tag; frame 1 1522 $outer $tag; frame 1 64 $tag
} >"$work/tags.pcap"
{
	capture_head
	frame 1 60; frame 1 1515; frame 1 1518 $tag; frame 1 61
	put 4 1 0 99 99; printf abc
} >"$work/cut.pcap"
{ capture_head; frame 2147483647 60; frame 2147483647 60; frame 2147549183 60; } >"$work/gap.pcap"
{ capture_head 113; frame 1 60; } >"$work/cooked.pcap" # its bytes 14 and 15 are 0: no type
{ capture_head 12; put 4 1 0 24 24; printf %b '\x45\0\0\x18'; head -c 20 /dev/zero; } >"$work/raw.pcap"
{ capture_head 105; frame 1 60; } >"$work/wireless.pcap"
gzip -c "$work/tags.pcap" >"$work/tags.pcap.gz"
nobody=vfio-user:$work/missing
gen 1 --replay "$work/tags.pcap.gz" $nobody
check "a compressed capture is named, with its kind and what reads it" "$work/gen.err" \
	grep -q "tags.pcap.gz: .*gzip -dc" "$work/gen.err"
gen 1 --replay "$work/wireless.pcap" $nobody
check "  one of other frames, too" "$work/gen.err" \
	grep -q "wireless.pcap: .*IEEE802_11 .*Ethernet" "$work/gen.err"
gen 1 --replay "$work/cooked.pcap" $nobody
check "  and one of packets that Ethernet has no type for" "$work/gen.err" \
	grep -q "cooked.pcap: frames of protocols that Ethernet has no type for: left out: 1" "$work/gen.err"
gen 1 --replay "$work" $nobody
check "  and a folder" "$work/gen.err" grep -q "$work: Is a directory" "$work/gen.err"
gen 1 --replay Makefile $nobody
check "  and a text" "$work/gen.err" grep -q "Makefile: .*text" "$work/gen.err"
check "--strict refuses a damaged one" "$work/gen.err" gen 1 --strict --replay "$work/cut.pcap" $nobody
check "  with the reasons" "$work/gen.err" grep -q "the longest needs --mtu 1501" "$work/gen.err"
mkfifo "$work/fifo"
exec 9<>"$work/fifo"
capture_head >&9
"$bin/pollux-gen" --replay "$work/fifo" $nobody >"$work/gen.out" 2>"$work/gen.err" 9>&- &
gen=$!
wait_for eval "readlink /proc/$gen/fd/[3-8] | grep -q fifo"
kill -INT $gen
check "a signal while a capture is read ends it with status 0" "$work/gen.err" ended $gen 0
check "  and no port is opened" "$work/gen.err" \
	test "$(cat "$work/gen.err")" = "pollux-gen: ended before any port was opened: nothing was sent"
exec 9>&-

# -- captures, sent --
model --wire "0:pcap-out=$work/out.pcap"
gzip -dc "$work/tags.pcap.gz" | gen 0 -q --json --replay - $a
check "frames with one and two VLAN tags are sent at the usual MTU, from a pipe too" "$work/gen.out" \
	values "5 5 0 null" sent frames too_long damage
end_model
check "  all of them, as they were" "$work/gen.out" "$bin/pollux-pcap-diff" "$work/tags.pcap" "$work/out.pcap"
model --wire "0:pcap-out=$work/out.pcap"
gen 0 -q --json --replay tests/captures/mixed.pcap --stream-capture --rate 100k $a
check "a capture that is read while it is sent, too" "$work/gen.out" \
	values "259 259 true" sent frames streamed
end_model
check "  all of it, as it was" "$work/gen.out" \
	"$bin/pollux-pcap-diff" tests/captures/mixed.pcap "$work/out.pcap"
model --wire 0:sink
check "N loops are sent, one after the other" "$work/gen.err" \
	gen 0 -q --json --replay tests/captures/mixed.pcap --loop=3 --unique-ip --rate 100k $a
check "  and what keeps its IP addresses is told" "$work/gen.out" values "777 259 26" sent frames same_ip
gen 0 --json --replay "$work/raw.pcap" --to 02:00:00:00:00:09 $a
check "IP packets get an Ethernet header, and people are told" "$work/gen.err" \
	grep -q "raw.pcap: frames without an Ethernet header: sent with one: 1" "$work/gen.err"
exec 9<>"$work/fifo"
{ capture_head; frame 1 60; } >&9
start --json --interval 0.1 --replay "$work/fifo" --stream-capture --rate 100k $a 9>&-
check "frames of a pipe are sent as they come" "$work/gen.out" wait_for said '"sent":1,'
check "  that no more come is why a rate is missed" "$work/gen.out" wait_for said '"limited_by":"capture_read"'
frame 1 61 >&9
exec 9>&-
check "  until it is closed" "$work/gen.err" ended $gen 0
check "  all of them" "$work/gen.out" values "2 2 null" sent frames damage
check "a damaged capture is sent as far as it is good" "$work/gen.err" \
	gen 0 -q --json --replay "$work/cut.pcap" $a
check "  and accounted for, with --quiet" "$work/gen.out" \
	values '3 3 1 "truncated dump file; tried to read 99 captured bytes' sent frames too_long damage
gen 0 --count 9 --replay "$work/cut.pcap" $a
check "  and told to people; that there are fewer than --count, too" "$work/gen.out" \
	grep -q "9 were asked for: the capture has no more" "$work/gen.out"
check "  with the damage" "$work/gen.err" \
	grep -q "cut.pcap: what follows frame 4 cannot be read, and is left out: truncated" "$work/gen.err"
start --interval 0.2 --replay "$work/gap.pcap" $a
check "a long gap is told while it lasts" "$work/gen.out" wait_for said "nothing to send for 6553[0-9] s"
check "  and before, with what shortens it" "$work/gen.err" \
	grep -q "no frame is due for 65536 s behind frame 2; --max-gap" "$work/gen.err"
stop
check "--max-gap shortens it; seconds beyond 2^31 are none" "$work/gen.err" \
	gen 0 --json --max-gap 0.1 --replay "$work/gap.pcap" $a
check "  all is sent" "$work/gen.out" values "3 1" sent gaps_shortened
gen 0 --json --replay-speed 1Mx --max-gap 0.1 --replay "$work/gap.pcap" $a
check "  of a million times as fast a capture, there is none so long" "$work/gen.out" \
	values "3 0" sent gaps_shortened
check "  nor is there one to tell" "$work/gen.err" eval "! grep -q 'no frame is due' '$work/gen.err'"

# -- rates --
gen 0 --json --duration 1 --rate 20Gbit $a
check "a rate above the line is told at once" "$work/gen.err" \
	grep -q -- "--rate: more than a link of 10000 Mbit/s carries" "$work/gen.err"
check "  and what was achieved stands beside it" "$work/gen.out" \
	values "29761904.762 20.000000" asked_pps asked_framed_gbit_s
# how much of it the software card takes depends on the machine; half of the time the generator may have been without a
# CPU
check "  with what is missing: sent or given up is what was asked for" "$work/gen.out" \
	awk "BEGIN { exit !(2 * ($(value sent) + $(value given_up)) >= 29761904 * $(value time_s)) }"
start --json --interval 0.1 --rate 1k $a
check "while packets may be in flight, they are not lost" "$work/gen.out" \
	wait_for said '"own":0,"in_flight":[1-9][0-9]*,"echo":false,"lost":0,'
kill -STOP $gen
sleep 0.5
kill -CONT $gen
lines=$(wc -l <"$work/gen.out")
wait_for eval "[ \$(wc -l <'$work/gen.out') -gt $((lines + 2)) ]"
stop
check "a sender that lost the CPU says so" "$work/gen.out" values '1000.000 "cpu_lost"' asked_pps limited_by
check "  with how much was given up: half a second less what is made up for" "$work/gen.out" \
	test "$(value given_up)" -ge 450

# -- what does not come back --
check "without an echo, at the end what was sent is lost" "$work/gen.out" \
	values "0 false $(value sent)" in_flight echo lost
gen 0 --count 10 $a
check "  and people are asked for the echo" "$work/gen.out" \
	grep -q "nothing came back of its own: is there an echo" "$work/gen.out"
end_model
model --break tx-stuck
check "a card that sends nothing is no success" "$work/gen.err" \
	gen 1 --json --duration 0.3 --rate 100k --ring 64 $a
check "  it is why a rate is missed, and nothing is called sent" "$work/gen.out" \
	values '"tx_ring_full" 0 0.000' limited_by sent achieved_pps
end_model
model --wire 0:peer=1,lossless --control "$work/control"
start --json --interval 0.1 --rate 2k --ring 64 $a $b
check "a cable brings packets back" "$work/gen.out" wait_for said '"own":[1-9]'
echo "link 0 down" >"$work/control"
check "while the link is down, that is why a rate is missed" "$work/gen.out" \
	wait_for said '"limited_by":"link_down"'
echo "link 0 up" >"$work/control"
lines=$(wc -l <"$work/gen.out")
check "  and it is kept again when it is up" "$work/gen.out" \
	wait_for eval "tail -n +$((lines + 1)) '$work/gen.out' | grep -q '\"limited_by\":null'"
stop
check "  to the frame: sent = own + lost" "$work/gen.out" \
	test "$(value sent)" = $(($(value own) + $(value lost)))
end_model

# -- how long packets were under way --
model --wire 0:peer=1,lossless
gen 0 -q --json --latency --csv "$work/table.csv" --svg "$work/picture.svg" --count 2000 --rate 20k $a $b
check "the latency of every packet is told" "$work/gen.out" test "$(
	tail -n 1 "$work/gen.out" | grep -o '"latency_ns":{"packets":2000,"min":[1-9]' | wc -l)" = 2 # streams' and all
check "  and the floor" "$work/gen.out" said '"floor_ns":\{"turns":[1-9]'
check "  the table has them all" "$work/table.csv" \
	awk -F, '$4 == "latency" { n += $7 } END { exit n != 2000 }' "$work/table.csv"
check "  the picture has a line" "$work/picture.svg" grep -q '<polyline' "$work/picture.svg"
check "a table that cannot be written is a failure, and printed" "$work/gen.err" \
	gen 1 -q --json --latency=10 --csv /dev/full --count 100 $a $b
check "  all of it" "$work/gen.err" eval \
	'grep -q "^pollux-gen: /dev/full: No space left on device: it follows here" "$work/gen.err" &&
	awk -F, "\$4 == \"latency\" { n += \$7 } END { exit n != 10 }" "$work/gen.err"'
check "one that cannot be opened is found before anything is sent" "$work/gen.err" \
	gen 1 --csv /nowhere/table.csv --count 100 $a $b
check "  with a sentence" "$work/gen.err" grep -q "^pollux-gen: /nowhere/table.csv: No such file" "$work/gen.err"
end_model

# -- several queues --
model --wire 0:peer=1,lossless --wire "0:pcap-out=$work/out.pcap"
gen 0 -q --json --queues 4 --count 2 $a $b
check "fewer packets than queues are sent, and no more" "$work/gen.out" values "2 2 0" sent own lost
gen 0 -q --json --queues 2 --flows 7 --mtu 9000 --size 5000 --count 301 --rate 20k $a $b
check "long frames by two queues come back as they were, in order" "$work/gen.out" \
	values "301 301 0 0 0 0" sent own lost reordered corrupted foreign
gen 0 -q --json --queues 2 --stream 'udp count=300 rate=20k' \
	--stream 'ip6 udp size=100 count=100 rate=5Mbit-l2 pace=poisson' \
	--stream 'vlan=5 udp count=41 rate=1k pace=burst(8)' $a $b
check "streams with rates, paces and counts of their own come back as they were" "$work/gen.out" \
	values "441 441 441 0 0" count sent own lost corrupted
check "  each with its count" "$work/gen.out" test "$(tail -n 1 "$work/gen.out" |
	grep -o '"name":"","sent":[0-9]*' | cut -d: -f3 | tr '\n' ' ')" = "300 100 41 "
gen 0 --queues 3 --interval 0.1 --duration 0.5 --rate 3k --flows 3 $a $b
check "people are told what each queue sends" "$work/gen.out" said '^    queue 2 .*tx [1-9][0-9]* packets'
check "  and the whole rate" "$work/gen.out" said 'packets/s .* of 3000 asked'
end_model
model --wire "0:pcap-out=$work/out.pcap"
gen 0 -q --json --queues 3 --replay "$work/tags.pcap" --rate 1k $a
end_model
check "a capture is sent in order, whatever the queues" "$work/gen.out" \
	"$bin/pollux-pcap-diff" "$work/tags.pcap" "$work/out.pcap"

# -- a count, while the link is down --
model --wire 0:sink --link-down --control "$work/control"
start --count 10 --interval 0.2 --link-wait 0 $a
check "a count that the ring holds waits for the link, and says so" "$work/gen.err" wait_for \
	grep -q '^pollux-gen: 10 packets wait in the transmit ring, and nothing was sent for 2 s: the link is down' \
	"$work/gen.err"
echo "link 0 up" >"$work/control"
check "  it is sent once the link is up" "$work/gen.err" ended $gen 0
check "  all of it" "$work/gen.out" said 'generator: 10 packets sent'
echo "link 0 down" >"$work/control"
wait_for grep -q 'control: link 0 down' "$work/model.log"
start --count 10 --interval 0.2 --link-wait 0 $a
wait_for said pps
kill -INT $gen
check "  a signal ends the wait with status 1" "$work/gen.err" ended $gen 1
check "  and a sentence" "$work/gen.err" \
	grep -q '^pollux-gen: .*: not all of the 10 packets asked for were sent: 10 stayed in the card' "$work/gen.err"
end_model

# -- long frames --
model --wire 0:peer=1,lossless
for size in 2053 9718; do
	gen 0 --json --count 300 --rate 20k --burst 7 --mtu 9700 --size $size $a $b
	check "frames of $size bytes come back as they were" "$work/gen.out" \
	values "300 300 0 0 0" sent own lost corrupted foreign
done
end_model
"$bin/pollux-pcap-make" "$work/long.pcap" 100 9714
model --wire "0:pcap-out=$work/out.pcap"
gen 0 -q --json --mtu 9700 --replay "$work/long.pcap" $a
end_model
check "a capture of frames up to 9714 bytes is sent as it was" "$work/gen.out" \
	"$bin/pollux-pcap-diff" "$work/long.pcap" "$work/out.pcap"


# -- pause frames --
mkfifo "$work/control"
exec {control}<>"$work/control"
model --control "$work/control"
: >"$work/gen.err"
"$bin/pollux-gen" --json --interval 0.2 --pause rx,tx --rate 20k $a >"$work/paused" 2>"$work/gen.err" &
app=$!
wait_for grep -q '^port 0: .*, pause frames obeyed and sent' "$work/gen.err"
check "--pause: what is in effect is said" "$work/gen.err" \
	grep -q '^port 0: .*, pause frames obeyed and sent' "$work/gen.err"
paused() {
	echo "pause 0 400" >&$control
	sleep 0.5
	grep -q '"limited_by":"paused"' "$work/paused"
}
check "  a sender that is paused says so" "$work/paused" wait_for paused
echo "pause 0 0" >&$control
sleep 0.5
wait_for eval 'tail -n 1 "$work/paused" | grep -q "\"tx_packets\":[1-9]"'
kill -INT $app
check "  and ends with status 0" "$work/gen.err" ended $app 0
check "  the frames that paused it are counted" "$work/paused" eval \
	'tail -n 1 "$work/paused" | grep -q "\"rx_pause_frames\":[1-9].*\"pause_obeyed\":true,\"pause_sent\":true"'
end_model
end_checks
