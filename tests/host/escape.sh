#!/bin/sh
# Root in a jail tries to get out by way of our commands (tests/host/attack.c), for
# ATTACK_SECONDS in jails with and without users of their own; and what commands get of us.
. "$(dirname "$0")/lib.sh"

seconds=${ATTACK_SECONDS:-60}
musl-gcc -idirafter "$here/../../build/out/musl/kernel" -O1 -static -o "$tmp/attack" "$here/attack.c" ||
	exit 1
host push "$tmp/attack" /root/attack
before=$(in_host sha256sum /root/.local/bin/jlmkr)

own='--private-users=131072:65536 --private-users-ownership=chown'
make_jail() {
	name=$1
	shift
	in_host jlmkr create -q "$name" "$@"
	in_host sh -c "cp /root/attack $jails/$name/rootfs/usr/bin/attack"
}
no_systemd() { in_host sed -i 's/--boot//' "$jails/$1/config"; }

# p1 and m2 boot; n1, n2 and u1 have nspawn's own init.
make_jail p1 $own --bind=/dev/fuse
make_jail m2 --drop-capability=CAP_NET_ADMIN,CAP_SYS_BOOT --bind=/dev/fuse
make_jail n1 --drop-capability=all --as-pid2 /bin/sleep 9999
make_jail n2 --bind=/dev/fuse --as-pid2 /bin/sleep 9999
make_jail u1 $own --as-pid2 /bin/sleep 9999
make_jail w1 --no-new-privileges=yes --as-pid2 /bin/sleep 9999
for jail in n1 n2 u1 w1; do no_systemd $jail; done
in_host jlmkr start -q p1 m2 n1 n2 u1 w1
for jail in p1 m2; do
	in_host jlmkr-exec $jail systemctl is-system-running --wait > /dev/null 2>&1
done

story 'a command in a jail without systemd may do what its first process may'
for jail in n1 n2 u1 w1; do
	leader=$(in_host sed -n 's/^LEADER=//p' /run/systemd/machines/$jail)
	want=$(in_host sh -c "grep -E '^(Cap|NoNew|Seccomp)' /proc/$leader/status | tr -d '\t '" | tr ':\n' '= ')
	try jlmkr-exec $jail attack rights
	is "$want" "$(cat "$tmp/out")"
	is "$(in_host sh -c "cut -d: -f2- /proc/$leader/cgroup")" \
		"$(in_host sh -c "jlmkr-exec $jail sleep 8888 & sleep 0.5
			cut -d: -f2- /proc/\$(pgrep -x -f 'sleep 8888')/cgroup; pkill -x -f 'sleep 8888'")"
	expect_status 0 jlmkr-exec --user=daemon $jail sh -c 'grep -q "CapEff:.0000000000000000" /proc/self/status'
done
try jlmkr-exec n1 attack rights
out_has 'CapBnd=0000000000000000'
out_has 'Seccomp=2'

story 'a command has three descriptors, whatever we have open'
for jail in m2 n2; do
	try sh -c "exec 7< / 8<> /etc/passwd 9> /tmp/nine; jlmkr-exec $jail sh -c 'ls /proc/\$\$/fd'"
	is '0 1 2' "$(echo $(cat "$tmp/out"))"
done

story 'nothing of our environment and directory is in a command without systemd'
try env SECRET=x PATH=/only/here:/usr/bin:/bin:/root/.local/bin:/usr/sbin jlmkr-exec n2 env
out_lacks SECRET
out_lacks /only/here
expect_status 0 env PATH=/only/here /root/.local/bin/jlmkr-exec n2 true
in_host sh -c "mkdir -p $jails/n2/rootfs/opt/bin; ln -s /bin/true $jails/n2/rootfs/opt/bin/only-there"
expect_status 127 sh -c 'PATH=/opt/bin:$PATH jlmkr-exec n2 only-there'
expect_status 0 jlmkr-exec --env PATH=/opt/bin n2 only-there

# The number of the file system and of the file behind stdin: those of a terminal of ours?
terminal_of='stat -Lc %d:%i /dev/stdin /dev/stdout /dev/stderr'
for jail in m2 n2; do
	story "the terminal of a command in $jail is not ours"
	talk sh -c "$terminal_of; echo; jlmkr-exec $jail sh -c '$terminal_of; test -t 0 && test -t 1 && echo terminals'" < /dev/null
	status 0
	out_has terminals
	is 1 "$(sed '/^.$/,$d' "$tmp/out" | sort -u | wc -l)"
	is 1 "$(tr -d '\r' < "$tmp/out" | sed '1,/^$/d; /terminals/d' | sort -u | wc -l)"
	ours=$(sed -n 1p "$tmp/out")
	is 3 "$(grep -cxF "$ours" "$tmp/out")"
done

