#!/bin/bash
# Puts a run into hw-docs/packet-way.md: the tables of report.sh --markdown, and the picture compare.svg, which lies
# beside it then. They replace what stands between the chapter's two marker comments.
# Usage: tests/compare/chapter.sh [FILE]   (build/compare/results.jsonl)
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${1:-} in
-h | --help)
	sed -nE '2,/^set/s/^# ?//p' "$0"
	exit 0
	;;
-*) set -- "$1" "$1" ;;
esac
[ $# -le 1 ] || { echo "usage: $0 [FILE]" >&2 && exit 2; }
file=${1:-build/compare/results.jsonl} chapter=hw-docs/packet-way.md
begin='<!-- tests/compare/chapter.sh: begin -->' end='<!-- tests/compare/chapter.sh: end -->'

[ "$(grep -nxF -e "$begin" -e "$end" $chapter | cut -d: -f2- | tr '\n' '|')" = "$begin|$end|" ] ||
	{ echo "$chapter: wants these two lines once, in this order: $begin and $end" >&2 && exit 1; }
# makes the picture, and says what is wrong with FILE
tests/compare/report.sh "$file" >/dev/null && tables=$(tests/compare/report.sh --markdown "$file") || exit 1
cp "$(dirname "$file")/compare.svg" hw-docs/compare.svg || exit 1
{
	sed "\|^$begin\$|q" $chapter
	printf '\n![throughput and round trips of each technique](compare.svg)\n\n%s\n\n' "$tables"
	sed -n "\|^$end\$|,\$p" $chapter
} >$chapter.new && mv $chapter.new $chapter
