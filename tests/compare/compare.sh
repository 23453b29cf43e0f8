#!/bin/bash
# The comparison in a guest: each technique echoes on the software 82599 behind vfio-user, all in one boot of a QEMU
# guest, and in interleaved rounds; the peer is the meter in the model. Each measurement is a line of
# build/compare/results.jsonl at once, so that a run that is broken off prints what was measured.
# Usage: [NAME=VALUE...] tests/compare/compare.sh BUILD-FOLDER
#   LEVEL=guest          basic and full need no guest: tests/compare/local.sh
#   TECHNIQUES="..."     some of the techniques, by the names of the table
#   ROUNDS=3 SECONDS_EACH=2   how often, and how long each is measured
#   ALL=1                also 1500 bytes, 10, 50 and 90 % of what each reached, forwarding between two ports, a newer
#                        kernel, and QEMU's e1000e and igb
#   GUESTS="..."         of debian13 and debian13-backports, each with /82599, /e1000e or /igb (default: debian13/82599)
#   COSTS=0              without the runs that count the five costs
# Exit status: 0; 1: a technique failed, or the guest did not come to its end; 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
case ${LEVEL:-guest} in
guest) ;;
basic | full) exec tests/compare/local.sh "$bin" "$LEVEL" ;;
*) echo "compare: LEVEL is guest, basic or full, not '$LEVEL'" >&2; exit 2 ;;
esac
known="sockets epoll busy-poll io_uring packet-ring af_xdp-copy af_xdp-zc af_xdp-zc-busy xdp soft-roce"
known+=" dpdk pollux pollux-pipe"
forwarders="bridge xdp-redirect dpdk pollux pollux-pipe"
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-2} all=${ALL:-} costs=${COSTS:-1}
[ "$all" != 0 ] || all=
for technique in ${TECHNIQUES:-}; do
	[[ " $known $forwarders " == *" $technique "* ]] ||
		{ echo "compare: there is no technique '$technique'; there are: $known; forwarders: $forwarders" >&2
			exit 2; }
done
# those of the techniques, or of the forwarders, that are to be compared
chosen() {
	for each; do [[ -n "${TECHNIQUES:-}" && " $TECHNIQUES " != *" $each "* ]] || echo "$each"; done | xargs
}
# shellcheck disable=SC2086
techniques=$(chosen $known)
for each in ${GUESTS:-}; do
	[[ $each =~ ^debian13(-backports)?/(82599|e1000e|igb)$ ]] ||
		{ echo "compare: GUESTS: a KERNEL/CARD such as debian13/igb, not '$each'" >&2; exit 2; }
done
for name in rounds seconds; do
	[[ ${!name} =~ ^[1-9][0-9]{0,2}$ ]] || { echo "compare: $name: 1 to 999, not '${!name}'" >&2; exit 2; }
done
. tests/guest/boot.sh
. tests/compare/host_asks.sh
results=build/compare/results.jsonl
mkdir -p build/compare

# What each technique runs; techniques_guest.sh says how.
programs=()
for program in sockets epoll busy-poll io-uring packet xsk xdp rdma dpdk pollux pipe; do
	[ ! -x "$bin/echo-$program" ] || programs+=("host:$bin/echo-$program")
done
# what the verbs library loads by itself
for plugin in /usr/lib/x86_64-linux-gnu/libibverbs/librxe-rdmav*.so; do
	[ ! -e "$plugin" ] || programs+=("plugin:$plugin")
done

