#!/bin/bash
# The report on the comparison of techniques, from lines whose medians and sums are known.
# Usage: tests/compare_report.sh
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib.sh
lines=$work/results.jsonl log=$work/log
said() { grep -qF -- "$1" "$log"; }
# run TECHNIQUE ROUND WINDOW PPS P50 CPU [SENT RECEIVED LOST SHARE]: a line of a run
run() {
	echo "{\"type\":\"run\",\"technique\":\"$1\",\"round\":$2,\"linux\":\"6.12\",\"card\":\"82599\"," \
		"\"job\":\"echo\",\"bytes\":64,\"frame_bytes\":64,\"window\":$3,\"load_percent\":null,\"pps\":$4," \
		"\"sent\":${7:-100},\"received\":${8:-99},\"lost\":${9:-1},\"late\":2,\"wrong\":0," \
		"\"latency_ns\":{\"p50\":$5,\"p99\":$5,\"p99.9\":$5}," \
		"\"cpu_us_per_packet\":$6,\"cpu_share\":${10:-1.0}}" >>"$lines"
}
# holds EXPRESSION: jq finds it true of the report as data
holds() { jq -e "$1" "$work/compare.json" >/dev/null; }
# report STATUS
report() { timeout 20 tests/compare/report.sh "$lines" >"$log" 2>&1; [ $? = "$1" ]; }

# -- Medians of one, two and three rounds, in any order; a round that is missing; sums --
echo '{"type":"conditions","qemu":"11.1","host_cpus":2,"date":null,"more":{"nested":[1,"x"]}}' >"$lines"
run sockets 1 64 15000 4000000 60
run sockets 2 64 13000 4200000 62.5
run sockets 3 64 14000 9000000 61
run epoll 1 64 30000 2000000 30
run epoll 2 64 31000 2100000 31
run dpdk 1 64 2000000 30000 0.5 100 99 1 0.9
run pollux 1 64 3000000 20000 0.4
run pollux 2 64 900000 20000 0.4
run pollux 3 64 1000000 20000 0.4
check "a report is made" "$log" report 0
check "three rounds have the middle one" "$log" \
	grep -qE '^sockets +14.0 +13.0\.\.15.0 +4200 +4000\.\.9000( +4200){2} +61.0 +60.0\.\.62.5 +100( +3){2} +6 +0$' \
	"$log"
check "two have their mean, and one is said to be missing" "$log" \
	grep -qE '^epoll +30.5 +30.0\.\.31.0 +2050 +2000\.\.2100 .* 100 +2/3 +2 +4 +0$' "$log"
check "one has itself, and no spread" "$log" grep -qE '^dpdk +2000 +30.0 +30.0 +30.0 +0.50 +90 +1/3 +1 +2 +0$' "$log"
check "the claims stand beside what was measured" "$log" \
	grep -qE '^DPDK +< 100 ns +100 M/s +dpdk +- us +2000 k/s  Linux 6.12, 82599$' "$log"
check "who is ahead of Pollux is named" "$log" \
	said 'pps: dpdk 2000 kpps, pollux 1000 kpps, within the spread of the rounds.'
check "  and that nobody knows why" "$log" said 'Reason not known'
check "  and nobody else" "$log" [ "$(grep -c 'Reason not known' "$log")" = 1 ]
check "what emulation distorts stands before the table" "$log" \
	[ "$(grep -n 'not as on a real' "$log" | cut -d: -f1)" -lt "$(grep -n '^echo, 64' "$log" | cut -d: -f1)" ]
check "conditions are said" "$log" said 'Conditions: qemu 11.1, host_cpus 2, more/nested/0 1, more/nested/1 x'
check "all lines are accounted for" "$log" \
	said '10 lines read: 1 of conditions, 9 runs, 0 of costs, 0 of steps, 0 skips'

tests/compare/report.sh --markdown "$lines" >"$log" 2>&1
check "a table for the book has the same figures" "$log" \
	grep -qE '^\| sockets \| 14.0 k \| 13.0 to 15.0 \| 61.0 \| 100 \| 4200 us \| 4200 us \| 100 \|$' "$log"

