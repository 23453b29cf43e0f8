#!/bin/bash
# Every packet is in one figure, whatever the program and however long it ran: what it prints adds up, and agrees to the
# frame and the byte with what the software 82599 says went over its wires. And every JSON field that is printed stands
# in apps/README.md, and the other way round.
# Usage: tests/accounting.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
a=vfio-user:$work/a b=vfio-user:$work/b

# run PROGRAM OPTIONS...: its JSON in $work/json, collected in $work/PROGRAM.all; $status. It is interrupted once $until
# holds, if that is set.
run() {
	local program=$1 app
	shift
	"$bin/pollux-$program" --json "$@" >"$work/json" 2>"$work/err" &
	app=$!
	[ -z "$until" ] || { wait_for $until; kill -INT $app; }
	wait $app
	status=$?
	until=
	cat "$work/json" >>"$work/$program.all"
}
until=
# what a run is interrupted by: the first packets, or as many on the wire of a port
moving() { grep -q '"rx_pps":[1-9]' "$work/json"; }
came() {
	kill -USR2 $model && sleep 0.02 && tail -n 1 "$work/model.log" |
		grep -q "{\"port\":$1,\"$2_frames\":$3,\|{\"port\":$1,[^}]*\"$2_frames\":$3,"
}
# end_run: what the model reports in the end is in $work/model.json
end_run() {
	kill -INT $model 2>/dev/null
	wait $model
	grep '^{"ports"' "$work/model.log" | tail -n 1 | tee -a "$work/model.all" >"$work/model.json"
}

