#!/bin/bash
# What a user with a card would type, in a QEMU guest with a virtual IOMMU: two software 82599s go from Linux's ixgbe to
# vfio-pci; their four ports are cabled in pairs, the generator has the two at the ends, the forwarder those between;
# and back. Saves what was typed and said in build/transcript.txt, and shows it; the checks decide the exit status.
# Usage: tests/guest/transcript.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/guest/boot.sh
tests/guest/fetch.sh || exit 1
guest_begin
guest_choose 11.1 debian12
append="intel_iommu=on"
tests/guest/pack.sh "$tree" "$initramfs" tests/guest/transcript_guest.sh "ixgbe vfio-pci vfio_iommu_type1" \
	host:"$bin"/pollux-{bind,doctor,fwd,gen} host:tests/guest/somebody.sh || exit 1
# what is sent before a busy machine's model has seen that the other end listens shall not count as lost
guest_model "$bin" --wire 0:peer=1,lossless || exit 1
first=2 guest_model "$bin" --wire 0:peer=1,lossless || exit 1
# shellcheck disable=SC2046
guest_boot -device "intel-iommu,intremap=on,caching-mode=on" $(for i in 0 1 2 3; do guest_card $i ixgbe; done)
guest_verdict 11
status=$?
sed -n 's/^TYPED //p' "$work/console" | sed 1d >build/transcript.txt
echo
cat build/transcript.txt
exit $status