check "  its conditions, and what is not as it should be" "$log" \
	eval 'said "**Measured with:** qemu 11.1, host_cpus 2," && said "**Not as on a real machine:**"'
check "  and a CPU's share for each" "$log" grep -qF '| dpdk | 2000 k | 2000 to 2000 | 0.50 | 90 |' "$log"

echo '{"type":"skip","technique":"epoll","linux":"6.12","card":"82599","why":"failed: it did not start"}' >>"$lines"
check "a technique that failed in one round of some" "$log" report 0
check "  is not called not measured" "$log" \
	said 'epoll           failed once (Linux 6.12, 82599): failed: it did not start'

# -- A known reason: a poller bears idle turns --
: >"$lines"
run sockets 1 1 9000 100000 50
run pollux 1 1 90000 10000 70
check "a reason that is known is given" "$log" report 0
check "  for that figure only" "$log" said 'cpu: sockets 50.0 us/packet, pollux 70.0 us/packet. Pollux polls:'

# -- A load is a share of each one's own best --
: >"$lines"
for each in "sockets 90000 50" "pollux 9000 70"; do
	# shellcheck disable=SC2086
	set -- $each
	run "$1" 1 null "$2" 100000 "$3"
done
sed -i 's/"load_percent":null/"load_percent":50/' "$lines"
check "a load is reported on" "$log" report 0
check "  as a share of its own" "$log" said 'echo, 64 bytes, 50 % of what each reached'
check "  in which nobody is ahead" "$log" said 'Where Pollux is not ahead: nowhere'

# -- Steps of the kernel: below the one that calls them, which has the rest --
step() {
	echo "{\"type\":\"step\",\"technique\":\"sockets\",\"linux\":\"$1\",\"card\":\"82599\",\"step\":\"$2\"," \
		"\"hits_per_packet\":$3,\"ns_per_hit\":$4}" >>"$lines"
}
step 6.12 napi_build_skb 1 2000
step 6.12 ixgbe_poll 0.05 200000
step 6.12 napi_gro_receive 1 5500
step 6.12 napi_gro_receive 1 5000
step 6.12 ip_list_rcv 0.4 2500
step 7.0 napi_gro_receive 1 4000
step 6.12 a_new_one 2 3500
check "steps are reported on" "$log" report 0
check "a step has what its own steps leave" "$log" grep -qE '^ixgbe_poll +0.05 +10.0 +2.00  NAPI' "$log"
check "all their lines are accounted for" "$log" said '7 of steps, 0 skips'
check "  which stand below it" "$log" grep -qE '^  napi_build_skb +1 +2.00 +2.00 ' "$log"
check "  those of another kernel do not" "$log" grep -qE '^  napi_gro_receive +1 +4.00 +4.00 ' "$log"
check "  and the last of two counts" "$log" grep -qE '^  napi_gro_receive +1 +5.00 +5.00 ' "$log"
check "IP's is of the poll, as lists are short" "$log" grep -qE '^  ip_list_rcv +0.4 +1.00 +1.00 ' "$log"
step 6.12 ipv4_mtu 1 1500
check "with the tracer's own time known" "$log" report 0
check "  it is taken off" "$log" grep -qE '^  ip_list_rcv +0.4 +0.40 +0.40 ' "$log"
check "  and said" "$log" said "The tracer's own time, 1.50 us each, is taken off"
check "  but for a kernel of which it is not known" "$log" grep -qE '^  napi_gro_receive +1 +4.00 +4.00 ' "$log"
check "one that nobody knows is there too" "$log" grep -qE '^a_new_one +2 +4.00 +4.00 *$' "$log"

# -- An interrupted run, other lines, counts that do not add up, text of anybody's --
: >"$lines"
run pollux 1 64 3000000 20000 0.4
run sockets 1 64 14000 4000000 60 100 90 9
run epoll 1 64 1e999 4000000 60
{
	echo '{"type":"skip","technique":"soft-roce","linux":"6.12","card":"82599",' \
		'"why":"a \"<b>\" & \u001b[31m\n\\ '$'\e[2J\xff''"}'
	echo '{"type":"costs","technique":"pollux","linux":"6.12","card":"82599","job":"echo","bytes":64,"window":64,' \
		'"packets":50000,"per_packet":{"system_calls":0,"context_switches":0.0001,"bytes_copied":null},' \
		'"how":{"bytes_copied":"no kprobes </svg>"}}'
	echo '{"type":"skip","technique":"$(touch x)","why":"no name of a technique"}'
	echo '[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]'
	echo '{"type":"comment"}'
	printf '%s' '{"type":"run","technique":"epoll","rou'
} >>"$lines"
check "a file that was cut off is reported on" "$log" report 0
check "  and what was not understood is counted" "$log" \
	said '9 lines read: 0 of conditions, 2 runs, 1 of costs, 0 of steps, 1 skips, and 5 not understood'
