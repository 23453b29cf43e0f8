#!/bin/bash
# Pollux on a real kernel's VFIO: in a QEMU guest with a virtual IOMMU, the software 82599's two ports bound to
# vfio-pci, also where their links are as stubborn as on cards. QEMU 11.1, by vfio-user.
# Usage: tests/guest/ixgbe.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/guest/boot.sh
tests/guest/fetch.sh || exit 1
guest_begin
qemu=$guest/qemu.sh
kernel=$(echo $guest/debian12/boot/vmlinuz-*)
machine=q35,kernel-irqchip=split memory=1G
capture=tests/captures/mixed.pcap
failed=0 addresses=0

# boot NAME CHECKS WIDTH GUEST-SCRIPT KERNEL-OPTIONS MODEL-OPTION...
boot() {
	local name=$1 checks=$2 width=$3 script=$4
	append="intel_iommu=on $5"
	shift 5
	echo "== $name, an IOMMU of $width bits"
	tests/guest/pack.sh $guest/debian12 "$initramfs" "$script" "vfio-pci vfio_iommu_type1" \
		host:"$bin"/{pollux-{fwd,gen,dump,pcap-diff},guest-pages} host:$capture || exit 1
	guest_model "$bin" "$@" || exit 1
	guest_boot -device "intel-iommu,intremap=on,caching-mode=on,aw-bits=$width" "${guest_model_ports[@]}"
	kill -TERM "$model"
	wait "$model"
	guest_verdict "$checks" || failed=1
	# what the model saw: no address that was not mapped, no ring or descriptor that makes no sense
	if [ "$(grep -c "faults: address $addresses, ring 0, descriptor 0," "$work/model.log")" = 2 ]; then
		echo "ok the model finds no fault"
	else
		echo "FAIL the model finds faults:"
		cat "$work/model.log"
		failed=1
	fi
}
# came OUT: what the host caught at a wire is the capture
came() {
	if "$bin/pollux-pcap-diff" $capture "$1"; then
		echo "ok it comes out of port ${1//[^01]/} as it was"
	else
		echo "FAIL"; failed=1
	fi
}

# capture_both_ways WIDTH MODEL-OPTION...
capture_both_ways() {
	local both=(--wire "0:pcap-in=$capture" --wire "1:pcap-in=$capture" --wire "0:pcap-out=$work/out0.pcap"
		--wire "1:pcap-out=$work/out1.pcap")
	boot "a capture both ways${2:+, ${*:2}}" 4 "$1" tests/guest/ixgbe_guest.sh "" "${both[@]}" "${@:2}"
	came "$work/out0.pcap"
	came "$work/out1.pcap"
}

for width in 39 48; do capture_both_ways $width; done
# A link as stubborn as a card's, after the function reset of the kernel's VFIO.
capture_both_ways 39 --module dac --link-tries 3 --nvm-lms 1 --quirk pipeline-reset --quirk core-words \
	--quirk link-disabled --quirk manageability --quirk slow --time-scale 10
# A device that is wanted back is cut off from memory while its receiver runs: that counts as addresses that it cannot
# reach.
addresses='[0-9]*'
memory=4G
boot "generator, capture tool, interrupts, a page of 1 GiB, a killed process, a device wanted back" 17 39 \
	tests/guest/ixgbe_cable_guest.sh \
	"hugepagesz=1G hugepages=1 hugepagesz=2M" --wire 0:peer=1,lossless
[ $failed = 0 ]
