#!/bin/sh
# Whom the files belong to that root runs: a local user must not become root by them.
. "$(dirname "$0")/lib.sh"

# Another user, who has a jailmaker directory with a jail in it, to whom root comes one day.
in_host sh -c 'useradd -m -u 4711 -s /bin/sh bob && chmod 755 /home/bob' > "$tmp/out" 2>&1 || exit 1
as_bob() { in_host setpriv --reuid=4711 --regid=4711 --clear-groups env -i PATH="$PATH" "$@"; }
bobs=/home/bob/jailmaker
as_bob sh -c "mkdir -p $bobs/jails/x/rootfs/etc && cd $bobs/jails/x && cat > config" <<'END_OF_CONFIG'
startup=1
pre_start_hook=#!/bin/sh
    id -u > /var/pwned
initial_setup=touch /pwned
END_OF_CONFIG
in_bobs() { try sh -c "cd $bobs && exec env -u JAILMAKER_DIR \"\$@\"" - "$@"; }
nothing_ran() {
	in_host test ! -e /var/pwned || fail 'his hook was run'
	is '' "$(in_host systemctl list-units --all --no-legend 'jlmkr-*')"
}
untrusted() {
	status 7
	one_line_err
	err_has "$1 belongs to bob (uid 4711)"
	err_has "chown root '$1'"
	nothing_ran
}

story 'in the directory of a user root runs nothing'
for command in 'start x' 'restart x' 'setup x' 'startup' 'start --all' 'start --dry-run x'; do
	in_bobs jlmkr -q $command
	untrusted $bobs/jails
done

story '... and writes nothing'
in_host sh -c 'echo startup=0 > /etc/precious'
as_bob sh -c "mkdir -p $bobs/jails/y/rootfs && ln -s /etc/precious $bobs/jails/y/config"
before=$(in_host find $bobs -printf '%p %m %u %s %l\n')
for command in 'config x startup=0' 'config y startup=1' 'edit y' 'edit x' 'create --distro=fedora --release=43 z'; do
	in_bobs env EDITOR='echo startup=1 >>' jlmkr -q $command
	untrusted $bobs/jails
done
is "$before" "$(in_host find $bobs -printf '%p %m %u %s %l\n')"
is startup=0 "$(in_host cat /etc/precious)"

story 'what only reads goes on'
in_bobs jlmkr list
status 0
out_has '^x  *False  *True'
in_bobs jlmkr config x startup
is 1 "$(cat "$tmp/out")"
in_bobs jlmkr config --check x
status 0
in_host install -m 755 /root/.local/bin/jlmkr /opt/jlmkr
as_bob sh -c "cd $bobs && exec /opt/jlmkr list" > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
status 0
out_has '^x '
in_bobs jlmkr -q stop x
status 0
in_bobs jlmkr -q remove -y x
status 0
in_host test ! -e $bobs/jails/x || fail 'it was not removed'
nothing_ran

try jlmkr-create -q web
status 0
try jlmkr-create -q --offline good
status 0

# What the sentence of the last command says mends it.
mend() {
	line=$(sed -n "s/.*if you trust it, run //p" "$tmp/err")
	in_host sh -c "$line"
}
refuses() {
	err=$1
	for command in 'start web' 'start --dry-run web' 'restart web' 'setup web' "${2-config web startup=1}"; do
		[ -n "$command" ] || continue
		try jlmkr -q $command
		status 7
		one_line_err
		err_has "$err"
	done
	is '' "$(in_host systemctl list-units --all --no-legend 'jlmkr-*')"
}
# A config of another user is not run, but can be changed, and stays his.
refuses_config() {
	traits=$(in_host stat -Lc '%a %u:%g' $jails/web/config)
	try jlmkr config web gpu_passthrough_intel=0
	status 0
	err_has 'root runs it'
	is "$traits" "$(in_host stat -Lc '%a %u:%g' $jails/web/config)"
	refuses "$1" ''
}
starts() {
	try jlmkr-start -q web
	status 0
	err_empty
	try jlmkr-stop -q --now web
}

