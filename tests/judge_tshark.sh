#!/bin/bash
# Has tshark look at what QEMU's cards sent when packets wished for checksums, segments and tags: a parser that shares
# nothing with this project finds no wrong checksum, and every segment where the one before it has ended.
# Usage: tests/judge_tshark.sh BUILD-FOLDER. Exit status 77: there is no tshark, or no QEMU.
set -u
cd "$(dirname "$0")/.." || exit 1
command -v tshark >/dev/null || { echo "skip: no tshark here: install it" && exit 77; }
wire=$(mktemp -d)
trap 'rm -rf "$wire"' EXIT
POLLUX_WIRE=$wire/sent.pcap "$1/test_qtest_offloads" >"$wire/log"
status=$?
[ $status = 0 ] || { cat "$wire/log" && exit $status; }

# Frame by frame: checksums 1 (right), 0 (wrong), 2 (not looked at) or nothing (there is none).
tshark -r "$wire/sent.pcap" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
	-T fields -E separator=, -e ip.checksum.status -e tcp.checksum.status -e udp.checksum.status \
	-e tcp.stream -e tcp.seq_raw -e tcp.len >"$wire/frames" 2>"$wire/errors" || { cat "$wire/errors" && exit 1; }
awk -F, '
	{ l4 = $2 $3; frames++ }
	$1 !~ /^1?$/ || l4 != 1 { print "frame " NR ": " $0; bad++ }
	$4 != "" && $4 in next_byte && $5 != next_byte[$4] { print "frame " NR ": a gap in stream " $4; bad++ }
	$4 != "" { next_byte[$4] = ($5 + $6) % 4294967296 }
	END { print frames " frames, " bad + 0 " of them wrong"; exit bad > 0 || frames < 1000 }' "$wire/frames"
