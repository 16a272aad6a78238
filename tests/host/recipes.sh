#!/bin/sh
# What the manual's recipes lead to: more than the story `manual` sees, which runs all of them.
. "$(dirname "$0")/lib.sh"

# recipe PAGE WORDS: runs the first literal block of the page that has these words in it.
recipe() {
	awk -v words="$2" '/^```/ { if (inside && index(block, words)) { printf "%s", block; exit }
		inside = !inside; block = ""; next } inside { block = block $0 "\n" }' \
		"$here/../../applets/manual/$1.scd" | sed 's/^sudo //' > "$tmp/recipe"
	[ -s "$tmp/recipe" ] || fail "$1 has no recipe of $2"
	try sh -es < "$tmp/recipe"
}

story 'a jail with networks of its own'
in_host sh -c 'ip link add br1 type bridge && ip link add br2 type bridge && ip link set br1 up &&
	ip link set br2 up && ip addr add 192.168.1.1/24 dev br1' > "$tmp/out" 2> "$tmp/err" || {
	skip 'this kernel has no bridges'
	exit
}
try jlmkr-create -q web
status 0

story 'two bridges'
recipe networking ve-web-2:vee-2
status 0
in_host sh -c 'ip -o link show master br2' > "$tmp/out"
out_has 've-web-2'
in_host ip -o link show master br1 > "$tmp/out"
out_has 'vb-web'
for i in 1 2 3 4 5 6 7 8 9 10; do
	try jlmkr-exec web ip -o link
	! grep -q 'vee-2.* UP\|vee-2.*,UP' "$tmp/out" || break
	sleep 1
done
out_has 'vee-2.* UP\|vee-2.*,UP'

story 'a static address'
recipe networking Address=192.168.1.50
status 0
for i in 1 2 3 4 5 6 7 8 9 10; do
	in_host ping -c 1 -W 1 192.168.1.50 > "$tmp/out" 2>&1 && break
	sleep 1
done
out_has ' 0% packet loss'

story 'a folder to read only'
in_host sh -c 'mkdir -p /mnt/tank/media; echo film > /mnt/tank/media/film'
try jlmkr-config web --unset post_start_hook
recipe storage --bind-ro=/mnt/tank/media:/media
status 0
try jlmkr-exec web cat /media/film
is film "$(cat "$tmp/out")"
try jlmkr-exec web touch /media/mine
refused

story 'a memory limit'
recipe security MemoryMax=2G
status 0
is MemoryMax=2147483648 "$(in_host systemctl show -p MemoryMax jlmkr-web)"
is Delegate=yes "$(in_host systemctl show -p Delegate jlmkr-web)"

story 'a backup as a file, and a jail from it'
try jlmkr-exec web sh -c 'echo mine > /root/mine'
recipe storage 'jlmkr export --stop'
status 0
is mine "$(in_host cat $jails/web2/rootfs/root/mine)"
is "$(in_host cat $jails/web/config)" "$(in_host cat $jails/web2/config)"
try jlmkr-stop -q web
try jlmkr-start web2
status 0
try jlmkr-stop -q web2

story 'renamed'
try sh -ec "mv $jails/web $jails/www; jlmkr start www; jlmkr exec www sh -c 'echo www > /etc/hostname'"
status 0
try jlmkr-restart www
try jlmkr-exec www hostname
is www "$(cat "$tmp/out")"
try jlmkr-stop -q www

story 'moved, as a directory'
in_host mkdir -p /mnt/tank/other/jailmaker/jails
try sh -ec "cp -a $jails/www /mnt/tank/other/jailmaker/jails/; jlmkr --dir /mnt/tank/other/jailmaker start www"
status 0
try jlmkr --dir /mnt/tank/other/jailmaker stop www
status 0
finish