# adds_up PROGRAM: of every port, the program's figures against each other and against the card's; those of the whole
# program; and intervals, where there were any, against the totals. Says what differs. A device that was killed reports
# nothing.
adds_up() {
	awk -v program="$1" '
	function pairs(text, kind, pair) {
		while (match(text, /"[a-z_0-9]+":[0-9.]+/)) {
			split(substr(text, RSTART + 1, RLENGTH - 1), pair, "\":")
			if (interval && kind == "whole")
				sofar(pair[1], pair[2])
			else if (interval)
				sums[kind, pair[1]] += pair[2]
			else
				v[kind, pair[1]] = pair[2]
			text = substr(text, RSTART + RLENGTH)
		}
	}
	# what a program counts itself, from its start on
	function sofar(field, value) {
		if (field !~ /^(sent|received|tx_ring_full|own|reordered|duplicates|corrupted|foreign)$/ &&
			field !~ /^(captured|not_matched|bridged|flooded|learned|kept_local)$/)
			return
		if (value < counted[field])
			differs("intervals, " field ": " value " is less than before")
		counted[field] = value
	}
	# of a port with several queues: what its text says of them is added up, and taken out
	function queues(text, kind, list, pair) {
		if (!match(text, /,"queues":\[[^]]*\]/))
			return text
		list = substr(text, RSTART, RLENGTH)
		text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
		spread[kind] = 1
		while (match(list, /"[a-z_]+":[0-9.]+/)) {
			split(substr(list, RSTART + 1, RLENGTH - 1), pair, "\":")
			if (interval)
				sums["queues of " kind, pair[1]] += pair[2]
			else
				v["queues of " kind, pair[1]] += pair[2]
			list = substr(list, RSTART + RLENGTH)
		}
		return text
	}
	function get(kind, field) {
		if (!((kind, field) in v))
			differs(field " of " kind " is missing")
		return v[kind, field]
	}
	function differs(text) { print text; bad = 1 }
	function equal(what, left, right) { if (left != right) differs(what ": " left " is not " right) }
	function all(field, p, sum) { for (p = 0; p < ports; p++) sum += get("port " p, field); return sum }
	{
		parts = split($0, part, /{"port":/)
		from = FILENAME ~ /model/ ? "card" : "port"
		interval = /"type":"interval"/
		intervals += interval
		for (i = 2; i <= parts; i++)
			part[i] = queues(part[i], from " " part[i] + 0)
		end = index(part[parts], "}]")
		pairs(substr(part[parts], end), "whole")
		part[parts] = substr(part[parts], 1, end)
		for (i = 2; i <= parts; i++)
			pairs(part[i], from " " part[i] + 0)
		if (from == "port")
			ports = parts - 1
		reported = reported || from == "card"
	}
	END {
		for (i = 0; i < ports; i++) {
			p = "port " i
			q = "queues of " p
			if (p in spread) {
				equal(p " and its queues, taken", get(p, "rx_taken"), get(q, "rx_taken"))
				equal(p " and its queues, in hand", get(p, "in_hand"), get(q, "in_hand"))
				equal(p " and its queues, tx ring full", get(p, "tx_ring_full"), get(q, "tx_ring_full"))
				equal(p " and its queues, polls", get(p, "polls"), get(q, "polls"))
				equal(p " and its queues, sent", get(p, "tx_packets") + get(p, "tx_unsent"),
					get(q, "tx_taken"))
			}
			# also of a device that is gone: the last values stay
			for (key in sums) {
				split(key, k, SUBSEP)
				if (k[1] == q &&
					k[2] ~ /^(rx_taken|rx_no_descriptor|tx_taken|tx_ring_full|in_hand|polls)$/)
					equal("intervals of " q ", " k[2], sums[key], get(q, k[2]))
			}
			if (!reported)
				continue
			equal(p " received", get(p, "rx_packets"),
				get(p, "rx_taken") + get(p, "rx_left") + get(p, "rx_bad_packets"))
			c = "card " i
			equal(p " and its card, received", get(p, "rx_packets"), get(c, "received"))
			equal(p " and its card, received bytes", get(p, "rx_bytes"), get(c, "received_bytes"))
			equal(p " and its card, missed", get(p, "rx_missed"), get(c, "missed"))
			equal(p " and its card, bad", get(p, "rx_errors"),
				get(c, "oversize") + get(c, "undersize") + get(c, "bad_fcs"))
			equal(p " and its card, sent", get(p, "tx_packets"), get(c, "out_frames"))
			equal(p " and its card, sent bytes", get(p, "tx_bytes"), get(c, "out_bytes"))
			for (key in sums) {
				split(key, k, SUBSEP)
				if (k[1] == p &&
					k[2] ~ /^(rx|tx)_(packets|bytes|taken|left|unsent|missed|ring_full)$|^in_hand$/)
					equal("intervals of " k[1] ", " k[2], sums[key], get(k[1], k[2]))
			}
		}
		w = "whole"
		for (field in counted)
			equal("the last interval, " field, counted[field], get(w, field))
		if (program == "fwd") {
			equal("taken", get(w, "received"), all("rx_taken"))
			equal("forwarded", get(w, "forwarded"), all("tx_packets"))
			equal("dropped", get(w, "dropped_tx_ring_full"), all("tx_ring_full"))
			equal("not sent", get(w, "not_sent"), all("tx_unsent"))
			equal("in hand", get(w, "in_hand"), all("in_hand"))
			equal("received", get(w, "received") + get(w, "made"), get(w, "forwarded") + \
				get(w, "dropped_tx_ring_full") + get(w, "dropped_tx_bad_packets") + \
				get(w, "dropped_rx_bad_checksum") + get(w, "not_sent") + \
				get(w, "in_hand") + get(w, "consumed"))
		} else if (program == "gen") {
			equal("sent", get(w, "sent"), get("port 0", "tx_packets"))
			equal("received", get(w, "received"), all("rx_taken"))
		} else if (program == "dump") {
			equal("captured", all("rx_taken"),
				get(w, "captured") + get(w, "not_matched") + get(w, "in_hand"))
		} else {
			equal("bridged", get(w, "bridged"), all("rx_taken"))
			copies = get(w, "bridged") - get(w, "kept_local")
			copies -= get(w, "dropped_blocked") + get(w, "dropped_bad")
			equal("copies", copies, all("tx_packets") + all("tx_unsent"))
		}
		exit bad || !ports
	}' "$work/model.json" "$work/json" >"$work/differs"
}
# account NAME STATUS PROGRAM OPTIONS...: runs it, ends the model, adds up
account() {
	local name=$1 wanted=$2 program=$3
	shift 2
	run "$@"
	end_run
	check "$name: status $wanted" "$work/err" test $status = "$wanted"
	check "  every packet is in one figure" "$work/differs" adds_up "$program"
}
# says FIELDS...: of the last object, some in a port, some of the whole
says() {
	local field
	for field; do
		tail -n 1 "$work/json" | grep -q "\"${field%=*}\":${field#*=}[,}]" || return 1
	done
}

# -- the generator --
model --json --wire 0:peer=1
account "one packet" 0 gen -q -n 1 $a $b
check "  which is in the ports' figures, and its rate" "$work/json" \
	says tx_packets=1 rx_packets=1 'tx_pps=[0-9]*[1-9][0-9]*[.][0-9]*'
model --json --wire 0:peer=1
account "intervals" 0 gen -n 2000 -R 10k -i 0.05 $a $b
model --json --link-down
account "the link is down" 1 gen -q -n 100 -d 0.2 --link-wait 0 $a
check "  what was not sent is told" "$work/err" \
	grep -q '100 packets were not sent by the card: its link is down' "$work/err"
