#!/bin/sh
# Names that people give: blanks, quotes, newlines, percent and dollar signs in the jailmaker directory,
# in the sources of binds, and in hooks.
. "$(dirname "$0")/lib.sh"

n=0
# tell TITLE NAME: a jailmaker directory of that name, and a bind source beside it.
tell() {
	n=$((n + 1))
	story "$1"
	in_host sh -c 'mkdir -p "/mnt/tank/$1/jailmaker" "/mnt/tank/$1/data"; echo inside > "/mnt/tank/$1/data/file"' - "$2"
	try env JAILMAKER_DIR="/mnt/tank/$2/jailmaker" jlmkr-create -q --image=/tmp/debian.tar.xz "p$n"
	status 0
	if [ -n "${3-}" ]; then
		# Written as a shell word into the config, with the colon of nspawn escaped.
		try env JAILMAKER_DIR="/mnt/tank/$2/jailmaker" jlmkr-config -q "p$n" \
			"systemd_nspawn_user_args=$3" "post_stop_hook=/bin/touch /tmp/stopped-$n" \
			'pre_start_hook=#!/bin/sh
pwd > /tmp/hook-pwd'
		status 0
	fi
	try env JAILMAKER_DIR="/mnt/tank/$2/jailmaker" jlmkr-start -q "p$n"
	status 0
	try env JAILMAKER_DIR="/mnt/tank/$2/jailmaker" jlmkr-exec "p$n" cat /bound/file
	[ -z "${3-}" ] || is inside "$(cat "$tmp/out")"
	[ -z "${3-}" ] || is "/mnt/tank/$2/jailmaker/jails/p$n" "$(in_host cat /tmp/hook-pwd)"
	try env JAILMAKER_DIR="/mnt/tank/$2/jailmaker" jlmkr-list -q
	out_has "^p$n  *True"
	try env JAILMAKER_DIR="/mnt/tank/$2/jailmaker" jlmkr-stop -q "p$n"
	status 0
	[ -z "${3-}" ] || in_host test -e "/tmp/stopped-$n" || fail 'the stop hook did not run'
	try env JAILMAKER_DIR="/mnt/tank/$2/jailmaker" jlmkr-remove -q --yes "p$n"
	status 0
	is '' "$(in_host ls -A "/mnt/tank/$2/jailmaker/jails")"
}

# The small images cannot run a command: the real one, from a file.
try jlmkr-create -q --distro=debian first
try jlmkr-remove -q --yes first
in_host sh -c 'cp /mnt/tank/jailmaker/images/*.tar.xz /tmp/debian.tar.xz'

tell 'blanks' 'my  data pool' '--bind="/mnt/tank/my  data pool/data:/bound"'
tell 'quotes' "it's \"mine\"" "--bind=\"/mnt/tank/it's \\\"mine\\\"/data:/bound\""
tell 'letters of the world' 'Müller 文件' '--bind="/mnt/tank/Müller 文件/data:/bound"'
tell 'percent and dollar signs' '100% $HOME %n ${x}' "--bind='/mnt/tank/100% \$HOME %n \${x}/data:/bound'"
tell 'a leading dash' '--dir=-x' '--bind=/mnt/tank/--dir=-x/data:/bound'
tell 'a colon, escaped for nspawn' 'a:b' "--bind='/mnt/tank/a\\:b/data:/bound'"
tell 'a backslash' 'a\b' "--bind='/mnt/tank/a\\\\b/data:/bound'"
tell 'a newline' 'two
lines'
finish
