# Runs inside the guest: cards 0, 2, ... are the kernel's, 1, 3, ... are ours, each with a wire to the one before. (See
# offloads.sh.) ip in full: this shell would take its own
# shellcheck shell=sh disable=SC2154,SC2016,SC2086
echo 64 >/proc/sys/vm/nr_hugepages
cards=$(sed 's/.*cards=\([^ ]*\).*/\1/' /proc/cmdline | tr + ' ')
interface() { ls "/sys/bus/pci/devices/$(card "$1")/net"; }

echo 0 >/proc/sys/net/ipv4/tcp_autocorking # a segment for each send, however slow the card is
# What the sockets answer goes nowhere: nobody takes it at our end, and it would wait there for those who do.
echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode # no address, and no queries and reports for it
/bin/ip link set dummy0 mtu 9000 up
/bin/ip addr add 198.19.0.1/32 dev dummy0
/bin/ip addr add fd00::63/64 dev dummy0 nodad
/bin/ip route add 198.18.0.0/16 dev dummy0 # whence IPv4's flows come

tag() { # INTERFACE VLAN, with s in front for one of 802.1ad: prints the name of the new interface
	protocol=802.1Q
	[ "${2#s}" = "$2" ] || protocol=802.1ad
	/bin/ip link add link "$1" name "$1.$2" type vlan proto $protocol id "${2#s}" &&
		/bin/ip link set "$1.$2" up && echo "$1.$2"
}
tags() { # INTERFACE: those that frames of the captures have
	tag "$1" 5 && tag "$(tag "$1" s5)" 105
}
# The kernel's interface takes what is for the captures' address, and has room for all of a capture, as QEMU's wires
# wait for nobody. 7 is the VLAN of our wishes.
prepare() {
	echo 1 >"/proc/sys/net/ipv6/conf/$near/addr_gen_mode"
	/bin/ip link set "$near" name near && near=near &&
		/bin/ip link set near address 02:01:02:03:04:05 mtu 9000 arp off up &&
		ethtool -G near rx 2048 && ethtool -K near gro off rx off tx off && tags near && tags "$(tag near 7)" &&
		wait_for 20 grep -q 1 /sys/class/net/near/carrier
}

# COUNTER...: by how much each has grown since the last snapshot, in one line. A counter may be a pattern, for a sum
snapshot() { nstat -asz >/tmp/nstat; }
grew() {
	nstat -asz >/tmp/nstat.now
	for counter; do
		awk -v c="^$counter\$" '$1 ~ c { n += FILENAME ~ /now/ ? $2 : -$2 } END { printf "%d ", n }' \
			/tmp/nstat /tmp/nstat.now
	done
}
# the kernel counts wrong sums of UDP over IPv6 here or there
sums="IpExtInCsumErrors TcpInCsumErrors Udp6?InCsumErrors"
listen() { # CAPTURE: the kernel's sockets wait for its flows
	guest-sockets receive "/data/$1$kinds.pcap" 40 >/tmp/sockets 2>&1 &
	sockets=$!
	wait_for 60 eval 'grep -q listening /tmp/sockets || ! kill -0 $sockets' && grep listening /tmp/sockets && return
	cat /tmp/sockets
	return 1
}
# QEMU's cards count a frame that they have segmented once: to our counters the other segments are unsent
wishes() { # CAPTURE OPTION...: all of it leaves, with wishes
	capture=/data/$1$kinds.pcap
	shift
	guest-wishes send "$ours" "$capture" "$@" >/tmp/wishes 2>&1
	status=$?
	cat /tmp/wishes
	grep -Eq "bad 0, unsent (0|$(more));" /tmp/wishes && return $status
}
more() { sed -n 's/.* \([0-9]*\) of them more.*/\1/p' /tmp/wishes; } # frames that segmentation has made
equal() { [ "$1" = "$2" ] || { echo "$2, not $1"; return 1; }; } # WANTED GOT

# arrives CAPTURE OPTION...: each byte of each flow, in frames of which no sum is wrong, nor was made in software but
# of so many frames
arrives() {
	listen "$1" && snapshot && wishes "$@" || return 1
	ended 60 $sockets 0 || { cat /tmp/sockets; grew $sums; return 1; }
	cat /tmp/sockets
	equal "0 0 0 " "$(grew $sums)"
}
# refused CAPTURE "WANTED" OPTION...: the kernel counts so many wrong sums, of IPv4, TCP and UDP
refused() {
	wanted=$2
	listen "$1" && snapshot || return 1
	capture=$1
	shift 2
	wishes "$capture" "$@"
	wait_for 5 eval '[ "$(grew $sums)" = "$wanted" ]'
	kill $sockets
	wait $sockets
	cat /tmp/sockets
	equal "$wanted" "$(grew $sums)"
}
# The card did it itself, but for segments of so many frames.
by_card() { grep "software: checksums 0, segmented $1, tags 0" /tmp/wishes || { cat /tmp/wishes; return 1; }; }
# How many segments the kernel has counted, and the largest one: those that our counters have, of so many frames
segments() { # FRAMES BYTES
	cat /tmp/sockets /tmp/wishes
	equal "$(($1 + $(more))) " "$(grew TcpInSegs)" && grep "largest segment $2\$" /tmp/sockets
}

