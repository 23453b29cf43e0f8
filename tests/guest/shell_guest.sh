# Runs inside the guest: shows the cards and what to type, and gives a shell. (See shell.sh.)
option() { sed -n "s/.*\<$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
echo 64 >/proc/sys/vm/nr_hugepages # of 2 MiB
mkdir -p /root /etc /usr/share/misc
echo 'root:x:0:0::/root:/bin/sh' >/etc/passwd
[ ! -e /data/pci.ids ] || ln -s /data/pci.ids /usr/share/misc/pci.ids
a=$(card 0) b=$(card 1) c=$(card 2) d=$(card 3)

cat >/etc/banner <<BANNER

Four cards ($(option cards)) behind a virtual IOMMU, with two cables: $a to $b, and $c to $d.
64 hugepages are reserved. What to type next, line by line:

  pollux-bind
  pollux-bind bind $a $b $c $d
  pollux-doctor $a $b $c $d
  pollux-gen --rate 5k --count 10000 $a $b     # over the first cable
  pollux-fwd --quiet $b $c &     # a forwarder between the two cables
  pollux-gen --rate 5k --count 10000 $a $d     # through it
  kill %1     # the forwarder says its totals
  pollux-gen --replay /data/mixed.pcap $a $b     # a real capture
  pollux-bind restore $a $b $c $d

$(case $(option cards) in e1000*) echo "QEMU counts short frames (7 in that capture) as bad, too, though it delivers
them, and may leave 4 bytes per packet out of tx.
"; esac)
Each program has --help. Ctrl-C ends a program, 'exit' (or Ctrl-A and then X) the guest; 'cat /etc/banner' shows this
again.

BANNER
cat >/etc/profile <<'PROFILE'
cd /root
PS1='pollux-guest# '
PROFILE
pollux-bind
cat /etc/banner
rows=$(option rows) columns=$(option columns)
[ "$rows" = 0 ] || stty rows "$rows" cols "$columns"
export HOME=/root TERM=linux
setsid cttyhack sh -l
poweroff -f
