# How long runs show where they are: source it. Nothing is silent for more than $quiet_s seconds, with or without a
# terminal.
#   step NAME COMMAND...      plans a step; run_steps runs all that are planned, in order, and says of each what it is,
# which of how many, how
#                             long it usually takes and how it ended; end_steps says the sum
#   alive WHAT COMMAND...     runs one command whose output goes through; where that is silent, says how long the
# command has run
# A command may be a function. Exit status 77 of a step: skipped, the last line of its output says why.
# shellcheck shell=bash
quiet_s=${PROGRESS_QUIET_S:-8}
# here, the last time; else tests/usual_times has an estimate for two cores
usual_times=${PROGRESS_USUAL_TIMES:-build/usual_times}
step_name=() step_limit=() step_beside=() step_vital=() step_command=() step_title=() # as planned, one for each step
step_process=() step_begin=() step_status=() step_seconds=() step_expired=()          # as run
step_next_title='' step_took=0
passed=0 failed=0 skipped=0
declare -A skip_names # by reason
skip_reasons=() failures=()

# step NAME COMMAND...: with most_s, the seconds that it may take at most, far more than it usually takes; with beside=1
# it may run beside others that have it too; with vital=1 nothing after it makes sense where it fails.
step() {
	step_name+=("$1")
	shift
	step_limit+=("${most_s:-1200}") step_beside+=("${beside:-}") step_vital+=("${vital:-}")
	step_command+=("$(printf '%q ' "$@")") step_title+=("$step_next_title")
	step_next_title=
}
# section TITLE: of the steps that follow
section() { step_next_title=$1; }

# usual_s NAME: how long it usually takes; empty: not known, or too short to be worth a word
usual_s() {
	cat "$usual_times" tests/usual_times 2>/dev/null |
		awk -F '\t' -v name="$1" '$1 == name { if ($2 >= 3) print $2; exit }'
}
usually() {
	local seconds
	seconds=$(usual_s "$1")
	[ -z "$seconds" ] || echo " (usually $seconds s)"
}

step_log() { echo "$logs/${step_name[$1]//[^A-Za-z0-9_.-]/_}.log"; }

