#!/bin/bash
# Fetches a small kernel of this machine's distribution, with its modules, into build/guest/kernel; installs nothing.
# Does nothing where it is there. Exit status 77: it cannot be had, the last line says why.
set -eu
cd "$(dirname "$0")/../.."
. tests/progress.sh
[ -e build/guest/kernel/.complete ] && exit
# Debian's, and Ubuntu's, which has the modules in a package of their own
depends() { apt-cache depends "$1" 2>/dev/null | sed -n "s/^ *Depends: \($2.*\)/\1/p" | head -n 1; }
find_packages() {
	local name image
	for name in linux-image-cloud-amd64 linux-image-virtual; do
		image=$(depends $name linux-image-)
		[ -n "$image" ] && echo "$image $(depends "$image" linux-modules-)" && return
	done
	return 1
}
packages=$(find_packages) || {
	[ "$(id -u)" != 0 ] || alive "apt-get update" apt-get update -qq || true
	packages=$(find_packages) || {
		echo "skip: apt knows neither linux-image-cloud-amd64 nor linux-image-virtual (apt-get update?)"
		exit 77
	}
}
mkdir -p build/guest
work=$(mktemp -d -p build/guest)
trap 'rm -rf "$work"' EXIT
echo "fetching $packages into build/guest/kernel"
# shellcheck disable=SC2086
download() { (cd "$work" && timeout 600 apt-get download $packages >log 2>&1); }
if ! alive "downloading the kernel" download; then
	tail -n 3 "$work/log"
	echo "skip: the kernel for the guest could not be downloaded ($packages)"
	exit 77
fi
for package in "$work"/*.deb; do dpkg -x "$package" "$work/tree"; done
# packages since Debian 13 leave this to the system that they are installed in
[ -e "$work/tree/lib" ] || ln -s usr/lib "$work/tree/lib"
touch "$work/tree/.complete"
rm -rf build/guest/kernel
mv "$work/tree" build/guest/kernel
