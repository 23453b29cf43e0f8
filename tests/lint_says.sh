#!/bin/bash
# The reading path is counted as tests/reading_path.awk says, and what makes its list untrue is found.
# Usage: tests/lint_says.sh
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib.sh
out=$work/out
cat >"$work/a.h" <<'C'
/* A state. */
struct state {
	int n;
};
void step(struct state *state);

#define TWICE(x) \
	((x) + (x))
C
cat >"$work/a.c" <<'C'
static int helper(int n)
{
	/* not counted twice: other() */

	return TWICE(n);
}

/* Two lines of comment
 * count, a blank line does not. */
void step(struct state *state)
{
	state->n = helper(state->n);
	other("helper(", state->other);
}
C
cat >"$work/c.c" <<'C'
#define MAKE(name, text) \
	void name(void) \
	{ \
		other(text, 0); \
	}

MAKE(made, helper)
C
echo 'void other(const char *text, int n) { }' | sed 's/ { }/\n{\n}/' >"$work/b.c"

# path LINE...: what the parser says of a list with these lines; $status
path() {
	printf '%s\n' "part all" "$@" >"$work/list"
	awk -v list="$work/list" -f tests/reading_path.awk "$work"/*.[ch] >"$out" 2>&1
	status=$?
}
says() { [ $status = "$1" ] && grep -qF "$2" "$out" && [ "$(grep -c '^reading path:' "$out")" = "${3:-0}" ]; }

state="$work/a.h: struct state TWICE" code="$work/a.c: step helper" rest="$work/b.c"
path "limit 21" "$state" "$code" "$rest"
check "definitions are counted with their comments" "$out" says 0 '21, at most 21'
path "limit 20" "$state" "$code" "$rest"
check "a path that grew fails" "$out" says 1 'it grew by 1 lines' 1
path "limit 21" "$state" "$code" "$rest" "$work/b.c: gone"
check "what is not there any more fails" "$out" says 1 "there is no $work/b.c:gone" 1
path "limit 21" "$state" "$work/a.c: step" "$rest"
check "a function that is called, and not listed, fails" "$out" says 1 "step calls $work/a.c:helper" 1
path "limit 21" "$work/c.c"
check "nor may one that a macro calls be missing" "$out" says 1 "MAKE calls $work/b.c:other" 1
path "limit 6" "$work/c.c: MAKE" "aside other"
check "a macro is counted" "$out" says 0 '5, at most 6'
path "limit 21" "$state" "$work/a.c: step" "aside helper other"
check "set aside it does not" "$out" says 0 'at most 21'
path "limit 21" "$state" "$code" "$rest" "aside nobody"
check "nobody is aside whom nobody calls" "$out" says 1 'nothing on the path calls nobody' 1
end_checks
