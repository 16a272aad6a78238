#!/bin/sh
# Jails that are directories, copied and moved to another machine: a tree of files, whose passes
# go on from each other. There are two jailmaker directories, and a real ssh between two network
# namespaces.
. "$(dirname "$0")/lib.sh"

zfs_pool
near=/mnt/tank/jailmaker far=/mnt/tank/far
root=/proc/$(host_leader)/root
f() { try env JAILMAKER_DIR="$far" "$@"; }
hidden() { in_host ls -A "$1/jails" | grep '^\.'; }
files() { in_host ls -A "$1/jails" | xargs; }
copy() { try jlmkr-copy --remote-dir="$far" "$@"; }
compare() { "$here/../tree-compare" "$@" > "$tmp/compared" 2>&1 || fail "$(head -n 3 "$tmp/compared" | cut -c1-600)"; }
# All but what a jail of its own has for itself.
same_jail() {
	in_host sh -ec 'rm -rf /mnt/tank/one /mnt/tank/two; cp -a "$1" /mnt/tank/one; cp -a "$2" /mnt/tank/two
		for d in one two; do cd /mnt/tank/$d; rm -f etc/machine-id etc/hostname etc/hosts var/lib/dbus/machine-id; touch -d @0 . etc; done' - \
		"$1" "$2" > "$tmp/out" 2> "$tmp/err" || fail 'no copies to compare'
	compare "$root/mnt/tank/one" "$root/mnt/tank/two"
}
tiny() { try jlmkr-create -q --distro=fedora --release=43 "$@"; }

in_host mkdir "$far"
far_machine
tiny web
status 0
in_host sh -c "echo one > $near/jails/web/rootfs/mine; for f in big zbig; do dd if=/dev/urandom of=$near/jails/web/rootfs/\$f bs=1M count=20 2> /dev/null; done"

story 'what a copy would send'
copy -n web nas2:
status 0
out_has '^web (now), its files, about 4[0-9]\.. MiB$'
is '' "$(files "$far")"

story 'a copy of a directory is a jail of its own'
copy web nas2:
status 0
err_empty
is web "$(files "$far")"
is 'config rootfs' "$(in_host ls -A "$far/jails/web" | xargs)"
in_host cmp "$near/jails/web/config" "$far/jails/web/config" || fail 'another config'
same_jail "$near/jails/web/rootfs" "$far/jails/web/rootfs"
is 700 "$(in_host stat -c %a "$far/jails/web")"
f jlmkr-list
out_has '^web '
copy web nas2:
status 4
err_has 'copying web: there is a jail web on nas2 already'
f jlmkr-remove -q -y web
status 0

story 'a copy that was cut goes on: what is whole there is not sent again'
box() { in_host sh -c "ls -d $far/jails/.receive-$1-*"; }
# In the middle of the jail: "big" is there, not much more is.
cut_at() {
	in_host sh -c "jlmkr-copy -q --limit=8M --remote-dir=$far $1 2> /dev/null & pid=\$!; n=0
		until [ -e $far/jails/.receive-$2-*/.passes/$3/rootfs/${4:-mine} ] || [ \$((n += 1)) = 100 ]; do sleep 0.1; done
		kill -KILL \$pid; while pgrep -x 'jlmkr.*' > /dev/null; do sleep 0.05; done"
}
cut_at 'web nas2:' web 1
is '' "$(in_host ls "$far/jails")"
is 'passes' "$(in_host ls -A "$(box web)" | sed 's/^\.//' | xargs)"
inode=$(in_host stat -c %i "$(box web)/.passes/1/rootfs/big")
f jlmkr-start web
refused
copy -n web nas2:
status 0
out_has 'about 4.*, less what is there already'
copy web nas2:
status 0
err_has 'going on with web'
is "$inode 1" "$(in_host stat -c '%i %h' "$far/jails/web/rootfs/big")"
same_jail "$near/jails/web/rootfs" "$far/jails/web/rootfs"
is '' "$(hidden "$far")"
f jlmkr-remove -q -y web

