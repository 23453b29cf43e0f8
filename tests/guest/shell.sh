#!/bin/bash
# A shell in a QEMU guest with four cards behind a virtual IOMMU, cabled in pairs, and Pollux installed: what `make
# guest` runs. Needs no card, no root and no KVM. The console is this terminal; what is typed goes to the guest, Ctrl-C
# too. Exit status 77: cannot be had, the last line says why.
# Usage: tests/guest/shell.sh BUILD-FOLDER [e1000e|e1000|igb|ixgbe]
#   e1000e, e1000, igb   QEMU's own 82574L, 82540EM, 82576
#   ixgbe                two software 82599s of two ports, which run outside of the guest (vfio-user, QEMU 11.1)
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [e1000e|e1000|igb|ixgbe]}
cards=${2:-e1000e}
case $cards in
e1000e | e1000 | igb) device=$cards ;;
ixgbe) device=vfio-user-pci ;;
*) echo "guest: there are no cards '$cards': CARDS=e1000e, e1000, igb or ixgbe" >&2; exit 2 ;;
esac
. tests/guest/boot.sh

# This machine's QEMU, or where it lacks the card, a newer one that is kept in build/guest.
choose_qemu() {
	local qemu_kind=host
	if ! qemu-system-x86_64 -device help 2>/dev/null | grep -q "^name \"$device\""; then
		qemu_kind=11.1
		[ -e "$guest/qemu/.complete" ] ||
			echo "This machine's QEMU has no $device: a newer one is downloaded into $guest (60 MB, once)"
		tests/guest/fetch.sh --only qemu || {
			echo "guest: no QEMU with $device: see above; CARDS=e1000e needs no newer one"
			return 77
		}
	fi
	[ -e $guest/kernel/.complete ] || echo "A small kernel for the guest is downloaded into $guest (30 MB, once)"
	tests/guest/fetch_kernel.sh || return
	guest_choose $qemu_kind kernel
}
choose_qemu || exit

guest_begin
terminal=$(stty -g 2>/dev/null)
trap '[ -z "$terminal" ] || stty "$terminal"; guest_clean' EXIT
pci_ids=/usr/share/misc/pci.ids # names for pollux-bind, where they are installed
[ -e $pci_ids ] && pci_ids=host:$pci_ids || pci_ids=
# shellcheck disable=SC2086
tests/guest/pack.sh "$tree" "$initramfs" tests/guest/shell_guest.sh "vfio-pci vfio_iommu_type1" \
	host:"$bin"/pollux-{bind,doctor,fwd,gen,dump,pipe} host:tests/captures/mixed.pcap $pci_ids || exit 1
options=()
case $cards in
ixgbe)
	guest_model "$bin" --wire 0:peer=1,lossless || exit 1
	first=2 guest_model "$bin" --wire 0:peer=1,lossless || exit 1
	;;
*)
	for i in 0 1 2 3; do options+=(-netdev "hubport,id=n$i,hubid=$((i / 2))"); done
	;;
esac
# shellcheck disable=SC2207
for i in 0 1 2 3; do options+=($(guest_card $i "$cards")); done
read -r rows columns < <(stty size 2>/dev/null)
echo "Booting Linux ${kernel##*/vmlinuz-} with four cards ($cards) in QEMU: 5 to 15 s." \
	"Ctrl-A and then X ends it at any time."
append="console=ttyS0 quiet panic=-1 no_timer_check intel_iommu=on"
"$qemu" -nodefaults -no-user-config -display none -no-reboot -serial mon:stdio \
	-machine "$machine,memory-backend=m" -object memory-backend-memfd,id=m,size=1G,share=on -m 1G \
	-accel tcg,thread=multi -cpu max -smp 2 \
	-kernel "$kernel" -initrd "$initramfs" \
	-append "$append cards=$cards rows=${rows:-0} columns=${columns:-0}" \
	-device intel-iommu,intremap=on,caching-mode=on "${options[@]//WORK/$work}" 2>"$work/qemu.log"
status=$?
[ $status = 0 ] || { echo "guest: QEMU ended with status $status:"; tail -n 5 "$work/qemu.log"; exit 1; } >&2
