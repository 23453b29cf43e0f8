#!/bin/bash
# The software 82599 as a process: its addresses, registers that are not shared, and wires that are pulled out and
# plugged in under the forwarder and the generator.
# Usage: tests/model.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
a=vfio-user:$work/a b=vfio-user:$work/b

# -- addresses --
mkdir "$work/other"
"$bin/pollux-model" --port "$work/other/a" --port "$work/other/b" >"$work/other.log" 2>&1 &
other=$!
model
wait_for eval '[ "$(grep -c "port . is" "$work/other.log")" = 2 ]'
addresses() { sed -n 's/.*port . is .*, \(02:[0-9a-f:]*\)$/\1/p' "$@" | sort -u | wc -l; }
check "two models that run at once have four addresses" "$work/model.log" \
	test "$(addresses "$work/model.log" "$work/other.log")" = 4
kill $other
end_model
model --mac 0:02:00:00:00:00:aa
"$bin/pollux-dump" --duration 0.1 $a >"$work/dump.log" 2>&1
check "an address that was given is the card's" "$work/dump.log" grep -q '02:00:00:00:00:aa' "$work/dump.log"
end_model

# -- what the doctor says of a port that is served, in use, and not served --
doctor() { "$bin/pollux-doctor" "$1" >"$work/doctor.log" 2>&1; }
spaced="$work/with a space"
mkdir "$spaced"
: >"$work/other.log"
"$bin/pollux-model" --port "$spaced/a" >"$work/other.log" 2>&1 &
other=$!
wait_for grep -q 'port 0 is' "$work/other.log"
check "pollux-doctor finds a model that listens" "$work/doctor.log" \
	eval 'doctor "vfio-user:$spaced/a" && grep -q "^ok .*somebody serves it" "$work/doctor.log"'
report() { "$bin/pollux-doctor" --card "$@" >"$work/doctor.log" 2>"$work/doctor.err"; }
check "pollux-doctor --card opens it, and its link comes up" "$work/doctor.log" \
	report "vfio-user:$spaced/a"
check "  says so" "$work/doctor.log" eval 'grep -q "^ok .*: its link is up, 10000 Mbit/s, after" "$work/doctor.log" &&
	grep -q "^  card  *Intel 82599.*, by ixgbe" "$work/doctor.log"'
check "  and what happened" "$work/doctor.log" grep -q '^What happened since it was opened:' "$work/doctor.log"
check "  and its flow control and interrupts" "$work/doctor.log" eval '
	grep -q "^  flow control  *obeys pause frames, sends pause frames$" "$work/doctor.log" &&
	grep -q "^  interrupts  *MSI-X: 64 vectors, MSI: [0-9]*, INTx: [0-9]*$" "$work/doctor.log"'
check "  as JSON too" "$work/doctor.log" eval 'report "vfio-user:$spaced/a" --json &&
	grep -q "\"opened\":true,\"up\":true,\"mbit_s\":10000" "$work/doctor.log" &&
	grep -q "{\"name\":\"flow control\",\"value\":\"obeys pause frames, sends pause frames\"}" "$work/doctor.log" &&
	grep -q "{\"name\":\"interrupts\",\"value\":\"MSI-X: 64 vectors, MSI: [0-9]*, INTx: [0-9]*\"}" \
		"$work/doctor.log" &&
	[ "$(wc -l <"$work/doctor.log")" = 1 ]'
"$bin/pollux-dump" -w /dev/null "vfio-user:$spaced/a" >"$work/app.log" 2>&1 &
app=$!
wait_for grep -q 'port 0' "$work/app.log"
check "  says which process has the port" "$work/doctor.log" \
	eval '! doctor "vfio-user:$spaced/a" && grep -q "in use by process $app (pollux-dump)" "$work/doctor.log"'
check "  does not open it then" "$work/doctor.log" \
	eval '! report "vfio-user:$spaced/a" && ! grep -q opened: "$work/doctor.log"'
