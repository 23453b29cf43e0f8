# Part of linux_ixgbe_guest.sh: from here on the cable damages every tenth frame each way.
# shellcheck shell=sh disable=SC2154
damaged() { # numbered frames: each arrives, or is counted as one with a wrong CRC
	hear /tmp/frames $far_end guest-frames receive eth1 15 || return 1
	snapshot before && guest-frames send eth0 "$far_mac" 500 1000 8 && snapshot after || return 1
	guest-frames send eth0 "$far_mac" 60 1 0 && guest-frames send eth0 "$far_mac" 60 1 0 # one of the two arrives
	wait $hearing
	cat /tmp/frames
	errors=$(grew far rx_crc_errors)
	got=$(sed -n 's/^mark 8: \([0-9]*\) frames.* 0 wrong,.*/\1/p' /tmp/frames)
	echo "$got received, $errors with a wrong CRC," \
		"$(grew far rx_pkts_nic) good ones counted, $(grew far rx_errors) errors"
	[ "$errors" -ge 100 ] && [ $((got + errors)) = 1000 ] && [ "$(grew far rx_pkts_nic)" = "$got" ] &&
		[ "$(grew far rx_errors)" = "$errors" ] &&
		ask wire_grew 1 damaged "$errors" bad_fcs "$errors" in_frames 1000 missed 0
}
ask damage
check "1000 frames, every tenth damaged: rx_crc_errors says how many, none of them is seen" damaged
check "TCP over that cable, 3 MB, not a byte changed" tcp far 192.0.2.2 near
