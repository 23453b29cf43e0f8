#!/bin/bash
# Pollux on QEMU's emulated cards through a real kernel's vfio-pci, behind a virtual IOMMU. Two pairs of cards: one has
# its wires on this side, where captures come from and are caught; the other has a cable between them.
# Usage: tests/guest/cards.sh BUILD-FOLDER RUN...   a RUN is QEMU/KERNEL/CARD+CARD[/IOMMU'S-BITS[/PAGES]]
#   QEMU    host, this machine's; 11.1, that of tests/guest/fetch.sh
#   KERNEL  kernel, that of tests/guest/fetch_kernel.sh; another tree of tests/guest/fetch.sh; linux, that of
# tests/guest/kernel.sh
#   CARD    e1000, e1000-82544gc, e1000-82545em, directly on the root bus, or with -bridged behind a bridge; e1000e;
# igb
#   PAGES   1G: one of that size too
# Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER RUN...}
shift
. tests/guest/boot.sh
capture=tests/captures/mixed.pcap

# came PORT: what the host caught at a wire is the capture
came() {
	if "$bin/pollux-pcap-diff" $capture "$work/out$1.pcap"; then
		echo "ok it comes out of card $1 as it was"
	else
		echo "FAIL"; return 1
	fi
}
# What the guest asks for: the frames of the captures
host_send() {
	kill -USR1 "${cables[@]}"
}
run() {
	local x=${3%+*} y=${3#*+} width=${4:-39} pages=${5:-} checks=48 i
	guest_begin
	guest_choose "$1" "$2"
	append="intel_iommu=on cards=$3 pages=$pages" memory=1G
	[ "$pages" != 1G ] || append+=" hugepagesz=1G hugepages=1 hugepagesz=2M" memory=4G checks=49
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/cards_guest.sh "vfio-pci vfio_iommu_type1" \
		host:"$bin"/pollux-{fwd,gen,dump,doctor} host:"$bin"/guest-{rogue,pages,wait,reset} \
		host:$capture || return 1
	local wires=() cables=()
	# our own kernel knows PCI Express's hotplug, not ACPI's
	[ "$2" != linux ] || wires=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off) checks=50
	for i in 0 1; do
		guest_background "$work/cable$i.log" "$bin/guest-cable" "$work/ours$i" "$work/theirs$i" $capture \
			"$work/out$i.pcap"
		cables+=($!)
		local ends=local.type=unix,local.path=$work/theirs$i,remote.type=unix,remote.path=$work/ours$i
		wires+=(-netdev "dgram,id=n$i,$ends")
	done
	wires+=(-netdev hubport,id=n2,hubid=1 -netdev hubport,id=n3,hubid=1)
	wait_for test -S "$work/ours0" -a -S "$work/ours1" || return 1
	# shellcheck disable=SC2046
	guest_boot -device "intel-iommu,intremap=on,aw-bits=$width" "${wires[@]}" $(guest_card 0 "$x") \
		$(guest_card 1 "$y") $(guest_card 2 "$x") $(guest_card 3 "$y")
	guest_verdict $checks && came 0 && came 1
}

guest_runs "$@"
