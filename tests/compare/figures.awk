# Collects the lines of results, and has the medians over the rounds. A *cell* is what techniques are compared in: one
# kernel, card, job, size of packets, and window or load. A *row* is a technique in a cell.

BEGIN {
	split("sockets epoll busy-poll io_uring packet-ring af_xdp-copy af_xdp-zc " \
		"af_xdp-zc-busy xdp soft-roce dpdk pollux pollux-pipe", known_techniques, " ")
	for (i = 1; i in known_techniques; i++)
		rank[known_techniques[i]] = i
	techniques = i - 1
	# what is measured of a row, and the path of it in a line
	split("pps p50 p99 p99.9 cpu share", measures, " ")
	path_of["pps"] = "pps"
	path_of["p50"] = "latency_ns/p50"
	path_of["p99"] = "latency_ns/p99"
	path_of["p99.9"] = "latency_ns/p99.9"
	path_of["cpu"] = "cpu_us_per_packet"
	path_of["share"] = "cpu_share"
	split("sent received lost late wrong", counters, " ")
	split("system_calls context_switches bytes_copied skbs interrupts soft_interrupts lock_contentions", costs, " ")
}

{
	lines++
	if (!json_read($0)) {
		refused++
	} else if (json["type"] == "conditions") {
		condition_lines++
		read_conditions()
	} else if (json["type"] !~ /^(run|costs|step|skip)$/ || json["technique"] !~ /^[A-Za-z0-9_.+-]+$/) {
		refused++
	} else {
		know_technique(json["technique"])
		known = json["type"] == "run" ? read_run() : json["type"] == "costs" ? read_costs() : \
			json["type"] == "step" ? read_step() : read_skip()
		refused += !known
	}
}

function know_technique(technique) {
	if (!(technique in rank))
		rank[known_techniques[++techniques] = technique] = techniques
}

function read_conditions(    i, path) {
	for (i = 1; i <= json_count; i++) {
		path = json_path[i]
		if (path == "type" || json[path] == "" || json[path] == "null")
			continue
		if (!(path in conditions))
			condition_name[++condition_count] = path
		conditions[path] = json[path]
		condition_is_text[path] = json_kind[path] == "string"
	}
}

function read_run(    i, cell, row) {
	for (i = 1; i in counters; i++)
		if (!json_number(counters[i]) || json[counters[i]] < 0)
			return 0
	if (!json_number("pps") || json["pps"] < 0 || !json_number("bytes"))
		return 0
	runs++
	if (json["sent"] != json["received"] + json["lost"]) {
		unsound[++unsound_runs] = json["technique"] ", round " json["round"] ": " json["sent"] " sent, " \
			json["received"] " received, " json["lost"] " lost"
		return 1
	}
	cell = cell_of()
	row = cell SUBSEP json["technique"]
	rounds[row]++
	row_frame[row] = json_number("frame_bytes") ? json["frame_bytes"] : ""
	if (rounds[row] > most_rounds)
		most_rounds = rounds[row]
	for (i = 1; i in counters; i++)
		total[row, counters[i]] += json[counters[i]]
	for (i = 1; i in measures; i++)
		if (json_number(path_of[measures[i]]))
			values[row, measures[i]] = values[row, measures[i]] " " json[path_of[measures[i]]]
	return 1
}

# cell_of(): the cell of the line that was read; a new one is entered in the order of appearance.
function cell_of(    cell, field, i) {
	split("linux card job bytes window load_percent", field, " ")
	cell = ""
	for (i = 1; i in field; i++)
		cell = cell (i > 1 ? "\t" : "") (json_kind[field[i]] == "word" ? "" : json[field[i]])
	if (!(cell in cell_number)) {
		cell_number[cell] = ++cells
		cell_name[cells] = cell
		for (i = 1; i in field; i++)
			cell_field[cells, field[i]] = json_kind[field[i]] == "word" ? "" : json[field[i]]
	}
	return cell_number[cell]
}

function read_costs(    i, path) {
	if (!json_number("packets") || json["packets"] <= 0)
		return 0
	costed[++cost_rows] = json["technique"]
	cost_field[cost_rows, "linux"] = json["linux"]
	cost_field[cost_rows, "card"] = json["card"]
	cost_field[cost_rows, "window"] = json["window"]
	cost_field[cost_rows, "bytes"] = json["bytes"]
	cost_field[cost_rows, "packets"] = json["packets"]
	for (i = 1; i in costs; i++) {
		path = "per_packet/" costs[i]
		cost[cost_rows, costs[i]] = json_number(path) ? json[path] : ""
		cost_how[cost_rows, costs[i]] = json_text("how/" costs[i]) ? json["how/" costs[i]] : "not said"
	}
	return 1
}

