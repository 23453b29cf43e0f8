#!/bin/bash
# What the build promises to those who build on it: what the library shows, what it can be part of, what is built again
# and when, what is said when something is missing. tests/readme.sh installs it, and builds the README's application.
# Usage: tests/install.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
log=$work/log

# -- The library: what it shows is what its public headers declare --
headers=$(sed -n '/^PUBLIC_HEADERS := /,/[^\\]$/p' Makefile | sed 's/^PUBLIC_HEADERS := //; s/\\$//')
for header in $headers; do echo "#include \"$header\""; done >"$work/all.c"
gcc -I. -fsyntax-only -aux-info "$work/declared.txt" "$work/all.c"
sed -nE 's#^/\* (\./)?((driver|mempool|vfio)/[a-z/.]*):[0-9]+:N[CF] \*/ extern [^(]*[ *]([a-z_0-9]+) \(.*#\4#p' \
	"$work/declared.txt" |
	sort -u >"$work/named"
sed 's/^/pollux_/' "$work/named" >"$work/declared"
shown() { nm "$@" | awk 'NF == 3 && $2 ~ /[A-Z]/ { print $3 }' | sort -u; }
shown -g --defined-only "$bin/libpollux.a" >"$work/shown"
diff "$work/declared" "$work/shown" >"$log"
check "libpollux.a shows what the public headers declare, by names that begin with pollux_" "$log" \
	[ ! -s "$log" -a "$(wc -l <"$work/shown")" -gt 20 ]

cc -shared -Wl,-z,defs -Wl,--whole-archive "$bin/libpollux.a" -Wl,--no-whole-archive \
	-lnuma -lpthread -o "$work/lib.so" 2>"$log"
check "it becomes part of a shared object" "$log" [ -s "$work/lib.so" ]
shown -D --defined-only "$work/lib.so" | diff "$work/declared" - >"$log"
check "which passes nothing else on" "$log" [ ! -s "$log" ]

# an application that has, in a file without our headers, functions with the names of all of ours, public and inside
{
	cat "$work/named"
	shown -g --defined-only "$bin/libinternal.a" | comm -23 - "$work/declared"
} | sed 's/.*/int &(void) { return 4711; }/' >"$work/names.c"
echo 'int own(void) { return nic_open() == 4711 && pkt_alloc() == 4711; }' >>"$work/names.c"
cat >"$work/main.c" <<'END'
#include "driver/nic.h"
int own(void);
int main(void)
{
	struct nic *nic;
	struct dma_space *space;
	struct pkt_pool *pool;
	struct pkt pkt;
	if (!own() || dma_space_open(&space) || nic_open(&nic, "nowhere", space) >= 0 || !nic_error()[0])
		return 1;
	return pkt_pool_open(&pool, space, 10, -1) || pkt_alloc(pool, &pkt, 1) != 1;
}
END
cc -I. -fpie -pie -w "$work/names.c" "$work/main.c" "$bin/libpollux.a" -lnuma -lpthread -o "$work/names" 2>"$log"
check "an application may have functions of the same names" "$log" \
	[ -x "$work/names" -a "$(wc -l <"$work/names.c")" -gt 100 ]
check "  and runs, as the library does" "$log" "$work/names"

# -- What is compiled again, and when --
make_here() { make --no-print-directory O="$work/build" "$@"; }
object="$work/build/vfio/error.o"
compiles() {
	make_here "$@" "$object" >"$log" 2>&1
	grep -q ' CC .*vfio/error.c' "$log"
}
check "a build compiles" "$log" compiles
check "the same again compiles nothing" "$log" eval "! compiles"
check "nor does WERROR" "$log" eval "! compiles WERROR=1"
check "other CFLAGS do" "$log" compiles CFLAGS=-DOTHER
check "and these again do not" "$log" eval "! compiles CFLAGS=-DOTHER"
check "other CPPFLAGS do" "$log" compiles CPPFLAGS=-DOTHER
check "other LDFLAGS do" "$log" compiles LDFLAGS=-Wl,-O1
check "another compiler does" "$log" compiles CC=clang

