#!/bin/bash
# The preload library itself, with a plain VFIO program: groups of one and of two devices, both types of IOMMU, all
# kinds of memory, calls that fail on purpose, a user who is not root, and the ways in which it says that it cannot run.
# Usage: tests/preload.sh BUILD-FOLDER. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
one=0000:81:00.0 two=0000:81:00.1

# probe GROUP GROUP OPTIONS... -- OPTIONS OF THE PROBE...: on the two devices of a fresh model; $status is its
probe() {
	local first=$1 second=$2 options=()
	shift 2
	while [ "$1" != -- ]; do options+=("$1") && shift; done
	shift
	model
	timeout 600 tests/preload/run --library "$bin/libpollux-preload.so" --device "$one=$work/a,$first" \
		--device "$two=$work/b,$second" \
		"${options[@]}" -- "$bin/preload-probe" "$@" "/dev/vfio/$first" $one "/dev/vfio/$second" \
		$two >"$work/probe.log" 2>&1
	status=$?
	end_model
	skip_on_77 $status "$work/probe.log"
}
right() { [ $status = 0 ] && grep -q 'all is as it should be' "$work/probe.log"; }

probe 100 101 --
check "two groups, type 1v2" "$work/probe.log" right
sed -n 's/^skipped: /skip: /p' "$work/probe.log"
export POLLUX_VFIO_TRACE=1
probe 100 101 --
unset POLLUX_VFIO_TRACE
check "a trace has registers and configuration space" "$work/probe.log" \
	test "$(grep -cE "^$two (write 0:0a200 12345678|read  7:00000 00008086)" "$work/probe.log")" = 2
probe 7 7 -- --type1
check "two devices in one group, type 1" "$work/probe.log" right
soft=$(ulimit -Sn)
ulimit -Sn 256
probe 100 101 -- --many 3000 50
check "6000 mappings, of which a program may have 256 files open" "$work/probe.log" right
probe 100 101 -- --many 0 150
limit_is_named() {
	[ $status = 1 ] && grep -q 'may have 256 files open; raise that with: ulimit -n 1024$' "$work/probe.log"
}
check "  and where its files are more than that, the limit is named" "$work/probe.log" limit_is_named
ulimit -Sn "$soft"
probe 100 101 --fail VFIO_IOMMU_MAP_DMA:1:ENOMEM --
check "a call fails when it is told to" "$work/probe.log" \
	grep -q 'VFIO_IOMMU_MAP_DMA: not so (errno ENOMEM)' "$work/probe.log"
probe 100 101 --fail VFIO_GROUP_GET_DEVICE_FD:2:ENODEV --
check "  or when it comes a second time" "$work/probe.log" \
	grep -q 'VFIO_GROUP_GET_DEVICE_FD: not so (errno ENODEV)' "$work/probe.log"
probe 100 101 --fail VFIO_IOMMU_MAP_DNA:1:ENOMEM --
unknown() {
	[ $status = 2 ] && grep -q "not 'VFIO_IOMMU_MAP_DNA:1:ENOMEM'; tests/preload/run --help" "$work/probe.log"
}
check "  and one that there is not is refused" "$work/probe.log" unknown

# What the program sees, and that nothing gets out: on a machine with VFIO of its own, too. shows WANTED OPTIONS...: the
# second device is of group 100, which the first must not get then.
machine=$work/dev
mkdir -p "$machine/vfio"
touch "$machine/vfio/7" "$machine/iommu"
ln -s /proc/self/fd "$machine/fd"
# shellcheck disable=SC2016
as_machine='for n in null zero random urandom; do : >"$0/$n" && mount --bind "/dev/$n" "$0/$n"; done
	mount --rbind "$0" /dev && exec "$@"'