# A process group for each step, so that all that it started can be ended with it, and signals of the terminal come to
# us alone.
step_start() {
	local i=$1
	set -m
	(
		trap : TERM INT
		eval "${step_command[i]}" >"$(step_log "$i")" 2>&1 </dev/null
		echo $? >"$logs/status.new.$i" && mv "$logs/status.new.$i" "$logs/status.$i"
		echo >&"$step_ends"
	) &
	set +m
	step_process[i]=$! step_begin[i]=$SECONDS
	disown $! # its end is ours to tell
}
step_may_start() {
	[ "$step_next" -lt ${#step_name[@]} ] || return
	[ ${#step_running[@]} = 0 ] && return
	[ -n "${step_beside[step_next]}" ] && [ -n "${step_beside[${step_running[0]}]}" ] &&
		[ ${#step_running[@]} -lt "$step_places" ]
}
# Ends what ran out of its time: TERM, and KILL some seconds later. Takes note of what has ended, or was killed from
# outside.
step_watch() {
	local i over gone still=()
	for i in "${step_running[@]}"; do
		over=$((SECONDS - step_begin[i] - step_limit[i])) gone=
		if [ $over -ge 0 ] && [ -z "${step_expired[i]:-}" ]; then
			step_expired[i]=1
			kill -TERM -- "-${step_process[i]}" 2>/dev/null
		elif [ $over -ge 5 ]; then
			kill -KILL -- "-${step_process[i]}" 2>/dev/null
		fi
		kill -0 "${step_process[i]}" 2>/dev/null || gone=137
		[ ! -e "$logs/status.$i" ] || gone=$(cat "$logs/status.$i")
		if [ -n "$gone" ]; then
			step_status[i]=$gone step_seconds[i]=$((SECONDS - step_begin[i]))
		else
			still+=("$i")
		fi
	done
	step_running=("${still[@]}")
}
step_say() {
	# shellcheck disable=SC2059
	printf "$@"
	step_said=$SECONDS
}
step_heading() {
	[ -z "${step_title[$1]}" ] || step_say '%s\n' "${step_title[$1]}"
	step_say '[%*d/%d] %-60s ' ${#step_total} $(($1 + 1)) "$step_total" \
		"${step_name[$1]}$(usually "${step_name[$1]}")"
	step_open=$1
}
# Says how the step ended, and counts it.
step_verdict() {
	local i=$1 log why reason
	log=$(step_log "$i")
	[ "$step_open" = "$i" ] || step_say '[%*d/%d] %-60s ' ${#step_total} $((i + 1)) "$step_total" "${step_name[i]}"
	step_open=
	if [ -n "${step_expired[i]:-}" ]; then
		# neither success nor skip, whatever it ended with
		why="ran out of its ${step_limit[i]} s" step_status[i]=124
	elif [ "${step_status[i]}" -gt 128 ] && [ "${step_status[i]}" -le 192 ]; then
		why="killed by signal $((step_status[i] - 128))"
	else
		why="exit status ${step_status[i]}"
	fi
	if [ "${step_status[i]}" = 0 ]; then
		passed=$((passed + 1))
		step_say 'ok    %3d s\n' "${step_seconds[i]}"
		printf '%s\t%d\n' "${step_name[i]}" "${step_seconds[i]}" >>"$logs/times"
	elif [ "${step_status[i]}" = 77 ]; then
		skipped=$((skipped + 1))
		step_say 'skip\n'
		reason=$(tail -n 1 "$log" | sed 's/^ *skip[a-z]*: *//')
		step_skipped "${reason:-it does not say why}" "${step_name[i]}"
	else
		failed=$((failed + 1))
		failures+=("${step_name[i]}: $why")
		step_say 'FAIL  %s; the end of %s:\n' "$why" "$log"
		tail -n 25 "$log" | sed 's/^/        /'
		[ -z "${step_vital[i]}" ] || step_vain=1 # nothing else makes sense
	fi
	# what a test could not run where it is, it says in lines of this kind
	[ "${step_status[i]}" = 77 ] ||
		while read -r reason; do step_skipped "$reason" "a part of ${step_name[i]}"; done \
		< <(sed -n 's/^ *skip[a-z]*: *//p' "$log" | sort -u)
}
step_skipped() {
	[ -n "${skip_names[$1]:-}" ] || skip_reasons+=("$1")
	skip_names[$1]+="${skip_names[$1]:+, }$2"
}
# Shows the steps in their order, as far as they have ended, and the first that has not.
step_show() {
	while [ "$step_shown" -lt "$step_next" ]; do
		[ "$step_open" = "$step_shown" ] || [ "$step_headed" = "$step_shown" ] || step_heading "$step_shown"
		step_headed=$step_shown
		[ -n "${step_status[step_shown]:-}" ] || break
		step_verdict "$step_shown"
		step_shown=$((step_shown + 1))
		[ -z "$step_vain" ] || return
	done
	[ $((SECONDS - step_said)) -lt "$quiet_s" ] || step_still_running
}
step_still_running() {
	local i text=
	for i in "${step_running[@]}"; do text+="${text:+; }${step_name[i]}, $((SECONDS - step_begin[i])) s"; done
	[ -z "$step_open" ] || echo
	step_open=
	step_say '        running: %s\n' "$text"
}
step_kill_all() {
	local i groups=()
	for i in "${step_running[@]}"; do groups+=("-${step_process[i]}"); done
	kill -TERM -- "${groups[@]}" 2>/dev/null
	for _ in $(seq 50); do
		kill -0 -- "${groups[@]}" 2>/dev/null || break # none is left
		sleep 0.1
	done
	kill -KILL -- "${groups[@]}" 2>/dev/null
}
steps_break_off() {
	trap '' INT TERM
	step_kill_all
	printf '\nbroken off\n'
	exit 130
}

# run_steps LOGS [PLACES]: output of each step into a file of that folder; so many (2) at a time of those that may.
run_steps() {
	local step_next=0 step_shown=0 step_headed=-1 step_open='' step_said=$SECONDS step_vain='' step_ends
	local step_total=${#step_name[@]} step_places=${2:-2} step_running=() step_begun=$SECONDS
	logs=$1
	mkdir -p "$logs"
	rm -f "$logs/ends" "$logs"/status.*
	: >"$logs/times"
	mkfifo "$logs/ends" || return 1
	exec {step_ends}<>"$logs/ends"
	trap steps_break_off INT TERM
	while [ $step_shown -lt "$step_total" ] && [ -z "$step_vain" ]; do
		while step_may_start; do
			step_start "$step_next"
			step_running+=("$step_next")
			step_next=$((step_next + 1))
		done
		step_show
		[ ${#step_running[@]} = 0 ] || read -r -t 1 -u "$step_ends"
		step_watch
	done
	step_kill_all
	[ -z "$step_vain" ] || printf '\nWithout that nothing else makes sense: %d further steps were not run.\n' \
		$((step_total - step_shown))
	exec {step_ends}>&-
	step_took=$((SECONDS - step_begun))
	cat "$logs/times" "$usual_times" 2>/dev/null | awk -F '\t' '!seen[$1]++' >"$logs/usual" &&
		cp "$logs/usual" "$usual_times"
	trap - INT TERM
}
# end_steps: what was skipped, each reason once, what failed, and the sum. The status tells whether nothing failed.
end_steps() {
	local reason
	[ ${#skip_reasons[@]} = 0 ] || printf '\nNot run here:\n'
	for reason in "${skip_reasons[@]}"; do printf '  %s\n      %s\n' "$reason" "${skip_names[$reason]}"; done
	[ ${#failures[@]} = 0 ] || printf '\nFailed:\n'
	[ ${#failures[@]} = 0 ] || printf '  %s\n' "${failures[@]}"
	printf '\nIt took %d min %d s.\n' $((step_took / 60)) $((step_took % 60))
	printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
	[ $failed = 0 ]
}

# alive WHAT COMMAND...: the status is the command's. What it writes to standard error goes the same way.
alive() {
	local what=$1 line='' part='' begin=$SECONDS said=$SECONDS
	shift
	{
		"$@" 2>&1
		echo "$? end of alive"
	} | while true; do
		if IFS= read -r -t 1 line; then
			line=$part$line part=
			[[ $line =~ ^(.*[^0-9])?([0-9]+)' end of alive'$ ]] && printf '%s' "${BASH_REMATCH[1]}" &&
				exit "${BASH_REMATCH[2]}"
			printf '%s\n' "$line"
			said=$SECONDS
		elif [ $? -gt 128 ]; then
			part+=$line
			[ $((SECONDS - said)) -lt "$quiet_s" ] || {
				printf '        running: %s, %d s\n' "$what" $((SECONDS - begin))
				said=$SECONDS
			}
		else
			exit 1
		fi
	done
}
