#!/bin/bash
# Metrics: what programs write with --metrics; pollux-stats, which shows it as text, as JSON and over HTTP; files that
# are none; and strangers on its port.
# Usage: tests/stats.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
log=$work/log

cat >"$work/one.prom" <<'END'
# HELP pollux_rx_packets_total Frames received.
# TYPE pollux_rx_packets_total counter
pollux_rx_packets_total{port="0000:03:00.0",queue="10"} 18446744073709551615
pollux_rx_packets_total{port="0000:03:00.0",queue="2"} 20
pollux_rx_packets_total{port="a\"b\\c\nd"} 0
# HELP pollux_link_up Whether the link is up.
# TYPE pollux_link_up gauge
pollux_link_up 1
# EOF
END
cat >"$work/two.prom" <<'END'
# HELP pollux_rx_packets_total Frames received.
# TYPE pollux_rx_packets_total counter
pollux_rx_packets_total{port="0000:03:00.0",queue="2"} 7
pollux_rx_packets_total{port="0000:04:00.0"} 1e3
# EOF
END
stats() {
	timeout 60 "$bin/pollux-stats" "${@:2}" >"$work/out" 2>"$work/err"
	[ $? = "$1" ]
}

# -- text and JSON --
check "what is not 0, by port and queue in the order of their numbers" "$work/out" eval \
	'stats 0 "$work/one.prom" && diff - "$work/out"' <<-'END'
	of the program
	  link_up                                                     1

	port="0000:03:00.0",queue="2"
	  rx_packets                                                 20

	port="0000:03:00.0",queue="10"
	  rx_packets                               18446744073709551615
END
check "all of it, with sentences" "$work/out" eval 'stats 0 --all --explain "$work/one.prom" &&
	grep -q "^port=\"a" "$work/out" && grep -q " 0  Frames received\.$" "$work/out"'
check "JSON has large counters exactly" "$work/out" eval 'stats 0 --json "$work/one.prom" "$work/two.prom" &&
	grep -q "\"queue\":\"10\"},\"value\":18446744073709551615}" "$work/out"'
check "  labels without escapes" "$work/out" grep -qF '"labels":{"port":"a\"b\\c\u000ad"}' "$work/out"
check "  and of a sample that is in two files, the first" "$work/out" eval \
	'grep -qF "\"queue\":\"2\"},\"value\":20}" "$work/out" && ! grep -q "value\":7}" "$work/out"'

# -- no files of metrics --
# refused SENTENCE FILE: with that, and nothing of it is shown
refused() { check "refused: $1" "$work/err" is_refused "$1" "$2"; }
is_refused() { stats 1 "$2" && grep -qF "pollux-stats: $2: $1" "$work/err" && [ ! -s "$work/out" ]; }
# damaged SENTENCE SED-COMMANDS: one.prom with a change
damaged() {
	sed "$2" "$work/one.prom" >"$work/damaged"
	refused "$1" "$work/damaged"
}
refused "No such file or directory" "$work/none"
refused "it is a folder" "$work"
mkfifo "$work/fifo"
refused "it is no regular file" "$work/fifo"
truncate -s 5M "$work/large"
refused "it has more than 4 MiB" "$work/large"
refused "line 1: this is no text" "$bin/pollux-stats"
: >"$work/nothing"
refused 'its last line is not "# EOF"' "$work/nothing"
cp "$work/one.prom" "$work/cut"
while [ -s "$work/cut" ] && [ "$(wc -c <"$work/cut")" -gt 420 ]; do
	truncate -s -1 "$work/cut"
	stats 1 "$work/cut" || { echo "of $(wc -c <"$work/cut") bytes" >>"$work/uncut" && break; }
done
check "a file that is cut anywhere is refused" "$work/uncut" [ ! -e "$work/uncut" ]
for value in many 0x10 'nan(123)' NaN +Inf 1e999 '1 1700000000' ''; do
	damaged "line 3: a value is one finite decimal number" "3s/[0-9]*\$/$value/"
