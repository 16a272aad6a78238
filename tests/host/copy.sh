#!/bin/sh
# Jails copied and moved to another machine: two pools and two jailmaker directories, and a real
# ssh between two network namespaces. zfs-fuse cannot go on with a stream that was cut; the
# appliance can (vm/).
. "$(dirname "$0")/lib.sh"

zfs_pool
far='/mnt/y/far pool/jm' fds='farpool/jm'
f() { try env JAILMAKER_DIR="$far" "$@"; }
snaps() { in_host zfs list -H -o name -t snapshot -r "$1" 2> /dev/null | sed 's/.*@//; s/^\(copy-\)[0-9a-f]*-20.*/\1/' | xargs; }
hidden() { in_host ls -A "$far/jails" | grep '^\.'; in_host zfs list -H -o name -r "$fds" | grep '/\.'; }
kind() { in_host zfs get -H -o value jlmkr:kind "$1"; }
files() { in_host ls -A "$1/jails" | xargs; }
copy() { j jlmkr-copy --remote-dir="$far" "$@"; }
honest() { patiently umount /usr/sbin; }
move() { j jlmkr-move --remote-dir="$far" "$@"; }

in_host sh -es > "$tmp/out" 2> "$tmp/err" <<'END' || fail 'no other machine'
truncate -s 4G /var/pool2
zpool create -m '/mnt/y/far pool' farpool /var/pool2
zfs create farpool/jm
END
far_machine

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
err_has 'web on nas2 is a jail and no standby'
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
err_has "the dataset $ds/jails/web/data is not in the archive: it is not mounted in the root file system"
is docker "$(in_host cat "$far/jails/two/rootfs/docker/mine")"
is 711 "$(in_host stat -c %a "$far/jails/two/rootfs/docker")"
is "$fds/jails/two" "$(in_host zfs list -H -o name -r "$fds/jails/two")"
is '' "$(hidden)$(snaps "$ds/jails/web")"
f jlmkr-remove -q -y two
copy --refresh web nas2:two
refused
err_has "the dataset $ds/jails/web/[a-z]* is below that of the jail, and a standby can only be of"
is web "$(files "$far")"
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

story 'a snapshot that was received, and not marked, is not kept for ever'
copy --refresh web nas2:stand
status 0
in_host sh -c "echo more >> '$home/jails/web/rootfs/mine'"
sly_zfs
slyly set <<END
pkill -KILL -f ' receive\$'
exit 1
END
copy --refresh web nas2:stand
refused
honest
is 'copy- copy-' "$(snaps "$fds/jails/stand")"
in_host zfs list -H -o jlmkr:kind -t snapshot -r "$fds/jails/stand" > "$tmp/out"
out_has '^standby$'	# it has none of its own
copy --refresh web nas2:stand
status 0
is copy- "$(snaps "$fds/jails/stand")"
is copy- "$(snaps "$ds/jails/web")"
f jlmkr-remove -q -y stand
status 0
in_host sh -c "zfs list -H -o name -t snapshot -r '$ds/jails/web' | xargs -d '\n' -n 1 zfs destroy"

story 'one that was given its name and not mounted, when all was killed'
sly_zfs
slyly rename <<END
for i in 1 2 3 4 5 6 7 8 9; do zfs.real "\$@" && break; zfs.real unmount "\$2"; sleep 0.3; done
zfs.real unmount "\$3"
rmdir '$far/jails/k'
pkill -KILL -f ' receive\$'
exit 1
END
copy web nas2:k
refused
honest
is - "$(kind "$fds/jails/k" | sed 's/^receive:.*/-/')"
! in_host test -e "$far/jails/k/config" || fail 'it is mounted'
copy web nas2:k
status 4
is '' "$(hidden)"
in_host cmp "$home/jails/web/rootfs/big" "$far/jails/k/rootfs/big" || fail 'another file'
f jlmkr-remove -q -y k
status 0
copy web nas2:k
status 0
is '' "$(hidden)$(snaps "$ds/jails/web")"
f jlmkr-remove -q -y k

cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
far=$2 there=0 who=$4
args="--remote-dir=$far"
case $who in
near) killer='kill -KILL $pid' ;;
ssh) killer='pkill -KILL -x ssh' ;;
far) killer='pkill -KILL -o -x jlmkr' ;;	# and not its child, which mounts again what zfs has renamed
esac
measure jlmkr-copy -q "$args" web nas2:k
sum=$(cd "$JAILMAKER_DIR/jails/web/rootfs" && find . -type f ! -name machine-id ! -name hostname ! -name hosts | sort | xargs -d '\n' cat | sha256sum)
jlmkr --dir="$far" remove -q -y k || exit 1
for i in $(seq $3); do
	cut_by "$killer" jlmkr-copy -q "$args" web nas2:k
	settle
	if [ -e "$far/jails/k" ]; then
		there=$((there + 1))
	else
		jlmkr-copy -q "$args" web nas2:k 2> /tmp/why || [ -e "$far/jails/k/config" ] || off "$(cat /tmp/why)"
	fi
	[ "$(cd "$far/jails/k/rootfs" && find . -type f ! -name machine-id ! -name hostname ! -name hosts | sort | xargs -d '\n' cat | sha256sum)" = "$sum" ] ||
		off 'another jail'
	jlmkr --dir="$far" remove -q -y k || exit 1
	[ "$(ls -A "$far/jails" | grep -c '^\.')" = 0 ] || off "$(ls -A "$far/jails")"
