#!/bin/bash
# Packs an initramfs: busybox, programs with their libraries, kernel modules in the order to load them, and a script to
# run.
# Usage: tests/guest/pack.sh TREE OUTPUT SCRIPT "MODULE..." PROGRAM... TREE has the kernel's modules. A PROGRAM is an
# absolute path inside TREE, or host:PATH, one of this machine, which brings this machine's libraries; plugin:PATH, a
# library that such a program loads itself, comes into /host/lib; a host:FILE that is no program comes along as
# /data/FILE. The script finds guest_lib.sh's functions.
set -eu
here=$(dirname "$(readlink -f "$0")")
tree=$(realpath "$1") output=$2 script=$3 modules=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(basename "$tree"/lib/modules/* 2>/dev/null)
mkdir -p "$work"/{bin,busybox,data,lib64,modules,proc,sys,dev,tmp,run}

for busybox in "$tree/bin/busybox" "$tree/usr/bin/busybox" /bin/busybox; do [ -e "$busybox" ] && break; done
cp -L "$busybox" "$work/bin/busybox"

# once FILE FOLDER: copies a file that may be there already
once() { [ -e "$2/${1##*/}" ] || cp -L "$1" "$2/"; }
# libraries LOADER-AND-OPTIONS PROGRAM FOLDER: copies what it is linked with
libraries() {
	$1 --list "$2" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | while read -r library; do
		mkdir -p "$3"
		once "$library" "$3"
	done
}
# host_program FILE: by this machine's own loader, since those of TREE may be others
host_program() {
	local name loader=/lib64/ld-linux-x86-64.so.2
	name=$(basename "$1")
	mkdir -p "$work/host/lib"
	cp -L "$1" "$work/host/$name"
	once $loader "$work/host/lib"
	libraries $loader "$1" "$work/host/lib"
	printf '#!/bin/sh\nexec /host/lib/ld-linux-x86-64.so.2 --argv0 %s --library-path /host/lib /host/%s "$@"\n' \
		"$name" "$name" >"$work/bin/$name"
	chmod +x "$work/bin/$name"
}
for program; do
	case $program in
	plugin:*)
		program=${program#plugin:}
		mkdir -p "$work/host/lib"
		once "$program" "$work/host/lib"
		libraries /lib64/ld-linux-x86-64.so.2 "$program" "$work/host/lib"
		;;
	host:*)
		program=${program#host:}
		if [ "$(head -c 4 "$program" | tail -c 3)" = ELF ]; then
			host_program "$program"
		else
			cp -L "$program" "$work/data/"
		fi
		;;
	*)
		cp -L "$tree$program" "$work/bin/"
		folders=$tree/lib/x86_64-linux-gnu:$tree/usr/lib/x86_64-linux-gnu
		libraries "$tree/lib64/ld-linux-x86-64.so.2 --library-path $folders" "$tree$program" \
			"$work/lib/x86_64-linux-gnu"
		once "$tree/lib64/ld-linux-x86-64.so.2" "$work/lib64"
		;;
	esac
done

[ ! -d "$tree/lib/modules" ] && modules= || /sbin/depmod -b "$tree" "$version" # a kernel of our own has all built in
for module in $modules; do
	/sbin/modprobe -d "$tree" -S "$version" --show-depends "$module"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r file; do
	name=$(basename "$file")
	case $name in
	*.xz) xz -dc "$file" >"$work/modules/${name%.xz}" ;;
	*.zst) zstd -qdc "$file" >"$work/modules/${name%.zst}" ;;
	*) cp "$file" "$work/modules/" ;;
	esac
	echo "${name%.ko*}.ko" >>"$work/modules/order"
done
touch "$work/modules/order"
cat >"$work/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /busybox
export PATH=/bin:/busybox # what was packed comes before what busybox has of the same name
ln -s /busybox/sh /bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo GUEST-BEGIN
if [ -c /dev/ttyS1 ] && stty -F /dev/ttyS1 raw -echo 2>/dev/null; then exec 8<>/dev/ttyS1; fi
while read -r module; do insmod "/modules/$module" || echo "FAIL module $module"; done </modules/order
sh -c '. /guest_lib.sh; . /script'
echo "GUEST-END $?"
poweroff -f
INIT
chmod +x "$work/init"
cp "$script" "$work/script"
cp "$here/guest_lib.sh" "$work/"
(cd "$work" && find . | cpio -o -H newc 2>/dev/null) | gzip -1 >"$output"
