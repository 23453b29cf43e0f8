#!/bin/bash
# Applications and the software 82599 as processes: whole runs, either side killed, signals, broken devices.
# Usage: tests/system.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
a=vfio-user:$work/a b=vfio-user:$work/b
capture=tests/captures/mixed.pcap
frames=$("$bin/pollux-pcap-diff" $capture $capture | grep -o '[0-9]*')

moving() { grep -q 'rx *[0-9.]* [kM]pps' "$work/fwd.log"; }
fwd() {
	: >"$work/fwd.log" # what an earlier one said must not be waited for
	"$bin/pollux-fwd" --interval 0.2 "$@" $a $b >"$work/fwd.log" 2>&1 &
	fwd=$!
}

# A port that has a link and receives nothing: told after 10 s, while all others run.
mkdir "$work/quiet"
"$bin/pollux-model" --port "$work/quiet/a" --port "$work/quiet/b" >"$work/quiet.model" 2>&1 &
wait_for test -S "$work/quiet/b"
"$bin/pollux-fwd" -d 12 vfio-user:"$work/quiet/a" vfio-user:"$work/quiet/b" >"$work/quiet.log" 2>&1 &
quiet=$!
# And one that waits for a link: told again after 10 s.
mkdir "$work/wait"
"$bin/pollux-model" --port "$work/wait/a" --port "$work/wait/b" --link-down >"$work/wait.model" 2>&1 &
wait_for test -S "$work/wait/b"
"$bin/pollux-fwd" --link-wait 13 vfio-user:"$work/wait/a" vfio-user:"$work/wait/b" >"$work/wait.log" 2>&1 &
waiting=$!

# -- whole runs --
for shared in "" --no-shared; do
	model --wire 0:pcap-in=$capture --wire "1:pcap-out=$work/out.pcap" --exit-when-done --expect $frames $shared
	fwd --no-drop --burst 7
	check "a capture goes through ${shared:-with shared heads and tails}" "$work/model.log" ended $model 0
	check "  and comes out as it was" "$work/fwd.log" "$bin/pollux-pcap-diff" $capture "$work/out.pcap"
	check "  and the forwarder, its device gone, ends with status 1" "$work/fwd.log" ended $fwd 1
done

for card in x540 x550; do
	model --wire 0:pcap-in=$capture --wire "1:pcap-out=$work/out.pcap" --exit-when-done --expect $frames
	fwd --no-drop --burst 7
	check "a capture goes through two ports of an $card" "$work/model.log" ended $model 0
	check "  and comes out as it was" "$work/fwd.log" "$bin/pollux-pcap-diff" $capture "$work/out.pcap"
	check "  and the card finds no fault with the driver" "$work/model.log" no_faults 2
	ended $fwd 1
done
card=82599

model --wire 0:source --wire 0:sink --wire 1:source --wire 1:sink
for signal in INT TERM; do
	fwd
	check "full traffic flows" "$work/fwd.log" wait_for moving
	kill -$signal $fwd
	check "SIG$signal ends the forwarder with status 0" "$work/fwd.log" ended $fwd 0
	check "  with totals" "$work/fwd.log" grep -q 'cycles per non-empty poll' "$work/fwd.log"
done

fwd --interval 30
check "what ports there are is said at once, to a file too" "$work/fwd.log" wait_for grep -q '^port 1: ' "$work/fwd.log"
kill -INT $fwd
wait $fwd

# -- either side killed --
fwd
wait_for moving
kill -9 $fwd
wait $fwd 2>/dev/null
fwd --duration 1
check "the forwarder killed in full traffic: the next one runs on the same model" "$work/fwd.log" ended $fwd 0
fwd
wait_for moving
kill -9 $model
wait $model 2>/dev/null
check "the model killed in full traffic: the forwarder ends with status 1" "$work/fwd.log" ended $fwd 1
check "  and says what happened" "$work/fwd.log" grep -q 'gone' "$work/fwd.log"
model --wire 0:source --wire 0:sink --wire 1:source --wire 1:sink
fwd --duration 1
check "the next model takes over the sockets that were left" "$work/model.log" ended $fwd 0
end_model

# -- several queues: more threads than there may be CPUs --
model --wire 0:source,rate=100k,flows=64 --wire 1:source,rate=100k,flows=64
fwd --queues 17
check "queues beyond what RSS names are told" "$work/fwd.log" \
	wait_for grep -q '^note: .*: the card shares what it receives among 16 queues: the others' "$work/fwd.log"
