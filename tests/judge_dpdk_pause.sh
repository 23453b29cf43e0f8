#!/bin/bash
# DPDK's ixgbe driver as a judge of the flow control of the software 82599, X540 or X550, with testpmd on both ends of a
# cable: a port that nobody reads from has the other one wait, nothing is lost, and both count alike.
# Usage: tests/judge_dpdk_pause.sh BUILD-FOLDER [CARD]. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [CARD]}
card=${2:-82599}
. tests/lib.sh
. tests/lib_dpdk.sh

# wire PORT NAME: of the model's last report
wire() { grep '^{' "$work/model.log" | tail -n 1 | grep -o "{\"port\":$1,[^}]*}" | sed "s/.*\"$2\":\([0-9]*\).*/\1/"; }
report() {
	local reports
	reports=$(grep -c '^{' "$work/model.log")
	kill -USR2 $model
	wait_for reported "$reports"
}
reported() { [ "$(grep -c '^{' "$work/model.log")" -gt "$1" ]; }
# xstat PORT NAME: as it was shown last
xstat() {
	sed -n "/NIC extended statistics for port $1/,/^testpmd/s/^$2: \([0-9]*\)\$/\1/p" "$work/dpdk.log" | tail -n 1
}
xstats() {
	local answers
	answers=$(grep -c 'Bye from xstats\|NIC extended statistics for port 1' "$work/dpdk.log")
	ask "show port xstats 0"
	ask "show port xstats 1"
	ask "show port summary all"
	wait_for said $((answers + 1)) 'NIC extended statistics for port 1'
	sleep 0.2
}
# flow_control RX TX PORT: thresholds of 300 and 100 KiB
flow_control() { ask "set flow_ctrl rx $1 tx $2 300 100 65535 1 mac_ctrl_frame_fwd off autoneg off $3"; }
standstill() {
	report
	local before
	before=$(wire 1 in_frames)
	sleep 0.3
	report
	[ "$before" -gt 1000 ] && [ $(($(wire 1 in_frames) - before)) -lt 3 ]
}
drained() { report && [ "$(wire 1 received)" = "$(wire 0 out_frames)" ] && [ "$(wire 1 waiting)" = 0 ]; }

model --wire 0:peer=1
testpmd ab scalar
flow_control on on 0
flow_control on on 1
ask "set portlist 0"
start txonly
check "a port that nobody reads from has the other one stand still" "$work/dpdk.log" wait_for standstill
report
check "  before its packet buffer is full" "$work/model.log" counts "0 0" "$(wire 1 missed)" "$(wire 1 no_descriptor)"
check "  and as long as it lasts it is asked again" "$work/model.log" test "$(wire 1 out_xoff)" -gt 10
stop
ask "set portlist 1"
start rxonly
check "  once it is read from, all the rest comes" "$work/dpdk.log" wait_for drained
stop
xstats
report
sent=$(wire 0 out_frames)
check "  nothing is lost, by the model's count and DPDK's" "$work/dpdk.log" counts "$sent $sent $sent 0 0" \
	"$(wire 1 received)" "$(xstat 0 tx_good_packets)" "$(xstat 1 rx_good_packets)" "$(wire 1 missed)" \
	"$(xstat 1 rx_missed_errors)"
check "  pause frames are counted alike by both drivers and the wire" "$work/dpdk.log" counts \
	"$(wire 1 out_xoff) $(wire 1 out_xon) $(wire 0 in_xoff) $(wire 0 in_xon) 0 0" \
	"$(xstat 1 tx_xoff_packets)" "$(xstat 1 tx_xon_packets)" "$(xstat 0 rx_xoff_packets)" \
	"$(xstat 0 rx_xon_packets)" "$(xstat 0 tx_xoff_packets)" "$(xstat 1 rx_xoff_packets)"
check "  and each that was sent was obeyed" "$work/model.log" counts "$(wire 1 out_xoff) $(wire 1 out_xon)" \
	"$(wire 0 in_xoff)" "$(wire 0 in_xon)"
end_testpmd
end_model
check "  the model finds nothing wrong" "$work/model.log" only_known_faults

# -- somebody pauses a port for as long as he likes --
began() { report && [ "$(wire 0 in_xoff)" -gt 0 ]; }
# over: the pause is; $held is what the port had sent when it was seen last
over() {
	report
	[ "$(wire 0 in_xon)" = 1 ] && return
	held=$(wire 0 out_frames)
	false
}
model --wire 0:sink --control "$work/control"
testpmd ab scalar
flow_control on off 0
ask "set portlist 0"
start txonly
wait_for sent_enough 0
echo "pause 0 1000" >"$work/control"
begin=$(date +%s%N)
wait_for began
before=$(wire 0 out_frames) held=none
check "a port that is paused for a second goes on after it" "$work/model.log" wait_for over
check "  and was silent all the while" "$work/model.log" counts "$before" "$held"
check "  for a second at least" "$work/model.log" test $(($(date +%s%N) - begin)) -ge 1000000000
stop
xstats
report
check "  it has counted each pause frame" "$work/dpdk.log" counts "$(wire 0 in_xoff) 1" "$(xstat 0 rx_xoff_packets)" \
	"$(xstat 0 rx_xon_packets)"
end_testpmd
end_model
end_checks
