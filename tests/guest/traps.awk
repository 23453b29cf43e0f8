# Counts the register accesses in a trace of QEMU's (memory_region_ops_read and _write), for bench.sh: writes of
# transmit tails, of receive tails, others, and reads, per packet sent. The packets are counted by the steps of the
# transmit tails: some are lost before they are counted elsewhere.
function hex(text,    n, i) {
	for (i = 3; i <= length(text); i++)
		n = 16 * n + index("0123456789abcdef", substr(text, i, 1)) - 1
	return n
}
{
	for (i = 1; i < NF; i++)
		if ($i == "addr") at = $(i + 1)
		else if ($i == "value") value = $(i + 1)
	register = substr(at, length(at) - 3)
}
/_read / { reads++; next }
# the 82576 has tails for each queue, and those of the first at both places
register ~ /^(2818|c[0-3][159d]8)$/ { receive++; next }
register ~ /^(3818|e[0-3][159d]8)$/ {
	n = written[at]++
	tail[at, n] = hex(value)
	while (size[at] <= tail[at, n]) # of the ring: the power of two above all of its tails
		size[at] = size[at] ? 2 * size[at] : 1
	transmit++
	next
}
{ others++ }
END {
	for (at in written)
		for (n = 1; n < written[at]; n++)
			packets += (tail[at, n] - tail[at, n - 1] + size[at]) % size[at]
	if (packets)
		printf "TRAPS %s %.4f %.4f %.4f %.4f\n", who, transmit / packets, receive / packets, others / packets,
			reads / packets
}