check "  and counted" "$work/json" says tx_packets=0 tx_unsent=100 sent=0

model --json --wire 0:sink
account "a capture" 0 gen -q --replay tests/captures/mixed.pcap --rate 100k $a

# -- the forwarder --
model --json --wire 0:source,rate=100k,count=1000 --wire 1:sink
until="came 0 in 1000" account "a thousand packets" 0 fwd -q $a $b
model --json --wire 0:source,rate=1M,count=30000
until="came 0 in 30000" account "more than a small ring and the packet buffer hold" 0 fwd -i 0.1 --ring 64 --burst 1 \
	$a $b
model --json --wire 0:source,rate=100k,count=1000
until="came 0 out 1000" account "a single port" 0 fwd --no-drop -q $a
check "  sends back what it gets" "$work/json" says forwarded=1000 dropped_tx_ring_full=0
model --json --wire 0:source --wire 1:source
account "a hundredth of a second" 0 fwd -q -d 0.01 $a $b
model --json --wire 0:source --wire 1:source
until=moving account "broken off in full traffic" 0 fwd --no-drop -i 0.1 $a $b
model --json --wire 0:source --wire 1:source
account "ended by --packets" 0 fwd -q -n 777 $a $b
model --json --wire 0:source,size=9000 --wire 1:source,size=5000
until=moving account "frames in several buffers" 0 fwd --mtu 9000 -i 0.1 $a $b
model --json --wire 0:source,size=1600,count=50 --wire 1:source,dst=02:00:00:00:00:77,count=50
until="came 1 in 50" account "frames too long, and for others" 0 fwd -q --no-promiscuous $a $b
check "  none of which was received" "$work/json" says rx_errors=50 rx_packets=0 received=0
model --json --wire 0:source --break tx-stuck
until=moving account "transmit stuck" 1 fwd --no-drop --ring 64 -i 0.1 $a $b
check "  what was not sent is told so, and nothing was dropped" "$work/json" \
	says exact=true not_sent=63 forwarded=0 dropped_tx_ring_full=0

# taken N: of all ports in all intervals
taken() { grep -oE '"rx_taken":[0-9]+' "$work/json" | awk -F : -v n="$1" '{ sum += $2 } END { exit sum < n }'; }
model --json --wire 0:source,rate=100k,count=1000 --wire 1:source,rate=100k,count=500
account "receive only" 0 fwd -q -m rxonly -n 1500 $a $b
check "  nothing is forwarded" "$work/json" says consumed=1500 forwarded=0
model --json --wire 0:sink --wire 1:sink
account "send only" 0 fwd -q -m txonly -n 3000 $a
check "  as many as are wanted" "$work/json" says made=3000 forwarded=3000 received=0 tx_bytes=180000
model --json --wire 0:source,rate=100k,count=1000 --wire 1:source,rate=100k,count=1000
account "a map: both ports send by the second" 0 fwd --no-drop -q -n 2000 --map 0:1,1:1 $a $b
check "  it has sent those of both" "$work/json" grep -q '"tx_packets":0,.*"tx_packets":2000,' "$work/json"
model --json --wire 0:source,rate=100k,count=1000 --wire 1:source,rate=100k,count=500
account "a map: one port forwards nowhere" 0 fwd --no-drop -q -n 1500 --map 0:1 $a $b
check "  what it has taken is counted" "$work/json" says consumed=500 forwarded=1000
model --json --wire 0:source,rate=100k,count=1000
until="taken 1000" account "no requests" 0 fwd -i 0.05 -m icmpecho $a
check "  are not answered" "$work/json" says consumed=1000 forwarded=0

# -- several queues: threads of their own, more than there are CPUs --
# spread N: each of the queues of port 0 has taken packets
spread() {
	local queue
	for ((queue = 0; queue < $1; queue++)); do
		tail -n 1 "$work/json" | grep -q "\"queue\":$queue,\"rx_taken\":[1-9]" || return 1
	done
}
model --json --wire 0:source,rate=100k,flows=64 --wire 1:source,rate=100k,flows=64
until="spread 4" account "four queues" 0 fwd --queues 4 -i 0.1 $a $b
check "  have packets, all of them" "$work/json" spread 4
model --json --wire 0:source,rate=50k,flows=512 --wire 1:source,rate=50k,flows=512
until="spread 16" account "sixteen queues" 0 fwd -i 0.1 --queues 16 --no-drop --rss symmetric $a $b
check "  have packets, all of them" "$work/json" spread 16
check "  and that they share CPUs is a note, if they do" "$work/err" \
	eval '[ "$(nproc)" -ge 16 ] || grep -q "^note: 16 threads share [0-9]* CPU" "$work/err"'
