# bash completion for Pollux's programs: their options, as --help has them, pollux-bind's words, and files.
_pollux()
{
	local words=
	if [[ $2 == -* ]]; then
		words=$("$1" --help 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z][a-z-]*=?' | tr -d ' ,' | sort -u)
	elif [[ $1 == *pollux-bind ]]; then
		words="status bind restore $(ls /sys/bus/pci/devices 2>/dev/null)"
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
	[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}
complete -o default -F _pollux pollux-fwd pollux-gen pollux-pipe pollux-dump pollux-bind pollux-doctor pollux-model
