#!/bin/sh
# The newest image for a jail that was made from a registry: its config, its volumes, and the way back.
. "$(dirname "$0")/lib.sh"
. "$here/registries.sh"

musl-gcc -static -Os -s -o "$tmp/app" "$here/app.c" || exit 1
"$here/../fake/releases.py" "$tmp/releases" "$tmp/app" || exit 1
begin_registry
# publish TAG: as the newest
publish() { push_image "$tmp/releases:$1" srv:latest; }
root=$jails/srv/rootfs
version() { in_host cat "${1:-$root}/etc/version"; }
config() { in_host jlmkr config "${2:-srv}" "$1"; }
snapshots() { in_host jlmkr snapshots --json "${1:-srv}" | grep -o '"label":"[^"]*"' | cut -d '"' -f 4; }
log_has() { in_host journalctl -u jlmkr-srv -o cat --no-pager -n 60 | grep -qxe "$1" || fail "the log lacks '$1'"; }
runs() { in_host systemctl is-active -q jlmkr-srv; }
# What there is of the jail, but for times.
state() { in_host sh -c "cd $jails && find . -printf '%p %y %m %U:%G %s %l\n' | sort; cat srv/config"; }

story 'a jail of the first release, with data, and a user who has changed its config'
publish 1
try jlmkr-create -q --image=$open/srv srv
status 0
err_empty
is 1 "$(version)"
in_host sh -c "echo mine > $root/data/mine; chown 1000:1001 $root/data/mine; mkdir $root/var/lib/srv/sub
	echo deep > $root/var/lib/srv/sub/deep; chmod 700 $root/data; echo lost > $root/opt/lost
	cd $jails/srv && jlmkr config -q srv init_env+=OWN=1 2> /dev/null || jlmkr config -q srv \"init_env=\$(jlmkr config srv init_env)
OWN=1\""
config init_env > "$tmp/out"
out_has '^OWN=1'
try jlmkr-start -q srv
status 0
log_has 'words: \[/app\] \[one\]'

story 'nothing is new'
try jlmkr update --check srv
status 0
is '' "$(cat "$tmp/out")"
err_has 'srv has the newest image'
try jlmkr update srv
status 0
err_has 'has the newest image'
try jlmkr update --check --all -q
status 0
err_empty
is '' "$(snapshots)"

story 'there is a new release: a check tells, with a status of its own, and changes nothing'
publish 2
state > "$tmp/before"
try jlmkr update --check srv
status 100
out_has "^srv: docker://open.test:$port/srv:latest is sha256:[0-9a-f]* now, the jail has sha256:[0-9a-f]* (2 layers, "
try jlmkr update --check --all
status 100
out_has '^srv: '
try jlmkr update --dry-run srv
status 0
out_has '^srv: '
state | diff "$tmp/before" - > "$tmp/out" || fail 'it changed something'

story 'a jail that runs is not stopped unless that is asked for'
try jlmkr update -q srv
status 5
one_line_err
err_has 'it runs; --restart stops it, and starts it again afterwards$'
runs || fail 'it was stopped'
is 1 "$(version)"

story 'limits are those of create'
for limit in --max-files=3 --max-size=1K; do
	try jlmkr update -q --restart $limit srv
	status 7
	one_line_err
	err_has "updating srv: .*; ${limit%=*} sets the limit"
done
try jlmkr update --max-size=much srv
status 2
runs || fail 'it does not run'
is 1 "$(version)"
is '' "$(snapshots)"

story 'an update: new files, the same volumes, what the user has changed stays'
try jlmkr update --restart srv
status 0
err_has "goes back to it"
is 2 "$(version)"
runs || fail 'it does not run'
log_has 'words: \[/app\] \[two\]'
log_has 'env VERSION=2'
log_has 'env ADDED=a b'
log_has 'env OWN=1'
config init_env > "$tmp/out"
out_lacks GONE
config image_volumes > "$tmp/out"
out_has '^/more$'
is 'mine 1000:1001' "$(in_host sh -c "cat $root/data/mine; stat -c %u:%g $root/data/mine" | xargs)"
is 700 "$(in_host stat -c %a $root/data)"
is deep "$(in_host cat $root/var/lib/srv/sub/deep)"
is image "$(in_host cat $root/data/of-the-image)"
in_host test -e $root/opt/new -a ! -e $root/opt/lost -a ! -e $root/opt/old || fail 'the files are not those of the image'
try jlmkr update --check srv
status 0
is 1 "$(snapshots | grep -c '^before-update-')"
is '' "$(in_host find $jails -name '.rollback*' -o -name '.create-*')"

