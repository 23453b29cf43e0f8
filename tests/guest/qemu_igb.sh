#!/bin/bash
# QEMU has an 82576 from 8.0 on: where this machine's is older, a newer one of Debian's is fetched (60 MB) and kept in
# build/guest. Exit status 77: none could be had, as the last line says.
cd "$(dirname "$0")/../.." || exit 1
qemu-system-x86_64 -device help 2>/dev/null | grep -q '^name "igb"' && exit
tests/guest/fetch.sh --only qemu && exit
echo "no QEMU with an 82576: this machine's is older than 8.0, and no newer one could be fetched"
exit 77