story 'cut twice, and changed meanwhile: nothing of the old state is in the new one'
in_host sh -c "cd $near/jails/web/rootfs; echo old > aaa; echo gone > aab; chmod 600 aaa; ln aaa aac; ln -sf aab aad"
cut_at 'web nas2:' web 1
in_host sh -c "cd $near/jails/web/rootfs; echo NEW > aaa; touch -d @0 aaa; rm aab; rm big/x 2> /dev/null; chmod 4711 mine; rm aad; mkdir aad; echo in > aad/in"
cut_at 'web nas2:' web 2
is '1 2' "$(in_host ls "$(box web)/.passes" | grep -x '[0-9]*' | xargs)"
copy web nas2:
status 0
same_jail "$near/jails/web/rootfs" "$far/jails/web/rootfs"
is "NEW $inode" "$(in_host cat "$far/jails/web/rootfs/aaa") $inode"
f jlmkr-remove -q -y web

story 'what was received of a copy that never comes again is removed'
cut_at 'web nas2:half' half 1
f jlmkr-remove -y half
status 0
err_has 'What was left of half is removed'
is '' "$(hidden "$far")$(files "$far")"

story 'what was whole when it was cut is taken for no other jail'
tiny other
cut_at 'web nas2:test' test 1
in_host sh -ec "cd '$(box test)'/.passes; cp -a $near/jails/web/config $near/jails/web/rootfs 1/; printf 1 > whole"
copy other nas2:test
status 0
same_jail "$near/jails/other/rootfs" "$far/jails/test/rootfs"
f jlmkr-remove -q -y test
try jlmkr-remove -q -y other

story 'what another machine has sent is not linked'
cut_at 'web nas2:' web 1
in_host sh -c "echo other > $(box web)/.passes/from"
copy web nas2:
status 0
err_lacks 'going on'
f jlmkr-remove -q -y web

story 'every kind of file arrives as it was, and is linked by the next pass as it was'
tiny every
python3 "$here/every-kind" "$root$near/jails/every/rootfs" > "$tmp/out" 2> "$tmp/err" || fail 'cannot make the files'
in_host sh -c "cd $near/jails/every/rootfs; dd if=/dev/urandom of=every/zbig bs=1M count=20 2> /dev/null"
cut_at 'every nas2:' every 1 every/zbig
copy every nas2:
status 0
err_has 'going on with every'
err_has '1 files are immutable'
same_jail "$near/jails/every/rootfs" "$far/jails/every/rootfs"
f jlmkr-remove -q -y every
try jlmkr-remove -q -y every

story 'a running jail is read under its lock, with a warning'
try jlmkr-create -q --start run
status 0
copy run nas2:
status 0
err_has 'run runs, and snapshots of it cannot be made here'
try jlmkr-stop -q run
f jlmkr-start run
status 0
f jlmkr-exec run true
status 0
is 2 "$(in_host cat $near/jails/run/rootfs/etc/machine-id "$far/jails/run/rootfs/etc/machine-id" | sort -u | wc -l)"
f jlmkr-stop -q run
f jlmkr-remove -q -y run
try jlmkr-remove -q -y run

story 'within a limit'
begin=$(date +%s%N)
copy --limit=20M web nas2:two
status 0
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -gt 1500 ] || fail "it took $took ms"
f jlmkr-remove -q -y two

story 'the other side is full: what has arrived stays for the next time'
in_host sh -c 'mkdir /mnt/tank/small && mount -t tmpfs -o size=30M tmpfs /mnt/tank/small'
try jlmkr-copy --remote-dir=/mnt/tank/small web nas2:
status 1
err_has 'copying web: nas2: archive entry rootfs/zbig: write: No space left on device'
one_line_err
in_host mount -o remount,size=100M /mnt/tank/small
try jlmkr-copy --remote-dir=/mnt/tank/small web nas2:
status 0
err_has 'going on with web'
same_jail "$near/jails/web/rootfs" /mnt/tank/small/jails/web/rootfs
patiently umount /mnt/tank/small

story 'a jail whose config cannot be read is not taken'
in_host sh -c "sed -i 's/^startup=.*/startup=maybe/' $near/jails/web/config"
copy web nas2:two
refused
err_has 'nas2: two/config'
is web "$(files "$near")"
is '' "$(files "$far")"
in_host sh -c "sed -i 's/^startup=.*/startup=0/' $near/jails/web/config"

story 'the other side gets what it does not expect'
taken() { in_host jlmkr --dir="$far" receive 2> "$tmp/err" | tr -d '\0' > "$tmp/out"; }
look() { hello; letter C 'look \nname two\nfrom me\n'; }
# Of the words of a session, only those of one command are kept.
looks() { hello; for i in $(seq 500); do letter C "look \nname two\nlong $(printf %08000d 0)\n"; done; }
if ! instrumented; then
	looks | in_host sh -c "ulimit -v 8000; exec jlmkr --dir=$far receive" 2> "$tmp/err" | tr -d '\0' > "$tmp/out"
	is 500 "$(grep -c 'state none' "$tmp/out")"
