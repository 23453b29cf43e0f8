#!/bin/bash
# pollux-bind and pollux-doctor on a real kernel: in a QEMU guest with a virtual IOMMU, the software 82599's two ports go from ixgbe to vfio-pci, to
# a user who forwards without root, and back. QEMU 11.1, by vfio-user.
# Usage: tests/guest/bind.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/guest/boot.sh
tests/guest/fetch.sh || exit 1
guest_begin
qemu=$guest/qemu.sh
kernel=$(echo $guest/debian12/boot/vmlinuz-*)
machine=q35,kernel-irqchip=split
append="intel_iommu=on"
tests/guest/pack.sh $guest/debian12 "$initramfs" tests/guest/bind_guest.sh "ixgbe vfio-pci vfio_iommu_type1" \
	host:"$bin"/pollux-{bind,doctor,fwd,pcap-diff} /bin/ip || exit 1
guest_model "$bin" --wire 0:source,rate=1k || exit 1
guest_boot -device "intel-iommu,intremap=on,caching-mode=on,aw-bits=39" "${guest_model_ports[@]}"
kill -TERM "$model"
wait "$model"
guest_verdict 20
