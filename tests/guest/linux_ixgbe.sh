#!/bin/bash
# Linux's own ixgbe judges the software 82599, X540 and X550: in QEMU guests with several kernels, with and without an IOMMU, the two
# ports attached through vfio-user-pci.
# Usage: tests/guest/linux_ixgbe.sh BUILD-FOLDER [KERNEL[+iommu][+CARD]...]   (KERNELs: see tests/guest/fetch.sh; CARD: x540 or x550)
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [KERNEL[+iommu][+CARD]...]}
shift
[ $# -gt 0 ] || set -- debian12 debian12+iommu debian13 debian13+iommu debian13-backports \
	debian12+x540 debian13-backports+x540 debian12+x550 debian13-backports+x550
GUEST_SECONDS=${GUEST_SECONDS:-900} # of which a minute is needed, where nothing else runs
. tests/guest/boot.sh
# shellcheck disable=SC2046
tests/guest/fetch.sh $(printf '%s\n' "${@%%+*}" | sort -u) || exit 1

# judge KERNEL[+iommu][+CARD]: one guest, with a model of its own
judge() {
	local tree=$guest/${1%%+*} card=82599
	guest_begin
	qemu=$guest/qemu.sh
	kernel=$(echo "$tree"/boot/vmlinuz-*)
	case $1 in *+x5?0) card=${1##*+} ;; esac
	append=pollux.card=$card
	if [[ $1 == *+iommu* ]]; then
		machine=q35,kernel-irqchip=split
		append+=" intel_iommu=on"
		# vfio-user needs to hear of new mappings too, not of removed ones only: caching-mode
		set -- "$1" -device intel-iommu,intremap=on,caching-mode=on
	fi
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/linux_ixgbe_guest.sh "ixgbe 8021q" /sbin/ethtool /bin/ip /bin/ping \
		host:"$bin"/guest-frames host:"$bin"/guest-xsk host:tests/guest/linux_xdp.sh || return 1
	guest_model "$bin" --card "$card" --wire 0:peer=1 || return 1
	guest_boot "${@:2}" "${guest_model_ports[@]}"
	guest_verdict 32
	local state=$?
	[ $state = 0 ] || tail -n 5 "$work/qemu.log" # what QEMU thought of the model's answers
	return $state
}

status=0
for run; do
	begin=$SECONDS
	echo "Linux's ixgbe, $run:"
	(judge "$run") || status=1
	echo "$run took $((SECONDS - begin)) s"
done
exit $status
