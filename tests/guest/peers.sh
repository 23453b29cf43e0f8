#!/bin/bash
# Linux's own drivers at the far ends of the wires: in a QEMU guest, two cards are the kernel's, each cabled to one of
# two others, between which our forwarder runs through vfio-pci. QEMU's cards; or, as ixgbe+ixgbe, ports of two software
# 82599s.
# Usage: tests/guest/peers.sh BUILD-FOLDER QEMU/KERNEL/THEIRS+OURS...   (see tests/guest/cards.sh; the kernel needs
# drivers for THEIRS) Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER RUN...}
shift
. tests/guest/boot.sh

run() {
	local theirs=${3%+*} ours=${3#*+}
	guest_begin
	guest_choose "$1" "$2"
	append="intel_iommu=on iommu=pt" memory=1G
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/peers_guest.sh \
		"vfio-pci vfio_iommu_type1 e1000 e1000e igb ixgbe" \
		/bin/ip /bin/ping host:"$bin/pollux-fwd" || return 1
	local wires=(-netdev hubport,id=n0,hubid=1 -netdev hubport,id=n1,hubid=1
		-netdev hubport,id=n2,hubid=2 -netdev hubport,id=n3,hubid=2)
	local iommu=intel-iommu,intremap=on models=()
	if [ "$3" = ixgbe+ixgbe ]; then
		guest_model "$bin" --wire 0:peer=1 || return 1
		models=("$model")
		first=2 guest_model "$bin" --wire 0:peer=1 || return 1
		models+=("$model") wires=() iommu+=,caching-mode=on
	fi
	# shellcheck disable=SC2046
	guest_boot -device $iommu "${wires[@]}" $(guest_card 0 "$theirs") $(guest_card 1 "$ours") \
		$(guest_card 2 "$ours") $(guest_card 3 "$theirs")
	if [ ${#models[@]} = 0 ]; then
		guest_verdict 13
	else
		well_behaved >>"$work/console"
		guest_verdict 14
	fi
}
# What the software 82599s have to say against the drivers.
well_behaved() {
	kill "${models[@]}"
	wait "${models[@]}"
	if [ "$(cat "$work"/model*.log | grep -c 'faults: address 0, ring 0, descriptor 0,')" = 4 ]; then
		echo "ok the models saw no bad address, ring or descriptor"
	else
		echo "FAIL the models saw what a driver should not do"
		sed 's/^/    > /' "$work"/model*.log
	fi
}

guest_runs "$@"