story 'each link of the chain has to be root'\''s'
in_host chmod 755 $jails
in_host chown bob $jails/web
refuses "$jails/web belongs to bob (uid 4711)"
mend
in_host chmod 777 $jails/web
refuses "others than root may write to $jails/web (mode 0777)"
mend
in_host chmod 775 $jails/web
starts
in_host chgrp bob $jails/web
refuses "others than root may write to $jails/web (mode 0775)"
mend
in_host chown bob $jails/web/config
refuses_config "$jails/web/config belongs to bob"
mend
in_host chmod 666 $jails/web/config
refuses_config "others than root may write to $jails/web/config (mode 0666)"
mend
in_host chmod 1777 $jails
refuses "others than root may write to $jails (mode 1777)"
mend
starts

story '... where a config that is a link leads to as well'
in_host sh -c "mv $jails/web/config /home/bob/web.conf; ln -s /home/bob/web.conf $jails/web/config"
starts
in_host chown bob /home/bob/web.conf
refuses_config "$jails/web/config belongs to bob"
in_host sh -c "chown root /home/bob/web.conf; chmod 666 /home/bob/web.conf"
refuses_config "others than root may write to $jails/web/config"
in_host chmod 700 $jails
refuses_config "others than root may write to $jails/web/config"
in_host sh -c "rm $jails/web/config; mv /home/bob/web.conf $jails/web/config; chmod 600 $jails/web/config"
starts

story 'an ACL that lets others write is seen'
if in_host sh -c "chmod 755 $jails; setfacl -m u:bob:rwx $jails/web" 2> /dev/null; then
	refuses "others than root may write to $jails/web"
	in_host setfacl -b $jails/web
	starts
else
	skip 'there are no ACLs here'
fi

story 'where only root gets to, modes do not matter'
in_host sh -c "chmod 700 $jails; chmod 777 $jails/web; chmod 666 $jails/web/config"
starts
in_host chown bob $jails/web/config
refuses_config "$jails/web/config belongs to bob"
in_host sh -c "chown root $jails/web/config; chmod 600 $jails/web/config; chmod 755 $jails/web"

story 'a hook file of another user is made anew'
try jlmkr-config -q web 'pre_start_hook=#!/bin/sh
exit 0'
starts
hook=$jails/web/.ExecStartPre
in_host sh -c "chmod 755 $jails; chown bob $hook"
starts
is 'root 700' "$(in_host stat -c '%U %a' $hook)"
in_host chmod 722 $hook
starts
is 'root 700' "$(in_host stat -c '%U %a' $hook)"
in_host sh -c "mv $hook /home/bob/hook; chown bob /home/bob/hook; ln -s /home/bob/hook $hook"
starts
is 'root 700' "$(in_host stat -c '%U %a' $hook)"
in_host sh -c "rm $hook; mkfifo $hook"
try timeout 60 jlmkr-start -q web
status 0
starts
is 'root 700' "$(in_host stat -c '%U %a' $hook)"

story 'who may exchange jails/ as a whole is warned of, once'
for owner in 'chown bob' 'chmod 777'; do
	in_host $owner /mnt/tank
	try jlmkr-start -q web good
	status 0
	is 1 "$(grep -c 'may rename the files in /mnt/tank' "$tmp/err")"
	in_host jlmkr-stop -q --now web good
	[ "$owner" = 'chown bob' ] || in_host chmod +t /mnt/tank
	[ "$owner" = 'chmod 777' ] || in_host chown root /mnt/tank
	try jlmkr-start -q web good
	status 0
	err_empty
	in_host jlmkr-stop -q --now web good
	try jlmkr-list
	err_empty
done
in_host chmod 755 /mnt/tank

