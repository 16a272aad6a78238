#!/bin/sh
# Jails copied to another machine, and standbys there. zfs-fuse cannot go on with a stream that was
# cut; the appliance can (vm/). What is killed is in copy-moments.sh, moves are in move.sh.
. "$(dirname "$0")/lib.sh"
. "$here/two-pools"

tiny web
status 0
in_host sh -c "echo one > '$home/jails/web/rootfs/mine'; dd if=/dev/urandom of='$home/jails/web/rootfs/big' bs=1M count=20 2> /dev/null"

story 'what a copy would send'
copy -n web nas2:
status 0
out_has 'web@(now), in full'
is '' "$(snaps "$ds/jails/web")"

story 'a copy is a jail of its own'
copy web nas2:
status 0
err_empty
is web "$(files "$far")"
in_host cmp "$home/jails/web/rootfs/big" "$far/jails/web/rootfs/big" || fail 'another file'
in_host cmp "$home/jails/web/config" "$far/jails/web/config" || fail 'another config'
is '' "$(snaps "$ds/jails/web")$(snaps "$fds/jails/web")$(hidden)"
f jlmkr-list
out_has '^web '
in_host sh -c "echo x > '$far/jails/web/rootfs/x'" || fail 'it cannot be written to'

story 'a name that is taken there'
copy web nas2:
status 4
err_has 'copying web: there is a jail web on nas2 already'
copy --refresh web nas2:
status 4
err_has 'web on nas2 is a jail, not a standby'
move web nas2:
status 4
err_has 'moving web: there is a jail web on nas2 already'

story 'under another name, of a snapshot'
j jlmkr-snapshot web@a
in_host sh -c "echo two > '$home/jails/web/rootfs/mine'"
copy web@a nas2:old
status 0
is one "$(in_host cat "$far/jails/old/rootfs/mine")"
is old "$(in_host cat "$far/jails/old/rootfs/etc/hostname")"
is a "$(snaps "$ds/jails/web")"
copy web@b nas2:other
status 3
err_has "no snapshot web@b; did you mean 'a'?"
f jlmkr-remove -y old
status 0

story 'a standby has the snapshots, and cannot be started'
copy --refresh web nas2:stand
status 0
is 'a copy-' "$(snaps "$fds/jails/stand")"
is 'a copy-' "$(snaps "$ds/jails/web")"
is two "$(in_host cat "$far/jails/stand/rootfs/mine")"
is standby "$(kind "$fds/jails/stand")"
is snapshot:asked "$(kind "$fds/jails/stand@a")"
f jlmkr-start stand
status 1
err_has "it is read-only, as a standby of a jail on another machine is; 'jlmkr promote stand'"
! in_host touch "$far/jails/stand/rootfs/x" 2> /dev/null || fail 'it can be written to'
is '' "$(hidden)"

story 'and is brought up to date, from the newest snapshot that both have'
in_host sh -c "echo three > '$home/jails/web/rootfs/mine'"
j jlmkr-snapshot web@b
in_host sh -c "echo four > '$home/jails/web/rootfs/mine'"
copy -n --refresh web nas2:stand
status 0
is 'web@b, from copy- on
web@(now), from b on' "$(sed 's/copy-[^ ]*/copy-/' "$tmp/out")"
copy --refresh web nas2:stand
status 0
is four "$(in_host cat "$far/jails/stand/rootfs/mine")"
is 'a b copy-' "$(snaps "$fds/jails/stand")"
is 'a b copy-' "$(snaps "$ds/jails/web")"
j jlmkr-snapshot --delete web@b
copy --refresh web nas2:stand
status 0
is 'a b copy-' "$(snaps "$fds/jails/stand")"
is 'a copy-' "$(snaps "$ds/jails/web")"

story 'what copies need is not pruned, and a standby gets no snapshots of its own'
j jlmkr-config -q web snapshot_keep=1
copy --refresh web nas2:stand
# The kernel keeps what it has read of zfs-fuse, until it is mounted anew.
patiently zfs unmount "$fds/jails/stand"
patiently zfs mount "$fds/jails/stand"
for i in 1 2 3; do
	j jlmkr-snapshot --prune web
	status 0
	f jlmkr-snapshot --prune stand
	status 0
done
is 'a b copy-' "$(snaps "$fds/jails/stand")"
is 'a copy-' "$(snaps "$ds/jails/web" | cut -d' ' -f1-2)"
copy --refresh web nas2:stand
status 0
is 'a b' "$(snaps "$fds/jails/stand" | cut -d' ' -f1-2)"
j jlmkr-config -q web snapshot_keep=
in_host sh -c "zfs list -H -o name -t snapshot -r '$ds/jails/web' | grep @20 | xargs -d '\n' -n 1 zfs destroy"

story 'what a run has left that could not give it its name is taken for no other jail'
tiny other
sly_zfs
slyly rename <<END
echo no >&2
exit 1
END
copy web@a nas2:test
refused
err_has 'nas2: zfs: no'
honest
copy other nas2:test
status 0
! in_host test -e "$far/jails/test/rootfs/mine" || fail 'another jail'
f jlmkr-remove -q -y test
j jlmkr-remove -q -y other
is '' "$(hidden)"