story 'the way back'
in_host sh -c "echo later > $root/data/later"
label=$(snapshots)
try jlmkr rollback --stop --start "srv@$label"
status 0
is 1 "$(version)"
log_has 'words: \[/app\] \[one\]'
is mine "$(in_host cat $root/data/mine)"
in_host test -e $root/opt/lost -a ! -e $root/data/later || fail 'it is not what it was'
try jlmkr update --check srv
status 100
in_host sh -c 'for s in $(jlmkr snapshots --json srv | grep -o "\"label\":\"[^\"]*\"" | cut -d "\"" -f 4); do jlmkr snapshot --delete srv@$s; done'

story 'what a user says of the command stays, with a word about it'
in_host jlmkr config -q srv "init_command=app mine"
try jlmkr update --dry-run srv
status 0
err_has "init_command stays as it is; the new image says 'app two'"
try jlmkr update --stop srv
status 0
err_has 'init_command stays as it is'
runs && fail 'it runs'
is 'app mine' "$(config init_command)"
is 2 "$(version)"

story 'a release that cannot run is refused, and the old one runs on'
in_host sh -c "jlmkr config -q srv 'init_command=app two'; jlmkr start -q srv"
publish broken
state | grep -v '\.snapshots' > "$tmp/before"
try jlmkr update -q --restart srv
status 1
one_line_err
err_has "updating srv: the new image: it has no program 'nothing' to run"
runs || fail 'it does not run'
state | grep -v '\.snapshots' | diff "$tmp/before" - > "$tmp/out" || fail 'something changed'
is 1 "$(snapshots | wc -l)"

story 'a release whose volumes are files, or lead out of it'
for release in full hostile; do
	publish $release
	in_host sh -c 'rm -rf /mnt/tank/victim; mkdir -p /mnt/tank/victim/srv; echo safe > /mnt/tank/victim/srv/safe'
	try jlmkr update -q --restart srv
	if [ "$rc" = 0 ]; then
		is "$release" "$(version)"
		is mine "$(in_host cat /proc/1/root$root/data/mine)"
	fi
	runs || fail "$release: it does not run"
	is '/mnt/tank/victim /mnt/tank/victim/srv /mnt/tank/victim/srv/safe ' \
		"$(in_host sh -c 'find /mnt/tank/victim | sort | tr "\n" " "')"
	is mine "$(in_host cat $root/data/mine)"
	is deep "$(in_host sh -c "find $root/ -name deep -path '*srv/sub/deep' -exec cat {} +")"
done

story 'a registry that is not there'
rules 'open.test/* status 500'
state > "$tmp/before"
try jlmkr update -q --restart srv
status 6
one_line_err
try jlmkr update --check --all
status 6
state | diff "$tmp/before" - > "$tmp/out" || fail 'something changed'
rules

story 'whole systems have tools of their own'
in_host jlmkr create -q --distro=fedora --release=43 sys
try jlmkr update sys
status 1
err_has "the tools of its own system bring it up to date, such as jlmkr exec sys dnf upgrade"
try jlmkr update --check --all
out_lacks sys
err_lacks sys
in_host jlmkr remove --yes sys

story 'several at once; and a jail of a file can be told where to ask'
publish 1
in_host sh -c "jlmkr stop -q srv; rm -rf $jails/srv; for n in a b c; do jlmkr create -q --image=$open/srv \$n; done
	jlmkr start -q b; jlmkr config -q c image= image_digest="
publish 2
try jlmkr update c
status 1
err_has 'c was not made from a registry; image=docker://... in its config names one to ask'
try jlmkr update --all --restart
status 0
err_has '3 jails: 2 updated, 1 without an update'
is '2 2 1' "$(for n in a b c; do version $jails/$n/rootfs; done | xargs)"
is 'inactive active' "$(in_host systemctl is-active jlmkr-a jlmkr-b | xargs)"
in_host jlmkr config -q c image=$open/srv
try jlmkr update c
status 0
err_has 'its config stays as it is'
is 2 "$(version $jails/c/rootfs)"
publish 1
in_host jlmkr config -q a init_command=
try jlmkr update --check --all
status 100
out_has '^b: '
out_lacks '^a: '
try jlmkr update --check a
status 100
out_has '^a: '
in_host sh -c "jlmkr stop -q b; rm -rf $jails/a $jails/b $jails/c"

