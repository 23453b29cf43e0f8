# bash completion for Pollux's programs: their options, as --help has them, pollux-bind's words, and files.
_pollux()
{
	local words= word=$2 option=$3
	[[ $2 != = ]] || word=
	[[ $3 != = ]] || option=${COMP_WORDS[COMP_CWORD - 2]}
	[[ $2 != = ]] || option=$3
	case $option in
	--mode) words="io mac macswap rxonly txonly icmpecho" ;;
	--simd) words="auto scalar avx2 avx512" ;;
	--rss) words="symmetric udp symmetric,udp" ;;
	--pause) words="rx tx rx,tx" ;;
	--poll) words="busy adaptive" ;;
	--offloads) words="rx-checksum tx-checksum vlan-strip tx-checksum,vlan-strip" ;;
	--tests) words="throughput latency loss back-to-back" ;;
	--speed) words="10M 100M 1G 2.5G 5G 10G" ;;
	--card)
		if [[ $1 == *pollux-doctor ]]; then
			words=$(ls /sys/bus/pci/devices 2>/dev/null)
			word=${COMP_LINE:0:COMP_POINT} word=${word##*[ =]}
		else
			words="82599 x540 x550"
		fi
		;;
	--quirk) words=$("$1" --help 2>/dev/null | sed -n '/^  --quirk /,/^  --module /s/^      \([a-z-]*\) .*/\1/p') ;;
	--module)
		words=$("$1" --help 2>/dev/null |
			sed -n '/^  --module /,/^  --break /s/^      \([a-z0-9-]*\) .*/\1/p')
		;;
	--break) words=$("$1" --help 2>/dev/null | sed -n '/^  --break /,/^$/s/^      \([a-z-]*\) .*/\1/p') ;;
	esac
	if [[ -n $words ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		COMPREPLY=("${COMPREPLY[@]#"${word%"$2"}"}")
		return
	fi
	if [[ $2 == -* ]]; then
		words=$("$1" --help 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z][a-z-]*=?' | tr -d ' ,' | sort -u)
	elif [[ $1 == *pollux-bind ]]; then
		words="status bind restore $(ls /sys/bus/pci/devices 2>/dev/null)"
		# bash parts words at colons: what it completes is an address's last part alone
		word=${COMP_LINE:0:COMP_POINT} word=${word##* }
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	COMPREPLY=("${COMPREPLY[@]#"${word%"$2"}"}")
	[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}
complete -o default -F _pollux pollux-fwd pollux-gen pollux-rfc2544 pollux-pipe pollux-dump pollux-tap pollux-stats \
	pollux-bind pollux-doctor pollux-model
