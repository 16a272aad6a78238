#!/bin/sh
# A bare create asks: on a terminal, through a pipe, and until the answers end.
. "$(dirname "$0")/lib.sh"

# Each question, as it ends, and an answer.
cat > "$tmp/asked" <<'END'
with a template\? \[no\] $	n
bookworm\? \[Y/n\] $	n
Distribution: \[debian\] $	fedora
Release: \[43\] $	
Name of the jail: $	web
Intel or AMD GPU through to it\? \[y/N\] $	y
NVIDIA GPU through to it\? \[y/N\] $	n
Enter for none: $	--bind=/mnt/tank --setenv="A=b c"
when 'jlmkr startup' runs\? \[y/N\] $	y
once it is created\? \[Y/n\] $	n
Create it\? \[Y/n\] $	y
END
questions=$(wc -l < "$tmp/asked")
answers() { head -n "$1" "$tmp/asked" | cut -f2; }
# The talk up to question N, which is waited for.
talk_until() {
	head -n "$(($1 - 1))" "$tmp/asked" | sed 's/^/< /; s/\t/\n> /'
	sed -n "$1s/^/< /;$1s/\t.*//p" "$tmp/asked"
}
config() { in_host grep -v '^#' "$jails/$1/config"; }
in_host sh -c 'mkdir /dev/dri; touch /dev/nvidia0'
# The folders and locks of a first use may stay.
try jlmkr-create -q --distro=fedora --release=43 first
inventory > "$tmp/before"
unchanged() {
	inventory > "$tmp/after"
	diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something was made'
}

story 'the answers ending at any question: nothing is made'
n=0
while [ $n -lt "$questions" ]; do
	answers $n > "$tmp/answers"
	try jlmkr create < "$tmp/answers"
	status 1
	is 'jlmkr create: nothing was created: the input ended' "$(tail -n 1 "$tmp/err")"
	n=$((n + 1))
done
unchanged

story '^C at any question: nothing is made'
n=1
while [ $n -le "$questions" ]; do
	{ talk_until $n; printf '>> \003\n'; } > "$tmp/talk"
	talk_deaf env TERM=dumb jlmkr-create < "$tmp/talk"
	status 130
	out_has 'nothing was created: interrupted'
	n=$((n + 1))
done
unchanged

story '^D at any question: nothing is made'
n=1
while [ $n -le "$questions" ]; do
	{ talk_until $n; printf '>> \004\n'; } > "$tmp/talk"
	talk env TERM=dumb jlmkr-create < "$tmp/talk"
	status 1
	out_has 'nothing was created: the input ended'
	n=$((n + 1))
done
unchanged

story 'on a terminal that knows nothing but lines'
{ talk_until "$questions"; echo '> y'; } > "$tmp/talk"
talk env TERM=dumb jlmkr create < "$tmp/talk"
status 0
out_lacks "$(printf '\033')"
out_has 'jail  *web, in /mnt/tank/jailmaker/jails/web'
out_has 'GPU  *Intel, AMD'
is 'startup=1
gpu_passthrough_intel=1
gpu_passthrough_nvidia=0' "$(config web | head -n 3)"
config web | grep -q '^systemd_nspawn_user_args=--bind=/mnt/tank$' || fail 'no --bind'

story 'the command line for the next time makes the same jail'
again=$(sed -n 's/\r//; s/^  \(jlmkr create .*\)/\1/p' "$tmp/out")
try sh -c "$(echo "$again" | sed 's/ web / again /')"
status 0
is "$(config web)" "$(config again)"
in_host rm -r $jails/web $jails/again

story 'wrong answers are told why and asked again'
in_host ip link add br7 type bridge
cat > "$tmp/answers" <<'END'
perhaps
yes
n
n
fedoro
9
fedora
42
43