# by_rank(): numbers of the lines of costs, in the order of techniques, in cost_order[].
function by_rank(    t, i, count) {
	count = 0
	for (t = 1; t <= techniques; t++)
		for (i = 1; i <= cost_rows; i++)
			if (costed[i] == known_techniques[t])
				cost_order[++count] = i
}

# A step that was measured again counts as it was then.
function read_step(    i, place) {
	if (!json_text("step") || !json_number("hits_per_packet") || !json_number("ns_per_hit"))
		return 0
	step_lines++
	place = "Linux " json["linux"] ", " json["card"]
	for (i = 1; i <= steps; i++)
		if (step_technique[i] == json["technique"] && step_place[i] == place && step_name[i] == json["step"])
			break
	if (i > steps)
		steps = i
	step_technique[i] = json["technique"]
	step_place[i] = place
	step_name[i] = json["step"]
	step_hits[i] = json["hits_per_packet"]
	step_ns[i] = json["ns_per_hit"]
	return 1
}

function read_skip() {
	skipped[++skips] = json["technique"]
	skip_field[skips, "linux"] = json["linux"]
	skip_field[skips, "card"] = json["card"]
	skip_field[skips, "why"] = json_text("why") ? json["why"] : "no reason was given"
	return 1
}

# was_measured(SKIP): the technique that was left out has figures all the same: it failed in some of the rounds.
function was_measured(skip,    cell) {
	for (cell = 1; cell <= cells; cell++)
		if (cell_field[cell, "linux"] == skip_field[skip, "linux"] &&
			cell_field[cell, "card"] == skip_field[skip, "card"] && measured(row_of(cell, skipped[skip])))
			return 1
	return 0
}

# sorted(LIST): its numbers in order, in the array ordered[]; returns how many they are.
function sorted(list,    count, i, j, value) {
	count = split(list, ordered, " ")
	for (i = 2; i <= count; i++) {
		value = ordered[i] + 0
		for (j = i - 1; j > 0 && ordered[j] + 0 > value; j--)
			ordered[j + 1] = ordered[j]
		ordered[j + 1] = value
	}
	return count
}

# Of a row and what is measured: over its rounds. Empty where nothing was measured.
function median(row, measure,    count, middle) {
	count = sorted(values[row, measure])
	if (count == 0)
		return ""
	middle = int((count + 1) / 2)
	return count % 2 ? ordered[middle] : (ordered[middle] + ordered[middle + 1]) / 2
}
function least(row, measure) { return sorted(values[row, measure]) ? ordered[1] : "" }
function most(row, measure,    count) { return (count = sorted(values[row, measure])) ? ordered[count] : "" }

# tracer_ns(I): what the tracer takes itself: the least of any step, if one that does next to nothing is there; else 0
function tracer_ns(i,    other, known, ns) {
	ns = step_ns[i]
	known = 0
	for (other = 1; other <= steps; other++)
		if (together(i, other)) {
			known += step_name[other] == "ipv4_mtu"
			ns = step_ns[other] < ns ? step_ns[other] : ns
		}
	return known ? ns : 0
}
function step_us(i) { return step_hits[i] * (step_ns[i] - tracer_ns(i)) / 1000 }
function tracer_said(i) {
	return tracer_ns(i) ? \
		sprintf("The tracer's own time, %.2f us each, is taken off: all that the quickest step took " \
			"(it shows 0)", tracer_ns(i) / 1000) : "The tracer's own time is in them"
}
# own_us(I): without the steps that were measured inside it.
function own_us(i,    other, us_left) {
	us_left = step_us(i)
	for (other = 1; other <= steps; other++)
		if (together(i, other) && step_caller[step_name[other]] == step_name[i])
			us_left -= step_us(other)
	return us_left
}
# step_indent(STEP, BY): BY for each step that STEP stands in.
function step_indent(step, by,    indent) {
	indent = ""
	for (step = step_caller[step]; step in step_caller; step = step_caller[step])
		indent = indent by
	return indent
}
function together(i, other) {
	return step_technique[other] == step_technique[i] && step_place[other] == step_place[i]
}

