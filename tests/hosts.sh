#!/bin/bash
# What "works on" means: makes a minimal tree of each system that the README names, with nothing but git and make added,
# clones HEAD into it, and runs `make demo` and `make check` there, one tree at a time. Ends with a line for each.
# Usage: tests/hosts.sh [TREE...]: debian12 debian13 ubuntu24.04, or all three. Needs root. Logs are kept in
# build/hosts. Environment: DEBIAN_MIRROR (else that of this machine's apt), UBUNTU_MIRROR (else this machine's, else
# http://archive.ubuntu.com/ubuntu); KEEP=1 keeps the trees, 3 GB each. Exit status: 0 all that were run passed, 1 not
# so, or none could be made, 2 usage.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/progress.sh
hosts=$PWD/build/hosts
# "Ubuntu Archive Automatic Signing Key (2018)", with which 24.04 is signed
ubuntu_key=F6ECB3762474EDA9D21B7022871920D1991BC93C

# In a mount and a process namespace of its own: whatever happens, both go with the last process, and nothing stays
# mounted.
if [ "${1:-}" = --inside ]; then
	tree=$2
	shift 2
	# the root itself, not a folder that chroot makes one: in that nobody may make namespaces for users
	mount --bind "$tree" "$tree" && mount -t proc proc "$tree/proc" && mount --rbind /sys "$tree/sys" &&
		mount --rbind /dev "$tree/dev" &&
		mkdir -p "$tree/mnt/host" && cd "$tree" && pivot_root . mnt/host && umount -l /mnt/host || exit 1
	exec /usr/bin/env -i HOME=/root USER=root TERM="${TERM:-dumb}" LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		bash -c 'cd /root/pollux && "$@"' bash "$@"
fi

apt_mirror() { apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -m 1 "/$1/*\$"; }
# What was asked for, as mirror, suite, components and keyring, or why it cannot be made, in $why.
choose() {
	case $1 in
	debian12) suite=bookworm components=main keyring=/usr/share/keyrings/debian-archive-keyring.gpg ;;
	debian13) suite=trixie components=main keyring=/usr/share/keyrings/debian-archive-keyring.gpg ;;
	ubuntu24.04) suite=noble components="main universe" keyring=$hosts/ubuntu.gpg ;;
	esac
	case $1 in
	debian*) mirror=${DEBIAN_MIRROR:-$(apt_mirror debian)} ;;
	ubuntu*) mirror=${UBUNTU_MIRROR:-$(apt_mirror ubuntu || echo http://archive.ubuntu.com/ubuntu)} ;;
	esac
	why="apt on this machine knows no mirror of Debian: name one, DEBIAN_MIRROR=http://..."
	[ -n "$mirror" ] || return
	why="$mirror has no $suite, or cannot be reached"
	reachable || return
	case $1 in ubuntu*) ubuntu_keyring || return ;; esac
	[ -r "$keyring" ] || { why="there is no $keyring"; return 1; }
}
# apt's own way, whatever the mirror is reached by
reachable() {
	timeout 60 /usr/lib/apt/apt-helper -o Acquire::Retries=0 download-file "$mirror/dists/$suite/InRelease" \
		"$hosts/InRelease" >"$hosts/reach.log" 2>&1
}
# Ubuntu's key, out of this machine's package or of Debian's, and it alone: whatever else is in there is not trusted.
ubuntu_keyring() {
	local all=/usr/share/keyrings/ubuntu-archive-keyring.gpg home status=0
	why="Ubuntu's archive key: neither this machine nor its mirror of Debian has the package ubuntu-keyring"
	if [ ! -r $all ]; then
		all=$hosts/ubuntu-keyring$all
		[ -r "$all" ] || DEBIAN_MIRROR=${DEBIAN_MIRROR:-$(apt_mirror debian)} ubuntu_keyring_of_debian || return
	fi
	why="Ubuntu's archive key: $all has none with the fingerprint $ubuntu_key"
	home=$(mktemp -d) || return
	{ gpg --homedir "$home" --batch --import "$all" &&
		gpg --homedir "$home" --batch --export "$ubuntu_key!" >"$keyring" && [ -s "$keyring" ]; } \
		>"$hosts/gpg.log" 2>&1 || status=1
	rm -rf "$home"
	return $status
}
ubuntu_keyring_of_debian() {
	[ -n "$DEBIAN_MIRROR" ] && mmdebstrap --variant=extract --include=ubuntu-keyring \
		--keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
		trixie "$hosts/ubuntu-keyring" "$DEBIAN_MIRROR" >"$hosts/ubuntu-keyring.log" 2>&1
}