story 'what is only there is not destroyed'
zfs_in_host set readonly=off "$fds/jails/stand"
in_host sh -c "echo mine > '$far/jails/stand/rootfs/only'"
zfs_in_host set readonly=on "$fds/jails/stand"
copy --refresh web nas2:stand
status 5
err_has 'stand has been changed since the last copy, which would be lost'
is mine "$(in_host cat "$far/jails/stand/rootfs/only")"
in_host sh -c "zfs list -H -o name -t snapshot -r '$ds/jails/web' | grep copy- | xargs -d '\n' -n 1 zfs destroy; zfs destroy '$ds/jails/web@a'"
copy --refresh web nas2:stand
status 1
err_has 'no snapshot of web is also on nas2'
f jlmkr-promote stand
status 0
f jlmkr-promote stand
status 0
is - "$(kind "$fds/jails/stand")"
in_host touch "$far/jails/stand/rootfs/x" || fail 'it cannot be written to'
copy --refresh web nas2:stand
status 4
f jlmkr-remove -q -y stand
status 0
copy --refresh web nas2:stand
f jlmkr-remove -q -y stand
status 0
is web "$(files "$far")"
in_host sh -c "zfs list -H -o name -t snapshot -r '$ds/jails/web' | xargs -d '\n' -n 1 zfs destroy"

story 'datasets below it go as directories, if they are in its root file system'
datasets_below web
copy web nas2:two
status 0
err_has "the dataset $ds/jails/web/data is left out: it is not mounted in the root file system"
is docker "$(in_host cat "$far/jails/two/rootfs/docker/mine")"
is 711 "$(in_host stat -c %a "$far/jails/two/rootfs/docker")"
is "$fds/jails/two" "$(in_host zfs list -H -o name -r "$fds/jails/two")"
is '' "$(hidden)$(snaps "$ds/jails/web")"
f jlmkr-remove -q -y two
for i in 1 2; do
	in_host sh -c "echo $i > '$home/jails/web/rootfs/docker/more'"
	copy --refresh web nas2:two
	status 0
	is "$i docker" "$(in_host cat "$far/jails/two/rootfs/docker/more" "$far/jails/two/rootfs/docker/mine" | xargs)"
done
f jlmkr-start two
refused
f jlmkr-remove -q -y two
status 0
is web "$(files "$far")"
is '' "$(hidden)$(snaps "$ds/jails/web")"
patiently zfs destroy -r "$ds/jails/web/data"
patiently zfs destroy -r "$ds/jails/web/rootfs"

story 'what cannot be copied'
for target in web nas2 -x: 'a b:' ':x' nas2:a/b 'nas2:.x'; do
	copy -- web "$target"
	refused
done
is web "$(files "$far")"

story 'machines that do not answer as they should'
copy web 198.51.100.2:two
status 6
err_has '198.51.100.2: Host key verification failed.; connect with ssh as the same user once, and check its key'
copy web 198.51.100.9:two
status 6
copy --remote-path=/nowhere/jlmkr web nas2:two
status 6
err_has 'remote-path tells where jlmkr is there'
copy --remote-path=/bin/echo web nas2:two
status 6
err_has "nas2: it is not jlmkr that answers, but '--dir=$far receive'"
in_host sh -c "printf '#!/bin/sh\necho jlmkr-copy 1 0.0.9\ncat > /dev/null\n' > /root/other; chmod +x /root/other"
copy --remote-path=/root/other web nas2:two
status 1
err_has 'nas2: the other side has jlmkr 0.0.9, and this is .*--send-binary brings this one'
is web "$(files "$far")"

story 'the binary is brought'
in_host mv /root/.local/bin/jlmkr /root/jlmkr
try env JAILMAKER_DIR="$home" /root/jlmkr copy --remote-path=/root/.local/bin/jlmkr --remote-dir="$far" web nas2:two
status 6
try env JAILMAKER_DIR="$home" /root/jlmkr copy --send-binary --remote-dir="$far" web nas2:two
status 0
in_host mv /root/jlmkr /root/.local/bin/jlmkr
is '' "$(in_host find /tmp /var/tmp /run /root -maxdepth 1 -name 'jlmkr-*')"
f jlmkr-remove -q -y two

