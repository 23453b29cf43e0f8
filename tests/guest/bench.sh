#!/bin/bash
# Forwarders and generators on QEMU's emulated cards, in one boot per card and in interleaved rounds: Pollux and DPDK's
# testpmd through vfio-pci, and the kernel's bridge. Packets a second that arrive, CPU time per packet of the forwarder
# or generator (interrupts included), and register accesses per packet, each of which is a trap to the emulator;
# generators' with their start and end. Says what of our goal is met; the exit status does not depend on that, as the
# speed depends on what else the machine does.
# Usage: tests/guest/bench.sh BUILD-FOLDER [CARD...]   ROUNDS=5
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [CARD...]}
shift
[ $# -gt 0 ] || set -- e1000 e1000e igb
. tests/guest/boot.sh
. tests/progress.sh
guest_testpmd || exit $?
tests/guest/fetch.sh debian12 || exit 1

# What the guest asks for: trace on|off; traps WHO BASE...: counts the accesses that were traced, to BARs of 128 KiB at
# these addresses
host_trace() {
	[ "$1" = off ] || traced=$(stat -c %s "$work/trace" 2>/dev/null || echo 0)
	host_monitor "trace-event memory_region_ops_write $1"
	host_monitor "trace-event memory_region_ops_read $1"
	sleep 0.3
}
host_traps() {
	local who=$1 pattern='' base
	shift
	for base; do pattern+=$(printf '|addr 0x(%x|%x)[0-9a-f]{4} ' $((base >> 16)) $(((base >> 16) + 1))); done
	tail -c +$((traced + 1)) "$work/trace" | grep -E "${pattern#|}" |
		awk -v who="$who" -f tests/guest/traps.awk >>"$work/traps"
}
# median, least and most of a column of numbers: spread [DIGITS]
spread() {
	sort -g | awk -v f="%.${1:-1}f" '
		{ v[NR] = $1 }
		END {
			middle = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
			printf f " " f " " f, middle, v[1], v[NR]
		}'
}
rates() { sed -n "s/^RESULT $1 \([0-9.]*\).*/\1/p" "$work/console" | spread; }
traps() { sed -n "s/^TRAPS $1 //p" "$work/traps" | tail -n 1; }
# verdict JOB: what of our goal is met, that is no more tail writes per packet than testpmd's, and a median that is not
# below its by more than the spread. The writes are compared when a forwarder always has more packets waiting than it
# takes at a time; else the one that is quicker finds fewer, and writes more often. A hundredth more is as many.
verdict() {
	echo "$(rates "$1-pollux") $(rates "$1-testpmd") $(traps "$1-pollux-full") $(traps "$1-testpmd-full")" |
		awk -v job="$card, $1" '
		NF != 14 {print job ": not everything was measured"; exit}
		{
			ours = $7 + $8; theirs = $11 + $12
			writes = ours > 1.01 * theirs ? "MORE than" : ours < theirs / 1.01 ? "fewer than" : "as many as"
			below = $1 >= $5 || $3 >= $4 ? "below, but within the spread" : "BELOW, by more than the spread"
			printf "%s: %.4f tail writes per packet, %s the %.4f of testpmd; ", job, ours, writes, theirs
			median = $1 >= $4 ? "above" : below
			printf "the median is %.2f times its: %s\n", $1 / $4, median
		}'
}
report() {
	local job who median least most ours cpu lost transmit receive others reads
	for job in forward generate; do
		printf '\n%s, %s, %s rounds%56sregister accesses per packet\n' "$card" $job "$rounds" ""
		printf '%-10s %10s %21s %6s %14s %7s %14s %13s %13s %8s\n' "" kpps least..most ratio "CPU us/packet" \
			"lost %" "transmit tail" "receive tail" \
			"other writes" reads
		ours=
		for who in pollux testpmd bridge; do
			grep -q "^RESULT $job-$who " "$work/console" || continue
			read -r median least most <<<"$(rates $job-$who)"
			results=$(grep "^RESULT $job-$who " "$work/console")
			read -r cpu _ <<<"$(awk '$4 ~ /^[0-9.]+$/ { print $4 }' <<<"$results" | spread 3)"
			read -r lost _ <<<"$(awk '$5 ~ /^[0-9]/ { print $5 }' <<<"$results" | spread)"
			[ $job = forward ] || lost=-
			: "${ours:=$median}"
			read -r transmit receive others reads <<<"$(traps $job-$who-full)"
			printf '%-10s %10s %10s..%-9s %6s %14s %7s %14s %13s %13s %8s\n' $who "$median" "$least" \
				"$most" \
				"$(awk "BEGIN {printf \"%.2f\", $median / $ours}")" "$cpu" "$lost" "${transmit:--}" \
				"${receive:--}" "${others:--}" "${reads:--}"
		done
		[ $job = generate ] || for who in pollux testpmd; do
			read -r transmit receive _ <<<"$(traps $job-$who-light)"
			echo "$who, alone on its CPU: transmit tail ${transmit:--}, receive tail ${receive:--}"
		done
		verdict $job
	done
}

bench() {
	card=$1 rounds=${ROUNDS:-5} failed=0
	guest_begin
	guest_choose 11.1 debian12
	append="intel_iommu=on iommu=pt rounds=$rounds" memory=2G \
		GUEST_SECONDS=${GUEST_SECONDS:-$((200 * (rounds + 1)))}
	: >"$work/traps"
	# shellcheck disable=SC2086
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/bench_guest.sh \
		"vfio-pci vfio_iommu_type1 e1000 e1000e igb bridge" /bin/ip \
		host:"$bin"/pollux-{fwd,gen} $testpmd || return 1
	# shellcheck disable=SC2046
	guest_boot -D WORK/trace -device "intel-iommu,intremap=on,aw-bits=48" \
		-netdev hubport,id=n0,hubid=1 -netdev hubport,id=n1,hubid=1 -netdev hubport,id=n2,hubid=2 \
		-netdev hubport,id=n3,hubid=2 \
		$(guest_card 0 "$card") $(guest_card 1 "$card") $(guest_card 2 "$card") $(guest_card 3 "$card")
	guest_verdict $((1 + 5 * (rounds + 1))) >"$work/verdict" || { cat "$work/verdict" "$work/host.log"; failed=1; }
	report
	return $failed
}
status=0 number=0 # a card's rounds take a minute each, and are told when all are done
for card; do
	number=$((number + 1))
	echo "[$number/$#] $card (usually $((50 * (${ROUNDS:-5} + 1))) s)"
	alive "$card" bench "$card" || status=1
done
exit $status
