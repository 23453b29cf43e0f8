# Runs inside the guest: Pollux on two pairs of QEMU's cards through vfio-pci. The wires of cards 0 and 1 end on the
# host, which sends a capture into each; between cards 2 and 3 is a cable. (See cards.sh.)
echo 64 >/proc/sys/vm/nr_hugepages # of 2 MiB

a=$(card 0) b=$(card 1) c=$(card 2) d=$(card 3)
check "four cards are bound to vfio-pci" bind vfio-pci "$a" "$b" "$c" "$d"
no_fault

pollux-fwd --no-drop --packets 518 --duration 60 "$a" "$b" >/tmp/fwd.log 2>&1 &
fwd=$!
FILE=/tmp/fwd.log check "both links come up" wait_for 20 grep -q '^port 1:.*link up' /tmp/fwd.log
ask send
FILE=/tmp/fwd.log check "the capture goes through both ways" ended 60 $fwd 0
way='by group'
[ ! -e /dev/iommu ] || way='by iommufd'
check "$way" grep -q "^port 1:.* $way" /tmp/fwd.log
check "in hugepages" sh -c '! grep -i "no hugepages" /tmp/fwd.log'

# QEMU's 82540EM takes nothing for a second after RCTL was written: two seconds, and a ring for what waits meanwhile
lossless() {
	pollux-gen --quiet --json --duration 60 --ring 4096 --count 3000 --rate 1500 "$@" >/tmp/gen.json &&
		cat /tmp/gen.json && grep -q '"lost":0,' /tmp/gen.json
}
check "the generator's 3000 packets all arrive" lossless "$c" "$d"
check "and the other way, of 1518 bytes" lossless --size 1518 "$d" "$c"
check "the doctor reports on a card, and its link comes up" \
	sh -c "pollux-doctor --card $d >/tmp/report && cat /tmp/report && grep 'ok .*: its link is up' /tmp/report"
FILE=/tmp/report check "  and on its bus" grep -E 'MaxPayload|conventional PCI' /tmp/report

# waits FROM TO CARD-OF-TO: single frames for a thread that sleeps by interrupts, while another waits for the port's
# events. On a busy machine a tenth may come so late that it can't be told who found them
waits() {
	guest-wait "$1" "$2" 50 >/tmp/wait.log 2>&1 &
	wait=$!
	FILE=/tmp/wait.log check "a thread that sleeps until frames come" wait_for 120 grep -q unplug /tmp/wait.log
	FILE=/tmp/wait.log check "  costs less than 1 % of a core" grep -q '^idle: 0\.' /tmp/wait.log
	FILE=/tmp/wait.log check "  and each of 1000 wakes it" \
		grep -qE '^1000 of 1000 frames came, [0-9]{1,2} after' /tmp/wait.log
	FILE=/tmp/wait.log check "  by interrupts" sh -c '! grep "without" /tmp/wait.log'
	monitor set_link "$3" off
	FILE=/tmp/wait.log check "  link off wakes the other" wait_for 20 grep -q 'link down: seen' /tmp/wait.log
	monitor set_link "$3" on
	FILE=/tmp/wait.log check "  and on again" ended 60 $wait 0
	FILE=/tmp/wait.log check "  frames wake it after that, too" grep -q '^100 of 100 ' /tmp/wait.log
	FILE=/tmp/wait.log check "  and are found if no interrupt comes" grep -q '^20 of 20 ' /tmp/wait.log
	FILE=/tmp/wait.log check "  which is noted" grep -q 'packets come without interrupts' /tmp/wait.log
}
waits "$c" "$d" c3
waits "$d" "$c" c2
check "no IOMMU fault" no_fault
for way in "$c $d" "$d $c"; do
	# shellcheck disable=SC2086
	guest-reset $way >/tmp/reset.log 2>&1
	FILE=/tmp/reset.log check "ports are reset in place, in traffic and after a DMA fault, all counted" test $? = 0
	check "  which the IOMMU has refused" sh -c "dmesg -c | grep 'DMAR:.*fault addr'"
done
# A card on conventional PCI, if there is one, is card 2, and is opened first: it has fewer addresses.
grep -q pages=1G /proc/cmdline && check "packets in a page of 1 GiB" guest-pages "$d" "$c"
check "no IOMMU fault" no_fault

running() { grep -q 'rx *[0-9.]*[1-9][0-9.]* [kM]*pps' /tmp/gen.log; }
generate() { # in the background, from card 2 to card 3, until it is stopped
	: >/tmp/gen.log
	pollux-gen --interval 0.2 --rate 5k "$@" "$c" "$d" >>/tmp/gen.log 2>&1 &
	gen=$!
	FILE=/tmp/gen.log check "traffic flows" wait_for 20 running
}

generate
guest-rogue "$b" >/tmp/rogue 2>&1
bus=${b#0000:} # what is behind a bridge to conventional PCI does DMA in the bridge's name: the same bus, slot 0
FILE=/tmp/rogue check "an address that is mapped for nobody is a fault of card 1" \
	sh -c "dmesg | grep 'DMAR:.*fault addr'; dmesg | grep -q 'DMAR:.*\[${bus%%:*}:.*fault addr 0x1234[5-9]'"
dmesg -c >/dev/null
: >/tmp/gen.log
FILE=/tmp/gen.log check "which the others do not notice" wait_for 10 running
monitor set_link c2 off
FILE=/tmp/gen.log check "link off is seen" wait_for 10 grep -q 'port 0: link down' /tmp/gen.log
monitor set_link c2 on
FILE=/tmp/gen.log check "and on again" wait_for 10 grep -q 'port 0: link up' /tmp/gen.log
: >/tmp/gen.log
FILE=/tmp/gen.log check "and traffic goes on" wait_for 10 running
interrupts() { awk '/vfio/ { for (i = 2; i <= 3; i++) n += $i } END { print n + 0 }' /proc/interrupts; }
check "by an interrupt" test "$(interrupts)" -gt 0
kill -9 $gen
wait $gen
check "after kill -9 in traffic the next start is clean" lossless "$d" "$c"
if [ -e /dev/iommu ]; then
	mv /dev/iommu /dev/iommu.not
	check "by group, on the same kernel" lossless "$c" "$d"
	check "really" sh -c "pollux-gen --count 1 $c 2>&1 | grep '^port 0:.* by group'"
	mv /dev/iommu.not /dev/iommu
fi

generate
check "card 3 is unplugged" monitor device_del c3
FILE=/tmp/gen.log check "the generator ends with status 1" ended 20 $gen 1
FILE=/tmp/gen.log check "and says that the device is gone" grep -q "$d: the device is gone" /tmp/gen.log
check "which is let go" wait_for 20 test ! -e "/sys/bus/pci/devices/$d"
check "the others still work" pollux-gen --quiet --count 100 "$c"
check "no IOMMU fault" no_fault
