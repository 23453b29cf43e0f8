#!/bin/bash
# Fetches what guests need into build/guest: a QEMU that speaks vfio-user, kernels with their modules, and a few
# programs. Nothing is installed on this machine. Does nothing where all of it is there.
# Usage: tests/guest/fetch.sh [--only] [TREE...]
#   qemu                QEMU 11.1, from Debian 13's backports (always, but for --only)
#   debian12            Linux 6.1, its modules, and the programs that guests run (always, but for --only)
#   debian12-backports  the same with Linux 6.12
#   linux-source        the source of Linux 6.12, for kernel.sh
#   debian13            Linux 6.12 and Debian 13's programs
#   debian13-backports  the same with Linux 7.2, as of this writing
set -eu
cd "$(dirname "$0")/../.."
. tests/progress.sh
mkdir -p build/guest
cd build/guest
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# DEBIAN_MIRROR, or the mirror that this machine's apt uses, where that is one of Debian
mirror() {
	: "${mirror:=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 2>/dev/null |
		grep -m1 '/debian/*$' || true)}}"
	[ -n "$mirror" ] && return
	echo "fetch: apt on this machine knows no Debian mirror; name one: DEBIAN_MIRROR=http://... make check-full" >&2
	exit 1
}

# tree FOLDER SUITE PACKAGES [SOURCE-LINE [PINNED-PACKAGES RELEASE]]
tree() {
	local folder=$1 suite=$2 packages=$3 more=${4:-} pinned=${5:-} release=${6:-}
	[ -e "$folder/.complete" ] && return
	mirror
	rm -rf "$folder"
	echo "fetching $packages of ${more:-$suite} into build/guest/$folder"
	{
		echo "deb [signed-by=$keyring] $mirror $suite main"
		[ -n "$more" ] && echo "deb [signed-by=$keyring] $mirror $more main"
	} >"$folder.list"
	cat >"$folder.hook" <<-HOOK
		#!/bin/sh
		mkdir -p "\$1/etc/apt/preferences.d"
		[ -z "$pinned" ] || printf 'Package: $pinned\nPin: release n=$release\nPin-Priority: 900\n' \\
			>"\$1/etc/apt/preferences.d/pin"
	HOOK
	chmod +x "$folder.hook"
	debstrap() {
		mmdebstrap --variant=extract --include="$packages" --setup-hook="$PWD/$folder.hook "'"$1"' "$suite" \
			"$folder" "$folder.list" \
			>"$folder.log" 2>&1
	}
	alive "fetching $folder" debstrap || {
		tail -20 "$folder.log" >&2
		echo "fetch: $suite could not be fetched (see above)" >&2
		exit 1
	}
	# what the links of a merged /usr would make of an installed system; the newest kernels lie beside their modules
	local name
	for name in bin sbin lib lib64; do [ -e "$folder/$name" ] || ln -s "usr/$name" "$folder/$name"; done
	[ -e "$folder/boot" ] || mkdir "$folder/boot"
	for name in "$folder"/lib/modules/*/vmlinuz; do
		[ ! -e "$name" ] || ln "$name" "$folder/boot/vmlinuz-$(basename "$(dirname "$name")")"
	done
	touch "$folder/.complete"
}

programs=busybox-static,ethtool,iproute2,iputils-ping
if [ "${1:-}" = --only ]; then shift; else set -- qemu debian12 "$@"; fi
for name; do
	case $name in
	qemu) tree qemu trixie qemu-system-x86,libc6 trixie-backports 'qemu* seabios ipxe-qemu' trixie-backports ;;
	debian12) tree debian12 bookworm "linux-image-amd64,$programs" ;;
	debian12-backports) tree debian12-backports bookworm "linux-image-amd64,$programs" bookworm-backports \
		'linux-*' bookworm-backports ;;
	linux-source) tree linux-source trixie linux-source-6.12 ;;
	debian13) tree debian13 trixie "linux-image-amd64,$programs" ;;
	debian13-backports) tree debian13-backports trixie "linux-image-amd64,$programs" trixie-backports 'linux-*' \
		trixie-backports ;;
	*) echo "fetch: there is no '$name': see the head of $0" >&2; exit 2 ;;
	esac
done

cat >qemu.sh.$$ <<'EOF2'
#!/bin/sh
# QEMU out of its tree, through its own loader: independent of what this machine has.
r=$(dirname "$0")/qemu
export QEMU_MODULE_DIR="$r/usr/lib/x86_64-linux-gnu/qemu"
exec "$r/usr/lib64/ld-linux-x86-64.so.2" --library-path "$r/usr/lib/x86_64-linux-gnu" "$r/usr/bin/qemu-system-x86_64" \
	-L "$r/usr/share/qemu" -L "$r/usr/share/seabios" -L "$r/usr/lib/ipxe/qemu" "$@"
EOF2
chmod +x qemu.sh.$$
mv qemu.sh.$$ qemu.sh
