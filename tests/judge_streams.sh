#!/bin/bash
# Has tshark, a parser that shares nothing with this project, decode the packets of streams of all shapes, as a dry run
# writes them: every field is what the stream's text says of that packet, every checksum is right or, where it is asked
# for, wrong.
# Usage: tests/judge_streams.sh BUILD-FOLDER. Exit status 77: there is no tshark.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
. tests/lib_tshark.sh
each=300 # packets of each stream

# What awk calls a field, and what tshark does.
columns=(len:frame.len malformed:_ws.malformed to:eth.dst from:eth.src type:eth.type
	outer:ieee8021ad.id outer_pcp:ieee8021ad.priority vlan:vlan.id pcp:vlan.priority dei:vlan.dei
	ip_len:ip.len ip_sum:ip.checksum.status tos:ip.dsfield ttl:ip.ttl id:ip.id df:ip.flags.df proto:ip.proto
	src:ip.src dst:ip.dst inner:ipv6.nxt class:ipv6.tclass label:ipv6.flow hops:ipv6.hlim payload:ipv6.plen
	src6:ipv6.src dst6:ipv6.dst
	udp_sum:udp.checksum.status udp_len:udp.length sport:udp.srcport dport:udp.dstport
	tcp_sum:tcp.checksum.status tcp_from:tcp.srcport tcp_to:tcp.dstport flags:tcp.flags seq:tcp.seq_raw
	ack:tcp.ack_raw window:tcp.window_size_value urgent:tcp.urgent_pointer
	icmp_sum:icmp.checksum.status icmp_type:icmp.type icmp_code:icmp.code icmp_id:icmp.ident icmp_seq:icmp.seq
	icmp6_sum:icmpv6.checksum.status icmp6_type:icmpv6.type icmp6_id:icmpv6.echo.identifier
	icmp6_seq:icmpv6.echo.sequence_number
	op:arp.opcode sha:arp.src.hw_mac spa:arp.src.proto_ipv4 tha:arp.dst.hw_mac tpa:arp.dst.proto_ipv4)

# Texts, and what awk is to find true of their packet n. A status of a sum is 1 where it is right, and 0 where not.
streams=(
	'' # a stream as it is without a text
	'len == 60 && src == "198.18.0.0" && dst == "198.19.0.1" && sport == 49152 && dport == 9 &&
		udp_sum ip_sum == 11 && udp_len == 26 && ip_len == 46 && df && ttl == 64 && to == "02:00:00:00:00:01"'
	'vlan=5 ip6 udp dst=50001-51024 size=imix'
	'vlan == 5 && inner == 17 && dport == n % 1024 + 50001 && udp_sum == 1 && payload == len - 58 &&
		len == (n % 12 == 6 ? 1514 : index(" 1 4 8 10 ", " " n % 12 " ") ? 590 : 84)'
	'vlan=7 pcp=5 dei=1 vlan=100-299/3 ip src=10.0.0.250-10.0.1.9 ttl=1-255 tos=0-255/4
		id=0-65535/257 df=0 udp src=5,7'
	'outer == 7 && outer_pcp == 5 && vlan == 100 + n % 67 * 3 && ttl == n % 255 + 1 && tos == n % 64 * 4 && !df &&
		id == n % 256 * 257 && src == (n % 16 < 6 ? "10.0.0." 250 + n % 16 : "10.0.1." n % 16 - 6) &&
		sport == 5 + n % 2 * 2 && ip_sum udp_sum == 11'
	'tcp src=1-3 dst=80 flags=S,SA,FPU seq=0-4294967295/65537 ack=7 window=1-65535 urgent=3 size=64-1518'
	'tcp_from == n % 3 + 1 && tcp_to == 80 && flags == (n % 3 == 0 ? 2 : n % 3 == 1 ? 18 : 41) &&
		seq == n * 65537 && ack == 7 && window == n + 1 && urgent == 3 && tcp_sum ip_sum == 11 && len == 60 + n'
	'ip6 src=2001:2::ff-2001:2::1ff dst=::1,fe80::2,2001:2::3 tos=0-255 label=5 ttl=3 tcp flags=0x10'
	'src6 == sprintf("2001:2::%x", 255 + n % 257) &&
		dst6 == (n % 3 == 0 ? "::1" : n % 3 == 1 ? "fe80::2" : "2001:2::3") &&
		class == n % 256 && label == 5 && hops == 3 && flags == 16 && tcp_sum == 1'
	'icmp id=1-9 seq=0-65535 size=100'
	'icmp_type == 8 && icmp_code == 0 && icmp_id == n % 9 + 1 && icmp_seq == n &&
		icmp_sum ip_sum == 11 && len == 96'
	'vlan=3 ip6 icmp type=129 id=4 seq=1-100'
	'vlan == 3 && inner == 58 && icmp6_type == 129 && icmp6_id == 4 && icmp6_seq == n % 100 + 1 && icmp6_sum == 1'
	'arp spa=10.0.0.1-10.0.0.50 tpa=10.0.1.1'
	'op == 1 && to == "ff:ff:ff:ff:ff:ff" && sha == from && spa == "10.0.0." n % 50 + 1 &&
		tpa == "10.0.1.1" && len == 60'
	'eth dst=02:00:00:00:00:fe-02:00:00:00:01:07 src=02:00:00:00:00:07 arp op=2 sha=02:00:00:00:00:08
		tha=02:00:00:00:00:09'
	'to == sprintf("02:00:00:00:%02x:%02x", (254 + n % 10) / 256, (254 + n % 10) % 256) &&
		from == "02:00:00:00:00:07" && op == 2 && sha == "02:00:00:00:00:08" && tha == "02:00:00:00:00:09"'
	'flows=1000 size=64:1,9000:1'
	'len == 60 + n % 2 * 8936 && src == sprintf("198.18.%d.%d", n / 256, n % 256) && sport >= 49152 &&
		udp_sum ip_sum == 11'
	'ip6 flows=7 tcp size=1000'
	'src6 == "2001:2::" (n % 7 ? n % 7 : "") && tcp_sum == 1 && len == 996'
	'ip dst=random tos=random udp dst=random(50000-50999) size=random(64-200)'
	'dport >= 50000 && dport <= 50999 && len >= 60 && len <= 196 && udp_sum ip_sum == 11'
	'udp dst=50004-50060 sum=wrong'
	'dport == n % 57 + 50004 && udp_sum ip_sum == "00"'
	'ip6 tcp sum=wrong stamp=no'
	'tcp_sum == 0 && len == 74'
	'ip proto=253 size=70'
	'proto == 253 && ip_sum == 1 && ip_len == 52'
	'eth type=0x88b5 size=imix-ip'
	'type == 34997 && len == (n % 12 == 6 ? 1514 : index(" 1 4 8 10 ", " " n % 12 " ") ? 590 : 60)'
)

