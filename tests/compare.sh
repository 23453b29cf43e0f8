#!/bin/bash
# The comparison without a guest: each technique works here or says why not, wrong usage is told, a run that is broken
# off shows what it has, and what is missing leaves the rest as it is. The techniques' programs of a second folder,
# built with a sanitizer, answer too.
# Usage: tests/compare.sh BUILD-FOLDER [SANITIZED-FOLDER]
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [SANITIZED-FOLDER]}
sanitized=${2:-}
. tests/lib.sh
log=$work/log results=$work/results.jsonl
export RESULTS=$results
level=basic
[ "$(id -u)" != 0 ] || level=full

# run COMMAND...: what it says is in $log, how it ended in $status
run() {
	timeout 120 "$@" >"$log" 2>&1
	status=$?
}
says() { [ $status = "$1" ] && grep -qE "$2" "$log"; }
# Whether a row is there for each of the techniques, or the reason why not; and no answer was wrong, and hardly one
# lost: a busy machine may take longer than the meter waits.
rows() {
	local technique
	for technique; do
		grep -q "\"type\":\"\(run\|skip\)\",\"technique\":\"$technique\"" "$results" || return
	done
	! grep '"type":"run"' "$results" | grep -vE '"lost":[0-9]{1,2},' && ! grep '"type":"run"' "$results" |
		grep -v '"wrong":0,'
}
field() { sed -n "s/.*\"$1\":\([0-9.]*\),.*/\1/p" <<<"$2"; }
# sent is received and lost, in each row
sums() {
	local line
	while read -r line; do
		[ "$(field sent "$line")" = $(($(field received "$line") + $(field lost "$line"))) ] || return
	done < <(grep '"type":"run"' "$results")
}

