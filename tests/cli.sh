#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The applications' command lines: help, wrong options, and ports that are not there. Needs no device.
# usage: tests/cli.sh [BUILD-FOLDER]
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/release}
captures=tests/captures
. tests/lib.sh

pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	printf 'FAIL: %s\n' "$1"
	sed 's/^/    stdout: /' "$work/out" | head -n 5
	sed 's/^/    stderr: /' "$work/err" | head -n 5
}

# run PROGRAM ARGUMENTS...: sets status; output is in $work/out and $work/err
run() {
	local program=$1
	shift
	timeout 120 "$build/pollux-$program" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# Wrong command line: status 2, a message with that text on stderr, nothing on stdout.
wrong() {
	local text=$1
	shift
	run "$@"
	if [ $status = 2 ] && grep -qF -- "$text" "$work/err" && [ ! -s "$work/out" ]; then
		pass
	else
		fail "pollux-$*: status $status, 2 and '$text' on stderr were wanted"
	fi
}

# Something that cannot be: status 1, one sentence per pattern on stderr, and nothing on stdout.
refused() {
	local patterns=$1 pattern missing=
	shift
	run "$@"
	while read -r pattern; do
		grep -qE -- "$pattern" "$work/err" || missing=$pattern
	done <<<"$patterns"
	if [ $status = 1 ] && [ -z "$missing" ] && [ ! -s "$work/out" ]; then
		pass
	else
		fail "pollux-$*: status $status, 1 was wanted${missing:+, and $missing on stderr}"
	fi
}

# --help: status 0, on stdout, and every word is in it.
helps() {
	local program=$1 word
	shift
	run "$program" --help
	if [ $status = 0 ] && [ ! -s "$work/err" ]; then
		pass
	else
		fail "pollux-$program --help: status $status, 0 was wanted"
	fi
	for word; do
		if grep -qF -- "$word" "$work/out"; then pass; else fail "pollux-$program --help: no word of $word"; fi
	done
}

common=(--burst= --ring= --queues= --rss= --mtu= --no-promiscuous --cpu= --link-wait= --speed=
	--metrics= --poll= --pause= --simd= --duration= --interval= --json --quiet
	"-b," "-r," "-p," "-c," "-d," "-i," "-j," "-q," vfio-user:
	0000:03:00.0 Usage: Examples: 'Exit status:')
helps fwd "${common[@]}" --mode= --next-hop= --no-drop --packets= --offloads= --map= --address= macswap \
	rxonly txonly icmpecho "-m," "-n,"
helps gen "${common[@]}" --size= --rate= --count= --flows= --to= --replay= --loop --max-gap= --strict --replay-speed= \
	--stream= --seed= --dry-run --dry-run-file= --latency --csv= --svg= imix-csit --unique-ip \
	--stream-capture --pad in_flight \
	limited_by "-s," "-R," "-n," "-f,"
helps rfc2544 "${common[@]}" --tests= --sizes= --stream= --rate= --trial= --wait= --settle= --loss= --width= --device= \
	--csv= --svg= --to= "-s," "-R," imix
helps pipe "${common[@]}" --age= "-a," spanning
helps dump "${common[@]}" --write= --file-size= --file-time= --file-count= --snaplen= --snapshot-length= --count= \
	"-w," "-C," "-G," "-W," "-s," "-n,"

helps bind --user= --group --force --dry-run --json --root= status restore 0000:03:00.0 Usage: Examples: \
	'Exit status:' "-u," "-n," "-j,"

helps stats --all --explain --watch= --json --http= --metrics Usage: Examples: 'Exit status:' "-a," "-e," "-w," "-j,"

helps doctor --card= --wait= --json --root= 0000:03:00.0 Usage: Examples: 'Exit status:' "-j,"

# --version: one number for all programs, which the Makefile has
version=$(sed -n 's/^VERSION := //p' Makefile)
for program in fwd gen rfc2544 pipe dump tap stats bind doctor model pcap-check pcap-diff pcap-make pcap-flows; do
	run $program --version
	if [ $status = 0 ] && [ -n "$version" ] && [ "$(cat "$work/out")" = "pollux-$program (Pollux) $version" ]; then
		pass
	else
		fail "pollux-$program --version: status $status, 0 and Pollux $version were wanted"
	fi
done

absent=vfio-user:$work/missing.sock
other=vfio-user:$work/missing-too.sock

for program in fwd gen rfc2544 dump pipe tap; do
	wrong "unrecognized option '--nonsense'" $program --nonsense "$absent" "$other"
	wrong "invalid option -- 'Z'" $program -Z "$absent" "$other"
	wrong 'wanted' $program
	wrong '--burst 0:' $program --burst 0 "$absent"
	wrong '--burst 257:' $program -b 257 "$absent"
	wrong '--burst 1x:' $program --burst=1x "$absent"
	wrong '--ring 100: a power of two from 64 to 4096' $program --ring 100 "$absent"
	wrong '--ring 32:' $program --ring 32 "$absent"
	wrong '--ring 8192:' $program -r 8192 "$absent"
	wrong '--mtu 67:' $program --mtu 67 "$absent"
	wrong '--cpu 0,2-4,3: CPU 3 is there twice' $program --cpu 0,2-4,3 "$absent"
	wrong '--cpu 1-:' $program --cpu 1- "$absent"
	wrong '--rss some: a list of symmetric and udp is wanted' $program --rss some "$absent"
	wrong '--rss wants --queues from 2 on' $program --rss symmetric "$absent" "$other"
	wrong '--rss wants --queues from 2 on' $program --rss udp --queues 1 "$absent" "$other"
	wrong '--queues 0:' $program --queues 0 "$absent"
	wrong '--queues 65: a whole number from 1 to 64' $program --queues 65 "$absent"
	wrong '--duration 0:' $program --duration 0 "$absent"
	wrong '--duration soon:' $program -d soon "$absent"
	wrong '--interval 31:' $program --interval 31 "$absent"
	wrong '--link-wait -1:' $program --link-wait=-1 "$absent"
	wrong '--simd sse:' $program --simd sse "$absent"
	wrong '--pause all: a list of rx and tx is wanted' $program --pause all "$absent"
	wrong '--poll often: busy or adaptive is wanted' $program --poll often "$absent"
	wrong '--speed 40G: a list of 10M, 100M, 1G, 2.5G, 5G and 10G' $program --speed 40G "$absent"
	wrong '--speed 1G,:' $program --speed 1G, "$absent"
	wrong '--speed 1:' $program --speed=1 "$absent"
	wrong 'requires an argument' $program "$absent" --burst
	wrong 'an empty PORT' $program ''
done

for program in fwd gen rfc2544 dump pipe tap doctor; do
	for address in here 0000:03:00 0000:03:00.0x; do
		sentence="'$address' is no address: 0000:03:00.0 (pollux-bind lists them)"
		wrong "$sentence or vfio-user:/path/to/socket is wanted" $program $address
	done
done
wrong 'a port at least' fwd
wrong 'two ports at least' pipe "$absent"
wrong 'is there twice' fwd "$absent" "$absent"
wrong '--mode fast:' fwd --mode fast "$absent" "$other"
wrong '--mode rx: io, mac, macswap, rxonly, txonly or icmpecho is wanted' fwd --mode rx "$absent"
wrong '--map 0:1:: a list such as 0:1,2:0 is wanted' fwd --map 0:1: "$absent" "$other"
wrong '--map 0: a list' fwd --map 0 "$absent" "$other"
wrong '--map 0:1,: a list' fwd --map 0:1, "$absent" "$other"
wrong '--map 0:-1: a list' fwd --map 0:-1 "$absent" "$other"
wrong '--map 0:1,0:0: port 0 is there twice' fwd --map 0:1,0:0 "$absent" "$other"
wrong '--map: port 2 of 2 is not there: they count from 0' fwd --map 0:1,1:2 "$absent" "$other"
wrong '--map: ports 0 and 1 both send by port 0, so that they want the same thread: --cpu takes 1 CPUs then' \
	fwd --map 0:0,1:0 --cpu 0,1 "$absent" "$other"
wrong '--map belongs to the modes that forward' fwd --map 0:1 --mode rxonly "$absent" "$other"
wrong '--offloads belongs to the modes that send what they receive' fwd --mode rxonly --offloads rx-checksum "$absent"
wrong '--address belongs to --mode icmpecho' fwd --address 192.0.2.1 "$absent"
wrong '--address 192.0.2: at most 16 such as 192.0.2.1,2001:db8::1' fwd -m icmpecho --address 192.0.2 "$absent"
wrong '--mode mac and --next-hop belong together' fwd --mode rxonly --next-hop 02:00:00:00:00:01 "$absent"
wrong '--mode mac and --next-hop belong together' fwd --mode mac "$absent" "$other"
wrong '--mode mac and --next-hop belong together' fwd --next-hop 02:00:00:00:00:01 "$absent" "$other"
wrong '--next-hop 02:00:' fwd --mode mac --next-hop 02:00: "$absent" "$other"
wrong 'two ports are wanted' rfc2544 "$absent"
wrong '--tests speed: a list of throughput, latency, loss and back-to-back is wanted' rfc2544 --tests speed "$absent"
wrong "--stream, byte 5, at 'udq': expected a layer" rfc2544 --stream 'ip6 udq' "$absent" "$other"
wrong '--stream: without rate=, pace= and count=' rfc2544 --stream 'udp rate=5%' "$absent" "$other"
wrong '--sizes 63: a number from 64' rfc2544 --sizes 64,63 "$absent" "$other"
wrong '--sizes 1519: at most 1518 with this MTU; larger ones need --mtu 1501' rfc2544 -s 1519 "$absent" "$other"
wrong '--sizes: at most 16' rfc2544 -s 64,64,64,64,64,64,64,64,64,64,64,64,64,64,64,64,64 "$absent" "$other"
wrong '--rate 101%: 100%' rfc2544 --rate 101% "$absent" "$other"
wrong '--trial 0:' rfc2544 --trial 0 "$absent" "$other"
wrong '--loss 100: percent, from 0 to 99, are wanted' rfc2544 --loss 100 "$absent" "$other"
wrong '--width 0: percent, from 0.01 to 50, are wanted' rfc2544 --width 0 "$absent" "$other"
wrong '--to here:' rfc2544 --to here "$absent" "$other"
wrong "this is a group's address" fwd --mode mac --next-hop 01:00:5e:00:00:01 "$absent" "$other"
wrong '--next-hop: one for all ports' fwd -m mac --next-hop 02:00:00:00:00:01 --next-hop 02:00:00:00:00:02 "$absent" \
	"$other" "$other."
wrong '--cpu: at most 2 CPUs are wanted' fwd --cpu 0-2 "$absent" "$other"
wrong '--cpu: at most 6 CPUs are wanted' fwd --queues 3 --cpu 0-6 "$absent" "$other"
wrong '--offloads rx-checksum,: a list of rx-checksum, tx-checksum and vlan-strip' \
	fwd --offloads rx-checksum, "$absent" "$other"
wrong '--packets -5:' fwd --packets=-5 "$absent" "$other"
wrong 'too many ports' fwd vfio-user:{1..17}

wrong 'one or two ports' gen vfio-user:{a,b,c}
wrong '--size 63:' gen --size 63 "$absent"
wrong '--size 1519: at most 1518 with this MTU; larger ones need --mtu 1501' gen --size 1519 "$absent"
wrong '--rate fast:' gen --rate fast "$absent"
wrong '--rate 101%: 100%' gen --rate 101% "$absent"
wrong '--rate 10G: packets or bits' gen --rate 10G "$absent"
wrong '--rate 0:' gen --rate 0 "$absent"
wrong '--count 1.5:' gen --count 1.5 "$absent"
wrong '--flows 0:' gen --flows 0 "$absent"
wrong '--to here:' gen --to here "$absent"
for option in --loop --strict --max-gap=1 --replay-speed=2x --unique-ip --stream-capture --pad; do
	wrong 'need --replay' gen $option "$absent"
done
for option in --max-gap=1 --replay-speed=2; do
	wrong 'without --rate' gen --replay x $option --rate 1k "$absent"
done
for factor in 0 -1 1e30 x 2xx; do
	wrong "--replay-speed $factor: a factor" gen --replay x --replay-speed=$factor "$absent"
done
wrong '--loop 0:' gen --replay x --loop=0 "$absent"
wrong '--loop 1.5:' gen --replay x --loop=1.5 "$absent"
wrong 'it needs --loop' gen --replay x --unique-ip "$absent"
wrong 'without --stream-capture' gen --replay x --strict --stream-capture "$absent"
wrong '--svg draws latencies: it needs --latency' gen --svg x "$absent"
wrong 'without --replay' gen --latency --replay x "$absent"
wrong 'without --replay' gen --csv x --replay x "$absent"
for number in 0 -1 1.5 x; do wrong '--latency' gen --latency=$number "$absent"; done
wrong '--cpu: one or two' gen --cpu 0,1,2 "$absent"
wrong '--cpu: 2 or 4 CPUs are wanted with so many queues' gen --queues 2 --cpu 0,1,2 "$absent"
for option in --size=64 --flows=1; do
	wrong '--replay sends frames as they are' gen --replay "$captures/mixed.pcap" $option "$absent"
done
wrong '--replay sends frames as they are' gen --replay "$captures/mixed.pcap" --stream udp "$absent"
wrong '--replay sends frames as they are' gen --replay "$captures/mixed.pcap" --dry-run "$absent"
wrong '--stream says sizes and flows itself' gen --stream udp --flows 2 "$absent"
wrong "--stream, byte 12, at 'udq': expected a layer" gen --stream 'vlan=5 ip6 udq' "$absent"
wrong 'stream 0 has frames of 1519 bytes, and this MTU at most 1518: they need --mtu 1501' \
	gen --stream size=1519 "$absent"
wrong '--seed here:' gen --seed here "$absent"
wrong '--dry-run 0:' gen --dry-run=0
wrong 'one or two ports' gen --stream udp
wrong 'No such file' gen --stream @"$work/absent" "$absent"
mapfile -t many < <(for _ in {1..65}; do echo --stream=udp; done)
wrong 'at most 64 streams' gen "${many[@]}" "$absent"

# A dry run needs no port; the same seed makes the same packets, another one others; what cannot be written is told.
streams=(--stream 'udp dst=random size=imix' --stream 'vlan=random ip6 tcp seq=random')
for file in one:7 two:7 other:8; do
	run gen --dry-run=100 --seed ${file#*:} --dry-run-file "$work/${file%:*}.pcap" "${streams[@]}"
	[ $status = 0 ] || fail "pollux-gen --dry-run-file: status $status, 0 was wanted"
done
if cmp -s "$work/one.pcap" "$work/two.pcap"; then pass; else fail "--seed 7: other packets the second time"; fi
if cmp -s "$work/one.pcap" "$work/other.pcap"; then fail "--seed 8: the packets of --seed 7"; else pass; fi
run gen --dry-run=3 "${streams[@]}"
if [ $status = 0 ] && [ "$(wc -l <"$work/out")" = 8 ]; then pass; else fail "--dry-run=3 of two: status $status"; fi
run gen --dry-run-file /dev/full "${streams[@]}"
if [ $status = 1 ] && grep -q 'full: No space left' "$work/err"; then pass; else fail "to /dev/full: $status"; fi
"$build/pollux-gen" --dry-run >/dev/full 2>"$work/err"
status=$?
if [ $status = 1 ] && grep -q 'No space left' "$work/err"; then pass; else fail "--dry-run >/dev/full: $status"; fi

wrong '--cpu: one CPU' pipe --cpu 0,1 "$absent" "$other"

wrong 'both have stdout' dump --json -w - "$absent"
wrong '--snaplen 13:' dump --snaplen 13 "$absent"
wrong '--file-size and --file-time want --write FILE' dump -C 1 "$absent"
wrong '--file-size and --file-time want --write FILE' dump -G 1 -w - "$absent"
wrong '--file-size 0:' dump -C 0 -w "$work/x" "$absent"
wrong '--file-count wants --file-size or --file-time' dump -W 2 -w "$work/x" "$absent"
wrong 'each file would overwrite the one before: FILE wants a time in its name, such as %H%M%S' \
	dump -G 1 -w "$work/x" "$absent"
wrong 'tcp port' dump "$absent" tcp port
wrong '--cpu: one CPU' dump --cpu 0,1 "$absent"
for program in fwd gen dump pipe; do
	case $program in fwd | pipe) ports=("$absent" "$other") ;; *) ports=("$absent") ;; esac
	wrong "--cpu: 2 CPUs for 3 queues: each queue's thread wants its own" \
		$program --queues 3 --cpu 0,1 "${ports[@]}"
