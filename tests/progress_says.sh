#!/bin/bash
# What runs the steps of check tells the truth: of steps that fail, take too long, are killed or skip; is never silent;
# runs beside one another what may, and nothing else; and leaves nothing behind when it is ended. Usage:
# tests/progress_says.sh
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib.sh
export PROGRESS_QUIET_S=1 # instead of 8: what the runner says is the same
export PROGRESS_USUAL_TIMES=$work/usual
out=$work/out
export work out

# plan SCRIPT: runs it in a shell that has tests/progress.sh, its output in $out; $status is its exit status
plan() {
	bash -c ". tests/progress.sh; $1"$'\n''run_steps "$work/logs"; end_steps' >"$out" 2>&1
	status=$?
}
says() { grep -qE "$1" "$out"; }
says_in_order() { [ "$(grep -oE '^\[[0-9]/5\] [a-z]+' "$out" | uniq | cut -d ' ' -f 2 | tr '\n' ' ')" = "$* " ]; }

# shellcheck disable=SC2016 # all of these are scripts of their own
plan 'section Ends; beside=1; step good true; step bad bash -c "echo the reason; exit 3"; most_s=1 step slow sleep 100
	most_s=1 step stubborn bash -c "trap : TERM; while :; do sleep 1; done"; step killed bash -c "kill -KILL \$\$"
	most_s=1 step late bash -c "trap \"exit 77\" TERM; while :; do sleep 0.1; done"
	step ssh bash -c "exit 255"; step last true'
check "a good step is ok" "$out" says '^\[1/8\] good +ok +[0-9]+ s$'
check "a bad one has its status and the end of its log" "$out" \
	grep -qzP '\[2/8\] bad +FAIL  exit status 3; [^\n]*bad.log:\n +the reason' "$out"
check "one that takes too long says so" "$out" says '(\[3/8\] slow)? +FAIL  ran out of its 1 s;'
check "  also one that must be killed" "$out" says '(\[4/8\] stubborn)? +FAIL  ran out of its 1 s;'
check "one that was killed is no success" "$out" says '(\[5/8\] killed)? +FAIL  killed by signal 9;'
check "one that takes too long is not skipped" "$out" says '^  late: ran out of its 1 s$'
check "a status is no signal" "$out" says '^  ssh: exit status 255$'
bad_ones='  bad: exit status 3\n  slow: ran [^\n]*\n  stubborn: ran [^\n]*\n'
bad_ones+='  killed: k[^\n]*\n  late: r[^\n]*\n  ssh: e[^\n]*\n'
check "the sum, and each failure again before it" "$out" \
	grep -qzP "Failed:\n$bad_ones\nIt took [^\n]*\n2 passed, 6 failed, 0 skipped" "$out"
check "it fails" "$out" test $status = 1

plan 'none() { echo "skip: no such card"; return 77; }; part() { echo "  skipped: no such card"; echo "done"; }
	step one none; step two none; step three part; step four bash -c "echo no root; exit 77"'
check "what was skipped, each reason once" "$out" \
	grep -qzP 'Not run here:\n  no such card\n      one, two, a part of three\n  no root\n      four\n' "$out"
check "  and it is no failure" "$out" test "$status $(tail -n 1 "$out")" = "0 1 passed, 0 failed, 3 skipped"

# each goes on until what it waits for was said
heard='heard() {
	for _ in $(seq 300); do [ "$(grep -c "running: .*$1" "$out")" -ge 2 ] && return; sleep 0.1; done
	false
}'
plan "$heard"'; step quiet heard quiet'
check "a silent step is talked about again and again" "$out" test $status = 0
check "  and what it takes is known the next time" "$PROGRESS_USUAL_TIMES" \
	grep -qE '^quiet.[1-9]' "$PROGRESS_USUAL_TIMES"
printf 'slow\t200\nquick\t1\n' >"$PROGRESS_USUAL_TIMES"
plan 'step slow true; step quick true'
check "  and said, where it is long" "$out" \
	test "$(grep -o 'slow (usually 200 s)\|quick .usually' "$out")" = "slow (usually 200 s)"
bash -c ". tests/progress.sh; $heard"'; alive download heard download' >"$out" 2>&1
check "  and so is a silent command" "$out" test $? = 0
bash -c ". tests/progress.sh"'; alive it bash -c "echo one; printf two; exit 5"' >"$out" 2>&1
check "whose output and status are its own" "$out" test "$? $(cat "$out")" = "5 one"$'\n'two

# each of the two waits for the other; nobody may be beside the last two
plan 'meet() { touch "$work/$1"; for _ in $(seq 300); do [ -e "$work/$2" ] && return; sleep 0.1; done; false; }
	alone() { mkdir "$work/alone" && sleep 0.3 && rmdir "$work/alone"; }
	beside=1 step first meet a b; beside=1 step second meet b a
	step third alone; step fourth alone; beside=1 step fifth alone'
check "steps run beside one another where they may, and only there" "$out" test $status = 0
check "  and are told in their order" "$out" says_in_order first second third fourth fifth
plan 'vital=1 step build false; step test true'
check "without a build no test" "$out" says '^Without that nothing else makes sense: 1 '

# a third step, which needs a moment to tidy up
long='trap "sleep 0.3; echo tidied; exit" TERM; sleep 1000 & echo $! >"$work/pid"; wait'
long=$long bash -c '. tests/progress.sh
	step one true; step two true; step long bash -c "$long"; run_steps "$work/logs"' >"$out" 2>&1 &
runner=$!
wait_for test -s "$work/pid"
kill -TERM $runner
check "broken off: it ends with status 130" "$out" ended $runner 130
check "  and what the step had started with it" "$out" wait_for eval "! kill -0 $(cat "$work/pid")"
check "  once the step has tidied up" "$work/logs/long.log" grep -qx tidied "$work/logs/long.log"
end_checks