# boot TREE CARD JOB...: one guest, and a model of its own, or a card of QEMU's. A JOB is NAME:BYTES:WINDOW:LOAD, where
# a load in percent replaces the window.
boot() {
	local tree_name=$1 card=$2 kernel_driver=$2 forwards='' crc32 ports=()
	shift 2
	guest_begin
	trap 'keep_logs; guest_clean' EXIT
	trap 'exit 143' TERM
	guest_choose 11.1 "$tree_name"
	append="intel_iommu=on iommu=pt" memory=1G cpus=1
	GUEST_SECONDS=$((300 + 4 * rounds * $(wc -w <<<"$techniques ${all:+$forwarders}") * ($# * (seconds + 2) + 10)))
	linux=${kernel##*/vmlinuz-} meter=$work/meter.jsonl control=$work/control
	# shellcheck disable=SC2086
	[ "$card" != 82599 ] || kernel_driver=ixgbe forwards=$(chosen ${all:+$forwarders})
	cat >"$work/plan" <<-PLAN
		techniques="$techniques" rounds=$rounds seconds=$seconds costs=$costs jobs="$*"
		kernel_driver=$kernel_driver forwarders="$forwards" forward_jobs="forward:64:64:0 forward:64:1:0"
	PLAN
	# what rdma_rxe asks for by another name, until Linux 7
	crc32=$(find "$tree/lib/modules/" -name 'crc32-pclmul.ko*' -exec echo crc32-pclmul \;)
	tests/guest/pack.sh "$tree" "$initramfs" tests/compare/compare_guest.sh \
		"vfio-pci vfio_iommu_type1 $kernel_driver ib_uverbs rdma_rxe $crc32${all:+ bridge}" \
		/sbin/ethtool /bin/ip /bin/rdma host:"$work/plan" \
		host:tests/compare/{techniques,forward,costs,steps}_guest.sh "${programs[@]}" || return 1
	: >"$meter"
	if [ "$card" = 82599 ]; then
		guest_model "$bin" --wire "0:meter=$meter" --wire 1:meter-far=0 --control "$control" || return 1
		ports=("${guest_model_ports[@]}")
	else
		# shellcheck disable=SC2207
		ports=(-netdev "dgram,id=n0,local.type=unix,local.path=$work/0,remote.type=unix,remote.path=$work/peer"
			$(guest_card 0 "$card"))
	fi
	say "Linux $linux boots in QEMU (10 to 30 s)"
	host_conditions
	guest_boot -device "intel-iommu,intremap=on,caching-mode=on,aw-bits=48" "${ports[@]}"
	guest_report
}
# All that the guest and the card said stays in build/compare, of a run that is broken off too.
keep_logs() {
	trap '' INT TERM
	[ ! -e "$work/serial" ] || tr -d '\r' <"$work/serial" >"$work/console"
	cp "$work"/{console,qemu.log,model.log,host.log} build/compare 2>/dev/null
}
# What of the guest did not go well, from its console.
guest_report() {
	local ended
	grep -E '^(FAIL|    > )' "$work/console" >&3
	ended=$(sed -n 's/^GUEST-END //p' "$work/console")
	if [ "$ended" != 0 ]; then
		[ "$guest_status" != 124 ] || guest_status="124: it ran out of its $GUEST_SECONDS s"
		say "The guest did not come to its end (${ended:+its status $ended, }QEMU's $guest_status); its" \
			"console ends:"
		tail -n 15 "$work/console" "$work/qemu.log" >&3
		return 1
	fi
	! grep -q '^FAIL' "$work/console"
}

jobs=(echo:64:64:0 echo:64:1:0) guests=(debian13/82599)
if [ -n "$all" ]; then
	jobs+=(echo:1500:64:0 echo:1500:1:0 echo:64:0:10 echo:64:0:50 echo:64:0:90)
	guests+=(debian13-backports/82599 debian13/e1000e debian13/igb)
	programs+=(host:"$bin"/pollux-{fwd,pipe})
	if guest_testpmd; then
		# shellcheck disable=SC2206
		programs+=($testpmd)
	fi
fi
# shellcheck disable=SC2206
[ -z "${GUESTS:-}" ] || guests=($GUESTS)
# shellcheck disable=SC2046
tests/guest/fetch.sh $(printf '%s\n' "${guests[@]%/*}" | sort -u) || exit

exec 3>&1
status=0 session=
! grep -qs '"type":"run"' "$results" || mv -f "$results" "$results.before"
: >"$results"
said=$(mktemp)
# In the background, so that a signal comes at once to this shell, which then ends what runs and prints the table.
end_session() {
	[ -z "$session" ] || kill -TERM "$session" 2>/dev/null
	wait "$session" 2>/dev/null
	session=
}
broken_off() {
	trap '' INT TERM
	end_session
	echo "broken off: this is what was measured until now"
	tests/compare/report.sh "$results"
	exit 130
}
trap broken_off INT TERM
trap 'end_session; rm -f "$said"' EXIT
for each in "${guests[@]}"; do
	# of QEMU's cards there is no more to say than of the others, which is why they have the first two jobs only
	case $each in */82599) ;; *) jobs=("${jobs[@]:0:2}") costs=0 ;; esac
	boot "${each%/*}" "${each#*/}" "${jobs[@]}" &
	session=$! begun=$SECONDS
	while kill -0 "$session" 2>/dev/null; do
		sleep 1
		[ $(($(date +%s) - $(stat -c %Y "$said"))) -lt 9 ] || say "    $((SECONDS - begun)) s, still running"
	done
	wait "$session" || status=1
	session=
done
tests/compare/report.sh "$results" || status=1
exit $status
