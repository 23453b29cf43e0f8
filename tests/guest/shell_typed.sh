#!/bin/bash
# Types into the guest of `make guest`, as a person would, each command that it prints, and looks at what comes: what is
# printed works.
# Usage: tests/guest/shell_typed.sh BUILD-FOLDER [CARDS, as shell.sh has them]. Exit status 77: skipped, the last line
# says why.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [CARDS]}
. tests/lib.sh
screen=$work/screen
mkfifo "$work/keys" || exit 1
timeout -k 5 "${GUEST_SECONDS:-900}" tests/guest/shell.sh "$bin" "${2:-e1000e}" <"$work/keys" >"$screen" 2>&1 &
guest=$!
exec 7>"$work/keys"
limit=4000 # 200 s: a busy machine boots slowly

shown() { grep -q -- "$1" "$screen"; }
gone() { ! kill -0 $guest; }
# typed COMMAND: its exit status is shown with a number of its own, so that none before it is taken for it
number=0
typed() {
	number=$((number + 1))
	printf '%s\r' "$1" "echo the status of $number is \$?" >&7
	wait_for eval "shown 'the status of $number is [0-9]' || gone" && shown "the status of $number is 0"
}

if ! wait_for eval "shown '^pollux-guest# ' || gone" || gone; then
	wait $guest
	skip_on_77 $? "$screen"
	check "the guest boots" "$screen" false
	end_checks
	exit 1
fi
check "four cards are listed, and none has a driver" "$screen" \
	test "$(grep -c 'driver none, IOMMU group' "$screen")" = 4
mapfile -t commands < <(tr -d '\r' <"$screen" | sed -n 's/^  \(pollux-\|kill\)/\1/p')
check "commands are printed" "$screen" test ${#commands[@]} -ge 8
for command in "${commands[@]}"; do
	check "$command" "$screen" typed "$command"
	# a person does not go on before the forwarder is there
	case $command in pollux-fwd*) check "  has its links" "$screen" wait_for shown '^port 1:.*link up' ;; esac
done
check "the doctor was content" "$screen" shown 'The forwarder would start'
check "both generators sent what they were told" "$screen" \
	test "$(grep -c 'generator: 10000 packets sent, [1-9]' "$screen")" = 2
check "the forwarder forwarded" "$screen" shown 'forwarder: [1-9][0-9]* packets forwarded'
# not while the shell still edits the line: then Ctrl-C is a key like others
printf 'echo asl""eep; sleep 1000\r' >&7
wait_for shown '^asleep'
printf '\003' >&7
check "Ctrl-C ends a program, not the guest" "$screen" typed true
printf 'exit\r' >&7
check "exit ends the guest with status 0" "$screen" ended $guest 0
end_checks
