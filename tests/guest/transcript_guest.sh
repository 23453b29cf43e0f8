# Runs inside the guest: from ixgbe to vfio-pci and a user without rights, a generator through a forwarder, and back;
# all of it written down. (See transcript.sh.)
. /data/somebody.sh
ulimit -l 8192 # as systems have it that nobody has changed
ports=$(for i in 0 1 2 3; do card $i; done)
# shellcheck disable=SC2086
set -- $ports
typed() { echo; echo "$*"; } >>/tmp/transcript
# root COMMAND..., user COMMAND...: what is typed, and what is said; its status
root() {
	typed "# $*"
	sh -c "$*" >>/tmp/transcript 2>&1
}
user() {
	typed "\$ $*"
	as_user "$*" >>/tmp/transcript 2>&1
}
drivers() {
	for port in $ports; do
		[ "$(basename "$(readlink "/sys/bus/pci/devices/$port/driver")")" = "$1" ] || return 1
	done
}
FILE=/tmp/transcript
wait_for 60 drivers ixgbe
check "the cards are shown" root pollux-bind
check "memory is reserved" root "echo 64 > /proc/sys/vm/nr_hugepages"
check "they are bound for a user" root pollux-bind bind --user somebody $ports
user pollux-doctor $ports
check "the doctor finds that the limit of locked memory is low" test $? = 1
limit=$(sed -n 's/.*LimitMEMLOCK=\([0-9]*\)K.*/\1/p' /tmp/transcript)
typed "# ulimit -l $limit"
ulimit -l "$limit"
check "the doctor is content" user pollux-doctor $ports
typed "\$ pollux-fwd --interval 30 $2 $3 &"
as_user pollux-fwd --interval 30 "$2" "$3" >/tmp/fwd.log 2>&1 &
fwd=$!
check "the forwarder has its links" wait_for 25 grep -q '^port 1:.*link up' /tmp/fwd.log
cat /tmp/fwd.log >>/tmp/transcript
shown=$(wc -l </tmp/fwd.log)
check "the generator runs" user pollux-gen --interval 30 --rate 2k --count 10000 "$1" "$4"
check "  and loses nothing" \
	grep 'of its own 10000 came back: 0 lost, 0 reordered, 0 duplicates, .* 0 corrupted' /tmp/transcript
user kill "$(pollux-bind --json status "$2" | sed -n 's/.*"opened_by":\([0-9]*\).*/\1/p')"
wait $fwd
check "the forwarder ends with status 0" test $? = 0
tail -n +$((shown + 1)) /tmp/fwd.log >>/tmp/transcript
check "they go back" root pollux-bind restore $ports
check "  to ixgbe" drivers ixgbe
sed 's/^/TYPED /' /tmp/transcript
