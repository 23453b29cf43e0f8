#!/bin/bash
# Linux's own ixgbe judges the links of the software 82599, X540 and X550 where they are as stubborn as on cards: the
# link wants several tries, a pipeline reset and CORECTL's words; modules come and go; the PHY sleeps.
# Usage: tests/guest/linux_link.sh BUILD-FOLDER [KERNEL[+CARD][:OPTION,...]...]   (KERNELs: see tests/guest/fetch.sh;
# CARD: x540 or x550; OPTIONs of pollux-model instead of those below)
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [KERNEL[+CARD][:OPTION,...]...]}
shift
[ $# -gt 0 ] || set -- debian12 debian12:--link-tries,3,--module,none,--quirk,crosstalk debian12+x540 debian12+x550
GUEST_SECONDS=${GUEST_SECONDS:-600} # of which a minute is needed, where nothing else runs
. tests/guest/boot.sh
runs=("${@%%:*}")
# shellcheck disable=SC2046
tests/guest/fetch.sh $(printf '%s\n' "${runs[@]%%+*}" | sort -u) || exit 1

# What the guest asks for.
host_control() { echo "$*" >"$work/control"; }

# judge KERNEL[+CARD][:OPTION,...]: one guest, with a model of its own
judge() {
	local run=${1%%:*} card=82599 checks=17 options
	local tree=$guest/${run%%+*}
	guest_begin
	qemu=$guest/qemu.sh
	kernel=$(echo "$tree"/boot/vmlinuz-*)
	case $run in *+x540) card=x540 checks=8 ;; *+x550) card=x550 checks=8 ;; esac
	case $1 in
	*:*) IFS=, read -ra options <<<"${1#*:}" ;;
	*+x5*) options=(--quirk phy-low-power --quirk slow --time-scale 10) ;;
	*) options=(--nvm-lms 1 --quirk pipeline-reset --quirk core-words --quirk link-disabled
		--quirk manageability --quirk slow --time-scale 10) ;;
	esac
	append=pollux.card=$card
	case $1 in *--link-tries*) append+=" pollux.tries" checks=6 ;; esac
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/linux_link_guest.sh ixgbe /sbin/ethtool /bin/ip || return 1
	guest_model "$bin" --card "$card" --wire 0:peer=1 --control "$work/control" "${options[@]}" || return 1
	guest_boot "${guest_model_ports[@]}"
	kill "$model" && wait "$model"
	if grep -E 'order.*(semaphore|link-reset)|no register at' "$work/model.log"; then
		echo "FAIL the model saw what a driver should not do" >>"$work/console"
	fi
	guest_verdict $checks
}

status=0
for run; do
	begin=$SECONDS
	echo "Linux's ixgbe and links, $run:"
	(judge "$run") || status=1
	echo "$run took $((SECONDS - begin)) s"
done
exit $status
