#!/bin/bash
# Survival: a generator and a forwarder on the two ports of a software card, with a cable between them, both directions
# at full speed. The forwarder sends back what it gets. Every two seconds something happens to one of the cards, or to
# both: transmit or receive hangs, a memory fails, the card resets itself, the cable is pulled, the other end asks for
# silence. Each time the program whose card it is must say what it saw, and traffic must flow both ways again. In the
# end what generator, forwarder and card have counted must be the same, to the frame, and no program may have grown.
#
# Usage: tests/soak.sh BUILD-FOLDER
#   MINUTES=60   how long, fractions allowed        SEED=N       which faults, and where: the same as in another run
#   EVERY=2      seconds from fault to fault, or     FAULTS="..." only these kinds
#                until the one before is mended      RESULT=FILE  the result as JSON (build/soak.json)
# Exit status: 0 all is well; 1 something is not, and the table says what; 2 it could not be run. Ctrl-C ends it early,
# with the same table. Nothing is measured against the clock but how long one waits at most, so that a busy machine is
# no fault.
set -u
cd "$(dirname "$0")/.." || exit 2
bin=${1:?usage: $0 BUILD-FOLDER}
minutes=${MINUTES:-60} every=${EVERY:-2} seed=${SEED:-$(($(date +%s) % 1000000))} result=${RESULT:-build/soak.json}
patience_s=${PATIENCE:-120} # for a fault to be told and mended
limit_s=$(awk -v m="$minutes" 'BEGIN { printf "%d", m * 60 }') || exit 2
[ "$limit_s" -gt 0 ] && [[ $seed =~ ^[0-9]+$ ]] || { echo "soak: MINUTES is more than 0, SEED a number" >&2; exit 2; }
RANDOM=$((seed % 32768))
. tests/wait.sh
work=$(mktemp -d) || exit 2
stopping='' problems=()
declare -A process   # by program: gen, fwd, model
declare -A output    # by program and stream: the descriptor it is read from
declare -A part      # by the same: a line that has not ended yet
declare -A injected told_count mended_count longest_ms # by kind
trap 'for p in "${process[@]}"; do kill -9 "$p" 2>/dev/null; done; wait 2>/dev/null; rm -rf "$work"' EXIT
trap 'stopping=1' INT TERM

problem() {
	problems+=("$1")
	say "PROBLEM: $1"
}
say() { printf 'soak: %s  %s\n' "$(clock $SECONDS)" "$1"; }
clock() { printf '%02d:%02d:%02d' $(($1 / 3600)) $(($1 / 60 % 60)) $(($1 % 60)); }
now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# ---- the programs: away from the terminal's signals, so that they end in order ----

start() {
	local name=$1
	shift
	touch "$work/$name.out" "$work/$name.err"
	setsid "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null &
	process[$name]=$!
	exec {fd}<"$work/$name.out" && output[$name.out]=$fd
	exec {fd}<"$work/$name.err" && output[$name.err]=$fd
}
listening() { [ "$(cat "$work/model.err" "$work/model.out" | grep -c '^pollux-model: port . is ')" = 2 ]; }
alive() {
	local name
	for name in model fwd gen; do
		kill -0 "${process[$name]}" 2>/dev/null && continue
		problem "pollux-$name has ended: $(tail -n 1 "$work/$name.err")"
		return 1
	done
}

# ---- faults: what they are, what the program says, and when it is over ----

# Of each kind: what the program that has the port says then, as a regular expression; "-": nothing.
declare -A says=(
	[tx-hang]='reset in .*frames were not sent'
	[tx-dma-hang]='reset in .*frames were not sent'
	[tx-silent]='reset in .*frames were not sent'
	[rx-hang]='reset in .*frames were not received'
	[rx-queue-hang]='reset in .*frames were not received'
	[ecc]='reset in .*wrong data in its memory'
	[self-reset]='reset in .*lost its settings'
	[interrupt-loss]=-
	[interrupt-storm]=-
	[link]='^port .*link down'
	[pause]=-
)
kinds=()
usual="tx-hang tx-dma-hang tx-silent rx-hang rx-queue-hang ecc self-reset interrupt-loss interrupt-storm link pause"
for kind in ${FAULTS:-$usual}; do
	[ -n "${says[$kind]:-}" ] || { echo "soak: FAULTS: there is no $kind" >&2; exit 2; }
	kinds+=("$kind")