story 'volumes that the new image makes one are refused, and nothing changes'
make_two() {
	publish two
	j jlmkr-create -q --image=$open/srv srv
	status 0
	in_host sh -c 'cd "$1" && for v in a/x b/x b/x/in; do echo "/$v" > $v/mine; done' - "$root"
}
refuses_to_mix() {
	make_two
	for release in three four; do
		publish $release
		before=$(j jlmkr snapshots srv; cat "$tmp/out")
		j jlmkr update -q srv
		status 1
		one_line_err
		err_has "updating srv: in the new image, the volumes /[ab]/x and /[ab]/x are the same directory, or one is inside the other"
		is two "$(version "$root")"
		is '/a/x /b/x /b/x/in' "$(in_host sh -c 'cd "$1" && cat a/x/mine b/x/mine b/x/in/mine' - "$root" | xargs)"
		is "$before" "$(j jlmkr snapshots srv; cat "$tmp/out")"
		is '' "$(in_host find "$jails" -maxdepth 2 -name '.rollback*')"
		j jlmkr-start -q srv
		status 0
		j jlmkr-stop -q srv
	done
	# Without one of them there is nothing to mix.
	in_host rm -r "$root/b/x"
	publish three
	j jlmkr update -q srv
	status 0
	is three "$(version "$root")"
	is /a/x "$(in_host cat "$root/b/x/mine")"
	in_host test ! -e "$root/a/x/of-a" || fail 'the volume has files of the image'
	j jlmkr-remove -q -y srv
	status 0
}
home=${jails%/jails}
refuses_to_mix

story 'volumes that the jail has made one are refused'
make_two
in_host sh -c 'cd "$1" && rm -r a && ln -s b a; jlmkr config -q srv image_digest=' - "$root"
j jlmkr update -q srv
status 1
err_has 'in the jail, the volumes /[ab]/x and /[ab]/x are the same directory, or one is inside the other'
is /b/x/in "$(in_host cat "$root/b/x/in/mine")"
# Of this image, too.
publish three
j jlmkr update -q srv
status 0
is '/b/x /b/x/in' "$(in_host sh -c 'cd "$1" && cat a/x/mine b/x/in/mine' - "$root" | xargs)"
j jlmkr-remove -q -y srv

story 'a volume that is a link of the image is what it leads to; any other link, or a file, is refused'
publish linked
try jlmkr-create -q --image=$open/srv srv
status 0
in_host sh -c "cd $root && echo mine > store/mine && echo mine > run/srv/mine
	jlmkr config -q srv image_digest=sha256:$(printf %064d 1); jlmkr start -q srv"
try jlmkr update -q --restart srv
status 0
is 'mine mine' "$(in_host cat $root/store/mine $root/run/srv/mine | xargs)"
is '/store /run' "$(in_host readlink $root/log $root/var/run | xargs)"
in_host test -e "$root/run/srv/x" -a -e "$root/store/x" || fail 'something is lost'
in_host sh -c "jlmkr config -q srv image_digest=; cd $root && rm log && mkdir other && echo mine > other/mine && ln -s other log"
try jlmkr update -q --restart srv
status 1
one_line_err
err_has 'updating srv: the volume /log is a link to other in the jail, and not in the new image: make it a directory, or take it out of image_volumes'
is mine "$(in_host cat $root/log/mine)"
runs || fail 'it does not run'
pid=$(in_host systemctl show -P MainPID jlmkr-srv)
for what in 'ln -s store/x log' 'echo file > log' 'mkfifo log'; do
	in_host sh -c "cd $root && rm log && $what"
	try jlmkr update -q --restart srv
	status 1
	one_line_err
	err_has 'updating srv: the volume /log is not a directory in the jail: move it away, or take it out of image_volumes'
done
is "$pid" "$(in_host systemctl show -P MainPID jlmkr-srv)"
in_host sh -c "rm $root/log; mkdir $root/log"