program='BEGIN { FS = "\t" }
	function number(text,   i, value) { # tshark has some in hexadecimal
		if (text !~ /^0x/)
			return text
		for (i = 3; i <= length(text); i++)
			value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
		return value
	}
	{ n = int((NR - 1) / count); frames++'
for i in "${!columns[@]}"; do program+="; ${columns[i]%%:*} = number(\$$((i + 1)))"; done
program+='; good = malformed == "" }'
options=()
for ((i = 0; i < ${#streams[@]}; i += 2)); do
	options+=(--stream "${streams[i]}")
	program+="
	(NR - 1) % count == $((i / 2)) && !(${streams[i + 1]//$'\n'/ }) { good = 0 }"
done
program+='
	!good { print "packet " n " of stream " (NR - 1) % count ": " $0; bad++ }
	END { print frames + 0 " packets, " bad + 0 " are wrong"; exit bad > 0 || frames != count * each }'

"$bin/pollux-gen" --mtu 9000 --seed 1 --dry-run=$each --dry-run-file "$work/streams.pcap" "${options[@]}" \
	>"$work/log" 2>&1
check "a dry run of all shapes is written" "$work/log" test $? = 0
fields "$work/streams.pcap" "${columns[@]#*:}" >"$work/fields"
judged() {
	awk -v count=$((${#streams[@]} / 2)) -v each=$each "$program" "$work/fields" >"$work/judged"
}
check "tshark finds every field and sum as the texts have them" "$work/judged" judged

# The lines of a dry run are texts: what they make is the same packets.
"$bin/pollux-gen" --mtu 9000 --seed 1 --dry-run=2 "${options[@]}" 2>&1 | sed -n 's/^[0-9]*\.1: //p' >"$work/lines"
"$bin/pollux-gen" --mtu 9000 --dry-run=1 --dry-run-file "$work/again.pcap" --stream @"$work/lines" >"$work/log" 2>&1
check "a dry run's lines are streams" "$work/log" test $? = 0
# without the sums, which the stamps' numbers are in, and the ones that are wrong on purpose
same_headers() {
	local names
	mapfile -t names < <(printf '%s\n' "${columns[@]#*:}" | grep -v checksum)
	fields "$work/again.pcap" "${names[@]}" >"$work/again"
	fields "$work/streams.pcap" "${names[@]}" |
		awk -v count=$((${#streams[@]} / 2)) 'NR > count && NR <= 2 * count' | diff - "$work/again"
}
check "  with the same headers" "$work/again" same_headers
end_checks