done

# The faults under way: kind_of[port] is what happened to a card, wanted[port] what its program has still to say. Mostly
# it is one; sometimes both cards have one, so that two ports are reset at once. $step is what is waited for: "told",
# "moving", or ""; $moves, how many intervals each program must still show traffic both ways in.
kind_of=('' '') wanted=('' '') step='' last=none
declare -A moves packets
resetting() { [[ ${says[$1]} == reset* ]]; }
expect_traffic() {
	step=moving
	moves=([gen]=2 [fwd]=2)
}
# inject PORT KIND
inject() {
	case $2 in
	link) echo "link $1 down" ;;
	pause) echo "pause $1 $((200 + RANDOM % 800))" ;;
	interrupt-loss) echo "fault $1 $2 $((1 + RANDOM % 5))" ;;
	*) echo "fault $1 $2" ;;
	esac >"$work/control"
	kind_of[$1]=$2 wanted[$1]=${says[$2]}
	injected[$2]=$((${injected[$2]:-0} + 1)) faults=$((faults + 1))
	# of a cable both ends lose their link
	[ "$2" != link ] || wanted=("${says[link]}" "${says[link]}")
	[ "${says[$2]}" != - ] || told "$1"
}
next_fault() {
	local n=${#kinds[@]} port=$((RANDOM % 2)) both=$((RANDOM % 4)) kind other
	kind=${kinds[RANDOM % n]} other=${kinds[RANDOM % n]}
	began_ms=$(now_ms) step=told kind_of=('' '') wanted=('' '')
	inject $port "$kind"
	[ $both != 0 ] || ! resetting "$kind" || ! resetting "$other" || inject $((1 - port)) "$other"
}
# told PORT: what its program had to say
told() {
	local port kind
	wanted[$1]=
	[ -z "${wanted[0]}${wanted[1]}" ] || return
	for port in 0 1; do
		kind=${kind_of[port]}
		[ -z "$kind" ] || told_count[$kind]=$((${told_count[$kind]:-0} + 1))
		# it is plugged in again once both have seen that it is not
		[ "$kind" != link ] || echo "link $port up" >"$work/control"
	done
	expect_traffic
}
# A program has said something to people.
heard() {
	local port=0
	[ "$1" = gen ] || port=1
	[ -z "${wanted[port]}" ] || ! [[ $2 =~ ${wanted[port]} ]] || told $port
}
# which faults are under way
under_way() {
	local port text=
	for port in 0 1; do [ -z "${kind_of[port]}" ] || text+="${text:+ and }${kind_of[port]} on port $port"; done
	echo "${text:-the start}"
}
# An interval of a program: counts are for the line of progress, and to see that traffic flows.
interval() {
	local name=$1 line=$2 rx tx
	[[ $line == '{"type":"interval"'* && $line =~ \"rx_packets\":([0-9]+) ]] || return
	rx=${BASH_REMATCH[1]}
	[[ $line =~ \"tx_packets\":([0-9]+) ]] && tx=${BASH_REMATCH[1]}
	packets[$name]=$((${packets[$name]:-0} + tx))
	[ "$step" = moving ] || return
	# the first one may have begun before
	if [ "${moves[$name]}" = 2 ] || { [ "$rx" -gt 0 ] && [ "$tx" -gt 0 ]; }; then
		moves[$name]=$((moves[$name] - 1))
	fi
	[ "${moves[gen]}" -le 0 ] && [ "${moves[fwd]}" -le 0 ] || return
	local took=$(($(now_ms) - began_ms)) kind
	for kind in "${kind_of[@]}"; do
		[ -n "$kind" ] || continue
		mended_count[$kind]=$((${mended_count[$kind]:-0} + 1))
		[ "${longest_ms[$kind]:-0}" -ge $took ] || longest_ms[$kind]=$took
	done
	last="$(under_way), mended in $((took / 1000)).$((took % 1000 / 100)) s"
	step=
}

# Reads what the programs have said since.
listen() {
	local name line
	for name in gen fwd; do
		while IFS= read -r -u "${output[$name.err]}" line; do
			heard $name "${part[$name.err]:-}$line"
			part[$name.err]=
		done
		part[$name.err]=${part[$name.err]:-}$line
		while IFS= read -r -u "${output[$name.out]}" line; do
			interval $name "${part[$name.out]:-}$line"
			part[$name.out]=
		done
		part[$name.out]=${part[$name.out]:-}$line
	done
}

# ---- what must not grow ----

declare -A rss_before rss_after fds_before fds_after
measure() {
	local -n rss=rss_$1 fds=fds_$1
	local name files
	for name in model fwd gen; do
		rss[$name]=$(awk '/^VmRSS:/ { print $2 }' "/proc/${process[$name]}/status")
		files=("/proc/${process[$name]}/fd/"*)
		fds[$name]=${#files[@]}
	done
}

# ---- the end: what everybody has counted ----

# values NAME FILE: the numbers of the file's last object, each as NAME.field number; of the model those of port a and b
values() {
	tail -n 1 "$2" | sed 's/"notes":\[[^]]*\]//g' | awk -v name="$1" '{
		ports = split($0, port, /{"port":/)
		for (i = 1; i <= ports; i++) {
			of = name == "model" ? (i == 2 ? "a" : "b") : name
			while (match(port[i], /"[a-z_0-9]+":[0-9]+/)) {
				split(substr(port[i], RSTART + 1, RLENGTH - 1), pair, "\":")
				if (!((of, pair[1]) in seen))
					print of "." pair[1], pair[2]
				seen[of, pair[1]] = 1
				port[i] = substr(port[i], RSTART + RLENGTH)
			}
		}
	}'
}
# Prints the table, and its rows as JSON to a file. Status 1: a row is not so.
reconcile() {
	{
		echo zero 0
		values gen "$work/gen.out"
		values fwd "$work/fwd.out"
		values model <(grep '^{"ports"' "$work/model.out")
	} >"$work/values"
	local needed=0
	for kind in "${!injected[@]}"; do ! resetting "$kind" || needed=$((needed + injected[$kind])); done
	{
		cat tests/soak_counts
		for kind in "${!injected[@]}"; do
			[ "$kind" = link ] || [ "$kind" = pause ] ||
				echo "each $kind came to a card|-|${injected[$kind]}|${kind//-/_}"
		done
		echo "each of these that needs one had a reset|<|$needed|gen.resets + fwd.resets"
	} | awk -F '|' -v json="$work/rows" -f tests/soak_counts.awk "$work/values" -
}
seconds() { awk -v ms="${1:-0}" 'BEGIN { printf "%.1f", ms / 1000 }'; }
# Objects or strings, a line each, as the inside of a JSON list.
list() { paste -sd ,; }
result_json() {
	local kind name good=true
	[ ${#problems[@]} = 0 ] || good=false
	printf '{"good":%s,"seed":%d,"asked_s":%d,"seconds":%d,"interrupted":%s,' "$good" "$seed" "$limit_s" "$ran_s" \
		"${interrupted:-false}"
	printf '"faults":[%s],' "$(for kind in "${!injected[@]}"; do
		printf '{"kind":"%s","injected":%d,"told":%d,"mended":%d,"longest_s":%s}\n' "$kind" \
			"${injected[$kind]}" "${told_count[$kind]:-0}" "${mended_count[$kind]:-0}" \
			"$(seconds "${longest_ms[$kind]:-0}")"
	done | list)"
	printf '"counts":[%s],' "$(cat "$work/rows" 2>/dev/null)"
	printf '"programs":[%s],' "$(for name in gen fwd model; do
		printf '{"program":"%s","memory_kib":[%d,%d],"descriptors":[%d,%d]}\n' "$name" \
			"${rss_before[$name]:-0}" "${rss_after[$name]:-0}" "${fds_before[$name]:-0}" \
			"${fds_after[$name]:-0}"
	done | list)"
	printf '"problems":[%s]}\n' "$(printf '%s\n' "${problems[@]}" | sed 's/[\\"]/./g; s/.\+/"&"/' | list)"
}
# end NAME: in good order
end_program() {
	kill -INT "${process[$1]}" 2>/dev/null
	if ! limit=2400 wait_for eval "! kill -0 ${process[$1]}"; then
		problem "pollux-$1 does not end"
		kill -9 "${process[$1]}"
	fi
	wait "${process[$1]}"
	local status=$?
	[ $status = 0 ] || problem "pollux-$1 ended with status $status: $(tail -n 1 "$work/$1.err")"
	unset "process[$1]"
}

# ---- the run ----

tests/hugepages.sh 32 >/dev/null
start model "$bin/pollux-model" --json --port "$work/a" --port "$work/b" --wire 0:peer=1 --control "$work/control"
wait_for listening || { echo "soak: the software card does not start" >&2; cat "$work/model.err" >&2; exit 2; }
start fwd "$bin/pollux-fwd" --json -i 0.5 --pause rx,tx --poll adaptive "vfio-user:$work/b"
start gen "$bin/pollux-gen" --json -i 0.5 --pause rx,tx "vfio-user:$work/a"
SECONDS=0
say "SEED=$seed, $limit_s s, a fault every $every s: ${kinds[*]}"
expect_traffic
began_ms=$(now_ms)
next_ms=0 next_say=5 warm_s=$((limit_s / 4 < 60 ? limit_s / 4 : 60)) faults=0
while [ -z "$stopping" ] && [ $SECONDS -lt "$limit_s" ]; do
	alive || break
	listen
	if [ -z "$step" ]; then
		[ -n "${rss_before[gen]:-}" ] || [ $SECONDS -lt $warm_s ] || measure before
		if [ "$(now_ms)" -ge $next_ms ]; then
			next_fault
			next_ms=$(($(now_ms) + every * 1000))
		fi
	elif [ $(($(now_ms) - began_ms)) -gt $((patience_s * 1000)) ]; then
		problem "$(under_way) was not $([ "$step" = told ] && echo told || echo mended) in $patience_s s"
		break
	fi
	if [ $SECONDS -ge $next_say ]; then
		say "$faults faults (last: $last); sent ${packets[gen]:-0}, sent back ${packets[fwd]:-0}"
		next_say=$((SECONDS + 5))
	fi
	sleep 0.1
done
ran_s=$SECONDS
[ -z "$stopping" ] || interrupted=true
# the last fault is mended, too
until [ -z "$step" ] || [ $(($(now_ms) - began_ms)) -gt $((patience_s * 1000)) ] || ! alive; do
	listen
	sleep 0.1
done
[ -z "$step" ] || [ ${#problems[@]} -gt 0 ] || problem "$(under_way) was not mended in $patience_s s"
alive && measure after
for name in gen fwd model; do end_program $name; done

echo
printf '%-18s %10s %10s %10s %14s\n' fault injected told mended "longest, s"
for kind in $(printf '%s\n' "${!injected[@]}" | sort); do
	printf '%-18s %10d %10d %10d %14s\n' "$kind" "${injected[$kind]}" "${told_count[$kind]:-0}" \
		"${mended_count[$kind]:-0}" "$(seconds "${longest_ms[$kind]:-0}")"
	[ "${mended_count[$kind]:-0}" = "${injected[$kind]}" ] || problem "not every $kind was mended"
done
echo
reconcile || problem "counters differ: see the table"
echo
printf '%-18s %14s %14s %12s %12s\n' program "memory, KiB" "in the end" descriptors "in the end"
for name in gen fwd model; do
	printf '%-18s %14s %14s %12s %12s\n' "pollux-$name" "${rss_before[$name]:-?}" "${rss_after[$name]:-?}" \
		"${fds_before[$name]:-?}" "${fds_after[$name]:-?}"
	[ -n "${rss_before[$name]:-}" ] && [ -n "${rss_after[$name]:-}" ] || continue
	# stacks and buffers of the C library may still be touched for the first time
	[ "${rss_after[$name]}" -le $((rss_before[$name] + 2048)) ] || problem "pollux-$name has grown"
	[ "${fds_after[$name]}" = "${fds_before[$name]}" ] || problem "pollux-$name has other descriptors open"
done
echo
result_json >"$result"
if [ ${#problems[@]} = 0 ]; then
	echo "soak: passed: $faults faults in $ran_s s, each told and mended; all counts agree (SEED=$seed, $result)"
	exit 0
fi
echo "soak: FAILED (SEED=$seed, $result):"
printf '  %s\n' "${problems[@]}"
cp "$work"/*.err "$(dirname "$result")" 2>/dev/null
exit 1
