#!/bin/bash
# Builds a small kernel from Debian's source of Linux 6.12 into build/guest/linux: no kernel of Debian has iommufd. Does
# nothing where it is there. Some ten minutes on two cores, and 2 GB of disk while it lasts.
set -eu
cd "$(dirname "$0")/../.."
. tests/progress.sh
config=tests/guest/kernel_config
stamp=$(md5sum <$config)
[ "$(cat build/guest/linux/.complete 2>/dev/null)" = "$stamp" ] && exit
tests/guest/fetch.sh linux-source
cd build/guest
echo "building a small Linux with iommufd into build/guest/linux"
rm -rf linux linux-build
mkdir -p linux/boot linux-build
trap 'rm -rf "$PWD/linux-build"' EXIT
log=$PWD/linux.log
tar -xf linux-source/usr/src/linux-source-*.tar.xz -C linux-build --strip-components=1
cd linux-build
build() {
	make tinyconfig
	# shellcheck disable=SC2046
	scripts/config $(sed 's/#.*//' "../../../$config" | tr -s ' \n' '\n\n' | sed '/^$/d; s/^/-e /') -d MODULES
	make olddefconfig
	for option in VFIO_DEVICE_CDEV VFIO_GROUP INTEL_IOMMU IRQ_REMAP IOMMUFD VFIO_PCI HUGETLBFS; do
		grep -q "^CONFIG_$option=y" .config || { echo "CONFIG_$option did not stay"; exit 1; }
	done
	make -j"$(nproc)" bzImage
}
quietly() { (build) >"$log" 2>&1 </dev/null; }
alive "building Linux" quietly || { tail -n 20 "$log" >&2; echo "kernel: not built; see $log" >&2; exit 1; }
cp arch/x86/boot/bzImage "../linux/boot/vmlinuz-$(make -s kernelrelease)"
echo "$stamp" >../linux/.complete
