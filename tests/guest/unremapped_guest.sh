# Runs inside the guest: the IOMMU doesn't remap interrupts, which the kernel refuses devices for; doctor and forwarder
# say so. (See bind.sh.)
ports=$(echo $(pci 8086:10fb))
first=${ports%% *}
unsafe=/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
. /data/somebody.sh
no_fault # what was said at boot does not count
forward() { pollux-fwd --link-wait 30 --packets 100 --duration 60 $ports >/tmp/fwd 2>&1; }
FILE=/tmp/fwd
# shellcheck disable=SC2086
{
check "both are bound" pollux-bind bind $ports
check "pollux-doctor says that the forwarder would not start" sh -c "pollux-doctor $ports; [ \$? = 1 ]"
check "  and why" sh -c "pollux-doctor $ports | grep '^problem  interrupts: the IOMMU does not remap them'"
forward
check "nor does it" test $? = 1
check "  and it says why" \
	grep "^pollux-fwd: $first: .*does not remap interrupts.* > $unsafe" /tmp/fwd
echo 1 >$unsafe
check "where root accepts that, the doctor is content" pollux-doctor $ports
check "  and the forwarder forwards" forward
check "they go back, as they were" pollux-bind restore $ports
}
check "no IOMMU fault" no_fault
