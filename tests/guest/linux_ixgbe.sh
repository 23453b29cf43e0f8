#!/bin/bash
# Linux's own ixgbe judges the software 82599: in QEMU guests with several kernels, with and without an IOMMU, the two ports attached
# through vfio-user-pci.
# Usage: tests/guest/linux_ixgbe.sh BUILD-FOLDER [KERNEL[+iommu]...]   (KERNELs: see tests/guest/fetch.sh)
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [KERNEL[+iommu]...]}
shift
[ $# -gt 0 ] || set -- debian12 debian12+iommu debian13 debian13+iommu debian13-backports
. tests/guest/boot.sh
# shellcheck disable=SC2046
tests/guest/fetch.sh $(printf '%s\n' "${@%+iommu}" | sort -u) || exit 1

# judge KERNEL[+iommu]: one guest, with a model of its own
judge() {
	local tree=$guest/${1%+iommu}
	guest_begin
	qemu=$guest/qemu.sh
	kernel=$(echo "$tree"/boot/vmlinuz-*)
	if [ "$1" != "${1%+iommu}" ]; then
		machine=q35,kernel-irqchip=split
		append=intel_iommu=on
		# vfio-user needs to hear of new mappings too, not of removed ones only: caching-mode
		set -- "$1" -device intel-iommu,intremap=on,caching-mode=on
	fi
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/linux_ixgbe_guest.sh "ixgbe 8021q" /sbin/ethtool /bin/ip /bin/ping || return 1
	guest_model "$bin" --wire 0:peer=1 || return 1
	guest_boot "${@:2}" "${guest_model_ports[@]}"
	guest_verdict 24
}

status=0
for run; do
	begin=$SECONDS
	echo "Linux's ixgbe, $run:"
	(judge "$run") || status=1
	echo "$run took $((SECONDS - begin)) s"
done
exit $status
