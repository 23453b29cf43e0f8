# Reads one JSON object a line, in plain awk: its values go into json[PATH], where PATH is made of the names, with "/"
# between them ("latency_ns/p99.9", "list/0"), and the paths in their order into json_path[]. What a line holds may come
# from anywhere, so strings keep printable ASCII only, and a line that is cut off, too long, nested too deep or out of
# range is refused as a whole.

# json_read(LINE): fills json[], with json_kind[] beside it (string, number, word); 0 where the line is no JSON object.
function json_read(line) {
	split("", json)
	split("", json_kind)
	json_count = 0
	json_rest = line
	if (length(line) > 20000 || !json_value("", 0))
		return 0
	return line ~ /^[ \t]*\{/ && json_rest ~ /^[ \t\r]*$/
}

function json_number(path) { return json_kind[path] == "number" }
function json_text(path) { return json_kind[path] == "string" && json[path] != "" }

# json_take(REGULAR EXPRESSION): takes what matches it at the beginning of the rest of the line; 0 where nothing does.
function json_take(expression) {
	sub(/^[ \t]+/, "", json_rest)
	if (!match(json_rest, "^(" expression ")"))
		return 0
	json_token = substr(json_rest, 1, RLENGTH)
	json_rest = substr(json_rest, RLENGTH + 1)
	return 1
}

function json_keep(path, kind, value) {
	json_path[++json_count] = path
	json[path] = value
	json_kind[path] = kind
	return 1
}

function json_value(path, depth) {
	if (depth > 8)
		return 0
	if (json_take("\""))
		return json_string() && json_keep(path, "string", json_token)
	if (json_take("-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?"))
		return json_token + 0 > -1e15 && json_token + 0 < 1e15 && json_keep(path, "number", json_token + 0)
	if (json_take("true|false|null"))
		return json_keep(path, "word", json_token)
	if (json_take("\\{"))
		return json_members(path, depth, 1)
	if (json_take("\\["))
		return json_members(path, depth, 0)
	return 0
}

# Those of an object, which have names, or of an array, which are numbered.
function json_members(path, depth, named,    close_at, count, name) {
	close_at = named ? "\\}" : "\\]"
	if (json_take(close_at))
		return 1
	for (count = 0; ; count++) {
		name = count
		if (named) {
			if (!json_take("\"") || !json_string())
				return 0
			name = json_token
			if (!json_take(":"))
				return 0
		}
		if (!json_value(path == "" ? name : path "/" name, depth + 1))
			return 0
		if (json_take(close_at))
			return 1
		if (!json_take(","))
			return 0
	}
}

# The rest of a string whose opening quote is taken. A newline or a tab becomes a blank, any other character that is
# not printable ASCII a question mark.
function json_string(    text, at, escaped) {
	text = ""
	while (match(json_rest, /["\\]/)) {
		at = RSTART
		text = text substr(json_rest, 1, at - 1)
		escaped = substr(json_rest, at + 1, 1)
		if (substr(json_rest, at, 1) == "\"") {
			json_rest = substr(json_rest, at + 1)
			gsub(/[^ -~]/, "?", text)
			json_token = text
			return 1
		}
		if (escaped == "")
			return 0
		json_rest = substr(json_rest, at + 2)
		if (escaped == "u") {
			if (json_rest !~ /^[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]/)
				return 0
			json_rest = substr(json_rest, 5)
			text = text "?"
		} else {
			text = text (escaped ~ /[bfnrt]/ ? " " : escaped)
		}
	}
	return 0
}
