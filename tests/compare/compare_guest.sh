# Runs inside the guest: the techniques in interleaved rounds, and then each once more, with its costs counted. What
# comes of it is told to the host, which writes the lines of results (host_asks.sh); what fails says so, and the rest
# goes on.
# shellcheck shell=sh disable=SC2154
. /data/plan
. /data/techniques_guest.sh
. /data/costs_guest.sh
. /data/steps_guest.sh

# words FILE: its last line, without what means something to the host's shell or in JSON
words() { tail -n 1 "$1" | tr -d '"\\*?[]{}$`<>|&;()\r'; }
# order ROUND: of the techniques: as they are, the other way round, from the middle on, and so forth
order() {
	echo "$techniques" | xargs -n 1 | awk -v round="$1" '
		{ v[NR - 1] = $1 }
		END {
			for (i = 0; i < NR; i++)
				print round % 3 == 1 ? v[i] : round % 3 == 2 ? v[NR - 1 - i] : v[(i + int(NR / 2)) % NR]
		}'
}

# The time since the start, and how much of it was idle, in hundredths of a second. A sleep while an io_uring has
# requests under way is iowait, which /proc/uptime takes for busy.
clock() {
	awk 'NR == 1 { printf "%d", 100 * $1 } $1 == "cpu" { printf " %d", $5 + $6; exit }' /proc/uptime /proc/stat
}
busy_since() { # UPTIME IDLE: sets $busy and $elapsed
	# shellcheck disable=SC2046
	set -- "$@" $(clock)
	elapsed=$(($3 - $1)) busy=$(($3 - $1 - ($4 - $2)))
}
# measure ROUND JOB BYTES WINDOW LOAD. What the CPU does is taken from the middle, after the warm-up.
measure() {
	id=$technique/$1/$2/$3/$4/$5
	# shellcheck disable=SC2086
	ask begin "$id" "$technique" "$3" "$4" "$5" 0.5 "$seconds" $meter_keys || return 1
	sleep 0.6
	start=$(clock)
	sleep $((seconds - 1)).8
	# shellcheck disable=SC2086
	busy_since $start
	ask run "$id" "$technique" "$@" "$busy" "$elapsed"
}
# The costs at a window of 64, of all packets from the first to the last: without a warm-up. What the technique does
# while nothing comes is counted before, and taken off for as long as the counting lasts beyond the meter's second.
count() { # JOB BYTES
	id=$technique/costs/$1/$2
	costs_begin
	start=$(clock)
	sleep 1
	# shellcheck disable=SC2086
	busy_since $start
	idled=$elapsed idle_counts=$(costs_end)
	costs_begin
	start=$(clock)
	# shellcheck disable=SC2086
	ask begin "$id" "$technique" "$2" 64 0 0 1 $meter_keys && sleep 1 && ask measured "$id"
	status=$? why="its costs were not counted"
	# shellcheck disable=SC2086
	busy_since $start
	counts=$(without "$(costs_end)" "$idle_counts" "$elapsed" "$idled")
	# shellcheck disable=SC2086
	[ $status = 0 ] && ask costs "$id" "$technique" "$1" "$2" 64 $counts
}
# with TECHNIQUE COMMAND...: while it runs
with() {
	technique=$1
	shift
	begin_technique >/tmp/begin 2>&1
	status=$?
	if [ $status = 77 ]; then
		ask skip "$technique" "$(words /tmp/echo | sed 's/^skip: *//')"
	elif [ $status = 0 ]; then
		"$@" || failed "$why"
	else
		cat /tmp/begin >>/tmp/echo
		failed "it did not start"
	fi
	end_technique >/tmp/end 2>&1 || { cat /tmp/end >>/tmp/echo; failed "it did not end"; }
}
failed() {
	ask skip "$technique" "failed: $1: $(words /tmp/echo)"
	echo "FAIL $technique: $1"
	tail -n 8 /tmp/echo | sed 's/^/    > /'
}
all_jobs() { # ROUND
	why="no answer came, or a wrong one"
	for job in $jobs; do
		# shellcheck disable=SC2046
		measure "$1" $(echo "$job" | tr : ' ') || return 1
	done
}

prepare
for round in $(seq "$rounds"); do
	ask say "round $round of $rounds"
	for each in $(order "$round"); do with "$each" all_jobs "$round"; done
done
if [ "$costs" = 1 ]; then
	ask say "the five costs"
	costs_prepare
	for each in $techniques; do with "$each" count echo 64; done
	ask say "the kernel's steps, as sockets take them"
	case " $techniques " in *" sockets "*) with sockets trace_steps ;; esac
fi
if [ -n "$forwarders" ]; then
	. /data/forward_guest.sh
	techniques=$forwarders jobs=$forward_jobs
	for round in $(seq "$rounds"); do
		ask say "forwarding between two ports, round $round of $rounds"
		for each in $(order "$round"); do with "$each" all_jobs "$round"; done
	done
fi
