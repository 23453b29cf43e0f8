# Runs inside the guest: two ports of the software 82599 from Linux's ixgbe to vfio-pci and a user without rights, and
# back.
ports=$(pci 8086:10fb)
first=${ports%%
*}
interface=$(ls /sys/bus/pci/devices/$first/net)
drivers() {
	for port in $ports; do
		[ "$(basename "$(readlink /sys/bus/pci/devices/$port/driver)")" = "$1" ] || return 1
	done
}
. /data/somebody.sh
ip link set lo up
# shellcheck disable=SC2086
{
check "Linux's ixgbe has both ports" drivers ixgbe
check "pollux-bind shows them" sh -c "pollux-bind | grep -A2 '$first  8086:10fb' | grep 'driver ixgbe, IOMMU group'"
check "  with the interface" sh -c "pollux-bind | grep 'interface $interface, link'"
check "  as JSON too" sh -c "pollux-bind --json status $first | grep '\"name\":\"$interface\"'"
check "pollux-doctor finds them not ready" sh -c "pollux-doctor $first; [ \$? = 1 ]"
check "  and says what to do" sh -c "pollux-doctor $first | grep 'mend it: pollux-bind bind $first'"
check "  and finds the IOMMU" sh -c "pollux-doctor | grep 'ok .*IOMMU: dmar0'"
ip link set "$interface" up
ip address add 192.0.2.1/24 dev "$interface"
check "an interface with an address is not taken" \
	sh -c "pollux-bind bind $first 2>&1 | grep 'interface $interface .* 192.0.2.1'"
check "  and keeps its driver" drivers ixgbe
ip address flush dev "$interface"
ip route add default dev "$interface"
check "nor one with the default route" \
	sh -c "pollux-bind bind $first 2>&1 | grep 'interface $interface carries the default route'"
ip route del default
ip link set "$interface" down
check "--dry-run changes nothing" pollux-bind bind --dry-run $ports
check "  and keeps its driver" drivers ixgbe
check "both are bound, their nodes handed to a user" pollux-bind bind --user somebody $ports
check "  to vfio-pci" drivers vfio-pci
check "  again: nothing to do" sh -c "pollux-bind bind -n --user somebody $(echo $ports) | grep '^# nothing to do'"
check "the nodes are the user's" \
	sh -c 'for node in /dev/vfio/[0-9]*; do [ "$(stat -c %u "$node")" = 1000 ] || exit 1; done'
check "root's doctor finds all ready" pollux-doctor $ports
ulimit -l 64
as_user pollux-doctor $ports >/tmp/doctor 2>&1
check "the user's finds the limit of locked memory" test $? = 1
as_user pollux-fwd --duration 2 $ports >/tmp/fwd 2>&1
check "  and the forwarder does not start" test $? = 1
FILE=/tmp/fwd
check "  and says by how much to raise it" grep 'ulimit cannot raise it so far; as root: memlock' /tmp/fwd
limit=$(cat /tmp/doctor | sed -n 's/.*LimitMEMLOCK=\([0-9]*\)K.*/\1/p')
ulimit -l "$limit"
check "with the doctor's limit the doctor is content" as_user pollux-doctor $ports
check "  and the forwarder forwards without root" as_user pollux-fwd --link-wait 30 --packets 100 --duration 60 $ports
as_user pollux-fwd --quiet --link-wait 30 --duration 60 $ports >/tmp/fwd 2>&1 &
wait_for 30 sh -c "pollux-bind | grep 'open in process'"
check "a port that is in use is not restored" sh -c "pollux-bind restore $first 2>&1 | grep 'in use by process'"
check "  and the doctor says by whom" sh -c "pollux-doctor $first | grep 'open in process'"
kill "$(pollux-bind --json status $first | sed -n 's/.*"opened_by":\([0-9]*\).*/\1/p')"
wait $!
check "both are restored" pollux-bind restore $ports
check "  to ixgbe" drivers ixgbe
check "  and have their interfaces" wait_for 10 test -d /sys/class/net/"$interface"
check "  again: nothing to do" sh -c "pollux-bind restore -n $(echo $ports) | grep '^# nothing to do'"
check "no override and no note are left" \
	sh -c "cat /sys/bus/pci/devices/*/driver_override | grep -v null; [ \$? = 1 ] && [ -z \"\$(ls /run/pollux)\" ]"
}
