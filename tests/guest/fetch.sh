#!/bin/bash
# Fetches what a guest needs into build/guest: a QEMU that speaks vfio-user (11.1, from Debian's backports), Debian 12's kernel and its
# modules, and a few programs. Nothing is installed on this machine. Does nothing when all of it is there.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build/guest
cd build/guest
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# the mirror that this machine's apt uses, where that is one of Debian
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -m1 '/debian/*$' || true)}
if [ -z "$mirror" ]; then
	echo "fetch: apt on this machine knows no Debian mirror; name one: DEBIAN_MIRROR=http://... make check-full" >&2
	exit 1
fi

# tree FOLDER SUITE PACKAGES [SOURCE-LINE [PINNED-PACKAGES RELEASE]]
tree() {
	local folder=$1 suite=$2 packages=$3 more=${4:-} pinned=${5:-} release=${6:-}
	[ -e "$folder/.complete" ] && return
	rm -rf "$folder"
	echo "fetching $packages of $suite into build/guest/$folder"
	{
		echo "deb [signed-by=$keyring] $mirror $suite main"
		[ -n "$more" ] && echo "deb [signed-by=$keyring] $mirror $more main"
	} >"$folder.list"
	cat >"$folder.hook" <<-HOOK
		#!/bin/sh
		mkdir -p "\$1/etc/apt/preferences.d"
		[ -z "$pinned" ] || printf 'Package: $pinned\nPin: release n=$release\nPin-Priority: 900\n' >"\$1/etc/apt/preferences.d/pin"
	HOOK
	chmod +x "$folder.hook"
	mmdebstrap --variant=extract --include="$packages" --setup-hook="$PWD/$folder.hook "'"$1"' "$suite" "$folder" "$folder.list" \
		>"$folder.log" 2>&1 || { tail -20 "$folder.log" >&2; echo "fetch: $suite could not be fetched (see above)" >&2; exit 1; }
	touch "$folder/.complete"
}

tree qemu trixie qemu-system-x86,libc6 trixie-backports 'qemu* seabios ipxe-qemu' trixie-backports
tree debian12 bookworm linux-image-amd64,busybox-static,ethtool,iproute2,iputils-ping

cat >qemu.sh <<'EOF2'
#!/bin/sh
# QEMU out of its tree, through its own loader: independent of what this machine has.
r=$(dirname "$0")/qemu
export QEMU_MODULE_DIR="$r/usr/lib/x86_64-linux-gnu/qemu"
exec "$r/usr/lib64/ld-linux-x86-64.so.2" --library-path "$r/usr/lib/x86_64-linux-gnu" "$r/usr/bin/qemu-system-x86_64" \
	-L "$r/usr/share/qemu" -L "$r/usr/share/seabios" -L "$r/usr/lib/ipxe/qemu" "$@"
EOF2
chmod +x qemu.sh