function row_of(cell, technique) { return cell SUBSEP technique }
function measured(row) { return row in rounds }

# find_cell(CELL, WINDOW): the cell with that window beside CELL, else equal to it; 0 where there is none.
function find_cell(cell, window,    other) {
	for (other = 1; other <= cells; other++)
		if (cell_field[other, "window"] == window && cell_field[other, "load_percent"] == "" &&
			beside(cell, other))
			return other
	return 0
}
# Whether two cells differ in the window or the load only.
function beside(one, other) {
	return cell_field[one, "linux"] == cell_field[other, "linux"] &&
		cell_field[one, "card"] == cell_field[other, "card"] &&
		cell_field[one, "job"] == cell_field[other, "job"] &&
		cell_field[one, "bytes"] == cell_field[other, "bytes"]
}
# leads(CELL): it is the first of those beside it.
function leads(cell,    other) {
	for (other = 1; other < cell; other++)
		if (beside(cell, other))
			return 0
	return 1
}

# -- Pollux, and who is ahead of it --

function ours(technique) { return technique ~ /^pollux/ }
# better(MEASURE, A, B): whether A is at least as good.
function better(measure, a, b) { return measure == "pps" ? a >= b : a <= b }

# best_of_ours(CELL, MEASURE): Pollux's technique with the best median there.
function best_of_ours(cell, measure,    i, technique, value, best, best_value) {
	best = ""
	for (i = 1; i <= techniques; i++) {
		technique = known_techniques[i]
		value = median(row_of(cell, technique), measure)
		if (!ours(technique) || value == "" || (best != "" && better(measure, best_value, value)))
			continue
		best = technique
		best_value = value
	}
	return best
}

# Finds all who are not behind: not_ahead entries, with their reasons. A load is a share of what each technique reached
# by itself, so there they do not have the same to do, and nobody is ahead; nor is who has a busier CPU.
function find_not_ahead(    cell, m, i, technique, measure, best, mine, theirs) {
	for (cell = 1; cell <= cells; cell++)
		for (m = 1; m in measures; m++) {
			measure = measures[m]
			best = best_of_ours(cell, measure)
			if (best == "" || measure == "share" || cell_field[cell, "load_percent"] != "")
				continue
			mine = row_of(cell, best)
			for (i = 1; i <= techniques; i++) {
				technique = known_techniques[i]
				theirs = row_of(cell, technique)
				if (ours(technique) || median(theirs, measure) == "" ||
					!better(measure, median(theirs, measure), median(mine, measure)))
					continue
				ahead_cell[++aheads] = cell
				ahead_measure[aheads] = measure
				ahead_technique[aheads] = technique
				ahead_ours[aheads] = best
				ahead_spread[aheads] = within_spread(mine, theirs, measure)
				ahead_reason[aheads] = reason(technique, measure, cell)
			}
		}
}
function within_spread(mine, theirs, measure) {
	return measure == "pps" ? most(mine, measure) >= least(theirs, measure) : \
		least(mine, measure) <= most(theirs, measure)
}

