#!/bin/bash
# Linux's own ixgbe judges the software 82599: in a QEMU guest, the two ports attached through vfio-user-pci.
# Usage: tests/guest/linux_ixgbe.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/guest/boot.sh
tests/guest/fetch.sh || exit 1
guest_begin
qemu=$guest/qemu.sh
kernel=$(echo $guest/debian12/boot/vmlinuz-*)
tests/guest/pack.sh $guest/debian12 "$initramfs" tests/guest/linux_ixgbe_guest.sh "ixgbe 8021q" /sbin/ethtool /bin/ip /bin/ping || exit 1
guest_model "$bin" --wire 0:peer=1 || exit 1
guest_boot "${guest_model_ports[@]}"
guest_verdict
