#!/bin/bash
# Installs the Debian or Ubuntu packages that a target needs, saying so; does nothing when they are there.
# Usage: tests/need.sh build|check|full|hosts|guest|fuzz|coverage|compare
# What installs nothing, but says which packages are missing, on any distribution:
#   tests/need.sh look CC...               whether that compiler can build the library
#   tests/need.sh has WHAT CC...           prints "yes" where that compiler finds the header, or there is the command
#   tests/need.sh without WHAT NAME...     says that, without WHAT, these are not made
#   tests/need.sh compare-deps CC...       what the comparison of techniques lacks
set -eu

# What is looked for, and its package: on Debian and Ubuntu, on Fedora, on Arch. The first five are what a build needs.
names="cc gcc gcc gcc
stdlib.h libc6-dev glibc-devel glibc
numa.h libnuma-dev numactl-devel numactl
pci/pci.h libpci-dev pciutils-devel pciutils
pcap/pcap.h libpcap-dev libpcap-devel libpcap
microhttpd.h libmicrohttpd-dev libmicrohttpd-devel libmicrohttpd
help2man help2man help2man help2man
liburing.h liburing-dev liburing-devel liburing
xdp/xsk.h libxdp-dev libxdp-devel libxdp
bpf/bpf.h libbpf-dev libbpf-devel libbpf
bpf/libbpf.h libbpf-dev libbpf-devel libbpf
clang clang clang clang
infiniband/verbs.h libibverbs-dev rdma-core-devel rdma-core
libdpdk.pc dpdk-dev dpdk-devel dpdk
ip iproute2 iproute iproute2"
# what the comparison's programs and its runs need beside the library's own
compared="liburing.h xdp/xsk.h bpf/libbpf.h clang infiniband/verbs.h libdpdk.pc ip"

# packages COLUMN WHAT...: their packages, of the second, third or fourth column
packages() {
	column=$1
	shift
	for what; do echo "$names" | awk -v what="$what" -v column="$column" '$1 == what { print $column }'; done |
		xargs
}
say_packages() {
	echo "As root, on Debian and Ubuntu: apt-get install $(packages 2 "$@")"
	echo "on Fedora: dnf install $(packages 3 "$@"); on Arch: pacman -S $(packages 4 "$@");" \
		"elsewhere what corresponds to these."
}
# has WHAT CC...: the compiler finds this header, pkg-config this file, or the shell this command
has() {
	what=$1
	shift
	case $what in
	*.h) echo "#include <$what>" | "$@" -E -x c - >/dev/null 2>&1 ;;
	*.pc) pkg-config --exists "${what%.pc}" 2>/dev/null ;;
	*) command -v "$what" >/dev/null ;;
	esac
}

look() {
	# the usual case, fast
	printf '#ifndef __x86_64__\n#error\n#endif\n#include <%s>\n' stdlib.h numa.h pci/pci.h |
		"$@" -E -x c - >/dev/null 2>&1 && return
	if ! command -v "$1" >/dev/null; then
		echo "There is no C compiler: $1 is not found."
		say_packages cc stdlib.h numa.h pci/pci.h pcap/pcap.h microhttpd.h
		return 1
	fi
	macros=$("$@" -dM -E -x c /dev/null) || return 1
	if ! echo "$macros" | grep -q '__x86_64__'; then
		echo "Pollux runs on x86-64 only so far; this compiler ($1) makes code for: $("$@" -dumpmachine)"
		return 1
	fi
	missing=
	for what in stdlib.h numa.h pci/pci.h; do has $what "$@" || missing="$missing $what"; done
	echo "Not found, and needed to build Pollux:$missing"
	for what in pcap/pcap.h microhttpd.h; do has $what "$@" || missing="$missing $what"; done
	# shellcheck disable=SC2086
	say_packages $missing
	return 1
}

case ${1:-} in
look)
	shift
	look "$@" >&2
	exit ;;
has)
	shift
	! has "$@" || echo yes
	exit ;;
without)
	what=$2
	shift 2
	echo "Not made, because $what is not found: $*"
	say_packages "$what"
	exit ;;
compare-deps)
	shift
	missing=
	for what in $compared; do has "$what" "$@" || missing="$missing $what"; done
	if [ -z "$missing" ]; then
		echo "Nothing is missing: make compare-programs builds all programs of the comparison."
		exit
	fi
	echo "Not found, so the programs that need them are not built:$missing"
	# shellcheck disable=SC2086
	say_packages $missing
	exit ;;
esac

. "$(dirname "$0")/progress.sh"

# libFuzzer's package is named for the version of clang that there is, or will be; nothing when clang brings it.
fuzzer_runtime() {
	version=$(clang -dumpversion 2>/dev/null || apt-cache depends clang 2>/dev/null |
		sed -n 's/.*clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	version=${version%%.*}
	[ -z "$version" ] || [ "$version" -lt 14 ] || echo "libclang-rt-$version-dev"
}

build=$(packages 2 cc stdlib.h numa.h pci/pci.h pcap/pcap.h microhttpd.h)
network="tshark iproute2 iputils-ping"
guests="dpdk dpdk-dev mmdebstrap debian-archive-keyring busybox-static cpio kmod xz-utils zstd"
# shellcheck disable=SC2086
comparison="$(packages 2 $compared) pkg-config ibverbs-providers"
case ${1:-} in
build) packages=$build ;;
compare) packages="$build $comparison" ;;
check) packages="$build $comparison g++ pkg-config help2man libcunit1-dev clang qemu-system-x86 $network $guests" ;;
coverage) packages="$build libcunit1-dev qemu-system-x86 lcov $guests" ;;
hosts) packages="git mmdebstrap debian-archive-keyring gpg util-linux" ;;
guest) packages="$build qemu-system-x86 busybox-static cpio kmod xz-utils zstd mmdebstrap debian-archive-keyring" ;;
full) packages="$build $guests tshark make flex bison bc libelf-dev" ;;
fuzz) packages="$build clang $(fuzzer_runtime)" ;;
*) echo "usage: $0 build|check|full|hosts|guest|fuzz|coverage|compare" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
	echo "This is no Debian or Ubuntu: install what corresponds to: $packages" >&2
	[ "$1" != build ] || say_packages cc stdlib.h numa.h pci/pci.h pcap/pcap.h microhttpd.h | tail -n 1 >&2
	exit 0
fi
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
	sudo=sudo
else
	echo "Missing packages, and neither root nor sudo to install them. Type, as root:" >&2
	echo "  apt-get update && $command" >&2
	exit 1
fi
echo "Installing packages:$missing (apt-get, a minute or so)"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
install() { $sudo $command >"$log" 2>&1 || { $sudo apt-get update && $sudo $command; } >"$log" 2>&1; }
if ! alive "apt-get" install; then
	cat "$log" >&2
	echo "The packages could not be installed: see above. By hand: apt-get update && $command" >&2
	exit 1
fi
# where apt knew of no package, clang's version was not known either: now it is
[ "$1" != fuzz ] || { rm -f "$log" && exec "$0" fuzz; }
