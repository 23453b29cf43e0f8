#!/bin/bash
# Installs the Debian or Ubuntu packages that a target needs, saying so; does nothing when they are there.
# Usage: tests/need.sh build|check|full|hosts|fuzz
set -eu
. "$(dirname "$0")/progress.sh"

# libFuzzer's package is named for the version of clang that there is, or will be; nothing when clang brings it.
fuzzer_runtime() {
	version=$(clang -dumpversion 2>/dev/null || apt-cache depends clang 2>/dev/null | sed -n 's/.*clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	version=${version%%.*}
	[ -z "$version" ] || [ "$version" -lt 14 ] || echo "libclang-rt-$version-dev"
}

build="gcc libc6-dev libnuma-dev libpci-dev libpcap-dev"
guests="dpdk dpdk-dev mmdebstrap debian-archive-keyring busybox-static cpio kmod xz-utils zstd"
case ${1:-} in
build) packages=$build ;;
check) packages="$build g++ libcunit1-dev clang qemu-system-x86 $guests" ;;
hosts) packages="git mmdebstrap debian-archive-keyring gpg util-linux" ;;
full) packages="$build $guests make flex bison bc libelf-dev" ;;
fuzz) packages="$build clang $(fuzzer_runtime)" ;;
*) echo "usage: $0 build|check|full|hosts|fuzz" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
	echo "This is no Debian or Ubuntu: install what corresponds to: $packages" >&2
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