check "-flto compiles" "$log" compiles CFLAGS=-flto
check "  but the library's object is machine code" "$log" eval "! readelf -SW $object | grep -q 'gnu\.lto'"

# -- Where it is installed: packagers' DESTDIR, and another PREFIX the next time --
staged() {
	make --no-print-directory BUILD="$(basename "$bin")" DESTDIR="$work/a stage" PREFIX="$2" "${@:3}" \
		"$1" >"$log" 2>&1
}
for prefix in /opt/first /opt/second; do
	check "installs below DESTDIR, as $prefix" "$log" staged install $prefix
	check "  which its pkg-config file names" "$log" \
		grep -qx "prefix=$prefix" "$work/a stage$prefix/lib/pkgconfig/pollux.pc"
done
check "uninstalls one" "$log" staged uninstall /opt/first
check "  and nothing of the other" "$log" \
	[ -z "$(find "$work/a stage/opt/first" ! -type d)" -a -x "$work/a stage/opt/second/bin/pollux-model" ]
for target in install uninstall; do
	for relative in PREFIX LIBDIR; do
		check "a relative $relative: $target refuses" "$log" eval "! staged $target /opt/third $relative=lib64"
		check "  with the reason" "$log" grep -qx "$relative is a path from the root: not 'lib64'" "$log"
	done
done
check "  and nothing was installed" "$log" eval '! ls -d "$work/a stage"*/opt/third "$work/a stagelib64" 2>/dev/null'

# -- What is missing --
# says PATTERN VARIABLE...: make with these fails, and says so
says() {
	local pattern=$1 status
	shift
	make_here "$@" >"$log" 2>&1
	status=$?
	grep -qE -- "$pattern" "$log" && [ $status != 0 ]
}
for header in numa.h pci/pci.h; do
	mkdir -p "$work/${header%.h}/$(dirname $header)"
	echo '#error "missing"' >"$work/${header%.h}/$header"
	package=lib$(basename $header .h)-dev
	check "$header is missing: make names it" "$log" \
		says "^Not found, .*: $header\$" CPPFLAGS="-I$work/${header%.h}"
	check "  and its packages" "$log" grep -qE "apt-get install $package\$" "$log"
	check "  and no compiler has complained" "$log" eval "! grep -q error: $log"
done
check "no compiler: make says so" "$log" says "^There is no C compiler: $work/no-cc is not found" CC="$work/no-cc"
check "  and names the packages, elsewhere too" "$log" grep -q 'dnf install gcc .*pacman -S gcc ' "$log"
check "another architecture: one sentence" "$log" says '^Pollux runs on x86-64 only so far' CPPFLAGS=-U__x86_64__
gcc -U__x86_64__ -I. -fsyntax-only "$work/all.c" 2>"$log"
check "  and from the headers" "$log" grep -q 'error: #error "Pollux runs on x86-64 only so far"' "$log"

mkdir -p "$work/no-pcap/pcap"
echo '#error "missing"' >"$work/no-pcap/pcap/pcap.h"
make_here -n CPPFLAGS="-I$work/no-pcap" >"$work/plan" 2>&1
check "without libpcap the forwarder is built" "$work/plan" grep -q -- "-o $work/build/pollux-fwd " "$work/plan"
check "  and nothing that needs it" "$work/plan" eval "! grep -qE -- '-lpcap|gen_capture' $work/plan"
tests/need.sh without pcap/pcap.h pollux-gen >"$log"
check "  which is said" "$log" grep -q 'without pcap/pcap.h .*pollux-gen.*pollux-model' "$work/plan"
check "  with its package" "$log" grep -q 'apt-get install libpcap-dev' "$log"
mkdir -p "$work/no-http"
echo '#error "missing"' >"$work/no-http/microhttpd.h"
make_here -n CPPFLAGS="-I$work/no-http" >"$work/plan" 2>&1
check "without libmicrohttpd pollux-stats is not built, and all else is" "$work/plan" eval \
	"! grep -qE -- '-lmicrohttpd|stats_http' $work/plan && grep -q -- '-o $work/build/pollux-dump ' $work/plan"
