#!/bin/bash
# Lines of code without comments and blank lines, per room, beside the size that was aimed at; files that grow too long; and formatting.
cd "$(dirname "$0")/.." || exit 1
shopt -s extglob # for rooms that share a folder

code_lines() { cat "$@" 2>/dev/null | gcc -fpreprocessed -dD -E -P -x c - 2>/dev/null | grep -cv '^[[:space:]]*$'; }

printf '%-28s %6s %6s\n' room lines aim
while read -r aim name files; do
	# shellcheck disable=SC2086
	printf '%-28s %6d %6d\n' "$name" "$(code_lines $files)" "$aim"
done <<'ROOMS'
13500 library driver/*.[ch] driver/*/*.[ch] driver/*/*/*.[ch] vfio/*.[ch] vfio/*/*.[ch] mempool/*.[ch]
2900 vfio vfio/*.[ch] vfio/kernel/*.[ch] vfio/user/*.[ch]
630 vfio/host vfio/host/*.[ch]
1100 mempool mempool/*.[ch]
1000 driver,shared driver/!(pipe).[ch]
1300 driver,ring driver/ring/*.[ch]
1150 driver,pipe driver/pipe.h driver/pipe/*.[ch]
3000 driver/ixgbe driver/ixgbe/*.[ch]
2100 driver,gigabit driver/gigabit/*.[ch] driver/gigabit/chips/*.[ch]
250 apps/fwd apps/fwd.c
900 apps/gen apps/gen.c apps/gen_*.c
250 apps/pipe apps/pipe.c
250 apps/dump apps/dump.c
450 apps/bind apps/bind.c
450 apps/doctor apps/doctor.c
1300 apps,shared apps/app*.[ch]
6500 model/card tests/model/card/*.[ch]
1300 model/server tests/model/server/*.[ch]
1800 model/wire tests/model/wire/*.[ch]
1500 model,programs tests/model/*.[ch]
ROOMS
echo
git ls-files '*.c' '*.h' | while read -r file; do
	lines=$(wc -l <"$file")
	[ "$lines" -gt 800 ] && echo "$file has $lines lines: is it still one idea?"
done
if command -v clang-format >/dev/null; then
	bad=$(git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror 2>&1 | grep -c 'error:')
	echo "clang-format: $bad places differ (make format)"
fi
