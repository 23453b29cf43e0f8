# Part of linux_ixgbe_guest.sh: queues, how frames are spread over them, and offloads on and off, with TCP streams whose
# bytes are compared. Both ends are up and have addresses.
# shellcheck shell=sh disable=SC2154
stat() { ethtool -S eth0 | sed -n "s/^ *$1: //p"; }
queues() { # N: so many, and the link is back
	ethtool -L eth0 combined "$1" && settled && ethtool -l eth0 | tail -n 5 | grep -q "Combined:[[:space:]]*$1$"
}
# 48 UDP flows from the far end, of one packet each, which differ in their port
flows() { $far_end guest-frames flows eth1 "$near_mac" 48 && ethtool -S eth0 >/dev/null; }
queue_packets() { ethtool -S eth0 | sed -n 's/^ *rx_queue_\([0-9]*\)_packets: /\1 /p'; }
# spread AT-LEAST AT-MOST [QUEUES]: over so many queues; none but these (a pattern) gets some
spread() {
	queue_packets >/tmp/queues.before
	flows || return 1
	wait_for 5 still queue_packets
	queue_packets >/tmp/queues.after
	# busybox's diff writes + where others write >
	hit=$(diff /tmp/queues.before /tmp/queues.after | sed -n 's/^[>+] *\([0-9][0-9]*\) .*/\1/p')
	echo "queues that got some:" $hit
	[ "$(echo $hit | wc -w)" -ge "$1" ] && [ "$(echo $hit | wc -w)" -le "$2" ] || return 1
	for queue in $hit; do echo "$queue" | grep -Eq "^(${3:-.*})$" || return 1; done
}
# A smaller stream than tcp's, as there are many
streams() {
	[ -e /tmp/data.all ] || { cp /tmp/data /tmp/data.all && head -c 700000 /tmp/data.all >/tmp/data; }
	tcp far 192.0.2.2 near && tcp near 192.0.2.1 far
}
sums_fine() {
	[ "$(stat rx_csum_offload_errors)" = 0 ] && ! $far_end ethtool -S eth1 | grep -q 'rx_csum_offload_errors: [1-9]'
}
with_features() { # FEATURES CHECK...
	# shellcheck disable=SC2086
	ethtool -K eth0 $1 && $far_end ethtool -K eth1 $1 && settled || return 1
	shift
	"$@" && sums_fine
}

check "4 queues" queues 4
check "UDP is spread by addresses: one queue" eval 'ethtool -N eth0 rx-flow-hash udp4 sd && spread 1 1'
check "  and by ports: most of them" eval 'ethtool -N eth0 rx-flow-hash udp4 sdfn && spread 3 4'
check "  over two, by a table of equal parts" eval 'ethtool -X eth0 equal 2 && spread 2 2 "0|1"'
check "  over the third alone, by weights" eval 'ethtool -X eth0 weight 0 0 1 && spread 1 1 2'
# the published key from behind
key=fa:01:ac:be:3b:b7:42:6a:0c:f2:30:80:a3:2d:cb:77:b4:30:7b:ae:
key=${key}cb:2b:ca:d0:b0:8f:a3:43:3d:25:67:41:c2:0e:5b:25:da:56:5a:6d
check "  by another key, which is read back" \
	eval 'ethtool -X eth0 default && ethtool -X eth0 hkey $key && ethtool -x eth0 | grep -q "$key" && spread 3 4'
check "TCP with 4 queues, segmented by the card" streams
check "1 queue" queues 1
check "TCP without segmentation" with_features "tso off gso off gro off" streams
check "TCP without any checksum of the card" with_features "tx off rx off" streams
check "TCP with checksums of the card alone" with_features "tx on rx on tso off gso off gro off" streams
check "TCP with segmentation, and no merging at the other end" \
	with_features "tx on rx on sg on tso on gso on gro off" streams
check "TCP without hashes" with_features "rxhash off gro on" streams
check "TCP with all of it again" with_features "rxhash on tso on gso on gro on rx on tx on" streams
check "2 queues" queues 2
/bin/ip link add link eth0 name eth0.9 type vlan id 9
/bin/ip addr add 203.0.113.1/24 dev eth0.9
/bin/ip link set eth0.9 up
$far_end /bin/ip link add link eth1 name eth1.9 type vlan id 9
$far_end /bin/ip addr add 203.0.113.2/24 dev eth1.9
$far_end /bin/ip link set eth1.9 up
vlan_streams() { tcp far 203.0.113.2 near && tcp near 203.0.113.1 far; }
for tags in "rxvlan on txvlan on" "rxvlan off txvlan off"; do
	check "TCP in a VLAN, segmented, with $tags" with_features "$tags" vlan_streams
done
ethtool -K eth0 rxvlan on txvlan on
$far_end ethtool -K eth1 rxvlan on txvlan on
/bin/ip link del eth0.9
$far_end /bin/ip link del eth1.9
cp /tmp/data.all /tmp/data
ethtool -N eth0 rx-flow-hash udp4 sd
$far_end ethtool -L eth1 combined 2
check "links come up after all that" settled
