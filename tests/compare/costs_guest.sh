# Runs inside the guest: counts the five costs of the technique that runs, by the kernel's tracing: histograms at
# tracepoints, and at functions where there is no tracepoint. See compare_guest.sh; the process is $echo_process.
# shellcheck shell=sh disable=SC2154
tracing=/sys/kernel/tracing
events=$tracing/events

# probe NAME FUNCTION [ARGUMENT]: an event at a function, also of a module, that the kernel lets be probed
probe() {
	echo "f:compare/$1 $2 ${3:+bytes=$3}" >>$tracing/dynamic_events 2>/dev/null
}
# Where the kernel copies what packets carry, with how much. What the protocols copy to and from a process's memory is
# told by their functions, since the copying itself cannot be probed.
copies="udp_receive udp_send bits_from_skb bits_to_skb xsk_receive roce roce_inline"
# Those that a technique cannot do without: where one of them cannot be probed its bytes are not known.
copies_of() {
	case $1 in
	sockets | epoll | busy-poll | io_uring) echo udp_receive udp_send ;;
	packet-ring) echo bits_from_skb bits_to_skb ;;
	af_xdp-copy) echo xsk_receive bits_to_skb ;;
	soft-roce) echo roce roce_inline ;;
	esac
}
costs_prepare() {
	mount -t tracefs tracefs $tracing 2>/dev/null
	probe udp_receive udp_recvmsg%return '$retval:s32'
	probe udp_send ip_generic_getfrag '$arg4:s32'
	probe bits_from_skb skb_copy_bits '$arg4:s32'
	probe bits_to_skb skb_store_bits '$arg4:s32'
	probe xsk_receive __xsk_rcv '$arg3:u32'
	probe roce rxe_mr_copy '$arg4:u32'
	# data of up to 128 bytes are in the request itself, and are copied by no function of their own
	probe roce_inline rxe_init_packet '$arg3:s32'
	probe skb __build_skb_around
	probe skb_alloc __alloc_skb
	probe skb_clone skb_clone
	alloc_builds && alloc_counts=no || alloc_counts=yes
	contention_is_seen || echo "FAIL lock:contention_begin does not see a lock that is held"
}
# Whether the kernel's __alloc_skb calls __build_skb_around: until Linux 7 it does, and counts once only. Each question
# of ip's is a buffer of the first kind.
alloc_builds() {
	for each in skb skb_alloc; do
		[ -e $events/compare/$each/trigger ] || return 1
		echo 'hist:keys=common_pid' >$events/compare/$each/trigger
	done
	/bin/ip address >/dev/null
	built=$(hits compare/skb '^{') allocated=$(hits compare/skb_alloc '^{')
	for each in skb skb_alloc; do echo '!hist:keys=common_pid' >$events/compare/$each/trigger; done
	[ "$built" -ge "$allocated" ]
}
# A self-check: two write to one file, each under the file's lock.
contention_is_seen() {
	[ -e $events/lock/contention_begin/trigger ] || return 0
	echo 'hist:keys=flags' >$events/lock/contention_begin/trigger
	for each in 1 2; do dd if=/dev/zero of=/tmp/contended bs=4M count=8 conv=notrunc 2>/dev/null & done
	wait
	contended=$(hits lock/contention_begin '^{')
	echo '!hist:keys=flags' >$events/lock/contention_begin/trigger
	rm /tmp/contended
	[ "$contended" -gt 0 ]
}

# What is counted: an event, the keys by which, and what is added up where it is not the hits. What a program does while
# it waits is counted from late on.
histograms=
for each in $copies; do histograms="$histograms compare/$each:common_pid:bytes"; done
histograms="$histograms compare/skb:common_pid:hitcount compare/skb_clone:common_pid:hitcount
	compare/skb_alloc:common_pid:hitcount
	lock/contention_begin:flags:hitcount raw_syscalls/sys_enter:common_pid:hitcount"
switch_histogram=sched/sched_switch:prev_pid,prev_comm:hitcount
# BEFORE AFTER HISTOGRAM...: what is written to each trigger around its histogram. It is appended: a trigger file that
# is truncated forgets all.
each_histogram() {
	before=$1 behind=$2
	shift 2
	for each; do
		event=${each%%:*} keys=${each#*:}
		keys=${keys%:*}:vals=${each##*:}
		case $each in *:bytes) after="$behind if bytes > 0" ;; *) after=$behind ;; esac
		[ ! -e "$events/$event/trigger" ] ||
			echo "${before}hist:keys=$keys:size=4096$after" >>"$events/$event/trigger"
	done
}
card_interrupts() { grep -F "$card0" /proc/interrupts | awk '{ n += $2 } END { print n + 0 }'; }
soft_interrupts() { awk '/NET_[RT]X:/ { n += $2 } END { print n }' /proc/softirqs; }

