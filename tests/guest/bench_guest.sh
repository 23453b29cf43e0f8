# Runs inside the guest: rounds of forwarders between cards 1 and 2, with our generator on card 0 and its receiver on
# card 3; and rounds of generators on card 0. Round 0 is for counting register accesses, the others are timed; who comes
# first changes from round to round. Prints RESULT lines: kpps, CPU microseconds per packet, and with a forwarder how
# many of a hundred packets were lost between generator and receiver.
echo 256 >/proc/sys/vm/nr_hugepages
rounds=$(sed 's/.*rounds=\([0-9]*\).*/\1/' /proc/cmdline)
s=$(card 0) a=$(card 1) b=$(card 2) r=$(card 3)
check "generator and receiver are bound to vfio-pci" bind vfio-pci "$s" "$r"
. /data/dpdk.sh

base() { awk 'NR == 1 {print $1}' "/sys/bus/pci/devices/$1/resource"; }
# hundredths of a second, of both CPUs, interrupts included
busy() {
	awk '$1 == "cpu" {print $2 + $3 + $4 + $7 + $8}' /proc/stat
}
own() { [ -z "$1" ] && echo 0 || awk '{print $14 + $15}' "/proc/$1/stat"; }
# share [PROCESS]: of one CPU, over two seconds, of all that runs but for this process
share() {
	before=$(($(busy) - $(own "$1")))
	sleep 2
	echo $(($(busy) - $(own "$1") - before)) | awk '{print $1 / 200}'
}
per_packet() { awk "BEGIN {if ($2 > 0) printf \"%.3f\", 1000 * $1 / $2}"; } # SHARE KPPS
# middle FIELD FILE: its mean over the intervals, but for the first two and the last; of the last port that has it
middle() {
	grep '"type":"interval"' "$2" | sed "s/.*\"$1\":\([0-9.]*\).*/\1/" |
		awk '{v[NR] = $1} END {for (i = 3; i < NR; i++) {t += v[i]; n++} printf "%.3f", n ? 1000 * t / n : 0}'
}
run_testpmd() { # PORT... -- OPTION...: it forwards in the background
	testpmd "$@"
	tell start
	wait_for 30 grep -q 'packet forwarding' /tmp/fwd.log
}
begin() { # WHO: forwards between cards 1 and 2; its process is $pid
	pid=
	case $1 in
	pollux)
		bind vfio-pci "$a" "$b"
		pollux-fwd --quiet --interval 30 --cpu 1 "$a" "$b" >/tmp/fwd.log 2>&1 &
		pid=$!
		;;
	testpmd)
		bind vfio-pci "$a" "$b"
		run_testpmd "$a" "$b" -- --forward-mode=io
		;;
	bridge)
		for card in "$a" "$b"; do
			device=/sys/bus/pci/devices/$card
			echo >"$device/driver_override"
			echo "$card" >"$device/driver/unbind"
			echo "$card" >/sys/bus/pci/drivers_probe
			wait_for 20 test -d "$device/net"
		done
		/bin/ip link add name br0 type bridge
		/bin/ip link set br0 up
		for card in "$a" "$b"; do
			interface=$(ls "/sys/bus/pci/devices/$card/net")
			/bin/ip link set "$interface" master br0
			/bin/ip link set "$interface" promisc on up
		done
		;;
	esac
	sleep 3
}
end() {
	case $1 in
	pollux) kill -INT "$pid" ;;
	testpmd) end_testpmd ;;
	bridge) /bin/ip link del br0 ;;
	esac
	[ -z "$pid" ] || wait "$pid"
}
flow() { pollux-gen --quiet --json --cpu 0 "$@" "$s" "$r" >/tmp/gen.json 2>/tmp/gen.err; }

forward() { # WHO ROUND
	begin "$1"
	pollux-gen --json --cpu 0 --interval 0.5 --duration 5 "$s" "$r" >/tmp/gen.json 2>/tmp/gen.err &
	generator=$!
	wait_for 20 grep -q interval /tmp/gen.json
	share=$(share $generator)
	wait $generator
	kpps=$(middle rx_mpps /tmp/gen.json)
	lost=$(sed -n 's/.*"sent":\([0-9]*\),"received":\([0-9]*\).*/\1 \2/p' /tmp/gen.json | tail -n 1 |
		awk '$1 {printf "%.0f", 100 * (1 - $2 / $1)}')
	if [ "$2" = 0 ]; then
		# full: others want its CPU too, and it always finds a ring that has filled meanwhile
		for load in light full; do
			others=
			for i in 1 2 3; do
				[ $load = full ] || break
				taskset 2 sh -c 'while :; do :; done' &
				others="$others $!"
			done
			ask trace on
			flow --duration 3
			ask trace off
			ask traps "forward-$1-$load" "$(base "$a")" "$(base "$b")"
			# shellcheck disable=SC2086
			[ -z "$others" ] || kill $others
		done
	else
		echo "RESULT forward-$1 $kpps $(per_packet "$share" "$kpps") $lost"
	fi
	end "$1"
	[ "$2" = 0 ] || [ "${kpps%.*}" -gt 0 ]
}
# WHO ROUND: from card 0, with nobody at the other end but an idle card. The first round is traced, and not timed
generate() {
	# the kernel would receive, on one of the two CPUs: which one depends on the packets' addresses
	bind vfio-pci "$a" "$b"
	traced=$([ "$2" = 0 ] && echo yes)
	[ -z "$traced" ] || ask trace on
	case $1 in
	pollux)
		pollux-gen --json --cpu 1 --interval 0.5 --duration 5 "$s" >/tmp/gen.json 2>/tmp/gen.err &
		generator=$!
		wait_for 20 grep -q interval /tmp/gen.json
		share=$(share)
		wait $generator
		kpps=$(middle tx_mpps /tmp/gen.json)
		;;
	testpmd)
		run_testpmd "$s" -- --forward-mode=txonly
		sleep 3
		tell "show port stats 0"
		share=$(share)
		sleep 1
		tell "show port stats 0"
		sleep 0.5
		tell stop
		sleep 0.5
		end testpmd
		kpps=$(sed -n 's/.*Tx-pps: *\([0-9]*\).*/\1/p' /tmp/fwd.log | tail -n 1 |
			awk '{printf "%.3f", $1 / 1000}')
		;;
	esac
	if [ -n "$traced" ]; then
		ask trace off
		ask traps "generate-$1-full" "$(base "$s")"
	else
		echo "RESULT generate-$1 ${kpps:-0} $(per_packet "$share" "${kpps:-0}")"
	fi
	[ "$2" = 0 ] || [ "${kpps%.*}" -gt 0 ]
}
for round in $(seq 0 "$rounds"); do
	[ $((round % 2)) = 0 ] && order="pollux testpmd" || order="testpmd pollux"
	for who in $order bridge; do
		FILE=/tmp/fwd.log check "forward: $who, round $round" eval "forward $who $round >&3"
	done
	for who in $order; do
		FILE=/tmp/fwd.log check "generate: $who, round $round" eval "generate $who $round >&3"
	done
done 3>&1
