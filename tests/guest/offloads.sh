#!/bin/bash
# Our offloads on QEMU's cards, judged by Linux: in a QEMU guest, each of our cards has a wire to one of the same model
# that is the kernel's. What we send with wishes arrives at the kernel's sockets, or is counted as wrong there; and what
# the kernel sends, our driver tells right from wrong.
# Usage: tests/guest/offloads.sh BUILD-FOLDER QEMU/KERNEL/CARD+CARD...   (see tests/guest/cards.sh; the kernel needs
# drivers for the CARDs) Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER RUN...}
shift
. tests/guest/boot.sh

# Of 10 kinds of headers, as many frames each; 12 have those with two tags too, and 6 none with a tag.
captures() {
	local kinds
	for kinds in 6 10 12; do
		"$bin/pollux-pcap-flows" "$work/right$kinds.pcap" $((30 * kinds)) right 1400 $kinds &&
			"$bin/pollux-pcap-flows" "$work/wrong$kinds.pcap" $((30 * kinds)) wrong 1400 $kinds &&
			"$bin/pollux-pcap-flows" "$work/large$kinds.pcap" $((10 * kinds)) wrong 8900 $kinds || return 1
	done
}
run() {
	local cards i=0 wires=()
	IFS=+ read -ra cards <<<"$3"
	guest_begin
	guest_choose "$1" "$2"
	append="intel_iommu=on iommu=pt cards=$3" memory=1G
	captures || return 1
	# shellcheck disable=SC2046
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/offloads_guest.sh \
		"vfio-pci vfio_iommu_type1 8021q dummy e1000 e1000e igb" /bin/ip /usr/bin/nstat /sbin/ethtool \
		host:"$bin"/guest-{wishes,sockets} $(printf 'host:%s ' "$work"/*.pcap) || return 1
	for card in "${cards[@]}"; do
		# shellcheck disable=SC2207
		wires+=(-netdev "hubport,id=n$i,hubid=$i" -netdev "hubport,id=n$((i + 1)),hubid=$i"
			$(guest_card $i "$card") $(guest_card $((i + 1)) "$card"))
		i=$((i + 2))
	done
	guest_boot -device intel-iommu,intremap=on "${wires[@]}"
	guest_verdict $((1 + 16 * ${#cards[@]}))
}

guest_runs "$@"