done
jlmkr-copy -q "$args" web nas2:k && jlmkr --dir="$far" remove -q -y k || exit 1
echo "cut $cut, there $there"
END
in_host sh -c "dd if=/dev/urandom of='$home/jails/web/rootfs/big' bs=1M count=12 2> /dev/null"
for who in near ssh far; do
	moments=60
	[ $who != ssh ] || moments=15
	story "killed at $moments moments: $who"
	killed "$home" "$far" $moments $who < "$tmp/killed"
	is '' "$(hidden)$(snaps "$ds/jails/web")"
done

cat > "$tmp/refreshed" <<'END'
export JAILMAKER_DIR=$1
far=$2 old=0 new=0 who=$4 k=$5
refresh() { jlmkr-copy -q --refresh "--remote-dir=$far" web nas2:k; }
case $who in
near) killer='pkill -KILL -x jlmkr-copy' ;;
far) killer="pkill -KILL -f ' receive$'" ;;
esac
web=$JAILMAKER_DIR/jails/web/rootfs there=$far/jails/k/rootfs
put() { echo $1 > "$web/mine" && dd if=/dev/urandom of="$web/more" bs=256k count=8 2> /dev/null; }
# The kernel keeps what it has read of zfs-fuse, until it is mounted anew.
fresh() {
	for try in 1 2 3 4 5 6 7 8 9; do zfs unmount "$k" 2> /dev/null; zfs mount "$k" 2> /dev/null && return; sleep 0.2; done
	echo 'the standby cannot be mounted anew'
	exit 1
}
# zfs-fuse clears what a cut stream left some time after its zfs(8) has ended.
later() { grep -q 'destination already exists' /tmp/why && sleep 2 && refresh 2> /tmp/why; }
is_same() { fresh; cmp -s "$web/mine" "$there/mine" && cmp -s "$web/more" "$there/more"; }
put 0
refresh || exit 1
put 1
measure refresh
for i in $(seq 2 $3); do
	fresh
	last=$(cat "$there/mine" "$there/more" | sha256sum)
	put $i
	cut_by "$killer" refresh
	settle
	if is_same; then new=$((new + 1))
	elif [ "$(cat "$there/mine" "$there/more" | sha256sum)" = "$last" ]; then old=$((old + 1))
	else off 'neither the old state nor the new one'
	fi
	! touch "$there/x" 2> /dev/null || off 'it can be written to'
	refresh 2> /tmp/why || later || off "$(cat /tmp/why)"
	is_same || off 'another state'
	[ "$(zfs list -H -o name -t snapshot -r "$k" | grep -c '@copy-')" = 1 ] || off "$(zfs list -t snapshot -o name,jlmkr:kind -r "$k")"
	[ "$(ls -A "$far/jails" | grep -c '^\.')" = 0 ] || off "$(ls -A "$far/jails")"
done
echo "cut $cut, old $old, new $new"
END
for who in near far; do
	story "a standby that is brought up to date, killed at 60 moments: $who"
	killed "$home" "$far" 61 $who "$fds/jails/k" < "$tmp/refreshed"
	is '' "$(hidden)"
	is copy- "$(snaps "$ds/jails/web")"
	is copy- "$(snaps "$fds/jails/k")"
done
f jlmkr-remove -q -y k
in_host sh -c "zfs list -H -o name -t snapshot -r '$ds/jails/web' | xargs -d '\n' -n 1 zfs destroy"

story 'what was received of a copy that never comes again is removed'
in_host sh -c "JAILMAKER_DIR='$home' jlmkr-copy --limit=2M --remote-dir='$far' web nas2:half 2> /dev/null & pid=\$!
	for i in \$(seq 100); do ls -A '$far/jails' | grep -q receive && break; sleep 0.1; done
	sleep 0.5; kill -KILL \$pid
	while pgrep -x 'zfs|jlmkr.*' > /dev/null; do sleep 0.1; done"
f jlmkr-remove -y half
status 0
err_has 'What was left of half is removed'
is '' "$(hidden)"
copy web nas2:half
status 0
is '' "$(snaps "$ds/jails/web")"
f jlmkr-remove -q -y half
f jlmkr-remove -q -y web

