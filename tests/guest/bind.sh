#!/bin/bash
# pollux-bind and pollux-doctor on a real kernel: in a QEMU guest with a virtual IOMMU, the software 82599's two ports
# go from ixgbe to vfio-pci, to a user who forwards without root, and back. QEMU 11.1, by vfio-user.
# Usage: tests/guest/bind.sh BUILD-FOLDER [KERNEL-WITH-IOMMUFD]. Exit status 77: some of it was skipped, the last line
# says why.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [KERNEL-WITH-IOMMUFD]}
. tests/guest/boot.sh
tests/guest/fetch.sh || exit 1
guest_begin
qemu=$guest/qemu.sh
machine=q35,kernel-irqchip=split
append="intel_iommu=on"
failed=0

# boot NAME CHECKS KERNEL GUEST-SCRIPT MODULES; intremap=off before it: without interrupt remapping
boot() {
	echo "== $1"
	kernel=$3
	tests/guest/pack.sh $guest/debian12 "$initramfs" "$4" "$5" host:"$bin"/pollux-{bind,doctor,fwd} \
		host:tests/guest/somebody.sh /bin/ip || exit 1
	guest_model "$bin" --wire 0:source,rate=1k || exit 1
	guest_boot -device "intel-iommu,intremap=${intremap:-on},caching-mode=on,aw-bits=39" "${guest_model_ports[@]}"
	kill -TERM "$model"
	wait "$model"
	guest_verdict "$2" || failed=1
}
debian=$(echo $guest/debian12/boot/vmlinuz-*)
boot "Linux 6.1 of Debian, by the groups" 29 "$debian" tests/guest/bind_guest.sh "ixgbe vfio-pci vfio_iommu_type1"
intremap=off boot "the same behind an IOMMU that does not remap interrupts" 9 "$debian" \
	tests/guest/unremapped_guest.sh "ixgbe vfio-pci vfio_iommu_type1"
# No kernel of Debian's has iommufd: one that has it (6.6 or later, all built in) is named, or lies in
# build/guest/linux/boot.
with_iommufd=${2:-$(ls $guest/linux/boot/vmlinuz-* 2>/dev/null | tail -n 1)}
if [ -n "$with_iommufd" ]; then
	boot "$(basename "$with_iommufd"), by iommufd" 13 "$with_iommufd" tests/guest/iommufd_guest.sh ""
elif [ $failed = 0 ]; then
	echo "skip: no kernel with iommufd: tests/guest/kernel.sh builds one; or name one as the second argument"
	exit 77
fi
[ $failed = 0 ]
