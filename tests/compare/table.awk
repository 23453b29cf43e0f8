# The report as text: what emulation distorts, a table for each cell, the five costs, the claims beside what was
# measured, and where Pollux is not ahead. Needs json.awk and figures.awk before it.

function print_distortions(    i) {
	print "What is not as on a real machine:"
	for (i = 1; i <= distortions; i++)
		if (measured_at(distortion_where[i]))
			wrapped("  - ", distortion[i])
	print ""
}

function print_conditions(    i, text) {
	text = ""
	for (i = 1; i <= condition_count; i++)
		text = text (i > 1 ? ", " : "") condition_name[i] " " conditions[condition_name[i]]
	if (text != "")
		wrapped("Conditions: ", text)
	print ""
}

# range(ROW, MEASURE): least..most in the unit of the median; nothing where there is one value.
function range(row, measure, factor) {
	if (median(row, measure) == "")
		return ""
	return rounds[row] < 2 ? "" : three_digits(least(row, measure) / factor) ".." \
		three_digits(most(row, measure) / factor)
}

function print_cell(cell,    i, row, technique, lines_of) {
	printf "%s (%s)\n", cell_title(cell), cell_place(cell)
	lines_of = "%-14s %6s %-12s %6s %-12s %6s %7s %8s %-12s %5s %6s %4s %4s %5s\n"
	printf lines_of, "", "kpps", " least..most", "p50 us", " least..most", "p99", "p99.9", "CPU us/p",
		" least..most", "CPU %", "rounds", "lost", "late", "wrong"
	for (i = 1; i <= techniques; i++) {
		row = row_of(cell, technique = known_techniques[i])
		if (measured(row))
			printf lines_of, technique, kpps(median(row, "pps")), " " range(row, "pps", 1000),
				us(median(row, "p50")), " " range(row, "p50", 1000), us(median(row, "p99")),
				us(median(row, "p99.9")), three_digits(median(row, "cpu")), " " range(row, "cpu", 1),
				percent(median(row, "share")),
				rounds[row] (rounds[row] < most_rounds ? "/" most_rounds : ""), total[row, "lost"],
				total[row, "late"], total[row, "wrong"]
	}
	for (i = 1; i <= techniques; i++) {
		row = row_of(cell, technique = known_techniques[i])
		if (measured(row) && row_frame[row] != "" && row_frame[row] != cell_field[cell, "bytes"])
			printf "  %s: its frames have %s bytes\n", technique, row_frame[row]
	}
	print ""
}

function print_skips(    i) {
	for (i = 1; i <= skips; i++)
		wrapped(sprintf("  %-15s ", skipped[i]), (was_measured(i) ? "failed once" : "not measured") \
			" (Linux " skip_field[i, "linux"] ", " \
			skip_field[i, "card"] "): " skip_field[i, "why"])
	if (skips)
		print ""
}

function print_costs(    o, i, c, how, shown) {
	if (!cost_rows)
		return
	by_rank()
	print "The five costs, counted, per packet that was answered (runs apart from the timed ones):"
	printf "%-15s %7s %9s %9s %9s %9s %9s %9s %9s %9s\n", "", "window", "system", "context", "bytes", "socket",
		"inter-", "soft", "contended", "packets"
	printf "%-15s %7s %9s %9s %9s %9s %9s %9s %9s %9s\n", "", "", "calls", "switches", "copied", "buffers", "rupts",
		"ones", "locks", "counted"
	for (o = 1; o <= cost_rows; o++) {
		i = cost_order[o]
		printf "%-15s %7s", costed[i], cost_field[i, "window"]
		for (c = 1; c in costs; c++)
			printf " %9s", cost_figure(cost[i, costs[c]])
		printf " %9s\n", cost_field[i, "packets"]
	}
	for (o = 1; o <= cost_rows; o++)
		if (rare_costs(cost_order[o]) != "")
			wrapped("  ", rare_costs(cost_order[o]))
	print_copy_notes("  ")
	for (c = 1; c in costs; c++) {
		split("", shown)
		for (o = 1; o <= cost_rows; o++) {
			how = cost_how[cost_order[o], costs[c]]
			if (!(how in shown))
				wrapped("  " costs[c] ": ", how cost_users(costs[c], how))
			shown[how] = 1
		}
	}
	print ""
}
# Who counted a cost so, each technique once; "" where all did.
function cost_users(name, how,    o, i, users, others) {
	users = ""
	others = 0
	for (o = 1; o <= cost_rows; o++) {
		i = cost_order[o]
		others += cost_how[i, name] != how
		if (cost_how[i, name] == how && index(" " users ",", " " costed[i] ",") == 0)
			users = users (users == "" ? "" : ", ") costed[i]
	}
	return others ? " (" users ")" : ""
}