story 'image_volumes is looked at before the jail is stopped'
try jlmkr config srv image_volumes=/data/
refused
err_has "image_volumes: '/data/' is not an absolute path without"
in_host sh -c "sed -i 's,^image_volumes=.*,image_volumes=/data/,' $jails/srv/config"
try jlmkr update -q --restart srv
status 1
one_line_err
err_has "image_volumes: '/data/' is not an absolute path without"
is "$pid" "$(in_host systemctl show -P MainPID jlmkr-srv)"
in_host sh -c "jlmkr stop -q srv; rm -rf $jails/srv"

story 'a new image that has no command, for a user who has one of his own'
publish 1
try jlmkr-create -q --image=$open/srv srv
status 0
in_host jlmkr config -q srv "init_command=app mine"
publish bare
try jlmkr update srv
status 0
err_has 'It runs app mine$'
is bare "$(version)"
is 'app mine' "$(config init_command)"
in_host jlmkr remove -q -y srv

story 'what has to be the first process is that as long as the image needs it'
publish tini
try jlmkr-create -q --image=$open/srv srv
status 0
is 1 "$(config init_pid1)"
publish 2
try jlmkr update -q srv
status 0
is '0 app two' "$(config init_pid1) $(config init_command)"
publish tini
try jlmkr update -q srv
status 0
is '1 tini one' "$(config init_pid1) $(config init_command)"
in_host jlmkr remove -q -y srv

story 'a config that another command changes meanwhile'
publish 1
try jlmkr-create -q --image=$open/srv srv
status 0
publish late
rules 'open.test/*/blobs/* status 429 3'
in_host jlmkr update -q srv > "$tmp/late.out" 2> "$tmp/late.err" &
late=$!
tries=0
until requests | grep -q 429; do
	[ $((tries += 1)) -lt 100 ] || { fail 'nothing was asked'; break; }
	sleep 0.1
done
in_host jlmkr config -q srv image_digest=sha256:$(printf %064d 2)
rules
wait $late && rc=0 || rc=$?
cp "$tmp/late.err" "$tmp/err"
status 5
one_line_err
err_has "updating srv: $jails/srv/config: image or image_digest was changed by another command meanwhile; try again"
is 1 "$(version)"
is '' "$(snapshots)"
is sha256:$(printf %064d 2) "$(config image_digest)"

story 'a config that is a link is refused'
in_host sh -c "cd $jails/srv && mv config ../kept && ln -s ../kept config"
state > "$tmp/before"
try jlmkr update -q srv
status 1
one_line_err
err_has "updating srv: $jails/srv/config is a link, which an update cannot replace; put the file itself there"
state | diff "$tmp/before" - > "$tmp/out" || fail 'something changed'
in_host sh -c "cd $jails/srv && mv ../kept config"
try jlmkr update -q srv
status 0
is late "$(version)"
in_host jlmkr remove -q -y srv

story 'killed at any moment, it is the old jail or the new one'
publish 1
try jlmkr-create -q --image=$open/srv srv
status 0
in_host sh -c "echo mine > $root/data/mine"
publish 2
try jlmkr update --check srv
status 100
begun=$(date +%s%N)
try jlmkr update -q srv
status 0
step=$((($(date +%s%N) - begun) / 1000000 / 20 + 1))
first=$(snapshots | head -n 1)
try jlmkr rollback -q "srv@$first"
old=0 new=0 ms=$step
while [ $new -lt 3 ] && [ $ms -lt 3000 ]; do
	in_host sh -c "jlmkr update -q srv > /dev/null 2>&1 & pid=\$!; sleep $((ms / 1000)).$(printf %03d $((ms % 1000))); kill -9 \$pid 2> /dev/null; wait"
	try jlmkr-start srv
	status 0
	is "$(version)" "$(config init_env | sed -n 's/^.*VERSION=\([0-9]*\).*/\1/p')"
	is mine "$(in_host cat $root/data/mine)"
	is '' "$(in_host find $jails -maxdepth 2 -name '.rollback*')"
	case $(version) in 1) old=$((old + 1)) ;; 2) new=$((new + 1)) ;; esac
	try jlmkr-stop -q srv
	[ "$(version)" = 1 ] || try jlmkr rollback -q "srv@$first"
	is 1 "$(version)"
	ms=$((ms + step))
