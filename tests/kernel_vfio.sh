#!/bin/bash
# The forwarder on PCI addresses: our kernel-VFIO code against the software 82599 presented as /dev/vfio, and each kind of call failing in turn.
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
	timeout 60 tests/preload/run --library "$bin/libpollux-preload.so" --device "0000:81:00.0=$work/a" --device "0000:81:00.1=$work/b" \
		"$@" -- "$bin/pollux-fwd" --no-drop --packets 259 --duration 20 0000:81:00.0 0000:81:00.1 >"$work/fwd.log" 2>&1
	status=$?
	end_model
	if [ $status = 77 ]; then
		tail -n 1 "$work/fwd.log"
		exit 77
	fi
}

forward
check "a capture goes through" "$work/fwd.log" test $status = 0
check "  and comes out as it was" "$work/fwd.log" "$bin/pollux-pcap-diff" $capture "$work/out.pcap"
check "  and the model finds no fault" "$work/model.log" no_faults 2

for call in open-container open-group mmap pread pwrite VFIO_GROUP_GET_STATUS VFIO_GROUP_SET_CONTAINER VFIO_SET_IOMMU VFIO_GROUP_GET_DEVICE_FD VFIO_IOMMU_MAP_DMA \
	VFIO_DEVICE_GET_INFO VFIO_DEVICE_GET_REGION_INFO; do
	forward --fail $call:1:EIO
	check "$call fails: status 1" "$work/fwd.log" test $status = 1
	check "  and a sentence" "$work/fwd.log" grep -q '^pollux-fwd: .\{30\}' "$work/fwd.log"
done
end_checks
