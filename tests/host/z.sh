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

zfs_pool
jails="$home/jails" root="$home/jails/srv/rootfs"
story 'of a dataset: volumes that the new image makes one are refused, and nothing changes'
refuses_to_mix

zfs_pool
jails="$home/jails" root="$home/jails/srv/rootfs"
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


finish
