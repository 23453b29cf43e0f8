# Runs inside the guest: the forwarder between two ports of the software 82599 through vfio-pci, captures coming from
# both wires.
echo 64 >/proc/sys/vm/nr_hugepages
check "both ports are bound to vfio-pci" bound 2 8086:10fb
ports=$(pci 8086:10fb)
no_fault
# shellcheck disable=SC2086
forward() { pollux-fwd --no-drop --packets 518 --duration 60 $ports >/tmp/fwd.log 2>&1; }
FILE=/tmp/fwd.log check "the capture goes through both ways" forward
check "in hugepages" sh -c '! grep -i "no hugepages" /tmp/fwd.log'
check "no IOMMU fault" no_fault