done
damaged "line 3: labels such as" '3s/"10"/10/'
damaged "line 3: labels such as" '3s/"10"/"10",/'
damaged "line 5: labels such as" '5s/\\n/\\x/'
damaged "line 3: labels such as" '3s/}.*//'
damaged "line 3: labels such as" '3s/,//'
damaged "line 3: labels such as" '3s/queue/q:e/'
damaged "line 3: labels such as" '3s/port/__name__/'
damaged "line 3: labels are wanted in the order of their names, each once" '3s/queue/port/'
damaged "line 3: labels are wanted in the order of their names, each once" '3s/queue/other/'
damaged "line 1: a sentence without a backslash" '1s/received/\\received/'
damaged "line 6: names of pollux-stats' own metrics begin with" 's/pollux_link_up/pollux_stats_file_good/'
damaged "line 3: a sample of the metric whose HELP" '3s/rx/tx/'
damaged "line 1: a TYPE follows the HELP" 1d
damaged "line 2: a metric is a counter or a gauge" '2s/counter/summary/'
damaged "line 10: a metric is there twice" '8r '"$work/one.prom"
damaged "line 4: this is no text" "4s/2/$(printf '\033')/"
damaged "line 4: this is no text" "4s/2/$(printf '\302\205')/"
damaged "line 4: this is no text" "4s/2/$(printf '\377')/"
# metrics NAMES...: a file with these
metrics() {
	seq "$1" | awk '{ print "# HELP m" $1 " x\n# TYPE m" $1 " gauge\nm" $1 " 1" } END { print "# EOF" }' \
		>"$work/many"
}
metrics 2049
refused "line 6146: too many metrics" "$work/many"
{ printf '# HELP m x\n# TYPE m gauge\n'; seq 65537 | sed 's/.*/m{n="&"} 1/'; echo '# EOF'; } >"$work/samples"
refused "line 65539: too many samples" "$work/samples"
check "a bad file spoils no good one" "$work/out" eval 'stats 1 --json "$work/cut" "$work/samples" "$work/one.prom" &&
	grep -q "\"queue\":\"2\"},\"value\":20}" "$work/out"'

# -- a file that comes, grows and goes while one watches --
"$bin/pollux-stats" --watch 0.1 "$work/later" >"$work/watched" 2>"$log" &
watch=$!
check "a file that is not there is waited for" "$work/watched" wait_for grep -q 'later: No such file' "$work/watched"
count=0
while ! grep -q ' [1-9][0-9.]* /s$' "$work/watched" && [ $count -lt 600 ]; do
	count=$((count + 1))
	sed "4s/20/$((count * 10))/" "$work/one.prom" >"$work/new" && mv "$work/new" "$work/later"
	sleep 0.1
done
check "what it grows by is shown" "$work/watched" grep -q ' [1-9][0-9.]* /s$' "$work/watched"
kill -TERM $watch
check "  until SIGTERM" "$work/watched" ended $watch 0
# more than enough samples that comparing each with each takes longer than the limit of 20 s
{ printf '# HELP m_total x\n# TYPE m_total counter\n'; seq 60000 | sed 's/.*/m_total{n="&"} 1/'; echo '# EOF'; } \
	>"$work/samples"
(ulimit -t 20 && exec "$bin/pollux-stats" --watch 1 "$work/samples" >"$work/watched" 2>"$log") &
watch=$!
two_screens() { [ "$(grep -c ' /s$' "$work/watched")" -ge 120000 ]; }
check "what 60,000 samples grow by takes no time" "$log" wait_for two_screens
kill -INT $watch
check "  until SIGINT" "$log" ended $watch 0
rm "$work/watched"

