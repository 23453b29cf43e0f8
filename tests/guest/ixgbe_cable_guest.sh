# Runs inside the guest: generator and capture tool on two ports of the software 82599 with a cable between them,
# through vfio-pci.
echo 64 >/proc/sys/vm/nr_hugepages
check "both ports are bound to vfio-pci" bound 2 8086:10fb
ports=$(pci 8086:10fb)
# shellcheck disable=SC2086
set -- $ports
no_fault

# shellcheck disable=SC2086
generate() { pollux-gen --quiet --json --duration 60 "$@" $ports; }
lossless() { generate "$@" >/tmp/gen.json && cat /tmp/gen.json && grep -q '"lost":0,' /tmp/gen.json; }
check "the generator's 20000 packets all come back" lossless --count 20000
check "of 1518 bytes too" lossless --count 2000 --size 1518
check "at a rate too" lossless --count 2000 --rate 5k
check "packets in a page of 1 GiB" guest-pages "$1" "$2"

interrupts() { awk '/vfio/ { for (i = 2; i <= 3; i++) n += $i } END { print n + 0 }' /proc/interrupts; }
pollux-dump "$2" -w /tmp/dump.pcap --count 259 2>/tmp/dump.log &
dump=$!
check "an interrupt tells of the link" wait_for 20 eval '[ "$(interrupts)" -gt 0 ]'
check "a capture is replayed" pollux-gen --quiet --replay /data/mixed.pcap --rate 10k "$1"
FILE=/tmp/dump.log check "and the capture tool catches it" ended 20 $dump 0
check "as it was" pollux-pcap-diff /data/mixed.pcap /tmp/dump.pcap

# shellcheck disable=SC2086
pollux-gen --duration 60 $ports >/tmp/gen.log 2>&1 &
gen=$!
FILE=/tmp/gen.log check "full traffic flows" wait_for 20 grep -q 'rx *[0-9.]* [kM]pps' /tmp/gen.log
kill -9 $gen
wait $gen
check "after kill -9 the next start is clean" lossless --count 20000

# shellcheck disable=SC2086
pollux-gen --duration 60 $ports >/tmp/gen.log 2>&1 &
gen=$!
FILE=/tmp/gen.log check "full traffic flows again" wait_for 20 grep -q 'rx *[0-9.]* [kM]pps' /tmp/gen.log
# QEMU 11.1 does not survive the unplugging of a vfio-user-pci; unbinding asks for the device in the same way
sh -c 'echo $0 >/sys/bus/pci/drivers/vfio-pci/unbind' "$2" &
FILE=/tmp/gen.log check "the generator ends with status 1" ended 20 $gen 1
FILE=/tmp/gen.log check "and says that the device is gone" grep -q "$2: the device is gone" /tmp/gen.log
check "which lets it go" wait_for 20 test ! -e "/sys/bus/pci/devices/$2/driver"
check "the other card is still driven" pollux-gen --quiet --count 100 --link-wait 0 "$1"
check "no IOMMU fault" no_fault