fi
{ hello; letter C 'tree \n'; letter D x; letter E ''; } | taken
out_has 'fault the other side asks for something unknown'
{ hello; letter C 'look \nname two\n'; letter C 'tree \n'; letter D x; letter E ''; } | taken
out_has 'fault it does not say who sends it'
{ look; letter C 'tree \n'; letter D junk; letter D more; letter E ''; letter C 'look \nname two\nfrom me\n'; } | taken
out_has 'fault the archive ends too early'
out_has 'state none'
{ look; letter C 'tree \n'; letter X ''; } | taken
out_has 'fault the stream was given up'
{ look; letter C 'tree \n'; letter F ''; } | taken
out_has 'fault the other side said something else than expected'
{ look; letter C 'finish \njail web\n'; } | taken
out_has 'fault '
{ look; letter C 'receive \nlabel a\nguid 7\nfrom 0\n'; letter D junk; letter E ''; } | taken
out_has 'fault /mnt/tank/far/jails is no ZFS dataset'
f jlmkr-remove -q -y two
is '' "$(files "$far")"

story 'from a directory to a dataset'
zfs() { in_host zfs "$@"; }
# zfs-fuse has no fractions of a second.
in_host find $near/jails/web/rootfs -exec touch -h -d @1700000000 {} +
try jlmkr-copy --remote-dir="$home" web nas2:
status 0
err_empty
same_jail "$near/jails/web/rootfs" "$home/jails/web/rootfs"
is 'off -' "$(zfs get -H -o value readonly,jlmkr:kind "$ds/jails/web" | sed 's/^jail:.*/-/' | xargs)"
is '' "$(zfs list -H -o name -r "$ds" | grep '/\.')$(hidden "$home")"
is 'config rootfs' "$(in_host ls -A "$home/jails/web" | xargs)"
j jlmkr-remove -q -y web
status 0

story 'which goes on, too'
in_host sh -c "jlmkr-copy -q --limit=8M '--remote-dir=$home' web nas2: 2> /dev/null & pid=\$!; n=0
	until [ -e '$home'/jails/.receive-web-*/jail/.passes/1/rootfs/mine ] || [ \$((n += 1)) = 100 ]; do sleep 0.1; done
	kill -KILL \$pid; while pgrep -x 'jlmkr.*|zfs' > /dev/null; do sleep 0.05; done"
try jlmkr-copy --remote-dir="$home" web nas2:
status 0
err_has 'going on with web'
same_jail "$near/jails/web/rootfs" "$home/jails/web/rootfs"
is '' "$(zfs list -H -o name -r "$ds" | grep '/\.')$(hidden "$home")"

story 'from a dataset to a directory'
j jlmkr-copy --remote-dir="$far" web nas2:back
status 0
same_jail "$home/jails/web/rootfs" "$far/jails/back/rootfs"
is '' "$(hidden "$far")$(zfs list -H -o name -t snapshot -r "$ds/jails")"
is back "$(in_host cat "$far/jails/back/rootfs/etc/hostname")"
j jlmkr-snapshot web@a
in_host sh -c "echo two > '$home/jails/web/rootfs/mine'"
j jlmkr-copy --remote-dir="$far" web@a nas2:old
status 0
is one "$(in_host cat "$far/jails/old/rootfs/mine")"
j jlmkr-remove -q -y web
f jlmkr-remove -q -y back
f jlmkr-remove -q -y old
status 0

standby() { in_host sed -n 1p "$1/.standby" 2> /dev/null; }
story 'a standby, as a directory: it cannot be started or changed'
in_host sh -c "cd $near/jails/web/rootfs; echo two > mine"
copy -n --refresh web nas2:stand
status 0
out_has '^web (now), its files, about'
copy --refresh web nas2:stand
status 0
err_empty
is standby "$(standby "$far/jails/stand")"
same_jail "$near/jails/web/rootfs" "$far/jails/stand/rootfs"
in_host cmp $near/jails/web/rootfs/etc/hostname "$far/jails/stand/rootfs/etc/hostname" || fail 'another host name'
is '.rootfs.list .standby config rootfs' "$(in_host ls -A "$far/jails/stand" | xargs)"
refusing="it is read-only, as a standby of a jail on another machine is; 'jlmkr promote stand'"
for command in 'start stand' 'config stand startup=1' 'rollback stand@x' 'setup stand'; do
	f jlmkr $command
	refused
	err_has "$refusing"