-web
a b
first
web
maybe
n
n
/mnt/tank
--bind="/mnt/tank
--bind=/not/there
--network-bridge=br9
--start
--bind=/mnt/tank
n
n
y
END
try jlmkr create < "$tmp/answers"
status 0
for reason in 'y for yes or n' "did you mean 'fedora'" "'9' is not in the list" \
	"'' cannot be the name of a jail" "begins with a dash" "only have letters" \
	'a jail first already' "'/mnt/tank' is not a flag" 'quot' "Which one? A name of the list, or 'own'" \
	'--bind=/not/there: there is no /not/there' \
	'there is no interface br9; the bridges of this machine: br7$' \
	"--start is an option of 'jlmkr create'"; do
	err_has "$reason"
done
is 'systemd_nspawn_user_args=--bind=/mnt/tank' "$(config web | grep '^systemd_nspawn_user')"
in_host rm -r $jails/web

story 'the last question is whether to make it'
printf 'n\nn\nfedora\n43\nweb\n\n\n\n\nn\nn\n' > "$tmp/answers"
try jlmkr create < "$tmp/answers"
status 1
err_has 'Create it? .Y/n. n'
is 'jlmkr create: nothing was created: as you answered' "$(tail -n 1 "$tmp/err")"
err_lacks 'without questions'
in_host test ! -e $jails/web || fail 'it was made'

story 'Enter all the way: debian bookworm, running'
try jlmkr create <<'END'


plain






END
status 0
err_has 'plain runs'
try jlmkr-list -o name,running,os,version
out_has '^plain  *True  *debian  *12'
try jlmkr-remove --yes plain

story 'a GPU that is not there is not asked for'
in_host sh -c 'rmdir /dev/dri; rm /dev/nvidia0'
printf 'n\ny\nweb\n' > "$tmp/answers"
try jlmkr create < "$tmp/answers"
status 1
err_has 'Enter for none'
! grep -q 'Intel or AMD' "$tmp/err" || fail 'the GPU was asked for'

story 'what the options say is not asked'
printf 'n\nweb\nn\n' > "$tmp/answers"
try jlmkr create --distro=fedora --release=43 --startup=0 --start < "$tmp/answers"
status 1
err_has 'Enter for none'
printf 'n\nweb\n\n' > "$tmp/answers"
try jlmkr create --distro=fedora --release=43 --startup=0 --dry-run --start < "$tmp/answers"
status 0
out_has '^# image: fedora 43 default amd64, build 20'
err_has ' --dry-run .*--start .*web$'
unchanged_but_devices() { in_host test ! -e $jails/web || fail 'it was made'; }
unchanged_but_devices
expect_status 2 jlmkr create --config - < /dev/null

story 'a template is pasted into an editor, until it can be used'
in_host sh -c 'cat > /tmp/editor' <<'END'
#!/bin/sh
cp "/tmp/paste.$(cat /tmp/round)" "$1"
echo $(($(cat /tmp/round) + 1)) > /tmp/round
END
in_host sh -c 'chmod +x /tmp/editor; echo 1 > /tmp/round; cd /tmp
	echo startup=maybe > paste.1; echo > paste.2; echo startap=1 > paste.4
	printf "# mine\ndistro=fedora\nrelease=43\nseccomp=0\n" > paste.3'
printf 'own\ny\n\nweb\n\n\nn\ny\n' > "$tmp/answers"
try env EDITOR=/tmp/editor VISUAL= jlmkr create < "$tmp/answers"
status 0
err_has 'line 1'
err_has 'Nothing was pasted'
err_has "config=$jails/web/config ANOTHER-NAME"
is '# mine
distro=fedora
release=43
seccomp=0' "$(in_host cat $jails/web/config)"
is '' "$(in_host sh -c 'ls -d /tmp/jlmkr-* 2> /dev/null')"
in_host rm -r $jails/web

story 'an unknown key of a template is told before it is too late'
printf 'own\nk\n' > "$tmp/answers"
try env EDITOR='cp /tmp/paste.4' VISUAL= jlmkr create < "$tmp/answers"
status 1
err_has "line 1: unknown key 'startap'"
err_has 'Edit again, keep the text as it is, or drop it. .E/k/d. k'
err_has 'Name of the jail'
printf 'own\nd\n' > "$tmp/answers"
try env EDITOR='cp /tmp/paste.4' VISUAL= jlmkr create < "$tmp/answers"
status 1
err_has 'nothing was created: the template was dropped'

