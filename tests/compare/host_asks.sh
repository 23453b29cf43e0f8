# The host's side of the comparison in a guest: what the guest's script asks for by `ask`, and the lines of results
# that come of it. To be sourced; it uses $results, $meter, $control, $said, $work, $seconds, $linux and $card.
# shellcheck shell=bash disable=SC2154
say() {
	echo "$*" >&3
	touch "$said"
}
result() { echo "$1" >>"$results"; }
# field NAME TEXT: a number, or null, of a JSON object
field() { sed -n "s/.*\"$1\":\([-0-9.e+]*\|null\)[,}].*/\1/p" <<<"$2" | head -n 1; }
# The median of what a technique reached at a window of 64, for the loads that are a share of it.
reached() { # TECHNIQUE BYTES
	grep '"type":"run"' "$results" | grep -F "\"technique\":\"$1\"" |
		grep -F "\"linux\":\"$linux\",\"card\":\"$card\"" | grep -F "\"job\":\"echo\"" |
		grep "\"bytes\":$2,.*\"window\":64," | sed 's/.*"pps":\([0-9.]*\).*/\1/' | sort -g |
		awk '{ v[NR] = $1 } END { if (NR) printf "%d", v[int((NR + 1) / 2)] }'
}

# The libraries that the programs were built with, as pkg-config knows them
libraries() {
	local name
	for name in libdpdk liburing libxdp libbpf libibverbs; do
		pkg-config --exists "$name" 2>/dev/null && echo "$name $(pkg-config --modversion "$name")"
	done | paste -sd, | sed 's/,/, /g'
}
# where TECHNIQUE: the fields by which a line says what it is about
where() { echo "\"technique\":\"$1\",\"linux\":\"$linux\",\"card\":\"$card\""; }