check "  which is said" "$work/plan" grep -q 'without microhttpd.h pollux-stats$' "$work/plan"
tests/need.sh without microhttpd.h pollux-stats >"$log"
check "  with its package" "$log" grep -q 'apt-get install libmicrohttpd-dev' "$log"
make -n man HELP2MAN= >"$log" 2>&1
check "without help2man no page is built, which is said" "$log" \
	eval "grep -q 'without help2man' $log && ! grep -q man.sh $log"

make BUILD=fast >"$log" 2>&1
check "a build that there is not is refused" "$log" \
	eval "[ $? = 2 ] && grep -q 'BUILD=fast: one of release debug ' $log"
make uninstall PREFIX="$work/nowhere" >"$log" 2>&1
check "so is to uninstall from where nothing is" "$log" eval "[ $? = 2 ] && grep -q '^There is no $work/nowhere: ' $log"

# -- What is there to be read --
make help | awk '/^  make / { print $2 }' >"$work/helped"
sed -n '/^\.PHONY:/,/[^\\]$/p' Makefile | tr -d '\\' | xargs -n 1 |
	grep -vxE '\.PHONY:|without-(pcap|http)|changed' >"$work/targets"
grep -vxFf "$work/helped" "$work/targets" >"$log"
check "make help has every target" "$log" [ ! -s "$log" -a -s "$work/targets" ]
for program in fwd gen dump pipe tap stats bind doctor model; do
	tests/man.sh "$bin/pollux-$program" | tr -d '\\' >"$work/page"
	check "pollux-$program's manual page says what it is" "$work/page" \
		grep -qE "^pollux-$program - [a-z]+ " "$work/page"
	"$bin/pollux-$program" --help | grep -oE -- '^ .* --[a-z-]+' | grep -oE -- '--[a-z-]+$' |
		while read -r option; do
		grep -qF -- "$option" "$work/page" || echo "$option is missing"
	done >"$log"
	check "  and has all its options" "$log" [ ! -s "$log" ]
	"$bin/pollux-$program" --help | sed -n '/^Examples:/,/^$/s/^  pollux/pollux/p' | cut -c1-60 >"$work/typed"
	[ ! -s "$work/typed" ] || check "  and its examples stand as they are typed" "$work/page" \
		eval "sed -n '/^.nf/,/^.fi/p' $work/page | cut -c1-60 | grep -cxFf $work/typed |
			grep -qx $(wc -l <"$work/typed")"
done
completes() {
	local wanted=$1
	shift
	(. apps/completion.bash && COMP_LINE="$1 bind ${line-$2}" && COMP_POINT=${#COMP_LINE} &&
		_pollux "$@" 2>/dev/null; printf '%s\n' "${COMPREPLY[@]}") >"$log"
	grep -qxe "$wanted" "$log"
}
check "completion: options with values" "$log" completes --mode= "$bin/pollux-fwd" --mo ""
check "  options without" "$log" completes --no-drop "$bin/pollux-fwd" --no ""
check "  values" "$log" completes macswap "$bin/pollux-fwd" macs --mode
check "  the model's" "$log" completes --exit-when-done "$bin/pollux-model" --ex ""
check "  and its modules" "$log" completes 1g-sx "$bin/pollux-model" 1g --module
check "  pollux-bind's words" "$log" completes restore "$bin/pollux-bind" re ""
ls() { echo 0000:00:1f.6; } # the devices that there are
check "  a PCI address, whose colons part words for bash" "$log" completes 0000:00:1f.6 "$bin/pollux-bind" 0 ""
line=0000:00:1 check "  of which the rest is completed alone" "$log" completes 1f.6 "$bin/pollux-bind" 1 ""
line=0000: check "  from any colon on" "$log" completes 00:1f.6 "$bin/pollux-bind" "" ""
unset -f ls
end_checks