done
wrong 'the name of an interface' tap "$absent"
wrong 'one port and one interface' tap "$absent" tap0 tap1
wrong '--queues 2: an interface of this kind has one' tap --queues 2 "$absent" tap0
wrong '--count none:' dump --count none "$absent"

wrong 'a file is wanted' stats
wrong '--watch 0:' stats --watch 0 "$work/x"
wrong '--http 65536:' stats --http 65536 "$work/x"
wrong 'is there twice' stats "$work/x" "$work/x"
wrong 'too many files: at most 64' stats "$work"/{1..65}
wrong '--http serves all there is' stats --http 0 --json "$work/x"
wrong '--json has all there is' stats --json --all "$work/x"

wrong "unrecognized option '--nonsense'" bind --nonsense
wrong "unrecognized option '--nonsense'" doctor --nonsense
wrong 'card is about one card' doctor --card 0000:03:00.0 0000:03:00.1
wrong 'wait belongs to --card' doctor --wait 3 0000:03:00.0
wrong '--wait soon:' doctor --wait soon --card 0000:03:00.0
wrong "'here' is no address" doctor --card here
wrong 'too many addresses' doctor 0000:0{0..1}:0{0..7}.0 0000:02:00.0
wrong 'an address is wanted' bind bind
wrong 'status, bind or restore is wanted' bind unbind 0000:03:00.0
wrong '--user belongs to bind' bind restore --user root 0000:03:00.0
wrong '--force belongs to bind' bind restore --force 0000:03:00.0
wrong '--force belongs to bind' bind --force
wrong '--group and --dry-run belong' bind --dry-run
wrong '--group and --dry-run belong' bind status --group 0000:03:00.0
wrong 'there is no such user' bind bind --user no-such-user-here 0000:03:00.0
refused 'there is no PCI device 0000:03:1f.7' bind bind 0000:03:1f.7
mkdir "$work/empty"
refused 'there is no .*empty/sys/bus/pci/devices: is sysfs mounted' bind --root "$work/empty"
wrong 'there is no such folder' bind --root "$work/missing"
wrong 'there is no such folder' doctor --root "$work/missing"

