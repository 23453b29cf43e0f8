# How scripts wait for what comes when it comes: source it in the project's top folder.
# shellcheck shell=bash

# wait_for COMMAND...: until it holds, $limit times 50 ms at most: a minute, for machines that have other things to do.
# A wait in vain is told, since nobody else may notice it where no check follows.
wait_for() {
	for _ in $(seq "${limit:-1200}"); do
		"$@" 2>/dev/null && return
		sleep 0.05
	done
	echo "waited in vain: $*" >&2
	return 1
}
# still COMMAND...: what it prints is the same as half a second ago. For wait_for, where nothing says that all has come.
still() {
	local before
	before=$("$@")
	sleep 0.5
	[ "$("$@")" = "$before" ]
}
