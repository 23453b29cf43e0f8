# What the shell tests share: source it in the project's top folder, with $bin set to the build folder. Counts checks,
# keeps a folder that goes away with whatever was started, and starts a software 82599 with two ports, $work/a and
# $work/b. end_checks is a script's last line.
# shellcheck shell=bash
. tests/wait.sh
work=$(mktemp -d) || exit 1
# MODEL_OPTIONS: of every model that a script starts besides what it says
read -ra model_options <<<"${MODEL_OPTIONS:-}"
passed=0 failed=0 model=
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT

# check NAME FILE-TO-SHOW COMMAND...: the command's status decides.
check() {
	local name=$1 file=$2
	shift 2
	if "$@"; then
		passed=$((passed + 1))
		echo "ok    $name"
	else
		failed=$((failed + 1))
		echo "FAIL  $name: not so: $*"
		tail -n 15 "$file" | cut -c1-200 | sed 's/^/      /'
	fi
}
end_checks() {
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}
# skip_on_77 STATUS FILE: a program that cannot run where it is ends with that, and its last line says why; so does the
# script.
skip_on_77() {
	[ "$1" = 77 ] || return 0
	tail -n 1 "$2"
	exit 77
}

# ended PROCESS STATUS: it ends in that time, with this status.
ended() {
	wait_for eval "! kill -0 $1" || { kill -9 "$1"; wait "$1"; return 1; }
	wait "$1"
	[ $? = "$2" ]
}

# model OPTIONS...: starts one, of $card where that is set and with $model_options; $model is its process.
model() {
	: >"$work/model.log"
	"$bin/pollux-model" --card "${card:-82599}" --port "$work/a" --port "$work/b" "${model_options[@]}" \
		"$@" >"$work/model.log" 2>&1 &
	model=$!
	wait_for listening
}
# whether it listens: a socket file alone may be one that was left by another
listening() { [ "$(grep -c "^pollux-model: port . is " "$work/model.log")" = 2 ]; }
# end_model: on demand, and in good order; under a sanitizer that is where leaks are found
end_model() {
	kill -TERM $model 2>/dev/null
	check "the model ends with status 0" "$work/model.log" ended $model 0
}
# no_faults PORTS: the ended model counted nothing on any of its ports that makes no sense.
no_faults() {
	[ "$(grep -c 'faults: address 0, ring 0, descriptor 0, register 0, order 0' "$work/model.log")" = "$1" ]
}
