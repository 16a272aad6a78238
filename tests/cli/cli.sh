# For tests of words and exit statuses: no root, no systemd, a folder as the NAS.
# Source it; $jlmkr is the binary, $world a fresh folder. A test is:
#
#	try NAME STATUS WORD...		run, compare the exit status
#	out 'TEXT'			... and stdout contains it ('' : is empty)
#	err 'TEXT'			... and stderr

: "${JLMKR:=$(dirname "$0")/../../build/out/jlmkr}"
jlmkr=$(realpath "$JLMKR")
world=$(mktemp -d) || exit 1
trap 'rm -rf "$world"' EXIT
unset JAILMAKER_DIR DBUS_SYSTEM_BUS_ADDRESS JLMKR_IMAGE_SERVER JLMKR_IMAGE_KEY
name= failed=

verdict() {
	[ -n "$name" ] || return 0
	if [ -n "$failed" ]; then echo "not ok $name: $failed"; else echo "ok $name"; fi
	name= failed=
}

try() {
	verdict
	name=$1 want=$2
	shift 2
	"$@" >"$world/.out" 2>"$world/.err" </dev/null
	got=$?
	[ "$got" = "$want" ] || failed="status $got, not $want: $(head -n 3 "$world/.err")"
}

holds() {
	if [ -z "$2" ]; then
		[ ! -s "$world/$1" ] || failed="${failed:-$1 is not empty: $(head -n 3 "$world/$1")}"
	else
		grep -qF -- "$2" "$world/$1" || failed="${failed:-no '$2' in $1: $(head -n 3 "$world/$1")}"
	fi
}

out() { holds .out "$1"; }
err() { holds .err "$1"; }
done_testing() { verdict; }
