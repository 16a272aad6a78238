#!/bin/sh
# What people type in front of and behind the name, and what create makes of it.
. "$(dirname "$0")/lib.sh"

story 'an option of create behind the name is not handed to systemd-nspawn'
late() {
	want=$1
	shift
	try jlmkr-create "$@"
	status 2
	one_line_err
	grep -qFe "did you mean '$want'?" "$tmp/err" || fail "no '$want'"
}
late 'jlmkr create --start web' web --start
late 'jlmkr create --distro=fedora --release 43 --start web --bind=/mnt' \
	--distro=fedora web --release 43 --bind=/mnt --start
late 'jlmkr create --config=/x web' web --config=/x
late 'jlmkr create -gi 1 web' web -gi 1
late 'jlmkr create --template=docker web' web --template=docker
late 'jlmkr create --image=/x.tar web' web --image=/x.tar
late 'jlmkr create --dir=/mnt/tank/x web' web --dir=/mnt/tank/x
late 'jlmkr create -v web' web -v
is '' "$(in_host ls -A $jails 2> /dev/null)"
try jlmkr-create -q --dry-run --distro=fedora --release=43 web -q --bind=/mnt/tank --private-users=no
status 0
out_has 'bind=/mnt/tank'
try jlmkr-create -q --dry-run --distro=fedora --release=43 web -- -- systemd.log_level=debug
status 0

story 'a name has no blanks'
try jlmkr-create my jail
status 2
one_line_err
err_has "'jail' is not an option of systemd-nspawn, and the name of a jail cannot contain blanks"

story 'another distribution: its newest release, not the default of Debian'
try jlmkr-create --distro=fedora f9
status 0
err_has 'No release of fedora was asked for: 43 is the newest; --release takes another'
is 'distro=fedora
release=43' "$(in_host grep -e ^distro -e ^release $jails/f9/config)"
try jlmkr-create --dry-run --distro=archlinux a1
status 0
out_has '^# image: archlinux current'
out_has '^release=current$'
try jlmkr-create --dry-run --distro=debian d1
out_has '^release=bookworm$'
err_lacks 'No release'
try sh -c 'printf "distro=fedora\nrelease=43\n" > /tmp/c; jlmkr-create --dry-run -c /tmp/c --distro=archlinux a2'
status 0
out_has '^release=current$'
try sh -c 'echo distro=fedora > /tmp/c; jlmkr-create --dry-run -c /tmp/c a3'
status 0
out_has '^release=43$'

story 'completion offers the images that were kept, and asks no server'
host images '* status 500'
offers() {
	want=$1
	shift
	try bash -c 'eval "$(jlmkr completion bash)"; compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _jlmkr; echo "${COMPREPLY[@]}"' - "$@"
	is "$want" "$(cat "$tmp/out")"
}
requests=$(host requests | wc -l)
offers 'fedora' jlmkr create --distro ''
offers 'fedora' jlmkr create --distro = f
offers '43' jlmkr create --release ''
offers '43' jlmkr-create --distro = fedora --release = 4
offers '' jlmkr create --distro debian --release ''
is "$requests" "$(host requests | wc -l)"
host images

story 'on a terminal a line says what was done; in a pipe and with --quiet nothing does'
talk jlmkr-create --offline --distro=fedora --release=43 t1 < /dev/null
status 0
out_has "^'jlmkr start t1' starts it, 'jlmkr edit t1' changes its config"
talk jlmkr-remove -y t1 < /dev/null
out_has '^t1 removed'
talk jlmkr-create --start d1 < /dev/null
status 0
out_has "^'jlmkr shell d1' opens a shell in it"
for verb in restart stop start; do
	talk jlmkr-$verb d1 < /dev/null
	status 0
	out_has "^d1 .*$(echo $verb | sed s/op/opp/)ed"
	talk jlmkr-$verb -q d1 < /dev/null
	status 0
	out_lacks d1
	[ $verb = restart ] || try jlmkr-$(echo startstop | sed s/$verb//) -q d1
	try jlmkr-$verb d1
	status 0
	err_lacks '^d1 '
done
try jlmkr-remove -y d1
status 0
err_empty
talk sh -c 'mkdir /tmp/bin; jlmkr --install /tmp/bin' < /dev/null
out_has '^jlmkr and a link for each command are in /tmp/bin'
try jlmkr --install /tmp/bin
err_empty

story 'a foreign architecture is warned of before anything is fetched'
try jlmkr-create --distro=fedora --release=43 --arch=s390x s1
status 3
is 'warning: ' "$(head -c 9 "$tmp/err")"
err_has 'it cannot run programs for s390x, and not this jail'

story 'an archive without an init is called by its name'
in_host sh -c 'rm -rf /tmp/r; mkdir -p /tmp/r/etc /tmp/r/usr'
(cd "$tmp" && mkdir -p r/etc r/usr && tar cf r.tar -C r etc usr)
try sh -c 'cat > /tmp/r.tar' < "$tmp/r.tar"
try jlmkr-create --image=/tmp/r.tar none
status 0
err_has 'warning: the archive /tmp/r.tar has no init (/sbin/init): it cannot boot as a jail'
err_lacks debian
finish
