#!/bin/sh
# Copies from dataset to dataset, and standbys that are brought up to date, killed on either side.
# What is expected when nobody is killed is in copy.sh.
. "$(dirname "$0")/lib.sh"
. "$here/two-pools"

tiny web
status 0
in_host sh -c "echo one > '$home/jails/web/rootfs/mine'; dd if=/dev/urandom of='$home/jails/web/rootfs/big' bs=1M count=20 2> /dev/null"

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

cat - "$here/killed-copy" > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
far_killer='pkill -KILL -o -x jlmkr'	# and not its child, which mounts again what zfs has renamed
sum() { (cd "$1" && find . -type f ! -name machine-id ! -name hostname ! -name hosts | sort | xargs -d '\n' cat) | sha256sum; }
busy() { false; }
copy_again() { copy 2> /tmp/why || [ -e "$far/jails/k/config" ] || off "$(cat /tmp/why)"; }
is_clean() { :; }
END
in_host sh -c "dd if=/dev/urandom of='$home/jails/web/rootfs/big' bs=1M count=12 2> /dev/null"
for who in near ssh far; do
	story "killed at $kills moments: $who"
	killed "$home" "$far" $kills $who < "$tmp/killed"
	is '' "$(hidden)$(snaps "$ds/jails/web")"
done

cat - "$here/killed-standby" > "$tmp/refreshed" <<'END'
export JAILMAKER_DIR=$1
k=k dataset=$5
# The kernel keeps what it has read of zfs-fuse, until it is mounted anew.
fresh() {
	for try in 1 2 3 4 5 6 7 8 9; do zfs unmount "$dataset" 2> /dev/null; zfs mount "$dataset" 2> /dev/null && return; sleep 0.2; done
	echo 'the standby cannot be mounted anew'
	exit 1
}
is_same() { fresh; cmp -s "$web/mine" "$there/mine" && cmp -s "$web/more" "$there/more"; }
is_guarded() { ! touch "$there/x" 2> /dev/null || off 'it can be written to'; }
# zfs-fuse clears what a cut stream left some time after its zfs(8) has ended.
later() { grep -q 'destination already exists' /tmp/why && sleep 2 && refresh 2> /tmp/why; }
refresh_again() { refresh 2> /tmp/why || later || off "$(cat /tmp/why)"; }
is_clean() { [ "$(zfs list -H -o name -t snapshot -r "$dataset" | grep -c '@copy-')" = 1 ] || off "$(zfs list -t snapshot -o name,jlmkr:kind -r "$dataset")"; }
END
for who in near far; do
	story "a standby that is brought up to date, killed at $kills moments: $who"
	killed "$home" "$far" $((kills + 1)) $who "$fds/jails/k" < "$tmp/refreshed"
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

finish