model --json --wire 0:source,flows=64 --wire 1:source,flows=64
until=moving account "two queues of a bridge" 0 pipe --queues 2 -i 0.1 $a $b
model --json --wire 0:source,flows=64
account "a capture of three queues that has enough" 0 dump -q --queues 3 -n 500 -w "$work/some.pcap" $a \
	'udp[1] & 1 == 0'
model --json --wire 0:peer=1,lossless
account "three queues that send" 0 gen --queues 3 --flows 30 -n 2000 -R 10k -i 0.05 --latency $a $b
check "  all comes back, in order" "$work/json" says sent=2000 own=2000 lost=0 reordered=0 duplicates=0 foreign=0

# -- RFC 2544 --
model --json --wire 0:device=1
run rfc2544 -q --tests throughput,latency --sizes 64,imix --trial 0.05 --settle 0 --wait 0 --rate 5k --queues 2 $a $b
check "a device as fast as the line: status 0" "$work/err" test $status = 0
end_run

# -- the bridge and the capture tool --
model --json --wire 0:source,flows=64 --wire 1:source,flows=64
until=moving account "a bridge" 0 pipe -i 0.1 $a $b
model --json --wire 0:source,flows=64
account "a capture that has enough" 0 dump -q -n 50 -w "$work/some.pcap" $a 'udp[1] & 1 == 0'

model --json --wire 0:source,flows=64
account "a capture that finds no room" 1 dump -q -w /dev/full $a
check "  says which of its frames are in no file" "$work/json" eval \
	'grep -qE "\"captured\":([1-9][0-9]*),.*\"lost_writer\":\1," "$work/json"'

# -- a device that goes away: its last figures, and of when they are --
: >"$work/model.json"
: >"$work/json" # what an earlier one said must not be waited for
model --wire 0:source,flows=64 --wire 1:sink
: >"$work/json"
"$bin/pollux-fwd" --json -i 0.1 --queues 2 --ring 64 $a $b >"$work/json" 2>"$work/err" &
app=$!
wait_for grep -q '"queues":.*"rx_no_descriptor":[1-9].*"queues":' "$work/json"
kill -9 $model
wait $model 2>/dev/null
check "the device goes away, the forwarder ends with status 1" "$work/err" ended $app 1
check "  the forwarder's own figures add up, and those of its queues" "$work/differs" adds_up fwd
check "  it says of when the card's figures are" "$work/json" says gone=true exact=false 'age_s=[0-9.]*[1-9][0-9]*'
cat "$work/json" >>"$work/fwd.all"

# -- text has the same counters --
model --wire 0:source,rate=100k,count=1000 --wire 1:sink
"$bin/pollux-fwd" -r 4096 $a $b >"$work/fwd.log" 2>&1 &
app=$!
wait_for came 1 out 1000
kill -INT $app
check "totals in text" "$work/fwd.log" ended $app 0
check "  are those of the ports" "$work/fwd.log" \
	grep -q '  port 0  rx 1000 packets 60000 bytes, tx 0 packets 0 bytes' "$work/fwd.log"
check "  and of the forwarder" "$work/fwd.log" grep -q 'forwarder: 1000 packets forwarded, 0 dropped' "$work/fwd.log"
kill -INT $model
wait $model

# -- apps/README.md: every field that is printed stands there, and the other way round --
printed() {
	case $1 in
	bind | doctor) grep -ohE '\\"[a-z_0-9]+\\":|json_(text|number)\("[a-z_0-9]+"|\{"[a-z_0-9]+", (NULL|"[^"]*%)' \
		"apps/$1"*.c |
		grep -oE '"[a-z_0-9]+' ;;
	*) grep -oh '"[a-z_0-9]*":' "$work/$1.all" ;;
	esac | tr -d '":' | sed 's/^incident_.*/incident_tx_hang/' | sort -u # one row has all kinds of them
}
documented() { sed -n "/^## ${2:-pollux-$1}/,/^##/p" apps/README.md | sed -n 's/^| `\([a-z_0-9]*\)`.*/\1/p'; }
for program in fwd gen rfc2544 pipe dump bind doctor model; do
	case $program in
	bind | doctor | model) documented $program ;;
	*) documented $program; documented $program 'Of all programs' ;;
	esac | sort -u | diff <(printed $program) - >"$work/fields"
	check "pollux-$program's JSON fields (<) are those in apps/README.md (>)" "$work/fields" \
		test ! -s "$work/fields"
done

end_checks
