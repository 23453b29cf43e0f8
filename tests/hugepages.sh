#!/bin/sh
# Sees to it that some 2 MiB hugepages are free, where it may; says what it does, and what happens without.
# Usage: tests/hugepages.sh PAGES
set -eu

wanted=$1
sys=/sys/kernel/mm/hugepages/hugepages-2048kB
[ -r $sys/free_hugepages ] || {
	echo "hugepages: this kernel has none; using ordinary pages (slower, nothing else changes)"
	exit 0
}
free=$(cat $sys/free_hugepages)
[ "$free" -ge "$wanted" ] && exit 0
total=$(($(cat $sys/nr_hugepages) + wanted - free))
if [ "$(id -u)" = 0 ]; then
	echo "hugepages: reserving $total of 2 MiB (echo $total > /proc/sys/vm/nr_hugepages)"
	echo "$total" >/proc/sys/vm/nr_hugepages 2>/dev/null || true
elif sudo -n true 2>/dev/null; then
	echo "hugepages: reserving $total of 2 MiB (sudo: echo $total > /proc/sys/vm/nr_hugepages)"
	echo "$total" | sudo tee /proc/sys/vm/nr_hugepages >/dev/null || true
else
	echo "hugepages: none free, and no root to reserve some; using ordinary pages (slower, nothing else changes)."
	echo "           With them: echo $total | sudo tee /proc/sys/vm/nr_hugepages"
	exit 0
fi
[ "$(cat $sys/free_hugepages)" -ge "$wanted" ] ||
	echo "hugepages: the kernel found only $(cat $sys/free_hugepages) free; ordinary pages serve for the rest"
