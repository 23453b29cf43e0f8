# The report as one JSON object: all medians, costs and reasons. Needs json.awk and figures.awk before it.

function quoted(text,    out) {
	out = "\""
	while (match(text, /["\\]/)) {
		out = out substr(text, 1, RSTART - 1) "\\" substr(text, RSTART, 1)
		text = substr(text, RSTART + 1)
	}
	return out text "\""
}
function number(value) { return value == "" ? "null" : sprintf("%.15g", value) }
function comma(i) { return i > 1 ? "," : "" }

function put_cell(cell,    i, m, row, technique, count) {
	printf "%s\n{\"linux\":%s,\"card\":%s,\"job\":%s,\"bytes\":%s,\"window\":%s,\"load_percent\":%s", comma(cell),
		quoted(cell_field[cell, "linux"]), quoted(cell_field[cell, "card"]),
		quoted(cell_field[cell, "job"]), number(cell_field[cell, "bytes"]), number(cell_field[cell, "window"]),
		number(cell_field[cell, "load_percent"])
	printf ",\"techniques\":["
	for (i = 1; i <= techniques; i++) {
		row = row_of(cell, technique = known_techniques[i])
		if (!measured(row))
			continue
		printf "%s\n {\"technique\":%s,\"frame_bytes\":%s,\"rounds\":%d", comma(++count), quoted(technique),
			number(row_frame[row]), rounds[row]
		for (m = 1; m in counters; m++)
			printf ",\"%s\":%s", counters[m], number(total[row, counters[m]])
		for (m = 1; m in measures; m++)
			printf ",\"%s\":{\"median\":%s,\"least\":%s,\"most\":%s}", json_name[measures[m]],
				number(median(row, measures[m])), number(least(row, measures[m])),
				number(most(row, measures[m]))
		printf "}"
	}
	printf "]}"
}

function put_costs(i,    c) {
	printf "%s\n{\"technique\":%s,\"linux\":%s,\"card\":%s,\"bytes\":%s,\"window\":%s,\"packets\":%s", comma(i),
		quoted(costed[i]), quoted(cost_field[i, "linux"]), quoted(cost_field[i, "card"]),
		number(cost_field[i, "bytes"]), number(cost_field[i, "window"]), number(cost_field[i, "packets"])
	printf ",\"per_packet\":{"
	for (c = 1; c in costs; c++)
		printf "%s\"%s\":%s", comma(c), costs[c], number(cost[i, costs[c]])
	printf "},\"how\":{"
	for (c = 1; c in costs; c++)
		printf "%s\"%s\":%s", comma(c), costs[c], quoted(cost_how[i, costs[c]])
	printf "}}"
}

END {
	read_data()
	find_not_ahead()
	json_name["pps"] = "pps"
	json_name["p50"] = "p50_ns"
	json_name["p99"] = "p99_ns"
	json_name["p99.9"] = "p99.9_ns"
	json_name["cpu"] = "cpu_us_per_packet"
	json_name["share"] = "cpu_share"
	printf "{\"conditions\":{"
	for (i = 1; i <= condition_count; i++)
		printf "%s%s:%s", comma(i), quoted(condition_name[i]), condition_is_text[condition_name[i]] ? \
			quoted(conditions[condition_name[i]]) : conditions[condition_name[i]]
	printf "},\n\"distortions\":["
	count = 0
	for (i = 1; i <= distortions; i++)
		if (measured_at(distortion_where[i]))
			printf "%s\n%s", comma(++count), quoted(distortion[i])
	printf "],\n\"cells\":["
	for (i = 1; i <= cells; i++)
		put_cell(i)
	printf "],\n\"costs\":["
	for (i = 1; i <= cost_rows; i++)
		put_costs(i)
	printf "],\n\"steps\":["
	for (i = 1; i <= steps; i++)
		printf "%s\n{\"technique\":%s,\"step\":%s,\"hits_per_packet\":%s,\"ns_per_hit\":%s}", comma(i),
			quoted(step_technique[i]), quoted(step_name[i]), number(step_hits[i]), number(step_ns[i])
	printf "],\n\"claims\":["
	for (i = 1; i <= claims; i++)
		printf "%s\n{\"claim\":%s,\"time\":%s,\"rate\":%s}", comma(i), quoted(claim_of[i]),
			quoted(claim_latency[i]), quoted(claim_rate[i])
	printf "],\n\"not_ahead\":["
	for (i = 1; i <= aheads; i++)
		printf "%s\n{\"cell\":%s,\"measure\":%s,\"technique\":%s,\"pollux\":%s,\"within_spread\":%s," \
			"\"reason\":%s}", comma(i),
			quoted(cell_title(ahead_cell[i]) " (" cell_place(ahead_cell[i]) ")"),
			quoted(json_name[ahead_measure[i]]), quoted(ahead_technique[i]), quoted(ahead_ours[i]),
			ahead_spread[i] ? "true" : "false", quoted(ahead_reason[i])
	printf "],\n\"skips\":["
	for (i = 1; i <= skips; i++)
		printf "%s\n{\"technique\":%s,\"linux\":%s,\"card\":%s,\"why\":%s}", comma(i), quoted(skipped[i]),
			quoted(skip_field[i, "linux"]), quoted(skip_field[i, "card"]), quoted(skip_field[i, "why"])
	printf "],\n\"lines\":{\"read\":%d,\"conditions\":%d,\"runs\":%d,\"runs_left_out\":%d,\"costs\":%d," \
		"\"steps\":%d,\"skips\":%d,\"refused\":%d}}\n", lines, condition_lines, runs, unsound_runs, cost_rows,
		step_lines, skips, refused
}
