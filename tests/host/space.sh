#!/bin/sh
# What jails take, and quotas.
. "$(dirname "$0")/lib.sh"

zfs_pool
quota() { in_host zfs get -H -p -o value refquota "$ds/jails/${1:-web}"; }
# The column of the jail in `df --json`: field NAME KEY
field() { j jlmkr-df --json "$1"; sed "s/.*\"$2\":\([^,}]*\).*/\1/" "$tmp/out"; }

story 'no jails'
j jlmkr-df
status 0
is 'No jails.' "$(cat "$tmp/out")"
j jlmkr-df --json
is '[]' "$(cat "$tmp/out")"

story 'what a dataset takes'
tiny web
tiny two
in_host sh -c "head -c 20000000 /dev/urandom > '$home/jails/web/rootfs/large'; sync"
j jlmkr-snapshot web@one
in_host sh -c "rm '$home/jails/web/rootfs/large'; head -c 5000000 /dev/urandom > '$home/jails/web/rootfs/small'; sync; sleep 1; sync"
# A snapshot makes ZFS write all of it down.
zfs_in_host snapshot "$ds/jails/two@now"
j jlmkr-df web
status 0
err_empty
is 'NAME USED REFERENCED SNAPSHOTS QUOTA AVAILABLE' "$(head -n 1 "$tmp/out" | tr -s ' ')"
is 2 "$(wc -l < "$tmp/out")"
awk '/^web/ { exit !($2 > 23 && $2 < 27 && $4 > 4 && $4 < 7 && $6 > 18 && $6 < 21 && $8 == "-") }' "$tmp/out" ||
	fail "$(cat "$tmp/out")"
is "\"$ds/jails/web\"" "$(field web dataset)"
is null "$(field web quota)"
for key in used referenced available; do
	is "$(in_host zfs get -H -p -o value $key "$ds/jails/web")" "$(field web $key)"
done
is "$(in_host zfs get -H -p -o value usedbysnapshots "$ds/jails/web")" "$(field web snapshots)"
j jlmkr-df --no-header
is 'two web' "$(awk '{ print $1 }' "$tmp/out" | tr '\n' ' ' | sed 's/ $//')"
j jlmkr-df none
status 3
j jlmkr-df 'w*'
is 2 "$(wc -l < "$tmp/out")"

story 'a quota counts at once, and at the next start'
j jlmkr-config web quota=20M
status 0
is $((20 << 20)) "$(quota)"
is $((20 << 20)) "$(field web quota)"
try sh -c "head -c 40000000 /dev/urandom > '$home/jails/web/rootfs/large' && sync -f '$home/jails/web/rootfs/large'"
refused
in_host rm -f "$home/jails/web/rootfs/large"
zfs_in_host set quota=1G "$ds/jails/web"
is $((20 << 20)) "$(field web quota)"
zfs_in_host set quota=none "$ds/jails/web"
j jlmkr-config web quota=1k
status 1
err_has 'quota=1k: zfs: .*size is less than current used'
j jlmkr-config web quota
is 20M "$(cat "$tmp/out")"
j jlmkr-config web quota=x
status 1
err_has "quota: 'x' is not a size"
try env JAILMAKER_DIR="$home" EDITOR='sed -i s/^quota=.*/quota=30M/' jlmkr-edit web
status 0
is $((30 << 20)) "$(quota)"
j jlmkr-config --unset quota web
status 0
is 0 "$(quota)"

story 'a clone has it from its first start'
j jlmkr-create -q real
j jlmkr-config real quota=900M
j jlmkr-clone -q real copy
is 0 "$(quota copy)"
j jlmkr-start -q copy
status 0
is $((900 << 20)) "$(quota copy)"
j jlmkr-stop -q copy
# One that is set already needs no zfs, besides the one that zfs-fuse needs to tell a standby.
in_host sh -c 'mkdir -p /tmp/shim; printf "%s\n" "#!/bin/sh" "echo \"\$*\" >> /tmp/zfs.log" "exec /usr/sbin/zfs \"\$@\"" > /tmp/shim/zfs; chmod +x /tmp/shim/zfs'
try env JAILMAKER_DIR="$home" PATH=/tmp/shim:/root/.local/bin:/usr/sbin:/usr/bin jlmkr-start -q copy
status 0
is '' "$(in_host cat /tmp/zfs.log 2> /dev/null | grep -v ' jlmkr:kind ')"
j jlmkr-stop -q copy

story 'a quota that cannot be is no reason not to start'
in_host sh -c "sed -i 's/^quota=.*/quota=1k/' '$home/jails/copy/config'"
j jlmkr-start copy
status 0
err_has 'copy has no quota of 1k: zfs: .*size is less than current used'
j jlmkr-stop -q copy
in_host sh -c "sed -i 's/^quota=.*/quota=much/' '$home/jails/copy/config'"
j jlmkr-config --check copy
status 1
out_has "quota: 'much' is not a size"
j jlmkr-start copy
status 0
err_has "quota: 'much' is not a size"
j jlmkr-stop -q copy

story 'directories: what is not known is not told, and a quota is refused'
home=/mnt/tank/plain
in_host mkdir -p $home
tiny web
j jlmkr-df
status 0
err_has "The size of these jails is not known; to count it, run: du -sh $home/jails/web"
awk '/^web/ { exit !($2 == "-" && $3 == "-" && $4 == "0.0" && $6 == "-" && $7 > 0) }' "$tmp/out" ||
	fail "$(cat "$tmp/out")"
is null "$(field web used)"
is 0 "$(field web snapshots)"
j jlmkr-snapshot --copy -q web@one
is null "$(field web snapshots)"
j jlmkr-config web quota=1G
status 1
err_has "quota=1G: $home/jails/web/rootfs is not a ZFS dataset, and its file system has no project quotas"
j jlmkr-config web quota
is '' "$(cat "$tmp/out")"

finish