done
[ $old -gt 0 ] && [ $new -gt 0 ] || fail "$old were old and $new new"
in_host sh -c "rm -rf $jails/srv"

story 'of a dataset: the volumes move, what it was is a snapshot'
zfs_pool
jails="$home/jails" root="$home/jails/srv/rootfs"
publish 1
j jlmkr-create -q --image=$open/srv srv
status 0
in_host sh -c 'echo mine > "$1/data/mine"; stat -c %i "$1/data/mine"' - "$root" > "$tmp/inode"
publish 2
j jlmkr update srv
status 0
is 2 "$(version)"
is mine "$(in_host cat "$root/data/mine")"
is "$(cat "$tmp/inode")" "$(in_host stat -c %i "$root/data/mine")"
is image "$(in_host cat "$root/data/of-the-image")"
j jlmkr snapshots srv
out_has before-update-
label=$(in_host zfs list -H -t snapshot -o name | sed -n 's/.*srv@\(before-update.*\)/\1/p')
j jlmkr rollback "srv@$label"
status 0
is 1 "$(version)"
is mine "$(in_host cat "$root/data/mine")"
ms=10
while [ $ms -lt 900 ]; do
	in_host sh -c "JAILMAKER_DIR='$home' jlmkr update -q srv > /dev/null 2>&1 & pid=\$!; sleep 0.$(printf %03d $ms); kill -9 \$pid 2> /dev/null; wait"
	j jlmkr-start -q srv
	status 0
	j jlmkr-stop -q srv
	is mine "$(in_host cat "$root/data/mine")"
	is '' "$(in_host find "$jails" -maxdepth 2 -name '.rollback*')"
	[ "$(version)" = 1 ] || j jlmkr rollback -q "srv@$label"
	is 1 "$(version)"
	ms=$((ms + 80))
done
# zfs-fuse cannot destroy so many at once.
for label in $(in_host zfs list -H -t snapshot -o name | sed -n 's/.*srv@//p'); do j jlmkr snapshot -q --delete "srv@$label"; done
j jlmkr-remove -q -y srv
status 0

story 'of a dataset: volumes that the new image makes one are refused, and nothing changes'
refuses_to_mix

story 'of a dataset: an update that cannot begin leaves nothing'
publish 1
j jlmkr-create -q --image=$open/srv srv
status 0
publish last
zfs_in_host set readonly=on "$ds/jails/srv"
j jlmkr update -q srv
refused
one_line_err
err_has "updating srv: create .*/srv/.rollback: Read-only file system"
j jlmkr snapshots --json srv
out_lacks before-update
zfs_in_host inherit readonly "$ds/jails/srv"
j jlmkr update -q srv
status 0
is last "$(version)"

story 'of a dataset: start finishes an update that was interrupted, of an older jlmkr, too'
in_host sh -ec 'echo mine > "$1/rootfs/data/mine"; cd "$1"; mkdir -m 700 .rollback; cp -a rootfs config .rollback/; cp config .rollback/before
	rm -r .rollback/rootfs/data; echo next > .rollback/rootfs/etc/version; mkdir rootfs/moved; mkdir .rollback/rootfs/to; touch rootfs/moved/too
	printf "/data\n/moved//to/it\n" > .rollback/moves; echo "$(stat -c %i .rollback/rootfs) -update" > .rollback/swap' - "$jails/srv"
j jlmkr-start srv
status 0
err_has 'The update of srv that was interrupted is finished'
is 'next mine' "$(in_host cat "$root/etc/version" "$root/data/mine" | xargs)"
in_host test -e "$root/to/it/too" || fail 'a volume is lost'
is '' "$(in_host find "$jails" -maxdepth 2 -name '.rollback*')"
j jlmkr-stop -q srv

story 'one that cannot be finished is not called finished'
in_host sh -ec 'cd "$1"; mkdir -m 700 .rollback; cp config .rollback/before; echo "1 -update" > .rollback/swap' - "$jails/srv"
j jlmkr-start srv
refused
err_has 'finishing the update: rename rootfs: '
err_lacks 'that was interrupted'
in_host sh -c 'cd "$1" && mv .rollback/old rootfs && rm -r .rollback' - "$jails/srv"
j jlmkr-start -q srv
status 0

finish
