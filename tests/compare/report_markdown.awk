# The report's figures as tables of a Markdown document, for the first kernel, card, job and size: what
# hw-docs/packet-way.md shows. Needs json.awk and figures.awk before it.

function print_medians(slow, fast,    t, technique) {
	print "| " cell_field[fast, "bytes"] " bytes | packets/s with " cell_field[fast, "window"] \
		" in flight | least to most | CPU us/packet | CPU % | round trip p50, window " \
		cell_field[slow, "window"] " | p99 | CPU % |"
	print "|---|---|---|---|---|---|---|---|"
	for (t = 1; t <= techniques; t++) {
		technique = known_techniques[t]
		if (!measured(row_of(fast, technique)) && !measured(row_of(slow, technique)))
			continue
		printf "| %s | %s k | %s to %s | %s | %s | %s us | %s us | %s |\n", technique,
			kpps(median(row_of(fast, technique), "pps")), kpps(least(row_of(fast, technique), "pps")),
			kpps(most(row_of(fast, technique), "pps")),
			three_digits(median(row_of(fast, technique), "cpu")),
			percent(median(row_of(fast, technique), "share")),
			us(median(row_of(slow, technique), "p50")), us(median(row_of(slow, technique), "p99")),
			percent(median(row_of(slow, technique), "share"))
	}
	print ""
}

function print_costs(window,    o, i, c, rare) {
	print "| per packet, window " window " | system calls | context switches | bytes copied | skbs | " \
		"interrupts | soft interrupts | contended locks |"
	print "|---|---|---|---|---|---|---|---|"
	by_rank()
	rare = ""
	for (o = 1; o <= cost_rows; o++) {
		i = cost_order[o]
		if (cost_field[i, "window"] != window)
			continue
		printf "| %s |", costed[i]
		for (c = 1; c in costs; c++)
			printf " %s |", cost_figure(cost[i, costs[c]])
		print ""
		if (rare_costs(i) != "")
			rare = rare "- " rare_costs(i) "\n"
	}
	print ""
	print_copy_notes("- ")
	print rare == "" ? "" : "\nLess than a thousandth:\n\n" rare
}

function print_steps(    known, k, i) {
	known = read_known_steps()
	wrapped("", tracer_said(1) \
		". What each packet passes has the median, the rest a mean, which has interrupts in it.")
	print ""
	print "| function | what it does | times per packet | us per packet | its own |"
	print "|---|---|---|---|---|"
	for (k = 1; k <= known; k++)
		for (i = 1; i <= steps; i++)
			if (step_name[i] == known_steps[k] && together(1, i))
				printf "| %s`%s` | %s | %s | %s | %s |\n",
					step_indent(step_name[i], "&nbsp; "), step_name[i], step_does[step_name[i]],
					cost_figure(step_hits[i]), three_digits(step_us(i)),
					three_digits(own_us(i))
}

# As paragraphs: what the figures are of, and what is not in them as on a real machine.
function print_around(    i, text) {
	text = ""
	for (i = 1; i <= condition_count; i++)
		text = text (i > 1 ? ", " : "") condition_name[i] " " conditions[condition_name[i]]
	if (text != "")
		wrapped("", "**Measured with:** " text ".")
	print "\n**Not as on a real machine:**\n"
	for (i = 1; i <= distortions; i++)
		if (measured_at(distortion_where[i])) {
			wrapped("", distortion[i])
			print ""
		}
}

END {
	read_data()
	print_around()
	fast = find_cell(1, 64) ? find_cell(1, 64) : 1
	slow = find_cell(1, 1) ? find_cell(1, 1) : 1
	if (cells)
		print_medians(slow, fast)
	if (cost_rows)
		print_costs(cell_field[fast, "window"])
	if (steps)
		print_steps()
}
