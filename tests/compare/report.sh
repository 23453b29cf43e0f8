#!/bin/bash
# Reports on lines of results (README.md beside this says what they hold): a table to read, and beside FILE the same
# figures as compare.json and the picture compare.svg. A file that was cut off by an interruption does.
# Usage: tests/compare/report.sh [--markdown] [FILE]   (build/compare/results.jsonl)
#   --markdown: prints what hw-docs/packet-way.md has instead: conditions, distortions, tables
set -u
caller=$PWD
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
form=table
[ "${1:-}" != --markdown ] || { form=report_markdown && shift; }
case ${1:-} in
-h | --help)
	sed -nE '2,/^set/s/^# ?//p' "$0"
	exit 0
	;;
-*) set -- "$1" "$1" ;;
esac
[ $# -le 1 ] || { echo "usage: $0 [--markdown] [FILE]" >&2 && exit 2; }
file=${1:-build/compare/results.jsonl}
[[ $# = 0 || $file = /* || $caller = "$PWD" ]] || file=$caller/$file
[ -r "$file" ] || { echo "$file: there are no results to read; make compare writes them" >&2 && exit 1; }
folder=$(dirname "$file")

report() {
	awk -v data=tests/compare -f tests/compare/json.awk -f tests/compare/figures.awk -f "tests/compare/$1" <"$file"
}
report $form.awk || exit 1
[ $form = table ] || exit 0
for kind in json svg; do
	report "report_$kind.awk" >"$folder/compare.$kind.new" || exit 1
	mv "$folder/compare.$kind.new" "$folder/compare.$kind" || exit 1
done
echo "The same as data: $folder/compare.json; as a picture: $folder/compare.svg"
! grep -qF '"cells":[],' "$folder/compare.json" || { echo "$file: nothing was measured" >&2 && exit 1; }
