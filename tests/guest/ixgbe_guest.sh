# Runs inside the guest: Pollux on two ports of the software 82599 through the kernel's vfio-pci.
echo 64 >/proc/sys/vm/nr_hugepages
bound 2 8086:10fb; echo "bound: $?"
echo $ports; dmesg | grep -i -E 'dmar|iommu' | tail -3
check "fwd" true
pollux-fwd --no-drop --packets 259 --duration 60 $ports 2>&1; echo "status $?"
dmesg | tail -5