check "counts that do not add up are left out, and said" "$log" said 'sockets, round 1: 100 sent, 90 received, 9 lost'
check "  of the table too" "$log" [ "$(grep -c '^sockets' "$log")" = 0 ]
check "a technique without a row says why" "$log" said 'not measured (Linux 6.12, 82599): a "<b>" & ?[31m \ ?[2J?'
check "a cost of zero is 0, and a small one is not" "$log" \
	grep -qE '^pollux +64 +0 +<0.001 +- +- +- +- +- +50000$' "$log"
check "  and says how many there were" "$log" said 'pollux: context switches 5, in all 50000 packets'
check "a cost that was not counted has its reason" "$log" said 'bytes_copied: no kprobes </svg>'
check "no control character is printed" "$log" eval "! LC_ALL=C grep -q '[^ -~]' '$log'"
check "the picture has no markup of others" "$work/compare.svg" eval "! grep -q '<b>\|</svg>.' '$work/compare.svg'"
check "  and tells of the row" "$work/compare.svg" \
	grep -qF 'not measured: soft-roce (a "&lt;b&gt;" &amp; ?[31m' "$work/compare.svg"
if command -v jq >/dev/null; then
	check "the data are JSON, with the same text" "$work/compare.json" \
		[ "$(jq -r '.skips[0].why' "$work/compare.json")" = 'a "<b>" & ?[31m \ ?[2J?' ]
	check "  and the same figures" "$work/compare.json" holds '.cells[0].techniques[0] |
		.technique == "pollux" and .rounds == 1 and .sent == 100 and .received == 99 and .lost == 1 and
		.pps.median == 3000000 and .p50_ns.median == 20000 and .cpu_us_per_packet.most == 0.4'
	check "  and adds up" "$work/compare.json" holds '.lines | .read == 9 and .runs == 2 and .runs_left_out == 1 and
		.refused == 5 and .read == .conditions + .runs + .costs + .steps + .skips + .refused'
fi
if command -v xmllint >/dev/null; then
	check "the picture is well-formed" "$log" xmllint --noout "$work/compare.svg"
fi

# -- Numbers below zero are numbers, and as far from it as others --
: >"$lines"
run sockets 1 64 15000 4000000 -0.012
run epoll 1 64 15000 -1e300 60
check "a small number below zero is taken, and a large one is not" "$log" eval "report 0 &&
	said ', and 1 not understood' && grep -q '^sockets .* -0.01 ' '$log'"

# -- Nothing to report on --
echo '{ "type" : "run", "technique" : "xdp", "linux":"6", "card":"tap", "job":"echo", "bytes":64, "window":1,' \
	'"pps":1, "sent":5, "received":5, "lost":0, "late":0, "wrong":0, "latency_ns":null }' >"$lines"
check "blanks between the names and values of a line do" "$log" report 0
check "  and what was not measured is no figure" "$log" grep -qE '^xdp +0.00 +- +- +- +- +- +1 +0 +0 +0$' "$log"
: >"$lines"
check "an empty file is said" "$log" report 1
check "  to hold no measurement" "$log" said 'nothing was measured'
rm "$lines"
check "a file that is not there is said" "$log" report 1
check "  with the remedy" "$log" said 'make compare writes them'
tests/compare/report.sh a b >"$log" 2>&1
check "wrong usage" "$log" [ $? = 2 ]
tests/compare/report.sh --wrong >"$log" 2>&1
check "  also of options" "$log" [ $? = 2 ]
tests/compare/report.sh --help >"$log" 2>&1
check "help" "$log" said 'Usage: tests/compare/report.sh'
end_checks
