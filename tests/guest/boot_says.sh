#!/bin/bash
# guest_boot itself, with a QEMU that is none: what it does with a guest that never comes to its script.
# Usage: tests/guest/boot_says.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
GUEST_BEGIN_SECONDS=1
. tests/guest/boot.sh
. tests/lib.sh
log=$work/log

# It is silent so many times, and then a guest that ends well; what it was given tells it where the console is.
cat >"$work/qemu" <<'QEMU'
#!/bin/bash
serial=$(printf '%s\n' "$@" | sed -n 's/^file://p')
echo >>"$SILENT.times"
[ "$(wc -l <"$SILENT.times")" -gt "$(cat "$SILENT")" ] || exec sleep 60
printf 'GUEST-BEGIN\r\nok a thing\r\nGUEST-END 0\r\n' >>"$serial"
QEMU
chmod +x "$work/qemu"
export SILENT=$work/silent
# boots TIMES [MODEL]: with a guest that is silent so often
boots() {
	rm -f "$SILENT.times"
	echo "$1" >"$SILENT"
	(
		fake=$work/qemu
		guest_begin
		qemu=$fake kernel=none model=${2:-}
		guest_boot
		guest_verdict
	) >"$log" 2>&1
}
check "a guest that begins is booted once" "$log" eval 'boots 0 && [ "$(wc -l <"$SILENT.times")" = 1 ]'
check "one that is silent is booted again, which is told" "$log" \
	eval 'boots 1 && grep -q "did not come to its script in 1 s, and no card is ours: once more" "$log"'
check "but not twice" "$log" eval '! boots 2 && [ "$(wc -l <"$SILENT.times")" = 2 ]'
check "  and why is told" "$log" grep -q "^FAIL .*its kernel did not come to its script, for which it has 1 s" "$log"
check "nor one with a card of ours" "$log" eval '! boots 1 4711 && [ "$(wc -l <"$SILENT.times")" = 1 ]'
end_checks