in_vlan() {
	before=$(cat /sys/class/net/near.7/statistics/rx_packets)
	arrives wrong --ip --l4 --offload --vlan 0x2007 "$@" && cat /tmp/wishes &&
		equal $((kinds * n)) $(($(cat /sys/class/net/near.7/statistics/rx_packets) - before))
}

# hear FRAMES COMMAND...: the kernel sends so many, which our driver receives and tells of
hear() {
	frames=$1
	shift
	guest-wishes receive "$ours" "$frames" --checksum >/tmp/heard 2>&1 &
	receiver=$!
	wait_for 60 eval 'grep -q listening /tmp/heard || ! kill -0 $receiver'
	sleep 2 # QEMU's cards take nothing for a moment after RCTL was written, and their link came up
	"$@"
	ended 60 $receiver 0 || { tail -n 1 /tmp/heard; verdicts; return 1; }
}
verdicts() { # the verdicts on IPv4's sums and on those above, with how often each came
	for column in 4 6; do grep '^len ' /tmp/heard | cut -d' ' -f$column; echo; done | awk '
		NF { n[$1]++ }
		!NF { printf "-:%d good:%d bad:%d ", n["-"], n["good"], n["bad"]; split("", n) }'
}
# WANTED FRAMES COMMAND...: three times at most where some are lost, as happens when QEMU gets little of a busy host
tells() {
	wanted=$1
	shift
	(hear "$@") || (hear "$@") || hear "$@" || return 1
	equal "$wanted " "$(verdicts)"
}
answer() { # the kernel's sockets send to us what they would receive
	/bin/ip route replace 198.18.0.0/16 dev near
	/bin/ip -6 route replace fd00::/64 dev near metric 1
	guest-sockets send "/data/right$kinds.pcap"
	status=$?
	/bin/ip route replace 198.18.0.0/16 dev dummy0
	/bin/ip -6 route del fd00::/64 dev near metric 1
	return $status
}

# QEMU's 82540EM judges no sum that it receives
sums_told() {
	all=$((kinds * n)) ip=$((v4 * n)) ip6=$(((kinds - v4) * n))
	right="-:$ip6 good:$ip bad:0 -:0 good:$all bad:0" wrong="-:$ip6 good:0 bad:$ip -:0 good:0 bad:$all"
	[ "$kind" != e1000 ] || right="-:$all good:0 bad:0 -:$all good:0 bad:0" wrong=$right
	check "$kind: right sums are told to be right" tells "$right" $all \
		guest-sockets frames near "/data/right$kinds.pcap"
	check "  and wrong ones to be wrong" tells "$wrong" $all \
		guest-sockets frames near "/data/wrong$kinds.pcap"
}

# On the 82540EM IPv6 is segmented in software: of 30 frames of TCP 24 are longer than a segment
judge() {
	kinds=10 v4=5 tcp4=3 tcp6=2 udp4=2 udp6=3 software=0
	[ "$kind" != e1000 ] || kinds=12 v4=6 tcp4=3 tcp6=3 udp4=3 udp6=3 software=24
	n=30 answers="-:15 good:15 bad:0 -:0 good:30 bad:0"
	[ "$kind" != e1000 ] || answers="-:36 good:0 bad:0 -:36 good:0 bad:0"
	check "$kind: wrong sums sent without a wish: the kernel counts each" \
		refused wrong "$((v4 * n)) $((tcp6 * n)) $((udp6 * n)) "
	check "  and those of TCP and UDP, when IPv4's are wished for" \
		refused wrong "0 $(((tcp4 + tcp6) * n)) $(((udp4 + udp6) * n)) " --ip
	check "$kind: with all wishes each byte arrives, no sum is wrong" arrives wrong --ip --l4
	check "  by the card" by_card 0
	check "  by bursts that are fast with wishes, frames in pieces" arrives wrong --ip --l4 --offload --piece 400
	check "  by the card" by_card 0
	check "$kind: TCP of up to 8,900 bytes in segments arrives, no sum is wrong" \
		arrives large --ip --l4 --offload --segment 1448 --mtu 9000
	check "  in as many segments as we count, of 1,448 bytes" segments $(((tcp4 + tcp6) * 10)) 1448
	check "  by the card, but for IPv6 on the 82540EM" by_card $software
	all=$kinds kinds=6 # without tags of their own
	check "$kind: with a tag, too, all arrives in the VLAN that it names" in_vlan
	check "  and when the card puts it in" eval 'in_vlan --strip && by_card 0'
	kinds=$all
	check "$kind: what the kernel's sockets send is told to be right" \
		tells "$answers" $((kinds * 3)) answer
	sums_told
}

pair=0
for kind in $cards; do
	check "$kind: the kernel drives both cards" wait_for 60 \
		eval '[ -n "$(interface $pair)" ] && [ -n "$(interface $((pair + 1)))" ]'
	near=$(interface $pair) ours=$(card $((pair + 1)))
	check "  one is given to vfio-pci, the other one's link comes up" eval 'bind vfio-pci "$ours" && prepare'
	judge
	for tagged in 5 s5 7; do /bin/ip link del near.$tagged; done
	/bin/ip link set near down
	/bin/ip link set near name "$kind"
	pair=$((pair + 2))
done
check "no fault in the kernel's log" no_fault
