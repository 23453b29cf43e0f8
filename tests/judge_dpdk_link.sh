#!/bin/bash
# DPDK's ixgbe driver as a judge of the software cards' links where they are as stubborn as on cards: testpmd comes up
# on each kind of module, on links that want a pipeline reset, CORECTL's words and a semaphore, and on PHYs that sleep.
# Usage: tests/judge_dpdk_link.sh BUILD-FOLDER. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
. tests/lib_dpdk.sh

# what testpmd says of its two links
links() { sed -n 's/^Link \(status\|speed\): //p' "$work/dpdk.log" | tail -n 4 | xargs; }
# they are so: it takes them over in its own time
links_are() {
	local answers
	answers=$(grep -c '^Link speed:' "$work/dpdk.log")
	ask "show port info all"
	wait_for eval '[ "$(grep -c "^Link speed:" "$work/dpdk.log")" = '$((answers + 2))' ]'
	[ "$(links)" = "$1" ]
}
# link CARD WANTED OPTION...: testpmd on a cable between two ports; WANTED: of each of them
link() {
	local wanted=$2
	card=$1
	shift 2
	case $card in x540) id=1528 ;; x550) id=1563 ;; *) id=10fb ;; esac
	model --wire 0:peer=1 "$@"
	testpmd ab vector
	wait_for links_are "$wanted $wanted"
	end_testpmd
	end_model
	check "$card $*: both links are $wanted" "$work/dpdk.log" counts "$wanted $wanted" "$(links)"
	check "  the model finds nothing wrong" "$work/model.log" only_known_faults
}

link 82599 "up 10 Gbps" --quirk pipeline-reset --quirk core-words --quirk link-disabled --quirk manageability \
	--quirk slow --time-scale 10
link 82599 "up 10 Gbps" --quirk core-words --module dac
link 82599 "up 10 Gbps" --quirk core-words --module dac-active
link 82599 "up 1 Gbps" --module 1g-sx --partner 1000
link 82599 "up 10 Gbps" --module dual-rate
link 82599 "up 1 Gbps" --module dual-rate --partner 1000
link 82599 "up 10 Gbps" --module foreign
link 82599 "down None" --module none --quirk crosstalk
for copper in x540 x550; do
	link $copper "up 10 Gbps" --quirk phy-low-power --quirk slow --time-scale 10
	link $copper "up 100 Mbps" --partner 100
done
end_checks
