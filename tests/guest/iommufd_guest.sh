# Runs inside the guest, on a kernel with iommufd: two ports of the software 82599, by their own nodes and by their
# groups, without root; and what is said when somebody else has them.
ports=$(echo $(pci 8086:10fb))
first=${ports%% *}
. /data/somebody.sh
no_fault # what was said at boot does not count
forward() { as_user pollux-fwd --link-wait 30 --packets 100 --duration 60 "$ports" >/tmp/fwd 2>&1; }
FILE=/tmp/fwd
check "both are bound, their nodes handed to a user" pollux-bind bind --user somebody $ports
check "the nodes are the user's" \
	sh -c 'for node in /dev/vfio/[0-9]* /dev/vfio/devices/*; do [ "$(stat -c %u "$node")" = 1000 ] || exit 1; done'
as_user pollux-doctor "$ports" >/tmp/doctor 2>&1
ulimit -l "$(($(sed -n 's/.*LimitMEMLOCK=\([0-9]*\)K.*/\1/p' /tmp/doctor) + 0))"
check "with the doctor's limit the doctor is content" as_user pollux-doctor "$ports"
check "  and says by which way" \
	sh -c "su -s /bin/sh somebody -c 'PATH=$PATH; pollux-doctor $ports' | grep '$first: ready, by iommufd'"
check "the forwarder forwards without root" forward
check "  by iommufd" test "$(grep -c '^port .*, by iommufd$' /tmp/fwd)" = 2
chmod 0600 /dev/iommu
check "where /dev/iommu is not the user's it forwards too" forward
check "  by the groups, and says why" \
	test "$(grep -c '^port .*, by group [0-9]* (/dev/iommu may not be opened)' /tmp/fwd)" = 2
check "no IOMMU fault" no_fault

# holds [as_user]: a forwarder has the ports until it is killed; $holder is its process
holds() {
	"$@" pollux-fwd --quiet --link-wait 30 --duration 60 $ports >/dev/null 2>&1 &
	wait_for 30 sh -c "pollux-bind | grep 'open in process'"
	holder=$(pollux-bind --json status "$first" | sed -n 's/.*"opened_by":\([0-9]*\).*/\1/p')
}
refused() { # PART: what a second forwarder says
	pollux-fwd --duration 2 $ports >/tmp/fwd 2>&1
	[ $? = 1 ] && grep "$1" /tmp/fwd
}
holds as_user
chmod 0666 /dev/iommu
check "by the group: a second one hears of it" refused "IOMMU group [0-9]* is in use by .*, process $holder"
kill "$holder"
wait
holds env
check "by the node: a second one hears of it" refused "in use by .*, process $holder"
check "  and it is not restored" sh -c "pollux-bind restore $first 2>&1 | grep 'in use by process'"
kill "$holder"
wait
check "restored" pollux-bind restore $ports
