#!/bin/bash
# Forwarders and generators on QEMU's emulated cards, in one boot per card and in interleaved rounds: Pollux and DPDK's testpmd through vfio-pci,
# and the kernel's bridge. Packets a second, CPU time of the forwarder, and register accesses, each of which is a trap to the emulator.
# Usage: tests/guest/bench.sh BUILD-FOLDER [CARD...]   ROUNDS=5
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [CARD...]}
shift
[ $# -gt 0 ] || set -- e1000 e1000e igb
. tests/guest/boot.sh
guest_testpmd || exit $?
tests/guest/fetch.sh debian12 || exit 1

# What the guest asks for: trace on|off; traps WHO PACKETS BASE...: the accesses that were traced, to BARs of 128 KiB at these addresses
host_trace() {
	[ "$1" = off ] || traced=$(stat -c %s "$work/trace" 2>/dev/null || echo 0)
	host_monitor "trace-event memory_region_ops_write $1"
	host_monitor "trace-event memory_region_ops_read $1"
	sleep 0.3
}
host_traps() {
	local who=$1 packets=$2 pattern='' base
	shift 2
	for base; do pattern+=$(printf '|addr 0x(%x|%x)[0-9a-f]{4} ' $((base >> 16)) $(((base >> 16) + 1))); done
	tail -c +$((traced + 1)) "$work/trace" | grep -E "${pattern#|}" |
		awk -v who="$who" -v packets="$packets" '/_read /{r++} /_write /{w++} END {printf "TRAPS %s %.4f %.4f\n", who, w / packets, r / packets}' >>"$work/traps"
}
# median, least and most of a column of numbers
spread() { sort -g | awk '{v[NR] = $1} END {m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2; printf "%.1f %.1f %.1f", m, v[1], v[NR]}'; }
report() {
	local job who median least most cpu writes reads ours
	for job in forward generate; do
		printf '\n%s, %s, %s rounds\n%-10s %10s %21s %7s %18s %16s %15s\n' "$card" $job "$rounds" "" "kpps" "least..most" "ratio" "CPU us/packet" "writes/packet" "reads/packet"
		ours=
		for who in pollux testpmd bridge; do
			grep -q "^RESULT $job-$who " "$work/console" || continue
			read -r median least most <<<"$(sed -n "s/^RESULT $job-$who \([0-9.]*\).*/\1/p" "$work/console" | spread)"
			cpu=$(sed -n "s/^RESULT $job-$who [0-9.]* \([0-9.][0-9.]*\).*/\1/p" "$work/console")
			[ -z "$cpu" ] || read -r cpu _ <<<"$(spread <<<"$cpu")"
			read -r _ _ writes reads <<<"$(grep "^TRAPS $job-$who " "$work/traps" | tail -n 1)"
			: "${ours:=$median}"
			printf '%-10s %10s %10s..%-10s %7s %18s %16s %15s\n' $who "$median" "$least" "$most" \
				"$(awk "BEGIN {printf \"%.2f\", $median / $ours}")" "${cpu:--}" "${writes:--}" "${reads:--}"
		done
	done
}

bench() {
	card=$1 rounds=${ROUNDS:-5} failed=0
	guest_begin
	guest_choose 11.1 debian12
	append="intel_iommu=on iommu=pt rounds=$rounds" memory=2G GUEST_SECONDS=${GUEST_SECONDS:-900}
	: >"$work/traps"
	# shellcheck disable=SC2086
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/bench_guest.sh "vfio-pci vfio_iommu_type1 e1000 e1000e igb bridge" /bin/ip \
		host:"$bin"/pollux-{fwd,gen} $testpmd || return 1
	# shellcheck disable=SC2046
	guest_boot -D WORK/trace -device "intel-iommu,intremap=on,aw-bits=48" \
		-netdev hubport,id=n0,hubid=1 -netdev hubport,id=n1,hubid=1 -netdev hubport,id=n2,hubid=2 -netdev hubport,id=n3,hubid=2 \
		$(guest_card 0 "$card") $(guest_card 1 "$card") $(guest_card 2 "$card") $(guest_card 3 "$card")
	guest_verdict $((5 * rounds)) >"$work/verdict" || { cat "$work/verdict" "$work/host.log"; failed=1; }
	report
	return $failed
}
status=0
for card; do (bench "$card") || status=1; done
exit $status
