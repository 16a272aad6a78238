#!/bin/sh
# What is printed: neutral on a terminal whatever is in it, quiet when nobody reads it, and
# honest when it cannot be written.
tests=$(realpath "$(dirname "$0")/..")
. "$(dirname "$0")/cli.sh"
cd "$world" || exit 1
export JAILMAKER_DIR="$world/jm" DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent

csi=$(printf '\302\233')		# U+009B, CSI in one character
rlo=$(printf '\342\200\256')	# U+202E, from right to left
esc=$(printf '\033')
nl='
'
mkdir -p jm/jails/web/rootfs/etc jm/jails/odd/rootfs/etc
printf 'startup=1\n' > jm/jails/web/config
printf 'ID=deb%s31m\nVERSION_ID=12\n' "$csi" > jm/jails/web/rootfs/etc/os-release
printf 'startup=1\nnonsense%s31m%s=1\n' "$csi" "$rlo" > jm/jails/odd/config
printf 'ID=debian\n' > jm/jails/odd/rootfs/etc/os-release

# No byte of what was printed does anything to a terminal.
tame() {
	! LC_ALL=C tr -d '\n' < "$world/$1" | LC_ALL=C grep -q "[[:cntrl:]]\|$csi\|$rlo" ||
		failed="${failed:-$1 steers the terminal: $(od -c "$world/$1" | head -n 5)}"
}

try a-name 2 "$jlmkr" "x$esc[2J$csi${nl}jlmkr: everything is fine"
err "unknown command 'x\\x1b[2J\\u009b\\njlmkr: everything is fine'"
tame .err
try list 0 "$jlmkr" list
out 'web  -       True'
tame .out
tame .err
try list-as-json 0 "$jlmkr" list --json
tame .out
try check 1 "$jlmkr" config --check odd
out 'nonsense\u009b31m\u202e'
tame .out
try check-as-json 1 "$jlmkr" config --check --json odd
out '"severity":"warning"'
out '"kind":"unknown key"'
printf 'docker_compatible=1\n' > "$world/hints"
try hints-are-no-problems 0 "$jlmkr" config --check "$world/hints"
out "hints:1: hint: 'docker_compatible' no longer does anything"
try warning 0 "$jlmkr" config odd startup=0
tame .err

# Programs get a value as it is, a terminal does not.
printf 'user=%s\n' "systemd_nspawn_user_args=--setenv=X='$esc[2J$csi'" | sed 's/^user=//' > jm/jails/web/config
try value 0 "$jlmkr" config web systemd_nspawn_user_args
out "$esc[2J$csi"
if command -v python3 > /dev/null; then
	terminal() { python3 "$tests/host/terminal" "$@" < /dev/null | tr -d '\r'; }
	for words in 'config web systemd_nspawn_user_args' 'config web'; do
		try "terminal: $words" 0 terminal "$jlmkr" $words
		out '\x1b[2J\u009b'
		tame .out
	done
fi

# unread STATUS COMMAND...: who reads its output has gone before it begins.
unread() {
	want=$1
	shift
	{ sleep 0.2; "$@" 2> "$world/.err"; echo $? > "$world/status"; } | true
	got=$(cat "$world/status")
	[ "$got" = "$want" ] || failed="${failed:-status $got, not $want}"
	! grep -q 'ipe\|standard output' "$world/.err" || failed="${failed:-it speaks of it}"
}
for words in help 'help stop' --list --version 'completion bash' list 'list --json' 'config web' \
	'config web startup' 'config --check odd' 'create --template list' 'stop --help'; do
	try "unread: $words" 0 true
	unread 141 "$jlmkr" $words
	unread 141 sh -c 'trap "" PIPE; exec "$@"' sh "$jlmkr" $words
done

# The work goes on when only its notes are not read.
try unread-notes 0 true
{ sleep 0.2; "$jlmkr" list > "$world/.out" 2>&3; echo $? > "$world/status"; } 3>&1 | true
out 'web  '
[ "$(cat "$world/status")" = 0 ] || failed="${failed:-status $(cat "$world/status")}"

if [ -c /dev/full ]; then
	for words in help --list list 'list --json' 'config web' 'completion bash'; do
		try "full: $words" 1 sh -c 'exec "$@" > /dev/full' sh "$jlmkr" $words
		err 'write to standard output: No space left on device'
	done
fi
done_testing