wait_for moving
kill -INT $fwd
check "  seventeen threads end at SIGINT with status 0" "$work/fwd.log" ended $fwd 0
"$bin/pollux-dump" -q --queues 3 --count 3000 -w "$work/dump.pcap" $b >"$work/dump.log" 2>&1
check "a capture of three queues ends with status 0" "$work/dump.log" test $? = 0
"$bin/pollux-dump" -q --queues 3 -w /dev/full $b >"$work/dump.log" 2>&1 &
check "  one that cannot be written with status 1" "$work/dump.log" ended $! 1
fwd --queues 4
wait_for moving
kill -9 $model
wait $model 2>/dev/null
check "the model killed under four queues: the forwarder ends with status 1" "$work/fwd.log" ended $fwd 1
check "  and says what happened" "$work/fwd.log" grep -q 'gone' "$work/fwd.log"
model --wire 0:sink
"$bin/pollux-gen" -q --json --replay "$work/dump.pcap" --rate 100k $a >"$work/gen.log" 2>&1
check "what three queues captured is in order of time" "$work/gen.log" \
	grep -q '"sent":3000,.*"frames":3000,.*"backwards":0,' "$work/gen.log"
end_model

# -- offloads: four frames with TCP, one of them with a wrong IPv4 checksum, one with a wrong TCP checksum --
# what stands in front of a frame's TTL, from there to its last byte, and that
head='\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0\x45\0\0\x2e\0\0\x40\0'
tail='\x06\xae\xa2\xc6\x12\0\x01\xc6\x13\0\x01\xc0\0\0\x50\0\0\0\x01\0\0\0\x01\x50\x10\x10\0\x21\0\0\0Pollu'
capture_of() { # FRAME...
	local frame
	printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\xff\xff\0\0\1\0\0\0'
	for frame; do printf '\1\0\0\0\0\0\0\0\x3c\0\0\0\x3c\0\0\0%b' "$frame"; done
}
capture_of "$head\x40${tail}x" "$head\x3f${tail}x" "$head\x40${tail}y" "$head\x40${tail}x" >"$work/bad.pcap"
capture_of "$head\x40${tail}x" "$head\x40${tail}x" >"$work/left.pcap"
for offloads in rx-checksum tx-checksum,vlan-strip; do
	model --wire "0:pcap-in=$work/bad.pcap" --wire "1:pcap-out=$work/out.pcap" --exit-when-done --expect 2
	fwd --json -q --queues 2 --offloads $offloads
	check "with $offloads, frames with wrong checksums go no further" "$work/model.log" ended $model 0
	ended $fwd 1
	check "  and are counted: two" "$work/fwd.log" \
		grep -q '"received":4,.*"dropped_rx_bad_checksum":2,' "$work/fwd.log"
	check "  the others leave as they came" "$work/fwd.log" \
		"$bin/pollux-pcap-diff" "$work/left.pcap" "$work/out.pcap"
done
for card in 82599 x540; do
	# which finds the headers of IPv4 fragments wrong, as an 82599 does, and they are not
	model --quirk checksum --wire 0:pcap-in=$capture --wire "1:pcap-out=$work/out.pcap" --exit-when-done \
		--expect $frames
	fwd --no-drop --offloads tx-checksum,vlan-strip
	check "a capture through the $card, without its tags, with new checksums" "$work/model.log" ended $model 0
	ended $fwd 1
	check "  and leaves with them" "$work/fwd.log" "$bin/pollux-pcap-diff" $capture "$work/out.pcap"
done
card=82599

# -- a port that another program has: who, and nothing that would harm it --
model --wire 0:sink
: >"$work/dump.log"
"$bin/pollux-dump" -w /dev/null $b >"$work/dump.log" 2>&1 &
dump=$!
wait_for grep -q '^port 0' "$work/dump.log"
"$bin/pollux-fwd" $b $a >"$work/fwd.log" 2>&1
check "a port in use: status 1" "$work/fwd.log" test $? = 1
check "  and who has it" "$work/fwd.log" grep -q "is in use by pollux-dump, process $dump: " "$work/fwd.log"
kill $dump
check "  who goes on until it is ended" "$work/dump.log" ended $dump 0
end_model