done
copy web nas2:stand
status 4
err_has 'a standby: --refresh brings it up to date'
move() { try jlmkr-move --remote-dir="$far" "$@"; }

story 'is brought up to date: only what has changed is sent'
big=$(in_host stat -c %i "$far/jails/stand/rootfs/big")
in_host sh -c "cd $near/jails/web/rootfs; echo three > mine; dd if=/dev/urandom of=zbig bs=1M count=2 2> /dev/null; echo '# mine' >> ../config"
begin=$(date +%s%N)
copy --refresh --limit=4M web nas2:stand
status 0
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -lt 4000 ] || fail "it took $took ms"
same_jail "$near/jails/web/rootfs" "$far/jails/stand/rootfs"
in_host cmp $near/jails/web/config "$far/jails/stand/config" || fail 'another config'
is "$big 1" "$(in_host stat -c '%i %h' "$far/jails/stand/rootfs/big")"
is '.rootfs.list .standby config rootfs' "$(in_host ls -A "$far/jails/stand" | xargs)"
in_host sh -c "cd $near/jails/web/rootfs; dd if=/dev/urandom of=abig bs=1M count=20 2> /dev/null; dd if=/dev/urandom of=zbig bs=1M count=20 2> /dev/null"
in_host sh -c "jlmkr-copy -q --refresh --limit=8M --remote-dir=$far web nas2:stand 2> /dev/null & pid=\$!; n=0
	until [ -e $far/jails/stand/.passes/1/rootfs/mine ] || [ \$((n += 1)) = 100 ]; do sleep 0.1; done
	kill -KILL \$pid; while pgrep -x 'jlmkr.*' > /dev/null; do sleep 0.05; done"
abig=$(in_host stat -c %i "$far/jails/stand/.passes/1/rootfs/abig")
copy --refresh web nas2:stand
status 0
is "$big 1 $abig 1" "$(in_host stat -c '%i %h' "$far/jails/stand/rootfs/big" "$far/jails/stand/rootfs/abig" | xargs)"
same_jail "$near/jails/web/rootfs" "$far/jails/stand/rootfs"

story 'who reads it sees one state, the old or the new one'
names() { in_host sh -c "cd '$1' && find rootfs ! -type s | sort"; }
names "$far/jails/stand" > "$tmp/before"
in_host sh -c "mkfifo /mnt/tank/slow; (exec < /mnt/tank/slow; sleep 2; cat > /mnt/tank/slow.tar) &
	JAILMAKER_DIR=$far jlmkr-export -q --compress=none stand - > /mnt/tank/slow & pid=\$!
	sleep 0.5; rm $near/jails/web/rootfs/zbig; jlmkr-copy -q --refresh --remote-dir=$far web nas2:stand || exit
	wait \$pid && jlmkr-export -q --verify /mnt/tank/slow.tar" > "$tmp/out" 2> "$tmp/err" || fail 'one of them fails'
tar -tf "$root/mnt/tank/slow.tar" | sed -n 's,/$,,; /^rootfs/p' | sort | diff "$tmp/before" - > "$tmp/out" || fail 'it is no state of it'
in_host test ! -e "$far/jails/stand/rootfs/zbig" || fail 'it has the old state still'
in_host sh -c "dd if=/dev/urandom of=$near/jails/web/rootfs/zbig bs=1M count=20 2> /dev/null
	jlmkr-copy -q --refresh --limit=8M --remote-dir=$far web nas2:stand 2> /dev/null & pid=\$!; n=0
	until [ -e $far/jails/stand/.passes ] || [ \$((n += 1)) = 100 ]; do sleep 0.1; done
	for command in 'export stand -' 'snapshot --copy stand' 'clone --full stand x'; do jlmkr --dir=$far \$command > /dev/null && exit 1; done
	wait \$pid" > "$tmp/out" 2> "$tmp/err" || fail 'it is read while it changes'
is 3 "$(grep -c 'stand is in use by ' "$tmp/err")"