# Data beside the lines: files of tests/compare, whose columns are parted by tabs. A line that begins with a tab goes on
# with the last column of the one before.
function read_data(    i, count, field, entry) {
	count = data_entries("reasons", entry)
	for (i = 1; i <= count; i++) {
		split(entry[i], field, "\t")
		reason_technique[++reasons] = "^(" field[1] ")$"
		reason_measure[reasons] = "^(" field[2] ")$"
		reason_window[reasons] = "^(" field[3] ")$"
		reason_text[reasons] = field[4]
	}
	count = data_entries("distortions", entry)
	for (i = 1; i <= count; i++) {
		split(entry[i], field, "\t")
		distortion_where[++distortions] = field[1]
		distortion[distortions] = field[2]
	}
	count = data_entries("copies", entry)
	for (i = 1; i <= count; i++) {
		split(entry[i], field, "\t")
		copy_techniques[++copies] = "^(" field[1] ")$"
		copy_note[copies] = field[2]
	}
	count = data_entries("claims", entry)
	for (i = 1; i <= count; i++) {
		split(entry[i], field, "\t")
		claim_of[++claims] = field[1]
		claim_techniques[claims] = field[2]
		claim_latency[claims] = field[3]
		claim_rate[claims] = field[4]
	}
}
# What is known of the kernel's steps: known_steps[] in order, step_caller[], step_does[].
function read_known_steps(    i, count, field, entry) {
	count = data_entries("steps", entry)
	for (i = 1; i <= count; i++) {
		split(entry[i], field, "\t")
		known_steps[i] = field[1]
		step_caller[field[1]] = field[2]
		step_does[field[1]] = field[3]
	}
	return count
}
function data_entries(name, entry,    line, count) {
	count = 0
	while ((getline line < (data "/" name)) > 0)
		if (sub(/^\t+/, " ", line))
			entry[count] = entry[count] line
		else if (line !~ /^(#|$)/)
			entry[++count] = line
	return count
}
function reason(technique, measure, cell,    i) {
	for (i = 1; i <= reasons; i++)
		if (technique ~ reason_technique[i] && measure ~ reason_measure[i] &&
			cell_field[cell, "window"] ~ reason_window[i])
			return reason_text[i]
	return "reason not known"
}
# Where the lines were measured: guest, model (the software card without a guest) or tap.
function measured_at(where,    cell, card) {
	for (cell = 1; cell <= cells; cell++) {
		card = cell_field[cell, "card"]
		if (where == (card == "tap" ? "tap" : card ~ /no guest/ ? "model" : "guest"))
			return 1
	}
	return where == "all"
}

# -- Figures as they are shown --

function wrapped(first, text,    word, count, i, line, blank) {
	blank = first
	gsub(/./, " ", blank)
	line = first
	count = split(text, word, " ")
	for (i = 1; i <= count; i++) {
		if (length(line) + length(word[i]) + 1 > 118 && line != blank) {
			print line
			line = blank
		}
		line = line (line == first || line == blank ? "" : " ") word[i]
	}
	print line
}
function kpps(pps) { return pps == "" ? "-" : sprintf(pps < 9995 ? "%.2f" : pps < 99950 ? "%.1f" : "%.0f", pps / 1000) }
function us(ns) { return ns == "" ? "-" : three_digits(ns / 1000) }
function three_digits(value) {
	value = value > -0.005 && value < 0 ? 0 : value
	return value == "" ? "-" : sprintf(value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value)
}
function spaced(name) {
	gsub("_", " ", name)
	return name
}
# What is less than a thousandth per packet of the row i of costs, as what was counted in all; "": nothing is.
function rare_costs(i,    c, value, text) {
	text = ""
	for (c = 1; c in costs; c++) {
		value = cost[i, costs[c]]
		if (value > 0 && value < 0.001)
			text = text sprintf("%s%s %.0f", text == "" ? "" : ", ", spaced(costs[c]),
				value * cost_field[i, "packets"])
	}
	return text == "" ? "" : sprintf("%s: %s, in all %s packets", costed[i], text, cost_field[i, "packets"])
}
# print_copy_notes(FIRST): of what the bytes copied consist, for the techniques whose bytes were counted.
function print_copy_notes(first,    n, i, t, users) {
	for (n = 1; n <= copies; n++) {
		users = ""
		for (t = 1; t <= techniques; t++)
			for (i = 1; i <= cost_rows; i++)
				if (costed[i] == known_techniques[t] && costed[i] ~ copy_techniques[n] &&
					cost[i, "bytes_copied"] != "") {
					users = users (users == "" ? "" : ", ") costed[i]
					break
				}
		if (users != "")
			wrapped(first, "bytes copied, " users ": " copy_note[n])
	}
}
function cost_figure(value) {
	if (value == "" || value == 0)
		return value == "" ? "-" : "0"
	return value < 0.001 ? "<0.001" : sprintf(value < 99.95 ? "%.3g" : "%.0f", value)
}
function cell_title(cell,    title) {
	title = cell_field[cell, "job"] ", " cell_field[cell, "bytes"] " bytes"
	if (cell_field[cell, "load_percent"] != "")
		return title ", " cell_field[cell, "load_percent"] " % of what each reached"
	return title (cell_field[cell, "window"] == "" ? "" : ", window " cell_field[cell, "window"])
}
# Of the time, in percent
function percent(share) { return share == "" ? "-" : sprintf("%.0f", 100 * share) }
function cell_place(cell) { return "Linux " cell_field[cell, "linux"] ", " cell_field[cell, "card"] }