story 'a template that is given up'
in_host sh -c 'echo 1 > /tmp/round'
printf 'own\nn\n' > "$tmp/answers"
try env EDITOR=/tmp/editor VISUAL= jlmkr create < "$tmp/answers"
status 1
err_has 'nothing was created: the template cannot be used: '
try env EDITOR=false VISUAL= jlmkr create < "$tmp/answers"
status 1
is '' "$(in_host sh -c 'ls -d /tmp/jlmkr-* 2> /dev/null')"
unchanged_but_devices

story 'folders and the start at boot are asked with a template, too'
printf 'docker\nbr9\nbr7\nweb\n--bind=/mnt/tank --setenv="A=b c"\ny\nn\ny\n' > "$tmp/answers"
try jlmkr create --distro=fedora --release=43 < "$tmp/answers"
status 0
err_has 'no interface br9; the bridges of this machine: br7$'
err_has 'template  *docker$'
err_has 'at boot  *started$'
err_has "release=43 --startup=1 --config=$jails/web/config ANOTHER-NAME"
is '# The system calls are those that runc needs
systemd_nspawn_user_args=--resolv-conf=bind-host
    --network-bridge=br7
    --system-call-filter='"'add_key keyctl bpf'"'
    --bind=/mnt/tank
    --setenv='"'A=b c'" "$(in_host sed -n '/^# The system/,/setenv/p' $jails/web/config)"
is startup=1 "$(in_host grep ^startup $jails/web/config)"
in_host rm -r $jails/web
printf 'docker\nbr7\nweb\n\n\nn\ny\n' > "$tmp/answers"
try jlmkr create --distro=fedora --release=43 < "$tmp/answers"
status 0
err_has ' --template=docker --set=bridge=br7 web$'
in_host rm -r $jails/web

story 'without the server there is what the cache has'
printf 'n\nn\ndebian\n\n' > "$tmp/answers"
host images '* status 404'
try jlmkr create < "$tmp/answers"
err_has 'these are the images in the cache'
err_has 'Name of the jail'
try jlmkr create --offline < "$tmp/answers"
err_has 'Name of the jail'
host images

story 'create --dry-run shows it all and makes nothing'
inventory > "$tmp/before"
in_host sh -c 'rm -rf /tmp/new; mkdir /tmp/new'
try jlmkr-create --dir=/tmp/new -q --dry-run --start -gi 1 web --bind=/mnt
status 0
out_has '^# jail: web, the directory /tmp/new/jails/web$'
out_has '^# image: debian bookworm default amd64, build 20'
out_has '^# started then: yes'
is '' "$(in_host ls -A /tmp/new)"
cp "$tmp/out" "$tmp/shown"
try jlmkr-create -q --dry-run --config - other < "$tmp/shown"
status 0
is "$(sed -n '/^startup/,$p' "$tmp/shown")" "$(sed -n '/^startup/,$p' "$tmp/out")"
try jlmkr-create -q --dry-run --image=/nonexistent web
status 1
in_host rmdir /tmp/new
unchanged

story 'create --dry-run is refused as the create would be'
expect_status 4 jlmkr-create -q --dry-run first
one_line_err
try jlmkr-create -q --dry-run -- -web
status 1
err_has 'begins with a dash'
expect_status 3 jlmkr-create -q --dry-run --distro=fedoro web
expect_status 3 jlmkr-create -q --dry-run --offline --distro=archlinux --release=current web
echo 'startup=perhaps' > "$tmp/bad"
expect_status 1 jlmkr-create -q --dry-run -c - web < "$tmp/bad"

story 'a template from a pipe is read once'
try sh -c 'mkfifo /tmp/fifo; printf "distro=fedora\nrelease=43\n# from the pipe\n" > /tmp/fifo &
	printf "piped\n\n\nn\n" | timeout 20 jlmkr-create --dry-run --config /tmp/fifo'
status 0
out_has '# from the pipe'
finish