host_conditions() {
	local cpu qemu_version
	cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1 | tr -d '"\\')
	qemu_version=$($qemu --version | sed -n '1s/.*version \([^ ]*\).*/\1/p')
	result "{\"type\":\"conditions\",\"linux\":\"$linux\",\"qemu\":\"$qemu_version\",\"emulation\":\"TCG\",\
\"cpu\":\"$cpu\",\"host_cpus\":$(nproc),\"card\":\"$card\",\"guest_cpus\":$cpus,\"date\":\"$(date -u +%FT%TZ)\",\
\"pollux\":\"$(git describe --always --dirty 2>/dev/null)\",\"compiler\":\"$(cc --version | head -n 1 | tr -d '"\\')\",\
\"libraries\":\"$(libraries)\",\"seconds\":$seconds,\"rounds\":$rounds}"
}
host_say() { say "$*"; }
# skip TECHNIQUE WHY...: once for each reason
host_skip() {
	local technique=$1 line
	shift
	say "    $technique: $*"
	line="{\"type\":\"skip\",$(where "$technique"),\"why\":\"$*\"}"
	grep -qxF "$line" "$results" || result "$line"
}
# begin ID TECHNIQUE BYTES WINDOW LOAD WARM-UP SECONDS [KEY=VALUE...]: the meter sends from now on
host_begin() {
	local id=$1 technique=$2 bytes=$3 window=$4 load=$5 warm_up=$6 lasts=$7 how
	shift 7
	how=window=$window
	if [ "$load" != 0 ]; then
		how=$(reached "$technique" "$bytes")
		[ -n "$how" ] || return 1
		how=rate=$((how * load / 100))
	fi
	meter_begins "$id" "bytes=$bytes,$how,warmup=$warm_up,seconds=$lasts${1:+,$1}"
}
# meter_begins ID KEY=VALUE,...: the model's meter, or one at the socket of QEMU's card
meter_begins() {
	if [ "$card" = 82599 ]; then
		echo "meter 0 $1 $2" 1<>"$control" # for reading too: a model that is gone is not waited for
	else
		# shellcheck disable=SC2046
		"$bin/compare-meter" --dgram "$work/peer,$work/0" --id "$1" --to 52:54:00:00:00:00 \
			$(sed 's/^/--/; s/,/ --/g' <<<"$2") >>"$meter" 2>>"$work/model.log" &
	fi
}
# measured ID: the measurement has ended; waits for the meter's line, in $line
measured() {
	limit=$((20 * (${seconds%.*} + 10))) wait_for grep -qF "\"id\":\"$1\"" "$meter" || return 1
	line=$(grep -F "\"id\":\"$1\"" "$meter" | tail -n 1)
}
host_measured() { measured "$1"; }
# run ID TECHNIQUE ROUND JOB BYTES WINDOW LOAD BUSY ELAPSED: the last two in the same unit, over the same time
host_run() {
	local id=$1 technique=$2 round=$3 job=$4 bytes=$5 window=$6 load=$7 busy=$8 elapsed=$9
	local line pps received latency share cpu
	measured "$id" || { say "    $technique: the meter has no result of $id"; return 1; }
	pps=$(field pps "$line") received=$(field received "$line")
	[ "${received:-0}" != 0 ] || { say "    $technique: no answer to $(field sent "$line") requests"; return 1; }
	latency=$(sed -n 's/.*"latency_ns":\({[^}]*}\).*/\1/p' <<<"$line")
	read -r share cpu < <(awk -v b="$busy" -v e="$elapsed" -v pps="$pps" 'BEGIN {
		share = e > 0 ? b / e : 0
		if (share > 1) share = 1
		if (b > 0) printf "%.4f %.4f", share, 1e6 * share / pps
		else printf "null null" # none that was seen: an XDP program has no thread of its own
	}')
	[ "$load" != 0 ] && window=null || load=null
	result "{\"type\":\"run\",$(where "$technique"),\"round\":$round,\"job\":\"$job\",\
\"bytes\":$bytes,\"frame_bytes\":$(field frame_bytes "$line"),\"window\":$window,\"load_percent\":$load,\
\"pps\":$pps,\"sent\":$(field sent "$line"),\"received\":$received,\"lost\":$(field lost "$line"),\
\"late\":$(field late "$line"),\"wrong\":$(field wrong "$line"),\"latency_ns\":$latency,\
\"cpu_us_per_packet\":$cpu,\"cpu_share\":$share}"
	say "$(printf '    %-15s %4d bytes, %-10s %10.1f kpps, p50 %9.1f us' "$technique" "$bytes" \
		"$([ "$window" = null ] && echo "$load %" || echo "window $window")" \
		"$(awk "BEGIN { print $pps / 1000 }")" \
		"$(awk "BEGIN { print $(field p50 "$line") / 1000 }")")"
	[ "$(field wrong "$line")" = 0 ]
}
# costs ID TECHNIQUE JOB BYTES WINDOW NAME=COUNT...: counts that were taken over a whole measurement; -: cannot be had
host_costs() {
	local id=$1 technique=$2 job=$3 bytes=$4 window=$5 line packets count each='' how=''
	shift 5
	measured "$id" || return 1
	packets=$(($(field received "$line") + $(field late "$line")))
	[ $packets -gt 0 ] || return 1
	# in full: what is 0 in the table was counted as 0
	for count; do
		each+=",\"${count%%=*}\":"
		how+=",\"${count%%=*}\":\"$(cost_how "${count%%=*}" "${count#*=}")\""
		[ "${count#*=}" = - ] && each+=null || each+=$(awk "BEGIN { printf \"%.9g\", ${count#*=} / $packets }")
	done
	result "{\"type\":\"costs\",$(where "$technique"),\"job\":\"$job\",\
\"bytes\":$bytes,\"window\":$window,\"packets\":$packets,\"per_packet\":{${each#,}},\"how\":{${how#,}}}"
	say "    $technique, per packet: $(sed 's/^,//; s/"//g; s/,/, /g' <<<"$each")"
	! [[ $technique = sockets && $job = echo ]] || instruments_right "$each" "$packets" $((2 * (bytes - 46)))
}
# A self-check of the instruments, which have to count what a program does whose costs are known: blocking sockets call
# the kernel once to receive and once to send, each with a socket buffer of its own, and copy the data both times. The
# first call began before the counting, and the last one ends after it.
instruments_right() { # JSON PACKETS BYTES
	awk -v calls="$(field system_calls "$1}")" -v skbs="$(field skbs "$1}")" -v got="$(field bytes_copied "$1}")" \
		-v packets="$2" -v bytes="$3" '
		function off(value, right) { return value != "null" && (value > right * m || value < right / m) }
		BEGIN { m = 1 + 2 / packets + 0.001; exit off(calls, 2) || off(skbs, 2) || off(got, bytes) }' || {
		say "    the instruments are wrong: sockets have 2 system calls, 2 socket buffers and $3 bytes"
		return 1
	}
}
# step ID TECHNIQUE FUNCTION HITS MEDIAN MEAN: of a measurement traced from its first packet to its last; in ns.
# What each packet passes takes the median, in which no interrupt is; what works on batches, of which some are long,
# the mean.
host_step() {
	local id=$1 technique=$2 function=$3 hits=$4 median=$5 mean=$6 ns line packets
	measured "$id" || return 1
	packets=$(field received "$line")
	[ "$packets" -gt 0 ] || return 1
	ns=$median
	[ $((100 * hits)) -ge $((98 * packets)) ] || ns=$mean
	result "{\"type\":\"step\",$(where "$technique"),\
\"step\":\"$function\",\"hits_per_packet\":$(awk "BEGIN { printf \"%.4f\", $hits / $packets }"),\"ns_per_hit\":$ns}"
	say "    $technique: $function $hits times for $packets packets, $ns ns each"
}
cost_how() {
	[ "$2" != - ] || { echo "this kernel has nothing to count it by"; return; }
	case $1 in
	system_calls) echo "raw_syscalls:sys_enter, of the process's threads" ;;
	context_switches) echo "sched:sched_switch away from the process's threads and from kernel threads" ;;
	bytes_copied) echo "data of packets that the kernel copies (not what programs do): probes at the functions" ;;
	skbs) echo "probes at __build_skb_around, at __alloc_skb where that does not call it, and at skb_clone" ;;
	interrupts) echo "the card's lines in /proc/interrupts" ;;
	soft_interrupts) echo "NET_RX and NET_TX in /proc/softirqs" ;;
	lock_contentions) echo "lock:contention_begin; with one CPU nobody else can hold a spinlock" ;;
	esac
}