# -- broken devices: a sentence, status 1, no hang --
for broken in reset-stuck eeprom-stuck eeprom-absent dma-init-stuck rx-enable-stuck tx-enable-stuck bad-mac gone \
	bus-master-stuck; do
	model --break $broken
	fwd --duration 1
	check "broken: $broken ends with status 1" "$work/fwd.log" ended $fwd 1
	check "  and a sentence" "$work/fwd.log" grep -q '^pollux-fwd: .\{30\}' "$work/fwd.log"
	end_model
done
model --link-down
fwd --link-wait 1.5
check "link down: status 1" "$work/fwd.log" ended $fwd 1
check "  and a sentence" "$work/fwd.log" grep -q '^pollux-fwd: .*: no link after 1.5 s' "$work/fwd.log"
check "  and what it waits for, before" "$work/fwd.log" \
	grep -q '^pollux-fwd: waiting for the link of vfio-user:.* (up to 1.5 s)' "$work/fwd.log"
end_model
model --module none
fwd --link-wait 1.5
check "an empty cage: status 1" "$work/fwd.log" ended $fwd 1
check "  the wait says why there is no link" "$work/fwd.log" \
	grep -q '^pollux-fwd: waiting for the link of .* (up to 1.5 s): no module in the cage$' "$work/fwd.log"
check "  and so does its end" "$work/fwd.log" \
	grep -q '^pollux-fwd: .*: no link after 1.5 s: no module in the cage; unless that is the reason, check' \
	"$work/fwd.log"
fwd --json --duration 0.2 --link-wait 0
check "  without a wait it is what the totals say" "$work/fwd.log" ended $fwd 0
check "  with the port's history" "$work/fwd.log" grep -q \
	'"link_up":false,"link_mbps":0,"link_state":"no module in the cage",.*"notes":\[.*{"at_s":-[0-9.]*,"text":"no' \
	"$work/fwd.log"
fwd --speed 100M
check "a speed that the card lacks: status 1" "$work/fwd.log" ended $fwd 1
check "  by name, with those that it has" "$work/fwd.log" \
	grep -q 'no link of 100 Mbit/s: the card, Intel 82599ES .*, can have 1 Gbit/s, 10 Gbit/s' "$work/fwd.log"
end_model

# as a kind board: with all that real ones do (--real), such a module never has a link
options=("${model_options[@]}") model_options=()
model --module nonsense
model_options=("${options[@]}")
"$bin/pollux-dump" --json -d 0.2 -w /dev/null $a >"$work/dump.log" 2>"$work/dump.err" &
check "a note on a port whose link is there at once is in JSON" "$work/dump.log" ended $! 0
check "  and a line on stderr" "$work/dump.err" \
	grep -q '^note: vfio-user:.*: the module makes no sense' "$work/dump.err"
end_model

model --link-down
timeout 10 "$bin/pollux-gen" --quiet --rate 10k --link-wait 0 --duration 0.2 $a >"$work/gen.log" 2>&1 &
check "a generator without a link and without a count ends with status 0" "$work/gen.log" ended $! 0
check "  and tells what it could not send" "$work/gen.log" grep -q '^note: .*: its link is down' "$work/gen.log"
end_model

# -- a stop is no failure where the reset that follows ends all --
for broken in rx-disable-stuck:RXDCTL secrx-stuck:SECRXSTAT; do
	model --break ${broken%:*}
	fwd --duration 0.2
	check "broken: ${broken%:*} does not fail a stop" "$work/fwd.log" ended $fwd 0
	check "  and is a note" "$work/fwd.log" grep -q "^note: vfio-user:.*: ${broken#*:}" "$work/fwd.log"
	end_model
done
model --hold --wire 0:source,count=100 --control "$work/control"
fwd --json
wait_for grep -q interval "$work/fwd.log"
echo 'link 1 down' >"$work/control"
wait_for grep -q 'port 1: link down' "$work/fwd.log"
kill -USR1 "$model"
wait_for grep -q '"rx_taken":100,' "$work/fwd.log"
kill -INT $fwd
check "packets without a link to leave by do not fail a stop" "$work/fwd.log" ended $fwd 0
check "  and are counted" "$work/fwd.log" grep -q '"type":"total".*"tx_unsent":100,' "$work/fwd.log"
check "  and told" "$work/fwd.log" \
	grep -q '^note: .*: 100 packets were not sent by the card: its link is down' "$work/fwd.log"
end_model

