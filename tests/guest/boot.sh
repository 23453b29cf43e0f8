# Boots a QEMU guest, does on this side what its script asks for, and brings back what it said. To be sourced by the
# tests of this folder, in the project's top folder. A test sets what differs from here, and calls guest_begin,
# tests/guest/pack.sh, guest_boot, guest_verdict:
#   qemu kernel initramfs   what to boot, and with what
#   memory cpus append      of the machine; more of the kernel's command line
#   host_NAME               a function for each thing that the guest's script asks for by `ask NAME ARGUMENT...`
# (guest_lib.sh has that side)
# shellcheck shell=bash disable=SC2034,SC2100
. tests/wait.sh
guest=build/guest
memory=768M append='' work='' cpus=2
machine=q35
guest_children=()

# A folder for the run, $work, that goes with it, as do all processes that were started by guest_background.
guest_begin() {
	work=$(mktemp -d) || exit 1
	initramfs=$work/initramfs.gz
	trap guest_clean EXIT
	trap 'exit 130' INT TERM
}
guest_clean() {
	trap '' INT TERM # a second signal would leave $work behind
	[ ${#guest_children[@]} = 0 ] || kill "${guest_children[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
# guest_background LOG COMMAND...: $! is its process.
guest_background() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null &
	guest_children+=($!)
}

# guest_model BUILD-FOLDER OPTION...: a software 82599 with two ports, at $work/0 and $work/1; its log is
# $work/model.log. A second one is started with first=2: at $work/2 and $work/3, log $work/model2.log. $model is the
# process.
guest_model() {
	local bin=$1 first=${first:-0} ports log
	shift
	ports=("$work/$first" "$work/$((first + 1))") log=$work/model${first#0}.log
	rm -f "${ports[@]}"
	guest_background "$log" "$bin/pollux-model" --port "${ports[0]}" --port "${ports[1]}" --no-shared "$@"
	model=$!
	wait_for eval '[ -S "${ports[0]}" ] && [ -S "${ports[1]}" ]' && return
	echo "FAIL the software 82599 did not start:"
	cat "$log"
	return 1
}

# The options of QEMU for a card: guest_card NUMBER MODEL. All are in or below slot 0x10 + NUMBER. Conventional PCI can
# be reset behind a bridge only (and Linux 6.12 forgets the bridge's mappings once the card was closed, so that it works
# there once). ixgbe is the port of that number of guest_model: it needs memory that can be shared, and, behind an
# IOMMU, caching-mode=on. On a busy host an answer may take longer than the 5 s that QEMU would wait before it takes the
# card for gone.
guest_card() {
	local port="pcie-root-port,id=rp$1,chassis=$1,slot=$1,addr=0x1$1" \
		card="${2%-bridged},id=c$1,netdev=n$1,mac=52:54:00:00:00:0$1,romfile="
	case $2 in
	e1000 | e1000-8254????) echo "-device $card,bus=pcie.0,addr=0x1$1" ;;
	*-bridged) echo "-device $port -device pcie-pci-bridge,id=br$1,bus=rp$1 -device $card,bus=br$1,addr=1" ;;
	ixgbe) printf '%s {"driver":"vfio-user-pci","bus":"rp%d","socket":{"type":"unix","path":"WORK/%d"},%s}\n' \
		"-device $port -device" "$1" "$1" '"x-msg-timeout":60000' ;;
	*) echo "-device $port -device $card,bus=rp$1" ;;
	esac
}
# Both ports of guest_model.
# shellcheck disable=SC2207
guest_model_ports=($(guest_card 0 ixgbe) $(guest_card 1 ixgbe))
# guest_fetch QEMU/KERNEL...: sees to it that both are there (see cards.sh). 77: they cannot be had, the last line says
# why
guest_fetch() {
	local kind=$1 tree
	tree=${kind#*/}
	tree=${tree%%/*}
	case $tree in
	kernel) tests/guest/fetch_kernel.sh || return ;;
	linux) tests/guest/kernel.sh || return ;;
	*) tests/guest/fetch.sh "$tree" || return ;;
	esac
	case $kind in
	host/*) command -v qemu-system-x86_64 >/dev/null || { echo "skip: no qemu-system-x86_64"; return 77; } ;;
	*) tests/guest/fetch.sh || return ;;
	esac
}
# guest_choose QEMU KERNEL: boots these; $tree is the kernel's
guest_choose() {
	case $1 in host) qemu=qemu-system-x86_64 ;; *) qemu=$guest/qemu.sh ;; esac
	tree=$guest/$2
	kernel=$(echo "$tree"/boot/vmlinuz-*)
	machine=q35,kernel-irqchip=split
}

# guest_runs RUN...: has the test's function run called for each, with what is between its slashes, QEMU KERNEL
# CARD+CARD..., in a subshell. The exit status is 77 where nothing failed, but something cannot be had.
guest_runs() {
	local kind parts begin status=0
	for kind; do
		guest_fetch "$kind" || return $((status ? status : $?))
		begin=$SECONDS
		echo "$kind:"
		IFS=/ read -ra parts <<<"$kind"
		(run "${parts[@]}") || status=1
		echo "$kind took $((SECONDS - begin)) s"
	done
	return $status
}

# guest_testpmd: what pack.sh is told to take DPDK's testpmd along, and dpdk.sh, which starts it; in $testpmd. 77: there
# is none, the last line says so
guest_testpmd() {
	local names='.*/librte_\(net_e1000\|net_ixgbe\|mempool_ring\)\.so\.[0-9]+' plugins
	plugins=$(find /usr/lib/x86_64-linux-gnu -maxdepth 1 -regex "$names")
	if ! command -v dpdk-testpmd >/dev/null || [ -z "$plugins" ]; then
		echo "skip: DPDK is not installed: apt-get install --no-install-recommends dpdk dpdk-dev"
		return 77
	fi
	# shellcheck disable=SC2086
	plugins=$(printf 'plugin:%s ' $plugins /usr/libexec/coreutils/libstdbuf.so)
	testpmd="host:$(command -v dpdk-testpmd) host:tests/guest/dpdk.sh $plugins"
}

# What the guest's script asks of QEMU's monitor.
host_monitor() {
	echo "$*" >&"$guest_monitor"
}
# Answers what comes from the guest's second serial port, until QEMU ends.
guest_answer() {
	local number verb rest guest_monitor
	exec {guest_monitor}<>"$work/monitor.in"
	exec 7<>"$work/ask.in" 8<"$work/ask.out"
	while read -r number verb rest <&8; do
		verb=${verb//[^a-z_]/}
		if [ "$(type -t "host_$verb")" = function ]; then
			# shellcheck disable=SC2086
			"host_$verb" ${rest%$'\r'} >>"$work/host.log" 2>&1
			echo "$number $?" >&7
		else
			echo "$number 127" >&7
		fi
	done
}

# guest_boot QEMU-OPTION...: boots and waits, $GUEST_SECONDS (900) at most, until the guest has ended. Its console is in
# $work/console. An argument may have WORK for the folder of the run. QEMU's translation has been seen to stand still
# before a kernel's first word. Where nothing of ours has a part in that, as all cards are QEMU's own, it starts once
# more; else the guest has failed.
guest_boot() {
	guest_boot_once "$@"
	[ -e "$work/never_began" ] && [ -z "${model:-}" ] || return 0
	echo "the guest's kernel did not come to its script in $guest_begin_seconds s, and no card is ours: once more"
	guest_boot_once "$@"
}
# guest_watch PROCESS: ends a QEMU whose guest has not come to its script in that time.
guest_begin_seconds=${GUEST_BEGIN_SECONDS:-240}
guest_watch() {
	limit=$((20 * guest_begin_seconds)) wait_for grep -q '^GUEST-BEGIN' "$work/serial" 2>/dev/null && return
	touch "$work/never_began"
	kill "$1"
}
# Without no_timer_check a busy host is taken for a broken timer, and the kernel panics.
guest_boot_once() {
	local pipe answer drain watch
	for pipe in ask monitor; do
		rm -f "$work/$pipe".in "$work/$pipe".out
		mkfifo "$work/$pipe".in "$work/$pipe".out || return 1
	done
	: >"$work/serial"
	rm -f "$work/never_began"
	timeout -k 5 "${GUEST_SECONDS:-900}" "${qemu:?}" -nodefaults -no-user-config -display none -no-reboot \
		-machine "$machine,memory-backend=m" -object "memory-backend-memfd,id=m,size=$memory,share=on" \
		-m "$memory" \
		-accel tcg,thread=multi -cpu max -smp "$cpus" -kernel "${kernel:?}" -initrd "$initramfs" \
		-append "console=ttyS0 quiet panic=-1 no_timer_check $append" \
		-serial "file:$work/serial" -chardev "pipe,id=ask,path=$work/ask" -serial chardev:ask \
		-chardev "pipe,id=monitor,path=$work/monitor" -mon chardev=monitor \
		"${@//WORK/$work}" >"$work/qemu.log" 2>&1 </dev/null &
	local running=$!
	guest_children+=("$running")
	guest_answer &
	answer=$!
	cat "$work/monitor.out" >"$work/monitor.log" &
	drain=$!
	guest_watch "$running" &
	watch=$!
	# the first two wait for ever for a QEMU that ended before it opened the pipes
	guest_children+=("$answer" "$drain" "$watch")
	wait "$running"
	guest_status=$?
	kill $answer $drain $watch 2>/dev/null
	wait $answer $drain $watch 2>/dev/null
	tr -d '\r' <"$work/serial" >"$work/console"
}

# Prints what was checked, and how many; fails when anything failed, or the guest's script did not come to its end.
# guest_verdict [CHECKS]: that many at least must have been made
guest_verdict() {
	local passed failed ended
	grep -E '^(ok |FAIL|skip|    > )' "$work/console"
	passed=$(grep -c '^ok ' "$work/console") failed=$(grep -c '^FAIL ' "$work/console")
	ended=$(sed -n 's/^GUEST-END //p' "$work/console")
	if [ "$ended" != 0 ]; then
		failed=$((failed + 1))
		[ "$guest_status" != 124 ] || guest_status="$guest_status: it ran out of its ${GUEST_SECONDS:-900} s"
		[ ! -e "$work/never_began" ] ||
			guest_status+=", its kernel did not come to its script, for which it has $guest_begin_seconds s"
		echo "FAIL the guest's script did not come to its end" \
			"(${ended:+its status $ended, }QEMU's $guest_status); the console ends:"
		tail -n 15 "$work/console" "$work/qemu.log"
	elif [ "$passed" -lt "${1:-1}" ] && [ "$failed" = 0 ]; then
		failed=1
		echo "FAIL only $passed of ${1:-1} things were checked"
	fi
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
