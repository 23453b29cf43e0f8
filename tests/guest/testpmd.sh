#!/bin/bash
# DPDK's testpmd and Pollux at the two ends of a wire: in a QEMU guest with a virtual IOMMU, each has a card of QEMU's
# through vfio-pci. One sends, the other counts, echoes or captures, and every packet is accounted for.
# Usage: tests/guest/testpmd.sh BUILD-FOLDER [OURS+THEIRS...]   (cards: see tests/guest/cards.sh)
# Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [OURS+THEIRS...]}
shift
[ $# -gt 0 ] || set -- igb+e1000 e1000+e1000e e1000e+igb
. tests/guest/boot.sh
guest_testpmd || exit $?
tests/guest/fetch.sh || exit 1
guest_begin
guest_choose 11.1 debian12
pairs=$*
append="intel_iommu=on iommu=pt pairs=${pairs// /,}" memory=2G GUEST_SECONDS=${GUEST_SECONDS:-600}
# shellcheck disable=SC2086
tests/guest/pack.sh "$tree" "$initramfs" tests/guest/testpmd_guest.sh "vfio-pci vfio_iommu_type1" \
	host:"$bin"/pollux-{gen,dump,pcap-check} $testpmd || exit 1
# a wire for each pair, between the cards 2 N and 2 N + 1
cards=() number=0
for pair; do
	for card in "${pair%+*}" "${pair#*+}"; do
		# shellcheck disable=SC2207
		cards+=(-netdev "hubport,id=n$number,hubid=$((number / 2))" $(guest_card $number "$card"))
		number=$((number + 1))
	done
done
guest_boot -device "intel-iommu,intremap=on,aw-bits=48" "${cards[@]}"
guest_verdict $((18 * $#))
