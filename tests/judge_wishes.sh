#!/bin/bash
# Our driver's offloads, judged by tshark: frames without checksums leave the software cards with wishes, by card and
# in software, in one piece and in many; every sum on the wire must be right, every stream the one that was sent. And
# what comes in is told right: checksums, tags, and RSS by the published vectors.
# Usage: tests/judge_wishes.sh BUILD-FOLDER [--all]. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [--all]}
. tests/lib.sh
. tests/lib_tshark.sh
frames=360
zero=$work/zero.pcap large=$work/large.pcap
"$bin/pollux-pcap-flows" "$zero" $frames zero && "$bin/pollux-pcap-flows" "$large" 120 zero 9000 || exit 1
make_sure() { "$bin/pollux-pcap-flows" "$work/$1.pcap" "${@:2}" || exit 1; }
make_sure right $frames right
make_sure wrong $frames wrong
make_sure vectors 160 vectors

# what it says at its end: told NAME
told() { grep -o "\b$1 [0-9]*" "$work/wishes.log" | tail -n 1 | grep -o '[0-9]*$'; }
# send CARD CAPTURE OPTIONS...: all of it leaves port 0, whose wire is captured
send() {
	local capture=$2
	card=$1
	shift 2
	rm -f "$work/out.pcap"
	model --wire "0:pcap-out=$work/out.pcap"
	timeout 120 "$bin/guest-wishes" send "vfio-user:$work/a" "$capture" "$@" >"$work/wishes.log" 2>&1
	status=$?
	end_model >"$work/end.log" || cat "$work/end.log"
}
clean() {
	[ $status = 0 ] && equal "0 0" "$(told bad) $(told unsent)" && no_faults 2
}
# sums CARD OPTIONS...
sums() {
	send "$1" "$zero" --ip --l4 "${@:2}"
	check "$*: $frames frames leave with wishes for their checksums" "$work/wishes.log" clean
	check "  tshark finds every sum right" "$work/wishes.log" sums_good "$work/out.pcap" $frames
	check "  and every stream as it was" "$work/wishes.log" same_streams "$zero" "$work/out.pcap"
}
# segments CARD MSS OPTIONS...
segments() {
	send "$1" "$large" --ip --l4 --segment "$2" --mtu 9000 "${@:3}"
	check "$*: 120 frames of up to 9,000 bytes leave, TCP in segments" "$work/wishes.log" clean
	check "  tshark finds every sum right" "$work/wishes.log" sums_good "$work/out.pcap" "$(told sent)"
	check "  and every stream as it was" "$work/wishes.log" same_streams "$large" "$work/out.pcap"
	check "  in segments of $2 bytes at most" "$work/wishes.log" equal "$2" "$(largest_segment "$work/out.pcap")"
}
# tags CARD OPTIONS...
tags() {
	send "$1" "$zero" --ip --l4 --vlan 0x2007 "${@:2}"
	check "$*: $frames frames leave with a tag, too" "$work/wishes.log" clean
	check "  tshark finds every sum right" "$work/wishes.log" sums_good "$work/out.pcap" $frames
	check "  and the tag in each, in front of those that were there" "$work/wishes.log" tagged
}
tagged() {
	equal $frames "$(tshark -r "$work/out.pcap" -Y 'eth.type == 0x8100 && frame[14:2] == 20:07' 2>/dev/null |
		wc -l)"
}

# receive CARD CAPTURE FRAMES OPTIONS...: what the receiver says is in $work/wishes.log
receive() {
	card=$1
	model --hold --wire "0:pcap-in=$2"
	: >"$work/wishes.log"
	timeout 120 "$bin/guest-wishes" receive "vfio-user:$work/a" "$3" "${@:4}" >"$work/wishes.log" 2>&1 &
	receiver=$!
	wait_for eval 'grep -q listening "$work/wishes.log" || ! kill -0 $receiver 2>/dev/null'
	kill -USR1 $model
	wait $receiver
	status=$?
	end_model >"$work/end.log" || cat "$work/end.log"
}
# how often each verdict came: verdicts FIELD (a column)
verdicts() { grep '^len ' "$work/wishes.log" | cut -d' ' -f "$1" | sort | uniq -c | awk '{ printf "%s:%s ", $2, $1 }'; }
# states CARD: of 12 kinds 6 are IPv4, and 2 have two tags, of which the first is none that the card knows. Our driver
# believes no wrong UDP checksum, for an erratum of the 82599
states() {
	local n=$((frames / 12)) wrong
	wrong="-:$((7 * n)) bad:$((5 * n)) -:$((7 * n)) bad:$((5 * n)) "
	receive "$1" "$work/right.pcap" $frames --checksum
	check "$1: right sums are told to be right" "$work/wishes.log" \
		equal "0 -:$((7 * n)) good:$((5 * n)) -:$((2 * n)) good:$((10 * n)) " \
		"$status $(verdicts 4)$(verdicts 6)"
	receive "$1" "$work/wrong.pcap" $frames --checksum
	check "$1: wrong ones are told to be wrong" "$work/wishes.log" \
		equal "0 $wrong" "$status $(verdicts 4)$(verdicts 6)"
	receive "$1" "$work/right.pcap" $frames --checksum --strip
	check "$1: tags come beside the frames" "$work/wishes.log" \
		equal "0 -:$((10 * n)) 6005:$((2 * n)) " "$status $(verdicts 8)"
	receive "$1" "$work/right.pcap" $((frames - 2 * (frames / 12))) --filter 7
	check "$1: a filter for VLAN 7 keeps VLAN 5 away" "$work/wishes.log" \
		equal "0 -:$((10 * n)) " "$status $(verdicts 8)"
}
# The hashes of 8 flows, with TCP's ports, and the queue that a table of all queues in turn has for each.
published="51ccc178 c626b0ea 5c2b394a afc7327f 10e828a2 40207d3d dde51bbf 02d1feef"
spread() {
	local hash entries=128 queues=$2 wanted
	[ "$1" != x550 ] || entries=512
	receive "$1" "$work/vectors.pcap" 160 --queues "$queues"
	wanted=$(for hash in $published; do echo "queue $((0x$hash % entries % queues)) hash $hash"; done | sort)
	check "$1: RSS over $queues queues has the published hashes, and the queues that follow" "$work/wishes.log" \
		equal "$wanted" "$(grep -o 'queue .*' "$work/wishes.log" | sort -u)"
	check "  20 frames each, in no other queue" "$work/wishes.log" \
		equal "8 20" "$(grep -o 'hash .*' "$work/wishes.log" | sort | uniq -c | awk '{ print $1 }' | uniq -c |
			xargs)"
}

sums 82599
segments x550 1460 --piece 700
tags 82599
spread 82599 4
states 82599
sums x550 --offload
segments 82599 536 --offload
if [ "${2:-}" = --all ]; then
	for card in 82599 x540 x550; do
		for pieces in 2048 701 400; do
			sums $card --offload --piece $pieces
			sums $card --piece $pieces
			segments $card 1448 --offload --piece $pieces
			segments $card 333 --piece $pieces
		done
		tags $card
		tags $card --offload
		states $card
		spread $card 16
		spread $card 3
	done
	spread x550 64
fi
end_checks
