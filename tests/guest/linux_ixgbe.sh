#!/bin/bash
# Linux's own ixgbe judges the software 82599: in a QEMU guest, the two ports attached through vfio-user-pci.
# Usage: tests/guest/linux_ixgbe.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
guest=build/guest
tests/guest/fetch.sh || exit 1
work=$(mktemp -d) || exit 1
model=
trap '[ -n "$model" ] && kill "$model" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT

tests/guest/pack.sh $guest/debian12 "$work/initramfs.gz" tests/guest/linux_ixgbe_guest.sh "ixgbe 8021q" \
	/sbin/ethtool /bin/ip /bin/ping || exit 1
"$bin/pollux-model" --port "$work/0" --port "$work/1" --wire 0:peer=1 --no-shared >"$work/model.log" 2>&1 &
model=$!
for _ in $(seq 100); do [ -S "$work/0" ] && [ -S "$work/1" ] && break; sleep 0.05; done
port() {
	echo "-device pcie-root-port,id=rp$1,chassis=$1,slot=$1 -device {\"driver\":\"vfio-user-pci\",\"bus\":\"rp$1\",\"socket\":{\"type\":\"unix\",\"path\":\"$work/$1\"}}"
}
# shellcheck disable=SC2046
timeout "${GUEST_SECONDS:-240}" $guest/qemu.sh -nodefaults -no-user-config -display none -no-reboot -machine q35,memory-backend=m \
	-object memory-backend-memfd,id=m,size=768M,share=on -m 768M -accel tcg,thread=multi -cpu max -smp 2 \
	-kernel $guest/debian12/boot/vmlinuz-* -initrd "$work/initramfs.gz" -append "console=ttyS0 quiet panic=-1" \
	-serial "file:$work/serial" $(port 0) $(port 1) >"$work/qemu.log" 2>&1
status=$?
tr -d '\r' <"$work/serial" >"$work/console"
grep -E '^(ok|FAIL|    )' "$work/console"
passed=$(grep -c '^ok ' "$work/console") failed=$(grep -c '^FAIL ' "$work/console")
if ! grep -q '^GUEST-END' "$work/console"; then
	failed=$((failed + 1))
	echo "FAIL the guest did not come to its end (QEMU's exit status $status); its console ends:"
	tail -15 "$work/console" "$work/qemu.log"
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