nodes='shopt -s nullglob; echo /dev/iommu* /dev/vfio/* /dev/vfio/devices/*'
namespace=(unshare -m --propagation private)
[ "$(id -u)" = 0 ] || namespace+=(-r)
shows() {
	local wanted=$1
	shift
	"${namespace[@]}" bash -c "$as_machine" "$machine" tests/preload/run --library "$bin/libpollux-preload.so" \
		--device "$one=$work/a" \
		--device "$two=$work/b,100" "$@" -- bash -c "$nodes" >"$work/probe.log" 2>&1
	[ "$(cat "$work/probe.log")" = "$wanted" ] && [ "$(ls "$machine/vfio")" = 7 ]
}
check "groups; nothing of the machine's VFIO, and nothing in it" "$work/probe.log" \
	shows "/dev/vfio/100 /dev/vfio/101 /dev/vfio/vfio"
nodes_there="/dev/iommu /dev/vfio/100 /dev/vfio/101 /dev/vfio/devices /dev/vfio/vfio"
nodes_there+=" /dev/vfio/devices/vfio0 /dev/vfio/devices/vfio1"
check "  and nodes" "$work/probe.log" shows "$nodes_there" --iommufd

# A user who is not root: model, library and probe where that user may read them
if [ "$(id -u)" != 0 ]; then
	echo "all of the above was done without root"
elif ! runuser -u nobody -- unshare -m -r true 2>/dev/null; then
	echo "skip: without root: this system has no user namespaces for users"
else
	user=$work/user
	mkdir "$user"
	chmod 755 "$work"
	cp "$bin/pollux-model" "$bin/preload-probe" "$bin/libpollux-preload.so" tests/preload/run "$user"
	chown -R nobody "$user"
	runuser -u nobody -- "$user/pollux-model" --port "$user/a" --port "$user/b" >"$work/model.log" 2>&1 &
	model=$!
	wait_for listening
	runuser -u nobody -- timeout 600 "$user/run" --library "$user/libpollux-preload.so" --device "$one=$user/a" \
		--device "$two=$user/b" -- \
		"$user/preload-probe" /dev/vfio/100 $one /dev/vfio/101 $two >"$work/probe.log" 2>&1
	status=$?
	kill $model # and wait, but not for its status: runuser's says which signal it was
	wait $model 2>/dev/null
	check "without root, in a user namespace" "$work/probe.log" right
fi

# What is missing is said, with status 77. said_to_skip TEXT
said_to_skip() { [ $status = 77 ] && tail -n 1 "$work/probe.log" | grep -q "^skip: $1"; }
mkdir "$work/no-unshare" "$work/no-mount" "$work/no-dpdk"
printf '#!/bin/sh\nexit 1\n' >"$work/no-unshare/unshare"
cp "$work/no-unshare/unshare" "$work/no-mount/mount"
chmod +x "$work"/no-*/*
for missing in unshare mount; do
	PATH=$work/no-$missing:$PATH tests/preload/run --library "$bin/libpollux-preload.so" --device "$one=$work/a" \
		-- true >"$work/probe.log" 2>&1
	status=$?
	case $missing in unshare) text="neither root nor user namespaces" ;; mount) text="this system does not let" \
		;; esac
	check "no $missing: skipped, and why" "$work/probe.log" said_to_skip "$text"
done
ln -s /usr/bin/* /usr/sbin/* "$work/no-dpdk" 2>/dev/null
rm -f "$work/no-dpdk/dpdk-testpmd"
PATH=$work/no-dpdk tests/judge_dpdk.sh "$bin" >"$work/probe.log" 2>&1
status=$?
check "no DPDK: its judge is skipped, and says what to install" "$work/probe.log" \
	said_to_skip "DPDK is not installed: apt-get install"
for wrong in "" "--device $one" "--device 81=$work/a true" "--device $one=$work/a,x true" \
	"--device-id 10 --device $one=$work/a true" \
	"--library $work/none --device $one=$work/a true" "--device $one=$work/a" "--what"; do
	# shellcheck disable=SC2086
	tests/preload/run $wrong >"$work/probe.log" 2>&1
	check "misused ($wrong): status 2" "$work/probe.log" test $? = 2
done
end_checks