for jail in m2 n2; do
	story "what a command in $jail types is not ours to read"
	talk bash -c "jlmkr-exec $jail attack push; echo over; read -t 1 word; echo \"got <\$word>\"" < /dev/null
	out_has 'pushes'
	out_has 'got <>'
done

story 'a process that stays behind does not read what is typed later'
in_host sh -c "mkdir -p $jails/m2/rootfs/etc/systemd/system/service.d
	printf '[Service]\nKillMode=none\nSendSIGHUP=no\n' > $jails/m2/rootfs/etc/systemd/system/service.d/stay.conf"
in_host jlmkr-exec m2 systemctl daemon-reload
for jail in m2 n2; do
	in_host rm -f $jails/$jail/rootfs/root/stolen
	talk sh -c "jlmkr-exec $jail sh -c 'exec 3<&0; (trap \"\" HUP; exec setsid cat > /root/stolen 2>&1 <&3) & sleep 0.2';
		echo over; read word; echo got \$word; sleep 0.3; cat $jails/$jail/rootfs/root/stolen" <<-END
		< over
		> password
		< got password
	END
	out_has 'got password'
	is 1 "$(grep -c 'got password' "$tmp/out")"
	try grep password $jails/$jail/rootfs/root/stolen
	status 1
done
in_host rm -r $jails/m2/rootfs/etc/systemd/system/service.d
in_host jlmkr-exec m2 systemctl daemon-reload

story 'a command whose reader has gone ends'
for jail in m2 n2; do
	try timeout 30 sh -c "jlmkr-exec $jail sh -c 'while :; do echo x; done' | head -1"
	status 0
	is x "$(cat "$tmp/out")"
done

story 'numbers of users that are none are nobody'
in_host sh -c "printf 'minus:x:-1:0::/:/bin/sh\nword:x:abc:0::/:/bin/sh\nmax:x:4294967295:0::/:/bin/sh\n' >> $jails/n2/rootfs/etc/passwd"
for user in minus word max; do
	try jlmkr-exec --user=$user n2 id
	status 125
	err_has "no user $user"
done

# All at the same time. Each victim's report has a part for each way of attacking.
for jail in p1 m2; do
	in_host jlmkr-exec $jail systemd-run -q attack watch "$seconds" /root/report
done
for jail in n2 u1; do
	in_host sh -c "jlmkr-exec $jail attack watch $seconds /root/report > /dev/null 2>&1 < /dev/null &"
done
story 'commands in jails under attack end'
in_host timeout $((seconds + 120)) sh -c "
	printf '%s\n' 'initial_setup=true' >> $jails/p1/config
	end=\$((\$(date +%s) + $seconds))
	for jail in p1 m2 n2 u1; do
		(while [ \$(date +%s) -lt \$end ]; do
			jlmkr-exec \$jail true; jlmkr-exec --user=daemon \$jail true
			[ \$jail != p1 ] || jlmkr-setup -q p1
		done) > /dev/null 2>&1 &
	done
	wait" || fail 'a command does not end'
sleep 2
for jail in p1 m2 n2 u1; do
	story "an attacker in $jail gains nothing in $seconds seconds"
	try sh -c "cat $jails/$jail/rootfs/root/report.*"
	status 0
	is 3 "$(grep -c '^tried [1-9][0-9]*, saw' "$tmp/out")"
	[ "$(sed -n 's/^tried.*saw \([0-9]*\),.*/\1/p' "$tmp/out" | awk '{ n += $1 } END { print n + 0 }')" -gt 0 ] ||
		fail 'it saw no process'
	if grep WON "$tmp/out" > "$tmp/won"; then fail "$(sort -u "$tmp/won" | head -5)"; fi
done
story 'a file system in the jail that never answers holds nobody up'
in_host jlmkr-exec n2 sh -c 'attack fuse /etc/passwd > /dev/null 2>&1 & sleep 0.5'
try timeout 30 jlmkr-exec --user=daemon n2 id
status 125
one_line_err
in_host jlmkr-exec m2 systemd-run -q attack fuse /run/dbus
sleep 0.5
try timeout 60 jlmkr-exec m2 true
[ "$rc" -ne 124 ] || fail 'exec waits for ever'
in_host jlmkr-exec n2 pkill attack
in_host jlmkr-stop -q --now m2
in_host jlmkr-start -q m2
expect_status 0 jlmkr-exec m2 true

story 'a command that kills all that it can see ends'
for jail in n1 u1; do
	try timeout 30 jlmkr-exec $jail sh -c 'kill -9 -1; sleep 1000'
	refused
	[ "$rc" -ne 124 ] || fail "exec in $jail does not end"
done

story 'the program on the host is what it was'
is "$before" "$(in_host sha256sum /root/.local/bin/jlmkr)"

finish
