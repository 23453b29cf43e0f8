#!/bin/bash
# The forwarder on PCI addresses: our kernel-VFIO code against the software 82599 presented as /dev/vfio, and each kind
# of call failing in turn.
# Usage: tests/kernel_vfio.sh BUILD-FOLDER. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
capture=tests/captures/mixed.pcap
# forward RUN-OPTIONS...: a capture from one port to the other; $status is the forwarder's
forward() {
	rm -f "$work/out.pcap"
	model --wire "0:pcap-in=$capture" --wire "1:pcap-out=$work/out.pcap"
	timeout 600 tests/preload/run --library "$bin/libpollux-preload.so" --device "0000:81:00.0=$work/a" \
		--device "0000:81:00.1=$work/b" \
		"$@" -- "$bin/pollux-fwd" --no-drop --packets 259 --duration 20 0000:81:00.0 \
		0000:81:00.1 >"$work/fwd.log" 2>&1
	status=$?
	end_model
	skip_on_77 $status "$work/fwd.log"
}

# goes_through WAY RUN-OPTIONS...: the capture arrives, by this way
goes_through() {
	local way=$1
	shift
	forward "$@"
	check "a capture goes through by $way" "$work/fwd.log" test $status = 0
	check "  which the forwarder says" "$work/fwd.log" test "$(grep -c "^port .* by $way" "$work/fwd.log")" = 2
	check "  and comes out as it was" "$work/fwd.log" "$bin/pollux-pcap-diff" $capture "$work/out.pcap"
	check "  and the model finds no fault" "$work/model.log" no_faults 2
}
# fails CALL RUN-OPTIONS...
fails() {
	forward --fail "$1:1:EIO" "${@:2}"
	check "$1 fails: status 1" "$work/fwd.log" test $status = 1
	check "  and a sentence" "$work/fwd.log" grep -q '^pollux-fwd: .\{30\}' "$work/fwd.log"
}

device="mmap pread pwrite VFIO_DEVICE_GET_INFO VFIO_DEVICE_GET_REGION_INFO"
goes_through 'group 10[01] (the kernel has no node for the device alone)'
for call in open-container open-group VFIO_GROUP_GET_STATUS VFIO_GROUP_SET_CONTAINER VFIO_SET_IOMMU \
	VFIO_IOMMU_GET_INFO \
	VFIO_GROUP_GET_DEVICE_FD VFIO_IOMMU_MAP_DMA $device; do
	fails $call
done

goes_through iommufd --iommufd
for call in open-node open-iommu VFIO_DEVICE_BIND_IOMMUFD VFIO_DEVICE_ATTACH_IOMMUFD_PT IOMMU_IOAS_ALLOC \
	IOMMU_IOAS_IOVA_RANGES \
	IOMMU_IOAS_MAP $device; do
	fails $call --iommufd
done

# what the user may not open, and the kernel does not have
goes_through 'group 10[01] (/dev/vfio/devices/vfio[01] may not be opened)' --iommufd --fail open-node:1+:EACCES
goes_through 'group 10[01] (there is no /dev/iommu)' --iommufd --fail open-iommu:1+:ENOENT
forward --iommufd --fail open-node:1+:EACCES,open-group:1+:ENOENT
check "a kernel without groups: the node's owner is to be changed" "$work/fwd.log" \
	grep -q 'as root: chown [0-9]* /dev/vfio/devices/vfio0' "$work/fwd.log"
forward --fail open-group:1+:EACCES
check "the group's owner is to be changed" "$work/fwd.log" grep -q 'as root: chown [0-9]* /dev/vfio/100' "$work/fwd.log"
forward --iommufd --fail VFIO_DEVICE_BIND_IOMMUFD:1:EPERM
check "no interrupt remapping: what to do" "$work/fwd.log" \
	grep -q 'iommufd/parameters/allow_unsafe_interrupts' "$work/fwd.log"
forward --fail VFIO_SET_IOMMU:1:EPERM
check "  and by the group" "$work/fwd.log" grep -q 'vfio_iommu_type1/parameters/allow_unsafe_interrupts' "$work/fwd.log"
end_checks