# A report that finds no room: status 1, and a sentence.
mkdir -p "$work/machine/sys/bus/pci/devices"
for program in bind doctor; do
	for json in "" --json; do
		# shellcheck disable=SC2086
		timeout 120 "$build/pollux-$program" $json --root "$work/machine" >/dev/full 2>"$work/err"
		status=$?
		: >"$work/out"
		if [ $status = 1 ] && grep -q "^pollux-$program: stdout: " "$work/err"; then
			pass
		else
			fail "pollux-$program $json >/dev/full: status $status, 1 and a sentence were wanted"
		fi
	done
done

# A socket that is not there: the sentence has its path, and says what to do.
sentence='missing\.sock
[;:,] .*(start|check|run)'
refused "$sentence" fwd "$absent" "$other"
refused "$sentence" fwd --json "$absent" "$other"
refused "$sentence" gen "$absent"
refused "$sentence" dump "$absent"

# Neither does a capture start to be written then: an older one of that name survives.
echo precious >"$work/kept.pcap"
run dump "$absent" -w "$work/kept.pcap"
if [ $status = 1 ] && grep -q precious "$work/kept.pcap"; then
	pass
else
	fail 'pollux-dump overwrote a file before its port was open'
fi

run dump "$absent" -w "$work/new.pcap"
if [ $status = 1 ] && [ ! -e "$work/new.pcap" ]; then
	pass
