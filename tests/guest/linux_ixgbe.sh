#!/bin/bash
# Linux's own ixgbe judges the software 82599, X540 and X550: in QEMU guests with several kernels, with and without an
# IOMMU, the two ports attached through vfio-user-pci.
# Usage: tests/guest/linux_ixgbe.sh BUILD-FOLDER [KERNEL[+iommu][+CARD][+real]...]   (KERNELs: see tests/guest/fetch.sh;
# CARD: x540 or x550; real: the cards have all that pollux-model knows of real ones)
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [KERNEL[+iommu][+CARD][+real]...]}
shift
[ $# -gt 0 ] || set -- debian12 debian12+iommu debian13 debian13+iommu debian13-backports \
	debian12+x540 debian13-backports+x540 debian12+x550 debian13-backports+x550 debian12+real
GUEST_SECONDS=${GUEST_SECONDS:-900} # of which a minute is needed, where nothing else runs
. tests/guest/boot.sh
cpus=4 # Linux has no more queues than CPUs
# shellcheck disable=SC2046
tests/guest/fetch.sh $(printf '%s\n' "${@%%+*}" | sort -u) || exit 1

# What the guest asks for. The cable is damaged from now on; what went over the wire until now is kept under a name.
host_damage() { kill -USR1 "$model"; }
host_wire() {
	local lines
	lines=$(grep -c '^{' "$work/model.log")
	kill -USR2 "$model"
	wait_for eval '[ "$(grep -c "^{" "$work/model.log")" -gt '"$lines"' ]' && grep '^{' "$work/model.log" |
		tail -n 1 >"$work/wire.$1"
}
# wire_count SNAPSHOT PORT NAME
wire_count() {
	grep -o "{\"port\":$2,[^}]*}" "$work/wire.$1" | sed "s/.*\"$3\":\([0-9]*\).*/\1/"
}
# Between the two snapshots, a port's counts of the wire grew by so much: wire_grew PORT NAME VALUE...
host_wire_grew() {
	local port=$1 grew state=0
	shift
	while [ $# -gt 1 ]; do
		grew=$(($(wire_count after "$port" "$1") - $(wire_count before "$port" "$1")))
		[ "$grew" = "$2" ] || {
			state=1
			echo "port $port: on the wire $1 grew by $grew, the kernel counted $2"
		}
		shift 2
	done
	return $state
}
# What the model has to say against the driver, in the end. The self-test enables four queues without rings; registers
# that are missing are those that ethtool -d alone reads, each as often as there was a dump: diagnostics, and addresses
# of the 82598.
well_behaved() {
	local said
	said=$(awk '
		function hex(text, i, value) {
			for (i = 1; i <= length(text); i++)
				value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
			return value
		}
		/^port/ { dumps = 0 }
		/faults: address/ && !/address 0, ring [04], descriptor 0,/
		/no register at/ {
			split($4, at, /\.\.|:/)
			each = $6 / ((hex(at[2]) - hex(at[1])) / 4 + 1)
			if (!dumps) dumps = each
			if (each != dumps || $9 != 0) print
		}' "$work/model.log")
	if [ -z "$said" ]; then
		echo "ok the model saw no bad address or descriptor, no bad ring but the self-test's," \
			"no access to missing registers but the dump's"
	else
		echo "FAIL the model saw what a driver should not do"
		echo "$said" | sed 's/^ */    > /'
	fi
	[ ! -s "$work/host.log" ] || sed 's/^/    > /' "$work/host.log"
}

# judge KERNEL[+iommu][+CARD][+real]: one guest, with a model of its own
judge() {
	local tree=$guest/${1%%+*} card=82599 checks=78 real=()
	guest_begin
	qemu=$guest/qemu.sh
	kernel=$(echo "$tree"/boot/vmlinuz-*)
	case $1 in *+x540*) card=x540 checks=82 ;; *+x550*) card=x550 checks=86 ;; esac
	case $1 in *+real) real=(--quirk all --time-scale 10) ;; esac
	append=pollux.card=$card
	if [[ $1 == *+iommu* ]]; then
		machine=q35,kernel-irqchip=split
		append+=" intel_iommu=on"
		# vfio-user needs to hear of new mappings too, not of removed ones only: caching-mode
		set -- "$1" -device intel-iommu,intremap=on,caching-mode=on
	fi
	tests/guest/pack.sh "$tree" "$initramfs" tests/guest/linux_ixgbe_guest.sh "ixgbe 8021q macvlan" /sbin/ethtool \
		/bin/ip /bin/ping \
		host:"$bin"/guest-frames host:"$bin"/guest-xsk \
		host:tests/guest/linux_{frames,counters,offloads,xdp,filters,errors}.sh || return 1
	guest_model "$bin" --card "$card" "${real[@]}" --wire 0:peer=1,damage=10 --hold || return 1
	guest_boot "${@:2}" "${guest_model_ports[@]}"
	kill "$model" && wait "$model"
	well_behaved >>"$work/console"
	guest_verdict $checks
	local state=$?
	[ $state = 0 ] || tail -n 5 "$work/qemu.log" # what QEMU thought of the model's answers
	return $state
}

status=0
for run; do
	begin=$SECONDS
	echo "Linux's ixgbe, $run:"
	(judge "$run") || status=1
	echo "$run took $((SECONDS - begin)) s"
done
exit $status