story 'another jail does not take its place; the same one does, under another name, too'
tiny other
copy --refresh other nas2:stand
status 4
err_has 'stand on nas2 is a standby of another jail, which is called web; if it can go, remove it'
is three "$(in_host cat "$far/jails/stand/rootfs/mine")"
try jlmkr-remove -q -y other
in_host sed -i '3s/.*/0123/' "$far/jails/stand/.standby"
copy --refresh web nas2:stand
status 4
in_host sh -c "echo 0123456789abcdef0123456789abcdef > $near/jails/web/rootfs/etc/machine-id; sed -i '5s/.*/0123456789abcdef0123456789abcdef/' $far/jails/stand/.standby"
copy --refresh web nas2:stand
status 0
in_host sed -i '4s/.*/old/' "$far/jails/stand/.standby"
copy --refresh web nas2:stand
status 0

story 'a jail whose config cannot be read does not take its place'
in_host sh -c "sed -i 's/^startup=.*/startup=maybe/' $near/jails/web/config; echo bad > $near/jails/web/rootfs/mine"
copy --refresh web nas2:stand
refused
err_has 'nas2: stand/config'
is three "$(in_host cat "$far/jails/stand/rootfs/mine")"
in_host sh -c "sed -i 's/^startup=.*/startup=0/' $near/jails/web/config"
copy --refresh web nas2:stand
status 0
is bad "$(in_host cat "$far/jails/stand/rootfs/mine")"

story 'and becomes a jail'
f jlmkr-promote stand
status 0
is 'config rootfs' "$(in_host ls -A "$far/jails/stand" | xargs)"
copy --refresh web nas2:stand
status 4
err_has 'stand on nas2 is a jail, not a standby'

story 'also one whose exchange was cut, but none without a root file system'
# The new root file system is not in its place, the old one is not any more.
in_host sh -ec "cd $far/jails/stand && echo standby > .standby && mkdir -p .passes/1 && mv rootfs .passes/1/ && echo new > .passes/1/rootfs/mine &&
	cp config .passes/1/ && echo '# new' >> .passes/1/config && echo 1 \$(stat -c %i .passes/1/rootfs) > .passes/swap"
in_host mv "$far/jails/stand/.passes/swap" "$far/swap"
f jlmkr-promote stand
refused
is '.passes .standby config' "$(in_host ls -A "$far/jails/stand" | xargs)"
in_host mv "$far/swap" "$far/jails/stand/.passes/swap"
f jlmkr-promote stand
status 0
is 'config rootfs' "$(in_host ls -A "$far/jails/stand" | xargs)"
is 'new # new' "$(in_host sh -c "cat $far/jails/stand/rootfs/mine; tail -n 1 $far/jails/stand/config" | xargs -d '\n')"

story 'not before what was received for it is deleted, which can fail'
in_host sh -ec "cd $far/jails/stand && echo standby > .standby && mkdir -p .passes/1/rootfs && mount -t tmpfs none .passes/1/rootfs"
f jlmkr-promote stand
refused
is standby "$(standby "$far/jails/stand")"
in_host umount "$far/jails/stand/.passes/1/rootfs"
f jlmkr-promote stand
status 0
is 'config rootfs' "$(in_host ls -A "$far/jails/stand" | xargs)"
f jlmkr-remove -q -y stand
try jlmkr-remove -q -y web

story 'a jail that runs is moved'
f() { try env JAILMAKER_DIR="$far" "$@"; }
try jlmkr-create -q --start run
status 0
try jlmkr-exec run sh -c 'echo moved > /var/data; cat /etc/machine-id > /var/id'
try jlmkr-snapshot --copy run@mine
status 0
move run nas2:
status 5
err_has 'its snapshots would be lost, because they cannot be sent as files: --keep keeps them here'
try jlmkr-snapshot --delete run@mine
move -n run nas2:
status 0
out_has 'then hand it over, start it there, and remove it here'
move run nas2:
status 0
is run "$(files "$far")"
is '' "$(files "$near")"
is 'config rootfs' "$(in_host ls -A "$far/jails/run" | grep -v '^\.Exec' | xargs)"
f jlmkr-exec run sh -c 'cat /var/data; cmp /etc/machine-id /var/id'
is moved "$(cat "$tmp/out")"