# -- the other applications --
model --wire 0:peer=1,lossless
"$bin/pollux-dump" $b -w "$work/dump.pcap" --count 500 'udp' >"$work/dump.log" 2>&1 &
dump=$!
wait_for test -e "$work/dump.pcap"
"$bin/pollux-gen" --count 500 --rate 100k --size 128 --quiet $a >"$work/gen.log" 2>&1
check "the generator sends 500 packets" "$work/gen.log" test $? = 0
check "  and the capture tool gets them" "$work/dump.log" ended $dump 0
check "  all of them" "$work/dump.log" test "$(stat -c %s "$work/dump.pcap")" = $((24 + 500 * (16 + 124)))
end_model

# -- reports that find no room, or nobody who reads on --
model --wire 0:source,rate=1k --wire 1:source,rate=1k
for json in "" --json; do
	# shellcheck disable=SC2086
	"$bin/pollux-fwd" $json --duration 0.3 $a $b >/dev/full 2>"$work/fwd.log" &
	check "${json:-text} that cannot be written ends with status 1" "$work/fwd.log" ended $! 1
	check "  and a sentence" "$work/fwd.log" grep -q '^pollux-fwd: stdout: ' "$work/fwd.log"
	# shellcheck disable=SC2086
	{ "$bin/pollux-fwd" $json --duration 0.3 --interval 0.1 $a $b 2>"$work/fwd.log"; echo $? >"$work/status"; } |
		head -n 1 >"$work/first"
	check "a reader who has seen enough is no failure" "$work/fwd.log" grep -qx 0 "$work/status"
	# shellcheck disable=SC2086
	{ "$bin/pollux-dump" $json --duration 0.5 --interval 0.1 $b 2>"$work/dump.log"; echo $? >"$work/status"; } |
		head -n 1 >"$work/first"
	check "  nor of the capture tool" "$work/dump.log" grep -qx 0 "$work/status"
done
check "  whose lines are on stderr where JSON has stdout" "$work/dump.log" grep -q ' length 60$' "$work/dump.log"
"$bin/pollux-dump" --duration 1 $b >/dev/full 2>"$work/dump.log" &
check "lines that cannot be written end it with status 1" "$work/dump.log" ended $! 1
check "  and a sentence, once" "$work/dump.log" test "$(grep -c stdout "$work/dump.log")" = 1
end_model
model
"$bin/pollux-dump" -w /dev/full $b >"$work/dump.log" 2>&1 &
check "a capture that cannot be written ends it before there is a frame" "$work/dump.log" ended $! 1
end_model

# -- others on its CPU: what limits it is that, and it says so --
model --wire 0:source --wire 0:sink --wire 1:source --wire 1:sink
cpu=$(taskset -cp $$ | sed 's/.*[-, ]//') hogs=()
for _ in 1 2 3; do
	taskset -c "$cpu" sh -c 'while :; do :; done' &
	hogs+=($!)
done
fwd --quiet --json --cpu "$cpu" --duration 0.5
check "a forwarder whose CPU others have ends as always" "$work/fwd.log" ended $fwd 0
check "  and does not blame what brings the packets" "$work/fwd.log" \
	grep -q '"the CPU: the forwarder had it [0-9]* % of the time".*"cpu_share":0[.][0-8].*"cpu_away_ms":[1-9]' \
	"$work/fwd.log"
end_model
model --wire 0:source,count=4 --wire 1:sink
fwd --quiet --json --cpu "$cpu" --duration 0.5
check "a forwarder that 4 packets came to ends too" "$work/fwd.log" ended $fwd 0
kill "${hogs[@]}"
check "  and does not blame the CPU, which it had little of" "$work/fwd.log" \
	grep -q '"limit":"what brings and takes.*"cpu_share":0\.[0-8]' "$work/fwd.log"
end_model

# foreign packets without end, and its own lost: counted as lost, and not waited for
model --wire 0:source --wire 0:sink --wire 1:sink
"$bin/pollux-gen" --count 500 --quiet $a >"$work/gen.log" 2>&1 &
check "the generator ends although others' packets do not" "$work/gen.log" ended $! 0
end_model

check "a port with a link that receives nothing ends as always" "$work/quiet.log" ended $quiet 0
check "  and is told once of switches with spanning tree" "$work/quiet.log" test \
	"$(grep -c 'nothing received yet: a switch port with spanning tree' "$work/quiet.log")" = 2
check "a wait for a link ends with status 1" "$work/wait.log" ended $waiting 1
check "  and is not silent for more than 10 s" "$work/wait.log" \
	grep -q '^pollux-fwd: still waiting for the link of .* (1[12] of 13 s)' "$work/wait.log"

end_checks
