# Prints what tests/soak_counts wants to be the same, with both sides, and writes it as JSON rows to the file `json`.
# Exit status 1: something differs, or is missing. Files: values ("name number" a line), then such lines.
function side(text, terms, n, i, sum, sign) {
	n = split(text, terms, / /)
	sign = 1
	for (i = 1; i <= n; i++) {
		if (terms[i] == "+" || terms[i] == "-") {
			sign = terms[i] == "+" ? 1 : -1
			continue
		}
		if (terms[i] !~ /^[0-9]+$/ && !(terms[i] in value)) {
			missing = missing " " terms[i]
			continue
		}
		sum += sign * (terms[i] ~ /^[0-9]+$/ ? terms[i] : value[terms[i]])
	}
	return sum + 0
}
BEGIN {
	fates = "^[ab].(received|filtered|undersize|oversize|bad_fcs|no_descriptor|queue_off|missed|" \
		"undeliverable|not_up|pause|waiting)$"
	sums["a.fates"] = sums["b.fates"] = fates
	sums["a.faults"] = sums["b.faults"] = "^[ab].fault_(address|ring|descriptor|register)$"
	sums["fwd.dropped"] = "^fwd.dropped_"
	sums["gen.strange"] = "^gen.(duplicates|stale|corrupted|foreign)$"
	while ((getline line < ARGV[1]) > 0) {
		split(line, pair, " ")
		value[pair[1]] = pair[2]
		for (sum in sums)
			if (pair[1] ~ "^" substr(sum, 1, index(sum, ".")) && pair[1] ~ sums[sum])
				value[sum] += pair[2]
		# what happened to the cards, whichever it was
		if (sub(/^[ab].incident_/, "", pair[1]))
			value[pair[1]] += pair[2]
	}
	ARGV[1] = ""
	printf "%-56s %16s     %16s\n", "", "left", "right"
}
/^#/ { next }
{
	missing = ""
	left = side($3)
	right = side($4)
	less = $2 == "<" || ($2 != "-" && value[$2 ".incident_self_reset"] > 0)
	good = missing == "" && (left == right || (less && left < right))
	sign = left == right ? "=" : less && left < right ? "<" : "/"
	printf "%-56s %16.0f  %s  %16.0f  %s\n", $1, left, sign, right, \
		good ? (sign != "<" || $2 == "<" ? "" : "so (the card reset itself)") : \
		missing != "" ? "MISSING:" missing : "DIFFERS: " $3 " and " $4
	printf "%s{\"what\":\"%s\",\"left\":%.0f,\"right\":%.0f,\"good\":%s}", (rows++ ? "," : ""), $1, left, \
		right, (good ? "true" : "false") >json
	bad += !good
}
END { exit bad > 0 }