story 'files that cannot be sent are not removed'
tiny deep
in_host sh -ec "cd $near/jails/deep/rootfs; for i in \$(seq 300); do mkdir d; cd -P d; done; echo deep > mine"
move deep nas2:
status 1
err_has '1 entries of it cannot be sent, and would be lost: --keep keeps them here'
is deep "$(files "$near")"
move --keep deep nas2:
status 0
f jlmkr-remove -q -y deep
try jlmkr-remove -q -y deep

story 'and back, where it stays as a standby'
back() { f jlmkr-move --remote-dir="$near" "$@" run nas2:; }
back --keep
status 0
try jlmkr-exec run cat /var/data
is moved "$(cat "$tmp/out")"
is standby "$(standby "$far/jails/run")"
f jlmkr-start run
refused
! in_host test -e "$near/jails/run/.taken" || fail 'a mark is left'
copy --refresh run nas2:
status 0
is standby "$(standby "$far/jails/run")"
f jlmkr-remove -q -y run
status 0

story 'a jail that does not start there is started here again'
# Only as the jail that was handed over, there.
try jlmkr-config run "pre_start_hook=#!/bin/sh
[ ! -e /tmp/no-start ] || [ ! -e $far/jails/run/.taken ]"
in_host touch /tmp/no-start
move run nas2:
refused
err_has 'moving run: nas2: '
try jlmkr-exec run cat /var/data
status 0
is moved "$(cat "$tmp/out")"
is standby "$(standby "$far/jails/run")"
is '' "$(standby $near/jails/run)"
f jlmkr-start run
refused
in_host rm -f /tmp/no-start
move run nas2:
status 0
f jlmkr-exec run cat /var/data
is moved "$(cat "$tmp/out")"
f jlmkr-stop -q run

story 'cut while it is handed over, and nobody can be asked: it is startable on one machine at most'
# As after a cut: it was handed over here, and the other side has not taken it, or has.
back --keep
status 0
try jlmkr-stop -q run
id=$(in_host sed -n 2p "$far/jails/run/.standby")
is 32 ${#id}
in_host sh -c "printf 'standby\n$id\n\n' > $near/jails/run/.standby; sed -i '1s/.*/handed:1:nas2:run/' $far/jails/run/.standby"
try jlmkr-start run
refused
f jlmkr-start run
refused
back
status 0
is '' "$(files "$far")"
is '' "$(standby $near/jails/run)"
try jlmkr-start run
status 0
try jlmkr-stop -q run

story 'another jail of that name is not taken for it'
move --keep run nas2:
status 0
in_host sed -i '1s/.*/handed:1:nas2:run/' $near/jails/run/.standby
try jlmkr-start run
refused
move run nas2:
refused
err_has "it was to be handed over, but nas2 does not have it; 'jlmkr promote run'"
try jlmkr-promote run
status 0
f jlmkr-stop -q run
f jlmkr-remove -q -y run

story 'nor is another standby'
tiny other
copy --refresh other nas2:run
status 0
in_host sh -c "printf 'handed:0:nas2:run\n%032d\n\n' 7 > $near/jails/run/.standby"
move run nas2:
refused
err_has "it was to be handed over, but nas2 does not have it; 'jlmkr promote run'"
is standby "$(standby "$far/jails/run")"
f jlmkr-remove -q -y run
try jlmkr-remove -q -y other

try jlmkr-remove -q -y run

story 'a jail that is a dataset is moved to a directory, and back'
j jlmkr-create -q z
status 0
j jlmkr-move --remote-dir="$far" z nas2:
status 0
is 'config rootfs' "$(in_host ls -A "$far/jails/z" | xargs)"
f jlmkr-start z
status 0
f jlmkr-stop -q z
f jlmkr-move --remote-dir="$home" z nas2:
status 0
j jlmkr-start z
status 0
j jlmkr-stop -q z
is '' "$(files "$far")$(zfs list -H -o name -r "$ds" | grep '/\.')"
j jlmkr-remove -q -y z

story 'on btrfs a running jail is read from a snapshot, which is deleted then'
btrfs_pool 2G
j jlmkr-create -q --start run
status 0
j jlmkr-copy --remote-dir="$far" run nas2:
status 0
err_lacks 'cannot be made here'
is '' "$(in_host ls -A $home/jails/run | grep snapshots)"
is run "$(files "$far")"
f jlmkr-remove -q -y run
j jlmkr-move --remote-dir="$far" run nas2:
status 0
f jlmkr-exec run true
status 0
is '' "$(files "$home")"

finish