story 'at boot such a jail is passed over, and the others start'
try jlmkr-config -q web startup=1
try jlmkr-config -q good startup=1
in_host chown bob $jails/web/config
try jlmkr-startup -q
status 1
one_line_err
err_has "web/config belongs to bob (uid 4711)"
is 'inactive active' "$(echo $(in_host systemctl is-active jlmkr-web jlmkr-good))"
try jlmkr-stop -q --now good

story 'a jail that runs is not stopped by a restart that cannot start it'
in_host chown root $jails/web/config
try jlmkr-start -q good
in_host chown bob $jails/good/config
try jlmkr-restart -q good
status 7
err_has "good/config belongs to bob"
is active "$(in_host systemctl is-active jlmkr-good)"
try jlmkr-remove -q -y good
status 0

story 'images that another user keeps become no jail'
in_host chown bob /mnt/tank/jailmaker/images
try jlmkr-create -q --offline --distro=fedora --release=43 new
status 3
err_has "images belongs to bob"
try jlmkr-create -q --distro=fedora --release=43 new
status 0
err_has "the image is not kept for the next time: .*images belongs to bob"
try jlmkr-remove -q -y new
in_host chown root /mnt/tank/jailmaker/images

story 'whatever the umask'
for mask in 077 000 027; do
	in_host sh -c "rm -rf /mnt/tank/new; mkdir -m 755 /mnt/tank/new; umask $mask
		export JAILMAKER_DIR=/mnt/tank/new
		jlmkr-create -q m && jlmkr-config -q m 'post_stop_hook=#!/bin/true' &&
		jlmkr-start -q m; jlmkr-stop -q m" > "$tmp/out" 2> "$tmp/err" || fail 'it does not work'
	is '700 700 700 600 700' "$(echo $(in_host sh -c "cd /mnt/tank/new && stat -c %a jails images jails/m \
		jails/m/config jails/m/.ExecStopPost"))"
	is '700' "$(in_host stat -c %a /run/jlmkr/lock)"
	in_host env JAILMAKER_DIR=/mnt/tank/new jlmkr-remove -q -y m
done
in_host sh -c "umask 077; rm -rf /opt/bin; mkdir /opt/bin; /opt/jlmkr --install /opt/bin"
is 755 "$(in_host stat -c %a /opt/bin/jlmkr)"

story 'a set-user-ID copy serves nobody'
in_host sh -c 'mkdir -p /home/bob/bin; printf "#!/bin/sh\nid -u > /var/pwned\n" > /home/bob/bin/zfs; chmod 755 /home/bob/bin/zfs
	install -o root -m 4755 /opt/jlmkr /opt/suid; install -g root -m 2755 /opt/jlmkr /opt/sgid'
for copy in suid sgid; do
	for words in '--version' '--help' 'list' 'start x' '--install /opt'; do
		as_bob sh -c "cd $bobs && PATH=/home/bob/bin:\$PATH exec /opt/$copy $words" > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
		status 7
		one_line_err
		err_has 'not made to be set-user-ID'
		is '' "$(cat "$tmp/out")"
	done
done
try /opt/suid --version
status 0
if in_host sh -c 'install -m 755 /opt/jlmkr /opt/caps && setcap cap_dac_override+ep /opt/caps' 2> /dev/null; then
	as_bob /opt/caps --version > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
	status 7
fi
nothing_ran

story 'no word in the environment makes a binary of another user root'\''s'
in_host install -o bob -m 755 /opt/jlmkr /opt/bobs
try env JLMKR_DEBUG=1 /opt/bobs list
status 7
err_has 'must belong to root'

story 'the working directory is no place for programs'
as_bob sh -c "printf '#!/bin/sh\nid -u > /var/pwned\n' > /home/bob/ed; chmod 755 /home/bob/ed; ln -s ed /home/bob/zfs"
for path in .: : ::/nowhere: .:/usr/bin:; do
	try sh -c "cd /home/bob && PATH=$path\$PATH EDITOR=ed exec /opt/jlmkr edit web"
	err_has 'EDITOR names ed, which does not'
done
nothing_ran

try jlmkr-remove -q -y web
finish