# The steps of each technique that has some, as a tree: a step stands below the one that calls it.
function print_steps(    i, first, known, k) {
	known = read_known_steps()
	for (first = 1; first <= steps; first++) {
		for (i = 1; i < first && !together(first, i); i++)
			;
		if (i < first)
			continue
		print "The kernel's steps, " step_technique[first] " (" step_place[first] "): us of each packet, and"
		print "of that outside the steps below it. Each was measured alone: a difference of two can be below 0."
		wrapped("", tracer_said(first) "; the interrupts that came meanwhile are in what works on batches.")
		printf "%-34s %8s %8s %8s\n", "", "times", "us", "its own"
		for (k = 1; k <= known; k++)
			for (i = first; i <= steps; i++)
				if (step_name[i] == known_steps[k] && together(first, i))
					print_step(i)
		for (i = first; i <= steps; i++)
			if (!(step_name[i] in step_does) && together(first, i))
				print_step(i)
		print ""
	}
}
function print_step(i) {
	printf "%-34s %8s %8s %8s  %s\n", step_indent(step_name[i], "  ") substr(step_name[i], 1, 32),
		cost_figure(step_hits[i]), three_digits(step_us(i)), three_digits(own_us(i)), step_does[step_name[i]]
}

# The claims, each beside the first cells that have its techniques: round trips at window 1, rates at window 64.
function print_claims(    i, t, technique, slow, fast) {
	if (!cells)
		return
	print "The claims that people come with, as they say them (no source is known), beside what was measured here:"
	printf "%-9s %-10s %-9s  %-14s %14s %16s\n", "", "claim", "claim", "", "p50, window 1", "rate, window 64"
	for (i = 1; i <= claims; i++)
		for (t = 1; t <= techniques; t++) {
			technique = known_techniques[t]
			if (technique !~ ("^(" claim_techniques[i] ")$"))
				continue
			slow = first_cell(technique, 1)
			fast = first_cell(technique, 64)
			if (!slow && !fast)
				continue
			printf "%-9s %-10s %-9s  %-14s %14s %16s  %s\n", claim_of[i], claim_latency[i],
				claim_rate[i], technique, us(median(row_of(slow, technique), "p50")) " us",
				kpps(median(row_of(fast, technique), "pps")) " k/s", cell_place(fast ? fast : slow)
		}
	print "  What a claim's time is (one way, there and back, a packet's share of a batch) is seldom said; measured"
	print "  is the round trip from the meter and back. RDMA's claim is of cards that do it; here it is soft RoCE."
	print ""
}
function first_cell(technique, window,    cell) {
	for (cell = 1; cell <= cells; cell++)
		if (cell_field[cell, "window"] == window && measured(row_of(cell, technique)))
			return cell
	return 0
}

function print_not_ahead(    i, last, where) {
	find_not_ahead()
	if (!cells)
		return
	print "Where Pollux is not ahead" (aheads ? ":" : ": nowhere that it was measured.")
	for (i = 1; i <= aheads; i++) {
		where = cell_title(ahead_cell[i]) " (" cell_place(ahead_cell[i]) ")"
		if (where != last)
			print "  " (last = where)
		wrapped("    " ahead_measure[i] ": ", ahead_technique[i] " " \
			shown_measure(ahead_cell[i], ahead_technique[i], ahead_measure[i]) ", " ahead_ours[i] " " \
			shown_measure(ahead_cell[i], ahead_ours[i], ahead_measure[i]) \
			(ahead_spread[i] ? ", within the spread of the rounds" : "") ". " \
			toupper(substr(ahead_reason[i], 1, 1)) substr(ahead_reason[i], 2))
	}
	for (i = 1; i <= cells; i++)
		if (best_of_ours(i, "pps") == "")
			print "  " cell_title(i) " (" cell_place(i) "): Pollux was not measured"
	print ""
}
function shown_measure(cell, technique, measure,    value) {
	value = median(row_of(cell, technique), measure)
	if (measure == "pps")
		return kpps(value) " kpps"
	return measure == "cpu" ? three_digits(value) " us/packet" : us(value) " us"
}

END {
	read_data()
	print_conditions()
	print_distortions()
	for (cell = 1; cell <= cells; cell++)
		print_cell(cell)
	print_skips()
	print_costs()
	print_steps()
	print_claims()
	print_not_ahead()
	for (i = 1; i <= unsound_runs; i++)
		wrapped("Left out, as its counts do not add up: ", unsound[i])
	printf "%d lines read: %d of conditions, %d runs, %d of costs, %d of steps, %d skips%s\n", lines,
		condition_lines, runs, cost_rows, step_lines, skips,
		refused ? ", and " refused " not understood (cut off, or of another kind)" : ""
}
