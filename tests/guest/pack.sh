#!/bin/bash
# Packs an initramfs: busybox, programs with their libraries, kernel modules in the order to load them, and a script to run.
# Usage: tests/guest/pack.sh TREE OUTPUT SCRIPT "MODULE..." PROGRAM...   (PROGRAMs as absolute paths inside TREE)
set -eu
tree=$(realpath "$1") output=$2 script=$3 modules=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(basename "$tree"/lib/modules/*)
mkdir -p "$work"/{bin,busybox,lib64,modules,proc,sys,dev,tmp,run}

busybox=$tree/bin/busybox
[ -e "$busybox" ] || busybox=$tree/usr/bin/busybox
cp "$busybox" "$work/bin/busybox"
libraries=$tree/lib/x86_64-linux-gnu:$tree/usr/lib/x86_64-linux-gnu
for program; do
	cp -L "$tree$program" "$work/bin/"
	"$tree/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" --list "$tree$program" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' |
		while read -r library; do
			mkdir -p "$work/lib/x86_64-linux-gnu"
			cp -Ln "$library" "$work/lib/x86_64-linux-gnu/"
		done
done
cp -L "$tree/lib64/ld-linux-x86-64.so.2" "$work/lib64/"

/sbin/depmod -b "$tree" "$version"
for module in $modules; do
	/sbin/modprobe -d "$tree" -S "$version" --show-depends "$module"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r file; do
	cp "$file" "$work/modules/"
	basename "$file" >>"$work/modules/order"
done
cat >"$work/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /busybox
export PATH=/bin:/busybox # what was packed comes before what busybox has of the same name
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" || echo "FAIL module $module"; done </modules/order
sh /script
echo GUEST-END
poweroff -f
INIT
chmod +x "$work/init"
cp "$script" "$work/script"
(cd "$work" && find . | cpio -o -H newc 2>/dev/null) | gzip -1 >"$output"