kill -INT $app
check "  and leaves that in peace" "$work/app.log" ended $app 0
kill -KILL $other
wait $other 2>/dev/null
check "  and that nobody listens any more" "$work/doctor.log" \
	eval '! doctor "vfio-user:$spaced/a" &&
		grep -q "nobody listens at .*with a space/a any more" "$work/doctor.log"'

model --control "$work/control"
echo "link 0 down" >"$work/control"
wait_for grep -q 'control: link 0 down' "$work/model.log"
check "a link that stays down is waited for, and no problem" "$work/doctor.err" report $a --wait 1.5
check "  which is said meanwhile" "$work/doctor.err" grep -q 'waits for the link, 1 of 1.5 s' "$work/doctor.err"
check "  and in the end" "$work/doctor.log" grep -q '^warning .*its link did not come up in 1.5 s' "$work/doctor.log"
check "  with advice that leaves room for what the card says is the reason" "$work/doctor.log" \
	grep -q "mend it: unless that is the reason, see the cable, the module and the partner's port" \
	"$work/doctor.log"
check "  which --wait 0 does not ask for" "$work/doctor.log" \
	eval 'report $a --wait 0 && grep -q "^warning .*its link is down, and was not waited for" "$work/doctor.log"'
"$bin/pollux-doctor" --card $a --wait 60 >"$work/doctor.log" 2>"$work/doctor.err" &
app=$!
wait_for grep -q 'waits for the link' "$work/doctor.err"
kill -INT $app
check "Ctrl-C ends the wait, with the report" "$work/doctor.log" ended $app 0
check "  which is whole" "$work/doctor.log" grep -q '^What happened since' "$work/doctor.log"
check "  and says that it was interrupted" "$work/doctor.log" \
	grep -q '^warning .*: the wait for its link was interrupted after .* s, and it was down' "$work/doctor.log"
check "  and is no verdict" "$work/doctor.log" \
	eval '! grep -q "The forwarder would start" "$work/doctor.log" && grep -q "^Interrupted: " "$work/doctor.log"'
: >"$work/doctor.err"
"$bin/pollux-doctor" --json --card $a --wait 60 >"$work/doctor.log" 2>"$work/doctor.err" &
app=$!
wait_for grep -q 'waits for the link' "$work/doctor.err"
kill -INT $app
check "  as JSON too" "$work/doctor.log" \
	eval 'ended $app 0 && grep -q "\"up\":false,.*\"interrupted\":true," "$work/doctor.log"'
: >"$work/doctor.err"
"$bin/pollux-doctor" --card $a --wait 60 >"$work/doctor.log" 2>"$work/doctor.err" &
app=$!
wait_for grep -q 'waits for the link' "$work/doctor.err"
kill -KILL $model
wait $model 2>/dev/null
check "a card that goes away meanwhile is a problem" "$work/doctor.log" ended $app 1
check "  which is told once" "$work/doctor.log" \
	eval '[ "$(grep -c "^[a-z]* *vfio-user:.*gone" "$work/doctor.log")" = 1 ]'

# -- registers that are not shared --
# tails SHARED: traffic, and the line for tails that came as messages, if there is one
tails() {
	model --wire 0:source $1
	"$bin/pollux-fwd" --packets 50000 $a $b >"$work/app.log" 2>&1
	end_model
	grep 'tails written by a message each' "$work/model.log"
}
check "registers that are shared: nobody says that they are slow" "$work/model.log" \
	eval '! tails "" && ! grep -q slow "$work/app.log"'
check "registers that are not: the model says that they are slow" "$work/model.log" tails --no-shared
check "  and so does the application, and why" "$work/app.log" \
	grep -q 'registers by messages, which is slow: the device process does not share them' "$work/app.log"