story 'as the user who called sudo, and by sudo there'
in_host sh -es > "$tmp/out" 2> "$tmp/err" <<'END' || fail 'no alice'
useradd -m -s /bin/sh -p '*' alice
mkdir -m 700 /home/alice/.ssh
ssh-keygen -q -t ed25519 -N '' -f /home/alice/.ssh/id_ed25519
cp /home/alice/.ssh/id_ed25519.pub /home/alice/.ssh/authorized_keys
cp /root/.ssh/known_hosts /home/alice/.ssh/
chown -R alice /home/alice/.ssh
cp /root/.local/bin/jlmkr /usr/local/bin/jlmkr 2> /dev/null || { mkdir -p /opt/bin; cp /root/.local/bin/jlmkr /opt/bin/jlmkr; }
END
as_alice() { j env SUDO_USER=alice jlmkr-copy --remote-path=/opt/bin/jlmkr --remote-dir="$far" web nas2:two; }
as_alice
status 6
err_has 'nas2: sudo: a password is required; sudo there must not ask'
in_host sh -c 'echo "alice ALL=(root) NOPASSWD: ALL" > /etc/sudoers.d/alice'
as_alice
status 0
f jlmkr-remove -q -y two
in_host sh -c 'rm -r /home/alice/.ssh/id_ed25519*'
as_alice
status 6
err_has 'nas2: .*alice@nas2: Permission denied'

story 'hostile words from the other side are shown harmless, and believed by nobody'
evil() {
	in_host sh -c "{ printf '#!/bin/sh\nhello() { printf \"jlmkr-copy 1 $version\\n\"; }\n'; cat; } > /root/evil; chmod +x /root/evil"
	copy --remote-path=/root/evil "$@"
}
evil web nas2:two << 'END'
printf '\033[2Jhello\n'; cat > /dev/null
END
status 6
err_has 'it is not jlmkr that answers'
evil web nas2:two << 'END'
hello; printf 'A\377\377\377\377'; cat > /dev/null
END
status 6
err_has 'the other side says more than it may'
evil web nas2:two << 'END'
hello; printf '\033[31mred\n' >&2
printf 'F\0\0\0\044fault all\033[2J gone, dear user\nkind 4\n'; cat > /dev/null
END
refused
! grep -q "$(printf '\033')" "$tmp/err" || fail 'a control character'
evil --refresh web nas2:two << 'END'
hello
printf 'A\0\0\0\036state part\ntoken 1-2-3\nsnap x\n'; cat > /dev/null
END
refused
err_has 'makes no sense'

story 'the other side gets what it does not expect'
try sh -c "echo hello | jlmkr --dir='$far' receive"
refused
err_has "it is not jlmkr that answers, but 'hello'"
talk jlmkr-receive < /dev/null
status 2
taken() { in_host jlmkr --dir="$far" receive 2> "$tmp/err" | tr -d '\0' > "$tmp/out"; }
{ hello; letter C 'receive \nx y\n'; } | taken
out_has 'fault the other side asks for something unknown'
{ hello; letter C 'look \nname ../../x\n'; } | taken
out_has "fault '../../x' cannot be"
{ hello; letter D 'x'; } | taken
err_has 'said something else than expected'
begin() { hello; letter C 'look \nname two\n'; letter C "receive \nlabel $1\nguid 7\nfrom 0\n"; }
{ begin -r; letter D junk; letter E ''; } | taken
out_has 'fault that is no label'
{ begin a; letter D junk; letter E ''; } | taken
out_has 'fault what came is no stream of ZFS'
zfs_in_host snapshot "$ds/jails/web@x"
in_host sh -c "zfs send -R '$ds/jails/web@x'" > "$tmp/package" 2> /dev/null
{ begin a; printf 'D\0\0\001\140'; head -c 352 "$tmp/package"; letter E ''; } | taken
out_has 'is not the stream of one snapshot'
in_host sh -c "zfs send '$ds/jails/web@x'" > "$tmp/stream" 2> /dev/null
{ begin a; printf 'D\0\0\001\140'; head -c 352 "$tmp/stream"; letter E ''; } | taken
out_has 'is the stream of another snapshot'
zfs_in_host destroy "$ds/jails/web@x"
f jlmkr-remove -q -y two
is '' "$(hidden)"

story 'a jail whose config cannot be read is not taken'
in_host sh -c "sed -i 's/^startup=.*/startup=maybe/' '$home/jails/web/config'"
copy web nas2:two
refused
err_has 'nas2: two/config'
in_host sh -c "sed -i 's/^startup=.*/startup=0/' '$home/jails/web/config'; ln '$home/jails/web/config' '$home/jails/web/rootfs/second'"
copy web nas2:two
refused
err_has 'nas2: two/config is not a file with this one name'
in_host rm "$home/jails/web/rootfs/second"
copy web nas2:two
status 0
f jlmkr-remove -q -y two
is '' "$(hidden)"

story 'within a limit'
begin=$(date +%s%N)
copy --limit=10M web nas2:two
status 0
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -gt 1500 ] || fail "it took $took ms"
f jlmkr-remove -q -y two

story 'the other side is full'
in_host zfs set quota=30M "$fds"
in_host sh -c "dd if=/dev/urandom of='$home/jails/web/rootfs/big' bs=1M count=60 2> /dev/null"
copy web nas2:two
status 1
err_has 'nas2: zfs: cannot receive'
in_host zfs set quota=none "$fds"
copy web nas2:two
status 0
is '' "$(hidden)$(snaps "$ds/jails/web")"
f jlmkr-remove -q -y two

finish
