#!/bin/sh
# Snapshots of jails that are datasets.
. "$(dirname "$0")/lib.sh"

zfs_pool
snaps() { in_host zfs list -H -o name -t snapshot -r "$ds/jails" 2> /dev/null; }
tiny web
status 0
zfs_in_host create "$ds/jails/web/data"

story 'a snapshot is of the jail and of all datasets below it'
j jlmkr-snapshot web@one
status 0
is 'web@one' "$(cat "$tmp/out")"
err_empty
is "$ds/jails/web@one
$ds/jails/web/data@one" "$(snaps)"
is "snapshot:asked" "$(in_host zfs get -H -o value jlmkr:kind "$ds/jails/web@one")"
# zfs-fuse shows no snapshots in .zfs.
zfs_in_host clone "$ds/jails/web@one" mypool/look
in_host cmp "/mnt/z/my pool/look/config" "$home/jails/web/config" || fail 'no config in it'
in_host zfs unmount mypool/look
patiently zfs destroy mypool/look

story 'without a label it has the time, and two in a second have two'
j sh -c 'jlmkr snapshot web && jlmkr snapshot web'
status 0
is 2 "$(grep -c '^web@20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]-[0-5][0-9]-[0-5][0-9]Z$' "$tmp/out")"
is 2 "$(sort -u "$tmp/out" | wc -l)"
for label in $(sed 's/web@//' "$tmp/out"); do
	j jlmkr-snapshot --delete "web@$label"
	status 0
done

story 'one that exists is not made again'
j jlmkr-snapshot web@one
status 4
err_has 'there is a snapshot web@one already'
zfs_in_host snapshot "$ds/jails/web/data@child"
j jlmkr-snapshot web@child
status 4
err_has "$ds/jails/web/data@child"
is '' "$(snaps | grep web@child)"
j jlmkr-snapshots --no-header web
out_lacks child

story 'a label that cannot be is refused before anything is done'
for label in '' -r .new a/b 'a b' 'a,b' 'a%b' "$(printf %065d 0)"; do
	j jlmkr-snapshot -- "web@$label"
	[ "$rc" -eq 1 ] || [ "$rc" -eq 2 ] || fail "status $rc for '$label'"
	err_has 'cannot be the label of a snapshot\|option'
done
is 3 "$(snaps | wc -l)"

story 'all are listed, the oldest first, with what holds them'
zfs_in_host snapshot "$ds/jails/web@auto-2026 a"
zfs_in_host hold keep "$ds/jails/web@one"
zfs_in_host clone "$ds/jails/web/data@one" mypool/elsewhere
j jlmkr-snapshots
status 0
err_empty
is 'JAIL LABEL MADE USED REFERENCED WHY HOLDS CLONES' "$(head -n 1 "$tmp/out" | tr -s ' ')"
is 3 "$(wc -l < "$tmp/out")"
sed -n 2p "$tmp/out" | grep -q '^web  *one  *20..-..-..T..:..:..Z .* asked  *1  *mypool/elsewhere$' ||
	fail "$(sed -n 2p "$tmp/out")"
sed -n 3p "$tmp/out" | grep -q '^web  *auto-2026 a 20.* other  *-  *-$' || fail "$(sed -n 3p "$tmp/out")"
j jlmkr-snapshots --json web
out_has '"jail":"web","label":"one","made":[0-9]*,"used":[0-9]*,"referenced":[0-9]*,"why":"asked","holds":1,"clones":\["mypool/elsewhere"\]'
out_has '"label":"auto-2026 a".*"why":null,"holds":0,"clones":\[\]'

story 'what is held, or has a clone, is not deleted'
j jlmkr-snapshot --delete web@one
status 5
err_has 'snapshot web@one is held'
zfs_in_host release keep "$ds/jails/web@one"
j jlmkr-snapshot --delete web@one
status 5
err_has 'mypool/elsewhere is a clone of snapshot web@one'
in_host zfs unmount mypool/elsewhere
patiently zfs destroy mypool/elsewhere

story 'one is deleted with those of the datasets below it, others by their names'
j jlmkr-snapshot --delete web@one 'web@auto-2026 a'
status 0
is "$ds/jails/web/data@child" "$(snaps)"
j jlmkr-snapshot --delete web@one
status 3
err_has 'no snapshot web@one'
j jlmkr-snapshot --delete web@child
status 3
j jlmkr-snapshot --delete web
status 2
zfs_in_host destroy "$ds/jails/web/data@child"
j jlmkr-snapshots
is 'No snapshots.' "$(cat "$tmp/out")"

story 'what somebody else destroys meanwhile is deleted'
j jlmkr-snapshot web@gone
sly_zfs
slyly destroy <<EOF
zfs.real destroy -r '$ds/jails/web@gone'
EOF
j jlmkr-snapshot --delete web@gone
status 0
honest_zfs
snaps > "$tmp/out"
out_lacks '@gone$'

story 'several operands: each gets its turn'
j jlmkr-snapshot web@a none@a web@b
status 3
is 'web@a web@b' "$(tr '\n' ' ' < "$tmp/out" | sed 's/ $//')"
err_has "no jail named 'none'"
j jlmkr-snapshot --delete web@a web@b
status 0

story 'of a running jail'
try env JAILMAKER_DIR="$home" jlmkr-create -q --start run
status 0
j jlmkr-snapshot run@live
status 0
err_empty
j jlmkr-exec run true
status 0
j jlmkr-snapshot --delete run@live
status 0
j jlmkr-exec run true
status 0

story 'remove names them before it asks'
j jlmkr-snapshot run@last
try sh -c "echo no | JAILMAKER_DIR='$home' jlmkr-remove run"
refused
err_has "$ds/jails/run@last"
between run "jlmkr-snapshot run@new"
refused
err_has 'run@new is new'
j jlmkr-remove -q -y run
status 0

story 'what holds all jails is no jail to snapshot'
in_host sh -c "cd '$home' && mkdir rootfs && cp jails/web/config . && ln -s '$home' jails/all"
j jlmkr-snapshot all@one
refused
err_has "the dataset of all, $ds, holds all jails"
in_host sh -c "cd '$home' && rmdir rootfs && rm config jails/all"
is '' "$(snaps)"

cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
all=$2/jails/web
there=0
count() { zfs list -H -o name -t snapshot -r "$all" | grep -c '@k$'; }
measure jlmkr-snapshot web@k
jlmkr-snapshot --delete web@k || exit 1
for i in $(seq $3); do
	cut_short jlmkr-snapshot web@k
	again_or 'there is a snapshot' jlmkr-snapshot web@k
	grep -q . /tmp/why && there=$((there + 1))
	n=$(count)
	[ "$n" = 2 ] || off "$n snapshots"
	cut_short jlmkr-snapshot --delete web@k
	again_or 'no snapshot web@k' jlmkr-snapshot --delete web@k
	n=$(count)
	[ "$n" = 0 ] || off "$n snapshots after delete"
done
echo "cut $cut, there $there"
END

story "snapshot and delete killed at $kills moments: both or none, and the same command works"
killed "$home" "$ds" $kills < "$tmp/killed"
is '' "$(snaps)"

finish
