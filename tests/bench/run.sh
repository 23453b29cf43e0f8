#!/bin/bash
# Runs the benchmark with DPDK's driver in the same rounds. Usage: tests/bench/run.sh BUILD-FOLDER [OPTION...], options
# as bench --help has them. Exit status as the benchmark's; 77: skipped, the last line says why. Without DPDK it runs
# alone.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [OPTION...]}
shift
if [ ! -x "$bin/bench-dpdk" ]; then
	echo "DPDK is not installed, so it is not measured beside Pollux. To have it:" \
		"apt-get install --no-install-recommends dpdk dpdk-dev pkg-config"
	exec "$bin/bench" "$@"
fi
sockets=$(mktemp -d) || exit 1
trap 'rm -rf "$sockets"' EXIT
ports=()
for port in 0 1 2 3 4 5; do ports+=(--device "0000:8$((1 + port / 2)):00.$((port % 2))=$sockets/$port"); done
# 10f7: a backplane port. With 10fb DPDK would bit-bang an SFP+ module's serial interface for seconds.
POLLUX_BENCH_SOCKETS=$sockets tests/preload/run --library "$bin/libpollux-preload.so" --device-id 10f7 "${ports[@]}" \
	-- "$bin/bench-dpdk" "$@"
