#!/bin/bash
# The comparison in a guest: each technique echoes on the software 82599 behind vfio-user, all in one boot of a QEMU
# guest, and in interleaved rounds; the peer is the meter in the model. Each measurement is a line of
# build/compare/results.jsonl at once, so that a run that is broken off prints what was measured.
# Usage: [NAME=VALUE...] tests/compare/compare.sh BUILD-FOLDER
#   LEVEL=guest          basic and full need no guest: tests/compare/local.sh
#   TECHNIQUES="..."     some of the techniques, by the names of the table
#   ROUNDS=3 SECONDS_EACH=2   how often, and how long each is measured
#   ALL=1                also 1500 bytes, 10, 50 and 90 % of what each reached, and newer kernels
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
known="sockets epoll busy-poll io_uring packet-ring af_xdp-copy af_xdp-zc af_xdp-zc-busy xdp rdma"
known+=" dpdk pollux pollux-pipe"
techniques=${TECHNIQUES:-$known} rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-2} all=${ALL:-} costs=${COSTS:-1}
for technique in $techniques; do
	[[ " $known " == *" $technique "* ]] ||
		{ echo "compare: there is no technique '$technique'; there are: $known" >&2; exit 2; }
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

# boot TREE JOB...: one guest, and a model of its own. A JOB is NAME:BYTES:WINDOW:LOAD, where a load in percent
# replaces the window.
boot() {
	local tree_name=$1
	shift
	guest_begin
	trap 'exit 143' TERM
	guest_choose 11.1 "$tree_name"
	append="intel_iommu=on iommu=pt" memory=1G cpus=1
	GUEST_SECONDS=$((300 + 4 * rounds * $(wc -w <<<"$techniques") * ($# * (seconds + 2) + 10)))
	linux=${kernel##*/vmlinuz-} meter=$work/meter.jsonl control=$work/control card=82599
	cat >"$work/plan" <<-PLAN
		techniques="$techniques" rounds=$rounds seconds=$seconds costs=$costs jobs="$*"
	PLAN
	tests/guest/pack.sh "$tree" "$initramfs" tests/compare/compare_guest.sh \
		"vfio-pci vfio_iommu_type1 ixgbe ib_uverbs rdma_rxe crc32-pclmul" /sbin/ethtool /bin/ip /bin/rdma \
		host:"$work/plan" host:tests/compare/{techniques,costs,steps}_guest.sh "${programs[@]}" || return 1
	: >"$meter"
	guest_model "$bin" --wire "0:meter=$meter" --wire 1:meter-far=0 --control "$control" || return 1
	say "Linux $linux boots in QEMU (10 to 30 s)"
	host_conditions
	guest_boot -device "intel-iommu,intremap=on,caching-mode=on,aw-bits=48" "${guest_model_ports[@]}"
	guest_report
}
# What of the guest did not go well, from its console. All that it and the card said stays in build/compare.
guest_report() {
	local ended
	cp "$work"/{console,qemu.log,model.log,host.log} build/compare 2>/dev/null
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

jobs=(echo:64:64:0 echo:64:1:0) trees=(debian13)
if [ -n "$all" ]; then
	jobs+=(echo:1500:64:0 echo:1500:1:0 echo:64:0:10 echo:64:0:50 echo:64:0:90)
	trees+=(debian13-backports)
fi
tests/guest/fetch.sh "${trees[@]}" || exit

exec 3>&1
status=0 session=
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
for tree_name in "${trees[@]}"; do
	boot "$tree_name" "${jobs[@]}" &
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
