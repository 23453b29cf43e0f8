#!/bin/bash
# Has Wireshark look at what the applications make: captures over several files, as tshark reads them; and the
# forwarder's answers to ARP, neighbour solicitations and pings, which it finds the requests of, and right sums in.
# Usage: tests/judge_apps.sh BUILD-FOLDER. Exit status 77: there is no tshark.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
. tests/lib_tshark.sh
a=vfio-user:$work/a b=vfio-user:$work/b

# -- a capture that rotates: by size, by time, and both --
model --wire 0:source,rate=100k,flows=16 --wire 1:source,rate=20k,size=1518
"$bin/pollux-dump" -q -n 2000 -s 60 -C 50k -w "$work/size" $a >"$work/log" 2>&1
check "a capture in files by size" "$work/log" test $? = 0
# whole N FILE...: they have that many frames, none of them cut, in order of time
whole() {
	mergecap -a -F nsecpcap -w "$work/all.pcap" "${@:2}" >>"$work/log" 2>&1 &&
		fields "$work/all.pcap" frame.time_epoch |
		awk -v n="$1" '$1 < before { exit } { before = $1; frames++ } END { exit frames != n }'
}
check "  Wireshark finds all frames, in order" "$work/log" whole 2000 "$work"/size{,1,2,3}
check "  and there are no others" "$work/log" test ! -e "$work/size4"
"$bin/pollux-dump" -q -G 1 -W 2 --queues 2 -w "$work/time-%s" $b >"$work/log" 2>&1
check "a capture in two files by time ends" "$work/log" test $? = 0
frames=$(grep -o '[0-9]* packets captured' "$work/log")
check "  Wireshark finds all frames" "$work/log" whole "${frames%% *}" "$work"/time-*
of_a_second() {
	local file
	for file in "$work"/time-*; do
		[ "$(fields "$file" frame.time_relative | tail -n 1 | cut -d . -f 1)" = 0 ] || return 1
	done
}
check "  of a second each" "$work/log" of_a_second
end_model

# -- answers --
# Requests as other programs write them: from 192.0.2.1 and 2001:db8::1, which is 0a:00:00:00:00:01.
peer=0a0000000001 one=20010db8000000000000000000000001 two=20010db8000000000000000000000002
own=020000000010 group=ff0200000000000000000001ff000002
for frame in "ffffffffffff $peer 0806 0001080006040001 $peer c0000201 000000000000 c0000202" \
	"$own $peer 0800 4500002400010000 4011 f6c4 c0000201 c0000202 0009000900100000 6162636465666768" \
	"$own $peer 0800 450000241a2b4000 0101 dbaa c0000201 c0000202 08005435 12340001 6162636465666768" \
	"$own $peer 81000005 0800 450000241a2b4000 0101 dbaa c0000201 c0000202 08005434 12340002 6162636465666768" \
	"3333ff000002 $peer 86dd 6000000000203aff $one $group 8700142700000000 $two 0101$peer" \
	"$own $peer 86dd 6000000000103a01 $one $two 8000 8075 12340001 6162636465666768"; do
	printf '0000 '
	tr -d ' ' <<<"$frame" | sed 's/../& /g'
done | text2pcap -q -F pcap - "$work/requests.pcap" 2>"$work/log"
model --mac 0:02:00:00:00:00:10 --wire "0:pcap-in=$work/requests.pcap" --wire "0:pcap-out=$work/answers.pcap"
"$bin/pollux-fwd" -q -m icmpecho --address 192.0.2.2,2001:db8::2 -n 5 -d 20 $a >"$work/log" 2>&1
check "five of six frames are answered" "$work/log" grep -q ' 5 packets forwarded, 1 taken' "$work/log"
end_model
# of each answer: what it says, whether its sums are right, and which request it is to
mergecap -a -F pcap -w "$work/all.pcap" "$work/requests.pcap" "$work/answers.pcap"
fields "$work/all.pcap" eth.dst vlan.id arp.opcode arp.src.hw_mac arp.src.proto_ipv4 ip.src ip.ttl \
	ip.checksum.status icmp.resp_to icmp.checksum.status ipv6.src ipv6.hlim icmpv6.nd.na.target_address \
	icmpv6.opt.linkaddr icmpv6.resp_to icmpv6.checksum.status | sed 1,6d | tr '\t' '|' >"$work/answers"
cat >"$work/wanted" <<-ANSWERS
	0a:00:00:00:00:01||2|02:00:00:00:00:10|192.0.2.2|||||||||||
	0a:00:00:00:00:01|||||192.0.2.2|64|1|3|1||||||
	0a:00:00:00:00:01|5||||192.0.2.2|64|1|4|1||||||
	0a:00:00:00:00:01||||||||||2001:db8::2|255|2001:db8::2|02:00:00:00:00:10||1
	0a:00:00:00:00:01||||||||||2001:db8::2|64|||6|1
ANSWERS
check "  with what Wireshark expects, and right sums" "$work/differs" \
	eval 'diff "$work/wanted" "$work/answers" >"$work/differs"'
end_checks
