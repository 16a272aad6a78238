#!/bin/sh
# A jail whose systemd and bus are a program that lies (evil-bus.c): whatever it says or does
# not say, each command ends in time, says so in words that do nothing to a terminal, and takes
# no more memory than usual.
. "$(dirname "$0")/lib.sh"

root=$jails/evil/rootfs
csi=$(printf '\302\233') rlo=$(printf '\342\200\256')

musl-gcc -static -Os -o "$tmp/evil-bus" "$here/evil-bus.c" || exit 1
musl-gcc -static -Os -o "$tmp/peak" "$here/peak.c" || exit 1
host push "$tmp/peak" /tmp/peak
in_host jlmkr-create -q --distro=fedora --release=43 evil
host push "$tmp/evil-bus" "$root/usr/lib/systemd/systemd"
in_host sh -c "cd $root && chmod 755 usr/lib/systemd/systemd && mkdir -p etc && rm -f etc/os-release"

# A command that is interrupted after 4 s if it has not ended by itself, and killed if it does
# not mind that. The last line of stderr is its memory.
within() {
	begun=$(date +%s)
	try /tmp/peak timeout -s INT -k 40 4 jlmkr "$@"
	[ $(($(date +%s) - begun)) -lt 40 ] || fail 'it takes too long'
	[ "$rc" -ne 137 ] && [ "$rc" -lt 128 ] || fail "status $rc"
	kib=$(tail -n 1 "$tmp/err")
	sed -i '$d' "$tmp/err"
	instrumented || [ "$kib" -le 12288 ] 2> /dev/null || fail "$kib KiB"
	! cat "$tmp/out" "$tmp/err" | LC_ALL=C tr -d '\n' | LC_ALL=C grep -q "[[:cntrl:]]\|$csi\|$rlo" ||
		fail 'it steers the terminal'
	! grep -q '^jlmkr: everything is fine' "$tmp/err" || fail 'somebody else speaks for us'
}

# What the jail does not help with has to fail, and the rest does not mind it.
all_commands() {
	in_host sh -c "echo $1 > $root/evil"
	in_host jlmkr-config -q evil --unset initial_setup
	try timeout 60 jlmkr-start -q evil
	status 0
	in_host jlmkr-config -q evil 'initial_setup=echo hello'
	within exec evil true
	refused
	within shell evil < /dev/null
	refused
	within setup --wait=1 evil
	refused
	within list
	status 0
	out_has '^evil  *True'
	within status --json evil
	status 0
	within stop --timeout=2 evil
	status 0
}

! instrumented || echo 'skip how much memory it takes: this binary takes more'
for what in garbage silent leaves nobody nearly texts deep large floods piles; do
	story "a bus of a jail: $what"
	all_commands $what
done

# os_release SCRIPT: made in the etc of the jail, while it runs.
os_release() {
	in_host sh -ec "cd $root/etc; rm -rf os-release ../usr/lib/os-release; $1" || fail "$1"
	within list
	status 0
	out_has "^evil  *True  *False  *False  *False  *${2:-- } *${3:--} "
	within status --json evil
	status 0
	try timeout 10 machinectl --no-pager --no-legend show evil -p Name
	status 0
}

story 'the os-release of a jail that runs is not what it should be'
in_host sh -c "echo silent > $root/evil"
in_host jlmkr-config -q evil --unset initial_setup
try timeout 60 jlmkr-start -q evil
os_release 'mkfifo os-release'
os_release 'ln -s os-release os-release'
os_release 'truncate -s 10G os-release'
os_release 'mknod os-release c 1 5'
os_release 'ln -s /dev/zero os-release'
os_release 'mkdir os-release'
os_release '(echo ID=evil; echo VERSION_ID=$(head -c 30000000 /dev/zero | tr "\0" x)) > os-release'
os_release 'printf "ID=e\302\233il\nVERSION_ID=1\n" > os-release' - 1
os_release 'printf "ID=e\342\200\256il\nVERSION_ID=1\n" > os-release' - 1
os_release 'printf "ID=small\nVERSION_ID=1\n" > os-release' small 1
in_host jlmkr-stop -q --now evil

finish
