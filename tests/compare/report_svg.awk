# The report as a picture: for each kernel, card, job and size of packets, three panels with a row for each technique.
# The scales are logarithmic, as techniques differ a hundredfold. Needs json.awk and figures.awk before it.

function text(x, y, content, more) {
	gsub(/&/, "\\&amp;", content)
	gsub(/</, "\\&lt;", content)
	gsub(/>/, "\\&gt;", content)
	drawing = drawing sprintf("<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, more, content)
}
function line(x1, y1, x2, y2, more) {
	drawing = drawing sprintf("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, more)
}
function log10(value) { return log(value) / log(10) }

# The cell beside CELL with the widest or the smallest window.
function edge_window(cell, widest,    other, found) {
	found = 0
	for (other = 1; other <= cells; other++)
		if (beside(cell, other) && cell_field[other, "window"] != "" &&
			cell_field[other, "load_percent"] == "" &&
			(!found || (widest ? cell_field[other, "window"] > cell_field[found, "window"] : \
			cell_field[other, "window"] < cell_field[found, "window"])))
			found = other
	return found
}

# The decades that hold all values of a panel, in low and high.
function fit(cell, measure, until,    i, row, value) {
	low = 99
	high = -99
	for (i = 1; i <= techniques; i++) {
		row = row_of(cell, known_techniques[i])
		value = least(row, measure)
		if (value != "" && value > 0 && log10(value) < low)
			low = log10(value)
		value = most(row, until)
		if (value != "" && value > 0 && log10(value) > high)
			high = log10(value)
	}
	low = low > 98 ? 0 : floor(low)
	high = high < low ? low + 1 : -floor(-high)
	if (high == low)
		high++
}
function floor(value) { return value < 0 && int(value) != value ? int(value) - 1 : int(value) }
function place(value) { return left + (log10(value) - low) / (high - low) * PANEL }

# panel(LEFT, CELL, MEASURE, UNTIL, FACTOR, TITLE): a dot at the median of MEASURE; a line over its rounds, or to the
# median of UNTIL where that is another measure.
function panel(at, cell, measure, until, factor, title,    i, y, row, value, from, to, decade, side) {
	left = at
	text(left, top - 28, title, "font-weight=\"bold\"")
	fit(cell, measure, until)
	for (decade = low; decade <= high; decade++) {
		value = exp(decade * log(10))
		line(place(value), top - 8, place(value), top + listed * ROW - 4, "stroke=\"#ddd\"")
		text(place(value), top - 12, sprintf("%.6g", value / factor),
			"text-anchor=\"middle\" fill=\"#666\" font-size=\"10\"")
	}
	for (i = 1; i <= listed; i++) {
		y = top + (i - 1) * ROW + 9
		row = row_of(cell, list[i])
		value = median(row, measure)
		if (value == "" || value <= 0)
			continue
		from = measure == until ? least(row, measure) : value
		to = measure == until ? most(row, measure) : median(row, until)
		if (from > 0 && to > 0)
			line(place(from), y, place(to), y,
				"stroke-width=\"3\" stroke-opacity=\"0.4\" stroke=\"" colour(list[i]) "\"")
		else
			to = value
		drawing = drawing sprintf("<circle cx=\"%.1f\" cy=\"%d\" r=\"4.5\" fill=\"%s\"/>\n", place(value), y,
			colour(list[i]))
		side = place(to) > left + PANEL - 34
		text(side ? place(from) - 8 : place(to) + 8, y + 4, three_digits(value / factor),
			"font-size=\"11\"" (side ? " text-anchor=\"end\"" : ""))
	}
}
function colour(technique) {
	return ours(technique) ? "#0b6e4f" : technique == "dpdk" ? "#d98032" : technique ~ /xdp/ ? "#6a5acd" : "#4a6d8c"
}

function block(cell,    wide, narrow, i, skip) {
	wide = edge_window(cell, 1)
	narrow = edge_window(cell, 0)
	if (!wide)
		return
	listed = 0
	for (i = 1; i <= techniques; i++)
		if (measured(row_of(wide, known_techniques[i])) || measured(row_of(narrow, known_techniques[i])))
			list[++listed] = known_techniques[i]
	text(16, top + 4, cell_place(cell) ": " cell_field[cell, "job"] ", " cell_field[cell, "bytes"] " bytes",
		"font-size=\"14\" font-weight=\"bold\"")
	top += 56
	for (i = 1; i <= listed; i++)
		text(128, top + (i - 1) * ROW + 13, list[i], "text-anchor=\"end\" fill=\"" colour(list[i]) "\"" \
			(ours(list[i]) ? " font-weight=\"bold\"" : ""))
	panel(150, wide, "pps", "pps", 1000, "1000 packets/s, window " cell_field[wide, "window"] ": more is better")
	panel(480, narrow, "p50", "p99", 1000, "round trip, us, window " cell_field[narrow, "window"] \
		": less is better")
	panel(810, wide, "cpu", "cpu", 1, "CPU, us/packet, window " cell_field[wide, "window"] ": less is better")
	top += listed * ROW + 20
	for (skip = 1; skip <= skips; skip++)
		if (!was_measured(skip) && skip_field[skip, "linux"] == cell_field[cell, "linux"] &&
			skip_field[skip, "card"] == cell_field[cell, "card"]) {
			text(140, top, "not measured: " skipped[skip] " (" substr(skip_field[skip, "why"], 1, 120) ")",
				"fill=\"#666\" font-size=\"11\"")
			top += 16
		}
	top += 16
	cost_table(wide)
}

# The five costs of this kernel and card at this window, as figures in columns.
function cost_table(cell,    o, i, c, shown, x) {
	shown = 0
	by_rank()
	for (o = 1; o <= cost_rows; o++) {
		i = cost_order[o]
		if (cost_field[i, "linux"] != cell_field[cell, "linux"] ||
			cost_field[i, "card"] != cell_field[cell, "card"] ||
			cost_field[i, "window"] != cell_field[cell, "window"] ||
			cost_field[i, "bytes"] != cell_field[cell, "bytes"])
			continue
		if (!shown++) {
			text(16, top, "Counted per packet, window " cell_field[cell, "window"], "font-weight=\"bold\"")
			top += ROW
			for (c = 1; c in costs; c++) {
				x = costs[c]
				gsub(/_/, " ", x)
				text(90 + c * 140, top, x, "text-anchor=\"end\" fill=\"#666\"")
			}
			top += ROW - 2
		}
		text(128, top, costed[i], "text-anchor=\"end\" fill=\"" colour(costed[i]) "\"" \
			(ours(costed[i]) ? " font-weight=\"bold\"" : ""))
		for (c = 1; c in costs; c++)
			text(90 + c * 140, top, cost_figure(cost[i, costs[c]]), "text-anchor=\"end\"" \
				(ours(costed[i]) ? " font-weight=\"bold\"" : ""))
		top += ROW - 4
	}
	top += shown ? 24 : 0
}

END {
	read_data()
	ROW = 22
	PANEL = 270
	top = 78
	text(16, 26, "One job over many techniques: an echo of UDP packets", "font-size=\"16\" font-weight=\"bold\"")
	text(16, 46, (measured_at("guest") ? "A software card, a translated guest (QEMU TCG), one CPU" : "No card") \
		": rows compare with each other, no figure is a real card's.", "fill=\"#666\"")
	text(16, 62, "Dot: median over the rounds. Line: least to most, for round trips p50 to p99." \
		(conditions["date"] == "" ? "" : " Measured " conditions["date"] "."), "fill=\"#666\"")
	top += 16
	for (cell = 1; cell <= cells; cell++)
		if (leads(cell))
			block(cell)
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1130 %d\" font-family=\"sans-serif\" " \
		"font-size=\"12\">\n", top
	printf "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n%s</svg>\n", drawing
}