# -- the programs --
programs=("$bin"/echo-*)
check "there are programs to look at" /dev/null test -x "$bin/echo-sockets"
for program in "${programs[@]}"; do
	name=${program##*/}
	run "$program" --help
	check "$name --help says what it takes" "$log" says 0 "^Usage: $name "
	run "$program"
	check "  nothing given: usage" "$log" says 2 "^Usage: $name "
	run "$program" --no-such-option x
	check "  an option that there is not: usage" "$log" says 2 "there is no option --no-such-option"
	run "$program" a b c
	check "  too much given: usage" "$log" says 2 "one too many: "
done
for name in sockets epoll busy-poll io-uring packet; do
	[ -x "$bin/echo-$name" ] || continue
	run "$bin/echo-$name" no-such-port
	check "echo-$name: an interface that there is not" "$log" \
		says 1 'no interface no-such-port: "ip link"|needs CAP_NET_RAW: run it as root'
done
run "$bin/echo-busy-poll" --microseconds x lo
check "echo-busy-poll: no number" "$log" says 2 'no number of microseconds: x'
run "$bin/echo-busy-poll" lo --microseconds
check "echo-busy-poll: an option without its value" "$log" says 2 'a value is missing after --microseconds'

# on_loopback PROGRAM [LIBRARY]: in a network of its own, where lo has the address
on_loopback() {
	run unshare -rn sh -c 'ip link set lo up && { [ "$1" = "" ] || ip address add "$1" dev lo; } &&
		LD_PRELOAD=$2 timeout 5 "$3" lo' sh "$@"
}
if unshare -rn true 2>/dev/null && command -v ip >/dev/null; then
	on_loopback "" "" "$bin/echo-sockets"
	check "an interface without the address: how to add it" "$log" \
		says 1 'lo has not the address 198.18.0.2: ip address add 198.18.0.2/24 dev lo'
	# kernels that lack a feature, as the programs see them
	cat >"$work/old.c" <<-C
		#include <errno.h>
		int setsockopt(int fd, int level, int name, const void *value, unsigned bytes)
		{
			if (name == 25) return 0;
			errno = ENOPROTOOPT;
			return -1;
		}
		int io_uring_queue_init_params(unsigned entries, void *ring, void *parameters)
		{
			return -EINVAL;
		}
	C
	cc -shared -fPIC -w -o "$work/old.so" "$work/old.c"
	on_loopback 198.18.0.2/24 "$work/old.so" "$bin/echo-busy-poll"
	check "a kernel without busy polling: skipped" "$log" says 77 '^skip: this kernel has no SO_BUSY_POLL'
	on_loopback 198.18.0.2/24 "$work/old.so" "$bin/echo-packet"
	check "a kernel without packet rings: skipped" "$log" says 77 '^skip: this kernel has no TPACKET_V2'
	[ ! -x "$bin/echo-io-uring" ] || on_loopback 198.18.0.2/24 "$work/old.so" "$bin/echo-io-uring"
	check "a kernel with an old io_uring: skipped" "$log" says 77 "^skip: this kernel's io_uring has no "
	# a TAP interface brings frames longer than its MTU, too
	run unshare -rn bash -c '. tests/wait.sh
		ip tuntap add dev tap0 mode tap && ip link set tap0 up || exit 77
		"$1/echo-packet" tap0 >"$2" &
		wait_for grep -q "^ready" "$2"
		for bytes in 1800 64; do
			"$1/compare-meter" --tap tap0 --bytes $bytes --window 4 --seconds 0.3
		done
		kill $!' bash "$bin" "$work/echo"
	[ $status = 77 ] || check "echo-packet: an answer that is too long to send stops no other" "$log" \
		eval 'says 0 "\"bytes\":64,.*\"received\":[1-9]"'
fi

# -- what is missing is told, for each distribution --
run tests/need.sh compare-deps cc -nostdinc
check "missing libraries: their packages" "$log" eval 'says 0 "apt-get install .*liburing-dev.* libxdp-dev" &&
	says 0 "dnf install .*libibverbs|dnf install .*rdma-core-devel" && says 0 "pacman -S .*liburing"'

# -- whole runs --
SECONDS_EACH=0.2 run tests/compare/local.sh "$bin" "$level"
grep FAIL "$log" >"$work/failed"
check "each technique works, or says why not" "$work/failed" eval "[ $status = 0 ] &&
	rows sockets epoll busy-poll io_uring packet-ring dpdk pollux pollux-pipe"
check "  and sent is received and lost" "$results" sums
check "  and there is a table" "$log" grep -q '^echo, 64 bytes, window 64' "$log"
[ -z "$sanitized" ] || {
	TECHNIQUES="sockets epoll busy-poll io_uring packet-ring pollux pollux-pipe" SECONDS_EACH=0.1 \
		run tests/compare/local.sh "$sanitized" basic
	grep FAIL "$log" >"$work/failed"
	check "under a sanitizer too" "$work/failed" eval "[ $status = 0 ] && rows sockets packet-ring pollux"
}

for wrong in "" "$bin" "$bin slow" "$work/none basic"; do
	# shellcheck disable=SC2086
	run tests/compare/local.sh $wrong
	check "wrong usage: local.sh ${wrong//$work\//}" "$log" says 2 'a build folder, and basic or full, are wanted'
done
TECHNIQUES="sockets pigeons" run tests/compare/local.sh "$bin" basic
check "a technique that there is not" "$log" says 2 "has no 'pigeons', but: sockets "
for seconds in 0 -1 1h 1000; do
	SECONDS_EACH=$seconds run tests/compare/local.sh "$bin" basic
	check "SECONDS_EACH=$seconds" "$log" says 2 'SECONDS_EACH is more than 0'
done

# a folder in which one program was not built, and another one fails
mkdir "$work/bin"
ln -s "$PWD/$bin"/{echo-sockets,compare-meter,pollux-model} "$work/bin"
printf '#!/bin/sh\necho "echo-packet: it is \\"broken\\""\nexit 1\n' >"$work/bin/echo-packet"
chmod +x "$work/bin/echo-packet"
echo '{"type":"run","technique":"before"}' >"$results"
TECHNIQUES="epoll packet-ring sockets" SECONDS_EACH=0.1 run tests/compare/local.sh "$work/bin" basic
check "what was not built, and what fails, leaves the rest as it is" "$log" eval "[ $status = 1 ] &&
	rows epoll packet-ring sockets && says 1 'FAIL  packet-ring'"
check "  what the run before had measured is kept" "$results" grep -q '"before"' "$results.before"
if ! grep -q 'no TAP interface can be made' "$log"; then
	check "  with the reason" "$results" eval \
		'grep -q "\"epoll\".*\"why\":\"echo-epoll was not built: make compare-deps\"" "$results" &&
		grep -q "\"packet-ring\".*\"why\":\"echo-packet: it is broken\"" "$results"'
	TECHNIQUES=sockets SECONDS_EACH=2 tests/compare/local.sh "$work/bin" basic >"$log" 2>&1 &
	running=$!
	: >"$results"
	wait_for grep -q '"type":"run"' "$results" # of the first window: the second one is under way
	kill -TERM $running
	check "a run that is broken off ends with status 130" "$log" ended $running 130
	check "  and says so" "$log" grep -q '^broken off: this is what was measured until now' "$log"
	check "  and what it has" "$log" grep -q '^sockets  *[0-9.]* ' "$log"
	check "  and leaves no process" "$log" wait_for eval '! grep -qsF "$work/bin/" /proc/[0-9]*/cmdline'
fi
# -- In the guest: what is counted while nothing comes --
# counts HUNDREDTHS: of a counting that lasted so long, with an idle one of a second before it
counts() { (. tests/compare/costs_guest.sh && without "a=100 b=- c=5 d=7" "a=50 b=3 c=20 d=-" "$1" 100); }
check "what a technique does while nothing comes is taken off" "$log" [ "$(counts 130)" = "a=85 b=- c=0 d=7 " ]
check "  but not of the second in which packets come" "$log" [ "$(counts 100)" = "a=100 b=- c=5 d=7 " ]
end_checks
