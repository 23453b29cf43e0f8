# What the judges of offloads share: source it after tests/lib.sh. Wireshark's tshark, which knows nothing of us, judges
# captures. Ends the script with status 77 where it is not installed.
# shellcheck shell=bash disable=SC2154
if ! command -v tshark >/dev/null; then
	echo "skip: tshark is not installed: apt-get install --no-install-recommends tshark"
	exit 77
fi

# fields CAPTURE FIELD...: of each frame, a line; with all checksums judged and IEEE 802.1ad known
fields() {
	local capture=$1 field arguments=()
	shift
	for field; do arguments+=(-e "$field"); done
	tshark -r "$capture" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-o tcp.desegment_tcp_streams:FALSE -T fields "${arguments[@]}" 2>/dev/null
}
# sums_good CAPTURE N [AT-LEAST-OF-EACH]: there are N frames, and every IPv4, TCP and UDP checksum is there and right
sums_good() {
	fields "$1" ip.version ip.checksum.status tcp.checksum.status udp.checksum.status | awk -F '\t' -v n="$2" '
		{ frames++ }
		($1 == 4 && $2 != 1) || $3 $4 != 1 { wrong++ }
		END {
			if (frames != n || wrong) {
				print "      " frames + 0 " frames, of which " wrong + 0 " have a wrong sum; wanted: " n
				exit 1
			}
		}'
}
# streams CAPTURE: of each flow its bytes, in order: a TCP flow by sequence numbers, a UDP one as it came
streams() {
	fields "$1" ip.src ipv6.src tcp.srcport tcp.seq_raw tcp.payload udp.srcport udp.payload |
		awk -F '\t' '{ printf "%s%s %s%s %010d %08d %s%s\n", $1, $2, $3, $6, $4, $3 == "" ? NR : 0, $5, $7 }' |
		LC_ALL=C sort | awk '
			$1 $2 != flow { if (flow) printf "\n"; flow = $1 $2; printf "%s ", flow }
			{ printf "%s", $5 }
			END { printf "\n" }'
}
# same_streams SENT ARRIVED: and there is something in them
same_streams() {
	streams "$1" >"$work/sent.streams" && streams "$2" >"$work/arrived.streams" &&
		[ "$(wc -c <"$work/sent.streams")" -gt 10000 ] && cmp "$work/sent.streams" "$work/arrived.streams"
}
# largest_segment CAPTURE: TCP's largest payload
largest_segment() { fields "$1" tcp.len | sort -n | tail -n 1; }
# frame_fields CAPTURE FIELD: different values, with how often each came: "12:a 3:b"
frame_fields() { fields "$1" "$2" | sort | uniq -c | awk '{ printf "%s%s:%s", (NR > 1 ? " " : ""), $1, $2 }'; }
# equal WANTED GOT
equal() { [ "$1" = "$2" ] || { echo "      $2, not $1"; return 1; }; }
