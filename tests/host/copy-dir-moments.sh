#!/bin/sh
# Copies of jails that are directories, killed on either side: what was begun goes on, and nothing
# is left. What is expected when nobody is killed is in copy-dir.sh; standbys and moves that are
# killed are in move-dir-moments.sh.
. "$(dirname "$0")/lib.sh"

zfs_pool
near=/mnt/tank/jailmaker far=/mnt/tank/far
hidden() { in_host ls -A "$1/jails" | grep '^\.'; }
zfs() { in_host zfs "$@"; }

in_host mkdir "$far"
far_machine
try jlmkr-create -q --distro=fedora --release=43 web
status 0

cat - "$here/killed-copy" > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
far_killer="pkill -KILL -f ' receive$'"
sum() { (cd "$1" && find . ! -name machine-id ! -name hostname ! -name hosts ! -path . ! -path ./etc -printf '%p %y %m %U:%G %t %n %l\n' | sort && find . -type f ! -name machine-id ! -name hostname ! -name hosts | sort | xargs -d '\n' cat) | sha256sum; }
# zfs-fuse has a dataset in use for some time after the last process in it has ended.
busy() { grep -q 'dataset is busy' /tmp/why && sleep 5 && copy 2> /tmp/why; }
# Killed between the name of a dataset and its mount, it is there when the next command looks.
copy_again() { copy 2> /tmp/why || [ -e "$far/jails/k/config" ] || busy || off "$(cat /tmp/why)"; }
is_clean() { [ "$(ls -A "$far/jails/k" | xargs)" = 'config rootfs' ] || off "$(ls -A "$far/jails/k")"; }
END
in_host sh -c "cd $near/jails/web/rootfs; dd if=/dev/urandom of=big bs=1M count=6 2> /dev/null; dd if=/dev/urandom of=zbig bs=1M count=6 2> /dev/null; mkdir -p some; for i in \$(seq 300); do echo \$i > some/\$i; done; find . -exec touch -h -d @1700000000 {} +"
for who in near far ssh child; do
	story "killed at $kills moments: $who"
	killed "$near" "$far" $kills $who < "$tmp/killed"
	is '' "$(hidden "$far")"
done
n=$(kills_of 10)
story "killed at $n moments, in a store of datasets"
killed "$near" "$home" "$n" far < "$tmp/killed"
is '' "$(zfs list -H -o name -r "$ds" | grep '/\.')$(hidden "$home")"

finish
