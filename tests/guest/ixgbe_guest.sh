# Runs inside the guest: the forwarder between two ports of the software 82599 through vfio-pci, captures coming from both wires.
# With a page of 1 GiB where the kernel's command line has one, else pages of 2 MiB.
grep -q hugepagesz=1G /proc/cmdline || echo 64 >/proc/sys/vm/nr_hugepages
check "both ports are bound to vfio-pci" bound 2 8086:10fb
ports=$(pci 8086:10fb)
no_fault
# shellcheck disable=SC2086
check "the capture goes through both ways" pollux-fwd --no-drop --packets 518 --duration 60 $ports
check "in hugepages" sh -c '! grep -i "no hugepages" /tmp/out'
check "no IOMMU fault" no_fault
