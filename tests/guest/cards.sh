#!/bin/bash
# Pollux on QEMU's emulated cards through a real kernel's vfio-pci, behind a virtual IOMMU. Two pairs of cards: one has its wires on this
# side, where captures come from and are caught; the other has a cable between them.
# Usage: tests/guest/cards.sh BUILD-FOLDER RUN...   a RUN is QEMU/KERNEL/CARD+CARD[/IOMMU'S-BITS[/PAGES]]
#   QEMU    host, this machine's; 11.1, that of tests/guest/fetch.sh
#   KERNEL  kernel, that of tests/guest/fetch_kernel.sh; another tree of tests/guest/fetch.sh; linux, that of tests/guest/kernel.sh
#   CARD    e1000, directly on the root bus; e1000-bridged, behind a bridge; e1000e; igb
#   PAGES   1G: one of that size too
# Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER RUN...}
shift
. tests/guest/boot.sh
capture=tests/captures/mixed.pcap

# The options of QEMU for a card: card NUMBER MODEL. All are in or below slot 0x10 + NUMBER. Conventional PCI can be reset behind a bridge only
# (and Linux 6.12 forgets the bridge's mappings once the card was closed, so that it works there once).
card() {
	local port="pcie-root-port,id=rp$1,chassis=$1,slot=$1,addr=0x1$1" card="${2%-*},id=c$1,netdev=n$1,mac=52:54:00:00:00:0$1,romfile="
	case $2 in
	e1000) echo "-device $card,bus=pcie.0,addr=0x1$1" ;;
	e1000-bridged) echo "-device $port -device pcie-pci-bridge,id=br$1,bus=rp$1 -device $card,bus=br$1,addr=1" ;;
	*) echo "-device $port -device $card,bus=rp$1" ;;
	esac
}
# came PORT: what the host caught at a wire is the capture
came() {
	if "$bin/pollux-pcap-diff" $capture "$work/out$1.pcap"; then echo "ok it comes out of card $1 as it was"; else echo "FAIL"; return 1; fi
}
# What the guest asks for: the frames of the captures
host_send() {
	kill -USR1 "${cables[@]}"
}
run() {
	local tree kind=$1 x y width pages i
	local IFS=/
	# shellcheck disable=SC2086
	set -- $kind
	unset IFS
	x=${3%+*} y=${3#*+} width=${4:-39} pages=${5:-}
	guest_begin
	case $1 in host) qemu=qemu-system-x86_64 ;; *) qemu=$guest/qemu.sh ;; esac
	tree=$guest/$2
	kernel=$(echo "$tree"/boot/vmlinuz-*)
	machine=q35,kernel-irqchip=split
	append="intel_iommu=on cards=$3 pages=$pages" memory=1G
	[ "$pages" != 1G ] || append+=" hugepagesz=1G hugepages=1 hugepagesz=2M" memory=4G
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/cards_guest.sh "vfio-pci vfio_iommu_type1" \
		host:"$bin"/pollux-{fwd,gen,dump} host:"$bin"/guest-{rogue,pages} host:$capture || return 1
	local wires=() cables=()
	# our own kernel knows PCI Express's hotplug, not ACPI's
	[ "$2" != linux ] || wires=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off)
	for i in 0 1; do
		guest_background "$work/cable$i.log" "$bin/guest-cable" "$work/ours$i" "$work/theirs$i" $capture "$work/out$i.pcap"
		cables+=($!)
		wires+=(-netdev "dgram,id=n$i,local.type=unix,local.path=$work/theirs$i,remote.type=unix,remote.path=$work/ours$i")
	done
	wires+=(-netdev hubport,id=n2,hubid=1 -netdev hubport,id=n3,hubid=1)
	wait_for test -S "$work/ours0" -a -S "$work/ours1" || return 1
	# shellcheck disable=SC2046
	guest_boot -device "intel-iommu,intremap=on,aw-bits=$width" "${wires[@]}" $(card 0 "$x") $(card 1 "$y") $(card 2 "$x") $(card 3 "$y")
	guest_verdict 15 && came 0 && came 1
}

status=0
for kind; do
	tree=${kind#*/}
	tree=${tree%%/*}
	case $tree in kernel) tests/guest/fetch_kernel.sh || exit $? ;; linux) tests/guest/kernel.sh || exit 1 ;; *) tests/guest/fetch.sh "$tree" || exit 1 ;; esac
	case $kind in
	host/*) command -v qemu-system-x86_64 >/dev/null || { echo "skip: no qemu-system-x86_64"; exit 77; } ;;
	*) tests/guest/fetch.sh || exit 1 ;;
	esac
	begin=$SECONDS
	echo "$kind:"
	(run "$kind") || status=1
	echo "$kind took $((SECONDS - begin)) s"
done
exit $status