costs_begin() {
	interrupts_before=$(card_interrupts) soft_before=$(soft_interrupts)
	# shellcheck disable=SC2086
	each_histogram '' '' $histograms $switch_histogram
	own_switches
	switches_before=$switches
}
# $switches: those of the process. Without a process of its own, whose coming and going would be some more.
own_switches() {
	switches=0
	for thread in "/proc/$echo_process/task"/*; do
		while read -r name value; do
			case $name in *ctxt_switches:) switches=$((switches + value)) ;; esac
		done <"$thread/status"
	done
}
threads() { ls "/proc/$echo_process/task" | tr '\n' '|'; }
# hits EVENT PATTERN [NAME]: of the histogram's lines that match, the sum of the hits or of a value; -: no such event
hits() {
	[ -e "$events/$1/hist" ] || { echo -; return; }
	grep -E "$2" "$events/$1/hist" | awk -v name="${3:-hitcount}:" '
		{ for (i = 1; i < NF; i++) if ($i == name) n += $(i + 1) }
		END { print n + 0 }'
}
skbs() {
	allocated=0
	[ $alloc_counts = no ] || allocated=$(hits compare/skb_alloc '^{')
	sum "$allocated" "$(hits compare/skb '^{')" "$(hits compare/skb_clone '^{')"
}
# sum NUMBER...: -: where one is missing
sum() { echo "$@" | awk '{ for (i = 1; i <= NF; i++) { if ($i == "-") none = 1; n += $i } print none ? "-" : n }'; }
# without COUNTS IDLE LASTED IDLED: NAME=COUNT... without what was counted over as long while nothing came. The times
# are hundredths of a second; the first are those beyond the second in which the meter sends.
without() {
	printf '%s\n%s\n' "$1" "$2" | awk -v share="$(((10000 * ($3 > 100 ? $3 - 100 : 0)) / ($4 > 0 ? $4 : 1)))" '
		{
			for (i = 1; i <= NF; i++) {
				split($i, part, "=")
				if (NR == 1) {
					name[i] = part[1]
					value[i] = part[2]
				} else if (value[i] != "-" && part[2] != "-") {
					value[i] -= int(part[2] * share / 10000 + 0.5)
				}
			}
			count = NF
		}
		END {
			for (i = 1; i <= count; i++)
				printf "%s=%s ", name[i], value[i] != "-" && value[i] < 0 ? 0 : value[i]
		}'
}
close() { [ "$1" -ge -20 ] && [ "$1" -le 20 ]; }
# NAME=COUNT for each cost. A self-check: /proc has as many switches of the process as were counted, but for those while
# the instruments went on and off.
costs_end() {
	# shellcheck disable=SC2086
	each_histogram '' :pause $switch_histogram
	own_switches
	# shellcheck disable=SC2086
	each_histogram '' :pause $histograms
	own="_pid: +($(threads)none)[ ,]"
	interrupts=$(($(card_interrupts) - interrupts_before)) soft=$(($(soft_interrupts) - soft_before))
	counted=$(hits sched/sched_switch "$own")
	[ "$counted" = - ] || close $((switches - switches_before - counted)) ||
		echo "FAIL $technique: $((switches - switches_before)) context switches, and $counted were traced" >&2
	copied=0
	for each in $copies; do
		[ ! -e "$events/compare/$each/hist" ] || copied=$(sum $copied "$(hits "compare/$each" '^{' bytes)")
	done
	# of soft RoCE's packets the probe has the headers too, and the checksum at the end: 24 bytes
	[ ! -e "$events/compare/roce_inline/hist" ] ||
		copied=$((copied - 24 * $(hits compare/roce_inline '^{')))
	for each in $(copies_of "$technique"); do [ -e "$events/compare/$each/hist" ] || copied=-; done
	echo "system_calls=$(hits raw_syscalls/sys_enter "$own")" \
		"context_switches=$(hits sched/sched_switch "$own|prev_comm: (ksoftirqd|kworker|napi|iou-)")" \
		"bytes_copied=$copied skbs=$(skbs)" \
		"interrupts=$interrupts soft_interrupts=$soft lock_contentions=$(hits lock/contention_begin '^{')"
	# shellcheck disable=SC2086
	each_histogram '!' '' $histograms $switch_histogram
}