story 'a jail that runs is moved'
j jlmkr-create -q --start run
status 0
j jlmkr-snapshot run@mine
j jlmkr-exec run sh -c 'echo moved > /var/data; cat /etc/machine-id > /var/id'
move -n run nas2:
status 0
out_has 'then hand it over, start it there, and remove it here'
move run nas2:
status 0
is run "$(files "$far")"
is web "$(files "$home")"
f jlmkr-exec run sh -c 'cat /var/data; cmp /etc/machine-id /var/id'
is moved "$(cat "$tmp/out")"
is mine "$(snaps "$fds/jails/run")"
is '' "$(hidden)"

story 'and back, where it stays as a standby'
ip_back() { f jlmkr-move --keep --remote-dir="$home" run nas2:; }
ip_back
status 0
j jlmkr-exec run cat /var/data
is moved "$(cat "$tmp/out")"
f jlmkr-start run
refused
is 'mine copy-' "$(snaps "$fds/jails/run")"
kind "$fds/jails/run" | grep -q '^handed:1:nas2:run$' || fail "$(kind "$fds/jails/run")"

story 'a jail that does not start there is started here again'
f jlmkr-remove -q -y run
status 0
sly_zfs
slyly inherit <<END
zfs.real "\$@" && mv '$far/jails/run/rootfs/usr/lib/systemd/systemd' '$far/jails/run/rootfs/usr/lib/systemd/systemd-'
exit
END
move run nas2:
refused
err_has 'moving run: nas2: '
honest
j jlmkr-exec run cat /var/data
is moved "$(cat "$tmp/out")"
is standby "$(kind "$fds/jails/run")"
is - "$(kind "$ds/jails/run" | sed 's/^jail:.*/-/')"
f jlmkr-start run
refused
move run nas2:
status 0
f jlmkr-exec run cat /var/data
is moved "$(cat "$tmp/out")"
f jlmkr-stop -q run
j jlmkr-list -q
out_lacks '^run '

story 'cut while it is handed over: the other side has taken it, and is asked'
cut_by() {
	sly_zfs
	slyly inherit <<-END
	$1
	pkill -KILL -x ssh
	$2
	END
}
back() { f jlmkr-move --remote-dir="$home" "$@" run nas2:; }
cut_by 'zfs.real "$@"' exit
back
status 0
err_has 'asking nas2 whether it has taken over run'
honest
is 'run web' "$(files "$home")"
is '' "$(files "$far" | sed 's/web//')"

story 'or has not: it is a jail here still'
cut_by '' 'zfs.real "$@"; zfs.real set readonly=on "$3"; zfs.real set jlmkr:kind=standby "$3"; pkill -KILL -f " receive\$"; exit 1'
move run nas2:
refused
honest
j jlmkr-start run
status 0
f jlmkr-start run
refused
j jlmkr-stop -q run

story 'or cannot be asked: it is startable on one machine at most, and the same command goes on'
cut_by 'ip link set far0 down' 'pkill -KILL -f " receive\$"; exit 1'
move run nas2:
status 6
err_has "whether nas2 has taken it over is not known, so it cannot be started here: give the same command again, or 'jlmkr promote run'"
in_host sh -c 'ip -n far link set far0 up; pkill -f "^sshd: root"'
honest
is "handed:0:nas2:run" "$(kind "$ds/jails/run")"
j jlmkr-start run
refused
f jlmkr-start run
refused
move run nas2:other
status 5
err_has 'it was handed over to nas2:run'
move run nas2:
status 0
is web "$(files "$home")"
is run "$(files "$far")"
f jlmkr-start run
status 0
f jlmkr-stop -q run

story 'and promote takes it back'
back --keep
status 0
f jlmkr-start run
refused
f jlmkr-promote run
status 0
f jlmkr-start run
status 0
f jlmkr-stop -q run

story 'killed when what both have is gone already: the same command goes on'
j jlmkr-create -q gone
sly_zfs
slyly destroy <<END
cp /tmp/now /tmp/sly-destroy
case "\$*" in *'$ds/jails/gone@copy-'*) zfs.real "\$@"; pkill -KILL -x jlmkr-move; exit ;; esac
END
move gone nas2:
status 137
honest
in_host rm /tmp/sly-destroy
is "handed:2:nas2:gone" "$(kind "$ds/jails/gone")"
is '' "$(snaps "$ds/jails/gone")"
j jlmkr-start gone
refused
move gone nas2:
status 0
j jlmkr-list -q
out_lacks '^gone '
f jlmkr-start gone
status 0
f jlmkr-stop -q gone
f jlmkr-remove -q -y gone

story 'moves killed at 12 moments: on one side at least, startable on one at most'
f jlmkr-remove -q -y run
j jlmkr-remove -q -y run
j jlmkr-create -q m
killed "$home" "$far" 12 < "$here/killed-moves"
is '' "$(hidden)"

finish
