# Runs inside the guest, before its script: what scripts share. Prints a line "ok ..." or "FAIL ..." for each thing that
# is checked.
# shellcheck shell=sh
check() { # NAME COMMAND...; FILE is shown too when it fails, where one is named
	name=$1
	shift
	if "$@" >/tmp/out 2>&1; then
		echo "ok $name"
	else
		echo "FAIL $name"
		for file in /tmp/out ${FILE:-}; do sed 's/^/    > /' "$file" 2>/dev/null | tail -n 15; done
	fi
}
wait_for() { # SECONDS COMMAND...: until it holds
	for i in $(seq $(($1 * 10))); do
		(shift && "$@") >/dev/null 2>&1 && return 0
		usleep 100000
	done
	return 1
}
# COMMAND...: what it prints is the same as half a second ago. For wait_for, where nothing says that all has come
still() {
	was=$("$@")
	usleep 500000
	[ "$("$@")" = "$was" ]
}
asked_host=0
# NAME ARGUMENT...: has the host's side run its host_NAME; waits for its exit status. Numbered, as an answer may come
# too late
ask() {
	asked_host=$((asked_host + 1))
	echo "$asked_host $*" >&8
	while read -r -t 60 answered status <&8; do [ "$answered" != $asked_host ] || return "$status"; done
	return 1
}
monitor() { ask monitor "$@"; } # a command for QEMU's monitor

# Addresses of the PCI devices of an id (8086:10fb), one a line.
pci() {
	for device in /sys/bus/pci/devices/*; do
		[ "$(cat "$device/vendor" "$device/device" | tr -d '\n')" = "0x${1%:*}0x${1#*:}" ] && basename "$device"
	done
}
# bind DRIVER ADDRESS...: takes devices from the drivers that they have, and gives them to this one.
bind() {
	driver=$1
	shift
	for address; do
		device=/sys/bus/pci/devices/$address
		echo "$driver" >"$device/driver_override"
		[ ! -e "$device/driver" ] || echo "$address" >"$device/driver/unbind"
		echo "$address" >/sys/bus/pci/drivers_probe
		[ "$(basename "$(readlink "$device/driver")")" = "$driver" ] || return 1
	done
}
# bound N ID: there are that many of an id, and vfio-pci takes them; their addresses are in $ports.
bound() {
	ports=$(pci "$2")
	# shellcheck disable=SC2086
	set -- "$1" $ports
	[ $# = $(($1 + 1)) ] && shift && bind vfio-pci "$@"
}
# ended SECONDS PROCESS STATUS: it ends in that time, with this exit status.
ended() {
	wait_for "$1" eval "! kill -0 $2" || { kill -9 "$2"; echo "still running after $1 s"; wait "$2"; return 1; }
	wait "$2"
	status=$?
	[ $status = "$3" ] || { echo "exit status $status"; return 1; }
}
# no_fault: the IOMMU has not complained since the last call.
no_fault() {
	dmesg -c >/tmp/dmesg
	cat /tmp/dmesg >>/tmp/dmesg.all
	! grep -E 'DMAR:.*[Ff]ault|BUG:|Oops:|WARNING:|soft lockup' /tmp/dmesg
}
# A TCP connection between this network and the one named far: tcp SERVER-SIDE ADDRESS CLIENT-SIDE, a side is near or
# far
near() { "$@"; }
far() { /bin/ip netns exec far /bin/busybox "$@"; }
tcp() {
	if [ ! -e /tmp/open ]; then
		head -c 3000000 /dev/urandom >/tmp/data
		mkfifo /tmp/open # an input that doesn't end: a server at its input's end would hang up
		sleep 1000 >/tmp/open &
	fi
	rm -f /tmp/received
	"$1" nc -l -p 9000 >/tmp/received </tmp/open &
	server=$!
	wait_for 10 "$1" grep -qs ':2328 0*:0000 0A ' /proc/net/tcp /proc/net/tcp6 # it listens on port 9000
	"$3" nc -w 20 "$2" 9000 </tmp/data
	wait $server
	ls -l /tmp/data /tmp/received
	cmp /tmp/data /tmp/received
}
# card NUMBER: the address of the card that is in, or behind, slot 0x10 + NUMBER, where boot.sh's guest_card puts it
card() {
	for device in /sys/bus/pci/devices/*; do
		case $(readlink -f "$device") in
		*/0000:00:1$1.0 | */0000:00:1$1.0/*) [ "$(cat "$device/class")" = 0x020000 ] && basename "$device" ;;
		esac
	done
}