# -- HTTP --
"$bin/pollux-stats" --http 0 "$work/one.prom" "$work/two.prom" "$work/none" >"$work/served" 2>"$log" &
server=$!
wait_for grep -q '^serving ' "$work/served"
port=$(sed -n 's/^serving http:\/\/127.0.0.1:\([0-9]*\)\/metrics$/\1/p' "$work/served")
# http REQUEST: its answer is in $work/answer, without carriage returns
http() {
	local fd
	exec {fd}<>"/dev/tcp/127.0.0.1/$port" || return
	printf '%b' "$1" >&$fd 2>/dev/null
	timeout 20 cat <&$fd 2>/dev/null | tr -d '\r' >"$work/answer"
	exec {fd}>&-
}
trap '' PIPE # who is refused in the middle of a request has not read it all
get="HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
http "GET /metrics $get"
check "GET /metrics" "$work/answer" grep -q '^HTTP/1.1 200 ' "$work/answer"
check "  has Prometheus' type" "$work/answer" grep -q '^Content-Type: text/plain; version=0.0.4' "$work/answer"
sed '1,/^$/d' "$work/answer" >"$work/page"
check "  has each metric once, with the samples of all files" "$work/page" eval \
	'[ "$(grep -c "^# HELP pollux_rx_packets_total " "$work/page")" = 1 ] &&
	[ "$(grep -c "^pollux_rx_packets_total{" "$work/page")" = 4 ]'
check "  and says which file could not be read" "$work/page" grep -qxF \
	"pollux_stats_file_good{path=\"$work/none\"} 0" "$work/page"
! command -v promtool >/dev/null ||
	check "  promtool has nothing to say" "$log" eval 'promtool check metrics <"$work/page" >"$log" 2>&1'
http "HEAD /metrics $get"
check "HEAD has no page" "$work/answer" eval \
	'grep -q "^HTTP/1.1 200 " "$work/answer" && ! grep -q pollux_ "$work/answer"'
for request in "GET /" "GET /metrics/../etc/passwd" "GET /etc/passwd" "GET //metrics"; do
	http "$request $get"
	check "$request is not found" "$work/answer" grep -q '^HTTP/1.1 404 ' "$work/answer"
done
for method in POST PUT DELETE; do
	http "$method /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nConnection: close\r\n\r\nsomething"
	check "$method is refused" "$work/answer" grep -q '^HTTP/1.1 405 ' "$work/answer"
done
http "no request at all\r\n\r\n"
check "what is no request is refused, or not answered" "$work/answer" eval '! grep -q "^HTTP/1.1 200" "$work/answer"'
http "GET /metrics HTTP/1.1\r\nX: $(head -c 40000 /dev/zero | tr '\0' x)\r\n\r\n"
check "so is a head without an end" "$work/answer" eval '! grep -q "^HTTP/1.1 200" "$work/answer"'
# strangers who say a byte a second, which is progress: those beyond the limit are not let in, and all are gone after
# 5 s
slow=()
for _ in $(seq 20); do
	(exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET /metrics HTTP/1.1\r\nX: ' >&3 &&
		while printf x >&3; do sleep 1; done) 2>/dev/null &
	slow+=($!)
done
served_again() { http "GET /metrics $get" && grep -q '^HTTP/1.1 200 ' "$work/answer"; }
check "slow strangers do not keep others out for long" "$work/answer" wait_for served_again
kill "${slow[@]}" 2>/dev/null
check "a port that is taken is a sentence" "$work/err" eval 'stats 1 --http "$port" "$work/one.prom" &&
	grep -q "^pollux-stats: --http: port $port of 127.0.0.1 cannot be had" "$work/err"'
kill -TERM $server
check "it ends with status 0" "$log" ended $server 0

# -- what programs write --
a=vfio-user:$work/a b=vfio-user:$work/b
# sum METRIC: of all its samples in $work/m.prom
sum() { awk -v name="$1{" 'index($0, name) == 1 { sum += $NF } END { print sum + 0 }' "$work/m.prom"; }
# whole: a file of metrics, each once, and promtool agrees where it is
whole() {
	stats 0 --all "$work/m.prom" && [ -z "$(sed 's/ [^ ]*$//' "$work/m.prom" | sort | uniq -d)" ] || return
	! command -v promtool >/dev/null || [ -z "$(promtool check metrics <"$work/m.prom" 2>&1)" ]
}
# total FIELD: of all ports in the JSON total
total() { tail -n 1 "$work/json" | grep -oE "\"$1\":[0-9]+" | awk -F: '{ sum += $2 } END { print sum + 0 }'; }
model --wire 0:source,rate=20k,flows=64,count=2000 --wire 1:source,rate=20k,flows=64,count=1000
"$bin/pollux-fwd" --json -q --queues 2 -r 4096 --metrics "$work/m.prom" $a $b >"$work/json" 2>"$log" &
app=$!
taken() { [ "$(sum pollux_queue_app_rx_packets_total)" = 3000 ]; }
check "a forwarder's metrics come while it runs" "$work/m.prom" wait_for taken
check "  and say so" "$work/m.prom" [ "$(sum pollux_running)" = 2 ]
for _ in $(seq 20); do stats 0 "$work/m.prom" || break; done
check "  and are whole whenever one looks" "$work/err" [ ! -s "$work/err" ]
kill -INT $app
check "it ends with status 0" "$log" ended $app 0
check "  its metrics are whole" "$work/err" whole
check "  and say that it has ended" "$work/m.prom" [ "$(sum pollux_running)" = 0 ]
check "  what was taken is what the totals say" "$work/m.prom" \
	[ "$(sum pollux_queue_app_rx_packets_total)" = "$(total received)" ]
check "  nothing is left beside the file" "$log" [ -z "$(ls "$work"/m.prom.*new 2>/dev/null)" ]
mkdir "$work/folder"
: >"$log"
"$bin/pollux-fwd" -q --metrics "$work/folder/m.prom" $a $b >"$work/json" 2>"$log" &
app=$!
wait_for grep -q 'pollux_running.* 1$' "$work/folder/m.prom"
rm -r "$work/folder"
check "a file that can no longer be written is told" "$log" wait_for grep -q "folder/m.prom: No such file" "$log"
sleep 1.5
kill -INT $app
check "  as a failure in the end" "$log" ended $app 1
check "  and once" "$log" [ "$(grep -c 'folder/m.prom' "$log")" = 1 ]
end_model
model --wire 0:source,rate=20k --wire 1:source,rate=20k
for program in "pipe $a $b" "gen --rate 1k $b" "dump -w $work/dump.pcap $a"; do
	# shellcheck disable=SC2086
	timeout 60 "$bin/pollux-${program%% *}" -q --duration 0.5 --metrics "$work/m.prom" ${program#* } \
		>"$work/json" 2>"$log"
	check "${program%% *}'s metrics are whole" "$work/err" whole
	check "  with its own" "$work/m.prom" grep -qE "^pollux_(queue_)?${program%% *}_[a-z_]*\{" "$work/m.prom"
done
end_model
end_checks