else
	fail 'pollux-dump made a file before its port was open'
fi

# Where a capture cannot be written, and a CPU that is not there, are told before any port is opened.
# early PATTERN ARGUMENTS...: refused with that, and with no word of the port
early() {
	refused "$@"
	if grep -q missing "$work/err"; then fail "pollux-${*:2}: a port was opened"; else pass; fi
}
: >"$work/text"
early "$work/none/x: No such file" dump -w "$work/none/x" "$absent"
early "$work/text/x: Not a directory" dump -w "$work/text/x" "$absent"
early "$work/none/[0-9]*\\.0: No such file" dump -w "$work/none/%s." -C 1 -W 2 -G 5 "$absent"
early "$work: Is a directory" dump -w "$work" "$absent"
for program in fwd gen dump pipe; do
	case $program in fwd | pipe) ports=("$absent" "$other") ;; *) ports=("$absent") ;; esac
	early '--cpu: this process may not run on CPU 1023' $program --cpu 1023 "${ports[@]}"
done

early "--metrics $work: it is no regular file, and would be replaced" fwd --metrics "$work" "$absent" "$other"
early '--metrics /dev/null: it is no regular file' dump --metrics /dev/null "$absent"
early "--metrics $work/none/x: No such file" gen --metrics "$work/none/x" "$absent"
# A start that fails leaves the metrics of the run before.
echo precious >"$work/kept.prom"
refused missing fwd --metrics "$work/kept.prom" "$absent" "$other"
if grep -q precious "$work/kept.prom" && [ -z "$(find "$work" -name 'kept.prom.*')" ]; then
	pass
else
	fail 'a start that failed overwrote the metrics, or left a file beside them'
fi

# Captures are looked at before any port is opened.
echo 'no capture' >"$work/text.pcap"
head -c 1000 "$captures/mixed.pcap" >"$work/cut.pcap"
head -c 24 "$captures/mixed.pcap" >"$work/empty.pcap"
refused 'absent\.pcap' gen --replay "$work/absent.pcap" "$absent"
refused 'pollux-gen: .+' gen --replay "$work/text.pcap" "$absent"
refused 'cut\.pcap: .*truncated' gen --strict --replay "$work/cut.pcap" "$absent"
refused 'mixed\.pcap: .*without --to' gen --replay "$captures/mixed.pcap" --to 02:00:00:00:00:01 "$absent"
refused 'stdin: not a file' gen --replay - --stream-capture --loop "$absent"
refused 'empty\.pcap: no frame in it can be sent' gen --replay "$work/empty.pcap" "$absent"
refused "$sentence" gen --replay "$captures/mixed.pcap" "$absent"

end_checks