# -- links --
# flap TIMES PORT...: wires are pulled out and plugged in again, at times before their links have come up
flap() {
	local port i times=$1
	shift
	for i in $(seq "$times"); do
		for port in "$@"; do
			echo "link $port down" >"$work/control"
			sleep 0.00$((i % 7))
			echo "link $port up" >"$work/control"
			sleep 0.0$((i % 5 * 15))
		done
	done
	wait_for eval '[ "$(grep -c "control: link . up" "$work/model.log")" = '$((times * $#))' ]'
}
# ask: has the model say what it has counted by now, for count
ask() {
	local answers
	answers=$(grep -c '^{' "$work/model.log")
	kill -USR2 $model
	wait_for eval '[ "$(grep -c "^{" "$work/model.log")" -gt '"$answers"' ]'
}
# count PORT NAME
count() { grep '^{' "$work/model.log" | tail -n 1 | grep -o "{\"port\":$1,[^}]*}" | sed "s/.*\"$2\":\([0-9]*\).*/\1/"; }
# arrived PORT N: so many frames came over its wire, and each was received or is told by what became of it
arrived() {
	local sum=0 fate
	ask
	for fate in received filtered undersize oversize bad_fcs no_descriptor queue_off missed undeliverable not_up \
		pause; do
		sum=$((sum + $(count "$1" $fate)))
	done
	equal "$2 $2 0" "$(count "$1" in_frames) $sum $(count "$1" waiting)"
}
through() { ask && [ "$(count 0 in_frames)" = $frames ] && equal "$(count 1 out_frames)" "$(count 0 received)"; }
equal() { [ "$1" = "$2" ] || { echo "      $1, not $2"; return 1; }; }
# says PATTERN: the number that it marks in the application's log
says() { sed -n "s/.*$1.*/\1/p" "$work/app.log" | tail -n 1; }

model --control "$work/control"
{
	printf 'link 2 up\nlink 0\n%0500d\n\nlink 0 up then\nmodule 0 what\npartner 0 7\n' 0
	printf 'link 0 up 1\nfault 0 what\nfault 0 tx-hang 1 2\nlink 0 down\n'
} >"$work/control"
check "commands that make no sense are told, and change nothing" "$work/model.log" \
	wait_for grep -qx 'pollux-model: control: link 0 down' "$work/model.log"
check "  each of them" "$work/model.log" test "$(grep -c 'no such command' "$work/model.log")" -ge 10
printf 'fault 0 self-reset\nfault 0 tx-hang 128\nfault 0 tx-hang 3\nfault 0 random 4\nfault 1 ecc\n' >"$work/control"
wait_for grep -q 'control: fault 1 ecc: ecc 0' "$work/model.log"
check "faults happen to the card, one of them by chance" "$work/model.log" \
	eval 'grep -q "fault 0 tx-hang 3: tx-hang 3$" "$work/model.log" &&
		grep -q "fault 0 random 4: [a-z-]* [0-9]*$" "$work/model.log"'
check "  if it can have them" "$work/model.log" \
	grep -q 'fault 0 tx-hang 128: this card has no such fault' "$work/model.log"
check "  and are counted" "$work/model.log" \
	eval 'ask && [ $(count 0 incident_self_reset) -ge 1 ] && [ $(count 0 incident_tx_hang) -ge 1 ] &&
		equal 1 "$(count 1 incident_ecc)"'
end_model
check "  and the FIFO goes with the model" "$work/model.log" test ! -e "$work/control"
model --control "$work/control" --wire "0:meter=$work/meter" --wire 1:meter-far=0
"$bin/pollux-fwd" --quiet $a $b >"$work/app.log" 2>&1 &
app=$!
printf 'meter 0 first window=16,seconds=0.5,warmup=0\n' >"$work/control"
check "a meter measures a forwarder, and says it" "$work/model.log" \
	wait_for grep -q '"id":"first".*"sent":[1-9].*"wrong":0,.*"p99.9":[0-9]' "$work/meter"
printf 'meter 0 second window=x\nmeter 1 third window=1\nmeter 0 fourth seconds=600\n' >"$work/control"
wait_for grep -q 'meter 0 fourth seconds=600$' "$work/model.log"
check "  a key of no meaning is told, and a port without a meter" "$work/model.log" \
	eval 'grep -q "second window=x: a measurement has no .window=x.: see --help" "$work/model.log" &&
		grep -q "third window=1: this port has no meter" "$work/model.log"'
kill -INT $app
end_model
check "  and one that the model's end cut off is said too" "$work/meter" \
	eval '[ $(wc -l <"$work/meter") = 2 ] && grep -q "^{\"type\":\"meter\",\"id\":\"fourth\".*}}$" "$work/meter"'
model --control "$work/control" --wire 0:source
yes 'link 1 up' >"$work/control" &
writer=$!
wait_for grep -q 'link 1 up' "$work/model.log"
check "  and a writer without end stops no port" "$work/app.log" \
	eval 'timeout 10 "$bin/pollux-fwd" --packets 5000 $a $b >"$work/app.log" 2>&1'
kill $writer
rm "$work/control"
echo mine >"$work/control"
end_model
check "  and what is not its FIFO any more stays" "$work/model.log" rm "$work/control"

frames=30000
model --control "$work/control" --wire 0:source,rate=30k,count=$frames --wire 1:sink
: >"$work/app.log"
"$bin/pollux-fwd" --interval 0.2 --no-drop $a $b >"$work/app.log" 2>&1 &
app=$!
wait_for grep -q 'rx *[0-9.]* [kM]*pps' "$work/app.log"
flap 12 0 1
check "the forwarder, each wire pulled 12 times: what was received was sent" "$work/app.log" wait_for through
check "  all that came over the wire is accounted for" "$work/model.log" arrived 0 $frames
received=$(count 0 received)
kill -INT $app
check "  it ends with status 0" "$work/app.log" ended $app 0
check "  its account is the card's, with what that had no room for" "$work/app.log" equal \
	"$received $received $received $(($(count 0 missed) + $(count 0 no_descriptor)))" \
	"$(says 'port 0  rx \([0-9]*\) p') $(says 'port 1 .*tx \([0-9]*\) p') \
$(says '\b\([0-9][0-9]*\) packets forwarded') $(says 'forwarded, \([0-9]*\)')"
check "  it has seen the links go" "$work/app.log" grep -q 'link down' "$work/app.log"
end_model
check "  and the card finds no fault with it" "$work/model.log" no_faults 2

model --control "$work/control" --wire 0:source,rate=30k --wire 1:sink
: >"$work/app.log"
"$bin/pollux-fwd" --interval 0.2 --no-drop $a $b >"$work/app.log" 2>&1 &
app=$!
wait_for grep -q 'rx *[0-9.]* [kM]*pps' "$work/app.log"
echo "module 0 none" >"$work/control"
check "the module of a running port is pulled out: its link goes" "$work/app.log" \
	wait_for grep -q 'link down' "$work/app.log"
echo "module 0 dac" >"$work/control"
ask
before=$(count 0 received)
more() { ask && [ "$(count 0 received)" -gt $((before + 1000)) ]; }
check "  another is plugged in: frames come again" "$work/app.log" wait_for more
kill -INT $app
check "  the forwarder ends with status 0" "$work/app.log" ended $app 0
end_model
check "  and the card finds no fault with it" "$work/model.log" no_faults 2

frames=15000
model --control "$work/control" --wire 0:peer=1
: >"$work/app.log"
"$bin/pollux-gen" --interval 0.2 --rate 15k --count $frames $a $b >"$work/app.log" 2>&1 &
app=$!
wait_for grep -q 'tx *[0-9.]* [kM]*pps' "$work/app.log"
flap 12 0 1
check "the generator, a cable pulled 24 times, ends" "$work/app.log" wait_for eval "! kill -0 $app"
check "  each of its packets left, and was received or is accounted for" "$work/model.log" arrived 1 $frames
received=$(count 1 received)
check "  its account is the card's" "$work/app.log" equal "$frames $received $((frames - received))" \
	"$(says '\b\([0-9][0-9]*\) packets sent') $(says 'sent, \([0-9]*\)') $(says 'came back: \([0-9]*\)')"
end_model
check "  and the card finds no fault with it" "$work/model.log" no_faults 2

end_checks
