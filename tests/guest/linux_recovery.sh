#!/bin/bash
# Linux's own ixgbe judges what happens to the software cards while they run: it must see hangs, damaged memories and
# heat as it does on cards, and mend what a reset mends.
# Usage: tests/guest/linux_recovery.sh BUILD-FOLDER [KERNEL[+CARD]...]   (KERNELs: see tests/guest/fetch.sh; CARD: x540
# or x550)
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [KERNEL[+CARD]...]}
shift
[ $# -gt 0 ] || set -- debian12 debian12+x550
GUEST_SECONDS=${GUEST_SECONDS:-600} # of which a minute is needed, where nothing else runs
. tests/guest/boot.sh
cpus=1 # and so one queue of each kind
# shellcheck disable=SC2046
tests/guest/fetch.sh $(printf '%s\n' "${@%%+*}" | sort -u) || exit 1

# What the guest asks for. The command is done when the model says so.
host_control() {
	local lines
	lines=$(grep -c '^pollux-model: control:' "$work/model.log")
	echo "$*" >"$work/control"
	wait_for eval '[ "$(grep -c "^pollux-model: control:" "$work/model.log")" -gt '"$lines"' ]'
}

# judge KERNEL[+CARD]: one guest, with a model of its own
judge() {
	local card=82599 checks=18 tree=$guest/${1%%+*}
	guest_begin
	qemu=$guest/qemu.sh
	kernel=$(echo "$tree"/boot/vmlinuz-*)
	case $1 in *+x5*) card=${1##*+} checks=21 ;; esac
	append=pollux.card=$card
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/linux_recovery_guest.sh ixgbe /bin/ip /bin/ping || return 1
	guest_model "$bin" --card "$card" --wire 0:peer=1 --control "$work/control" || return 1
	guest_boot "${guest_model_ports[@]}"
	kill "$model" && wait "$model"
	grep 'happened to the card' "$work/model.log" # what the checks are about
	guest_verdict $checks
}

status=0
for run; do
	begin=$SECONDS
	echo "Linux's ixgbe and what happens to cards, $run:"
	(judge "$run") || status=1
	echo "$run took $((SECONDS - begin)) s"
done
exit $status