# A minimal system, with what a user has typed to begin with: apt-get install git make.
make_tree() {
	local name=$1 tree=$hosts/$1
	rm -rf --one-file-system "$tree"
	# what it mounts goes with it, whatever happens
	unshare --mount --propagation private mmdebstrap --variant=minbase --include=apt,git,make,ca-certificates \
		--keyring="$keyring" "$suite" "$tree" \
		"deb $mirror $suite $components" "deb $mirror $suite-updates $components" || return
	echo "deb [signed-by=/usr/share/keyrings/${name%%[0-9]*}-archive-keyring.gpg] $mirror $suite $components" \
		>"$tree/etc/apt/sources.list"
	sed "s/ $suite / $suite-updates /" "$tree/etc/apt/sources.list" >"$tree/etc/apt/sources.list.d/updates.list"
	cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
	git -c safe.directory='*' bundle create "$tree/root/pollux.bundle" HEAD
}
# inside NAME COMMAND...: as its first process, in a group of its own: signals of the terminal come to us alone, and are
# at their default there.
inside() {
	local tree=$hosts/$1 status
	shift
	set -m
	unshare --mount --pid --fork --kill-child --propagation private tests/hosts.sh --inside "$tree" "$@" \
		</dev/null &
	child=$!
	set +m
	wait $child
	status=$?
	child=
	return $status
}
break_off() {
	[ -z "$child" ] || { kill -KILL $child && wait $child; } 2>/dev/null # all of its namespace goes with it
	[ -z "$name" ] || [ -n "${KEEP:-}" ] || rm -rf --one-file-system "${hosts:?}/$name"
	printf '\ncheck-hosts: broken off\n'
	exit 130
}
clone() { mkdir "$hosts/$1/root/pollux" && inside "$1" git -c advice.detachedHead=false clone -q ../pollux.bundle .; }
into() {
	local log=$1
	shift
	"$@" >"$log" 2>&1
}

# run NAME: demo and check in its tree; $verdict says how that went
run() {
	local name=$1 what begin=$SECONDS
	if ! choose "$name"; then
		verdict="skipped: $why"
		echo "== $name is $verdict"
		return
	fi
	ran=$((ran + 1))
	echo "== $name: a minimal tree of $suite, from $mirror (usually half a minute)"
	if ! alive "the tree of $name" into "$hosts/$name-tree.log" make_tree "$name" || ! clone "$name"; then
		tail -n 20 "$hosts/$name-tree.log"
		verdict="FAILED: no tree could be made" status=1
		return
	fi
	verdict=
	for what in demo check; do
		echo "== $name: make $what"
		if inside "$name" make $what > >(exec tee "$hosts/$name-$what.log") 2>&1; then
			verdict+="$what passed"
		else
			verdict+="$what FAILED" status=1
		fi
		[ $what = check ] || verdict+=", "
	done
	verdict+=" ($(grep -E '^[0-9]+ passed, [0-9]+ failed' "$hosts/$name-check.log" |
		tail -n 1)), $(((SECONDS - begin) / 60)) min"
	rm -rf "$hosts/$name-logs"
	cp -r "$hosts/$name/root/pollux/build/check-logs" "$hosts/$name-logs" 2>/dev/null
	[ -n "${KEEP:-}" ] || rm -rf --one-file-system "${hosts:?}/$name"
}

known=(debian12 debian13 ubuntu24.04)
[ $# -gt 0 ] || set -- "${known[@]}"
for name; do
	[[ " ${known[*]} " == *" $name "* ]] || {
		echo "check-hosts: there is no tree '$name': ${known[*]}" >&2
		exit 2
	}
done
[ "$(id -u)" = 0 ] || { echo "check-hosts: trees with devices in them need root: sudo make check-hosts" >&2; exit 1; }
mkdir -p "$hosts" || exit 1
child='' name=
trap break_off INT TERM
[ -z "$(git -c safe.directory='*' status --porcelain --untracked-files=no)" ] ||
	echo "check-hosts: what is not committed is not tested"
status=0 ran=0 verdicts=()
for name; do
	run "$name"
	verdicts+=("$(printf '%-12s %s' "$name" "$verdict")")
done
printf '%s\n' '' "${verdicts[@]}"
[ $ran != 0 ] || { echo "check-hosts: no tree could be made, so nothing was tested"; status=1; }
exit $status
