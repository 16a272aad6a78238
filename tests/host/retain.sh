#!/bin/sh
# Snapshots that nobody has to think of: by schedule, pruned, and before changes.
. "$(dirname "$0")/lib.sh"

zfs_pool
labels() { j jlmkr-snapshots --no-header "${1:-web}"; awk '{ print $2 }' "$tmp/out" | tr '\n' ' ' | sed 's/ $//'; }
whys() { j jlmkr-snapshots --json "${1:-web}"; grep -o '"why":[^,]*' "$tmp/out" | sed 's/"why"://; s/"//g' | tr '\n' ' ' | sed 's/ $//'; }
keep() { j jlmkr-config web "snapshot_keep=$1"; status 0; }

story 'without snapshot_keep= nothing is made and nothing goes'
tiny web
tiny other
j jlmkr-snapshot web@mine
j jlmkr-snapshot --all --prune
status 0
err_empty
is '' "$(cat "$tmp/out")"
j jlmkr-snapshot --prune web
status 0
err_has 'the config of web has no snapshot_keep='
is mine "$(labels)"

story 'one a day: the first run makes it, and the second none'
keep '7d 4w 6m'
j jlmkr-snapshot --all --prune --dry-run
status 0
is 1 "$(grep -c '^make web@20..-..-..T..-..-..Z$' "$tmp/out")"
is 1 "$(wc -l < "$tmp/out")"
is mine "$(labels)"
j jlmkr-snapshot --all --prune
status 0
err_empty
is '' "$(cat "$tmp/out")"
is 'asked scheduled' "$(whys)"
j jlmkr-snapshot --all --prune
status 0
is 'asked scheduled' "$(whys)"
is '' "$(whys other)"
j jlmkr-snapshot --all --prune --dry-run
is '' "$(cat "$tmp/out")"

story 'a number of them: the newest stay, with what is not ours or was asked for'
keep 2
zfs_in_host snapshot "$ds/jails/web@auto-daily"
zfs_in_host snapshot -o jlmkr:kind=mine "$ds/jails/web@marked"
for i in 1 2 3; do j jlmkr-snapshot --prune 'w*'; status 0; done
is 5 "$(labels | wc -w)"
is 'mine auto-daily marked' "$(labels | cut -d' ' -f1-3)"
is 'asked null null scheduled scheduled' "$(whys)"
j jlmkr-snapshot --prune --dry-run web
is 'make delete' "$(awk '{ print $1 }' "$tmp/out" | tr '\n' ' ' | sed 's/ $//')"
is 5 "$(labels | wc -w)"

story 'what is held or has a clone stays'
set -- $(labels)
zfs_in_host hold keep "$ds/jails/web@$4"
j jlmkr-clone -q "web@$5" copy
for i in 1 2 3; do j jlmkr-snapshot --prune web; status 0; done
for label in $4 $5; do labels | grep -qw "$label" || fail "$label is gone"; done
is 7 "$(labels | wc -w)"
zfs_in_host release keep "$ds/jails/web@$4"
j jlmkr-remove -q -y copy
j jlmkr-snapshot --prune web
is 5 "$(labels | wc -w)"

story 'what was rolled away goes with them, and a rollback keeps it first'
j jlmkr-rollback web@mine
status 0
is rollback "$(whys | awk '{ print $NF }')"
keep 1
j jlmkr-snapshot --prune web
is 'asked null null scheduled' "$(whys)"

story 'words that are none are refused, and do no harm in a config'
for value in 7x 0 '7d 7d' -1 7dd; do
	j jlmkr-config web "snapshot_keep=$value"
	status 1
	err_has "snapshot_keep: '"
done
in_host sh -c "sed -i 's/^snapshot_keep=.*/snapshot_keep=7 days/' '$home/jails/web/config'"
j jlmkr-config --check web
status 1
out_has "snapshot_keep: 'days' is not a number with h, d, w, m, y or nothing behind it"
before=$(labels)
j jlmkr-snapshot --all --prune
status 1
err_has "snapshot_keep: 'days' is not"
is "$before" "$(labels)"
in_host sh -c "sed -i '/^snapshot_keep=/d; /^auto_snapshot=/d; /^quota=/d' '$home/jails/web/config'"
j jlmkr-config --check web
status 0
j jlmkr-config web snapshot_keep
is '' "$(cat "$tmp/out")"

story 'one jail that fails does not stop the others'
keep 1
in_host sh -c "mkdir '$home/jails/alone' && echo snapshot_keep=1 > '$home/jails/alone/config'"
j jlmkr-snapshot --all --prune
status 1
err_has 'jail alone is incomplete'
is 'asked null null scheduled' "$(whys)"
in_host sh -c "rm '$home/jails/alone/config' && rmdir '$home/jails/alone'"

story 'words that do not go together'
for words in '--prune' '--dry-run web' '--delete --prune web' '--delete --all' '--all web' '--all --prune web' ''; do
	j jlmkr-snapshot $words
	status 2
done
j jlmkr-snapshot --prune none
status 3
j jlmkr-snapshot --all
status 0
is 'other@20 web@20' "$(sed 's/@20.*/@20/' "$tmp/out" | tr '\n' ' ' | sed 's/ $//')"

story 'auto_snapshot=1: config makes one before it changes anything'
j jlmkr-remove -q -y web
tiny web
j jlmkr-config web auto_snapshot=1
is '' "$(labels)"
j jlmkr-config web startup=1
status 0
err_has 'The state before this is web@before-config-20'
is config "$(whys)"
j jlmkr-config web startup=1
is config "$(whys)"
j jlmkr-config web gpu_passthrough_intel=maybe
status 1
is config "$(whys)"
j jlmkr-rollback -q "web@$(labels)"
j jlmkr-config web startup
is 0 "$(cat "$tmp/out")"
is 'config rollback' "$(whys)"

story '... and edit'
try env JAILMAKER_DIR="$home" EDITOR='sed -i s/^startup=.*/startup=1/' jlmkr-edit web
status 0
err_has 'The state before this is web@before-edit-20'
is 'config rollback edit' "$(whys)"
try env JAILMAKER_DIR="$home" EDITOR=true jlmkr-edit web
is 'config rollback edit' "$(whys)"

story '... and setup'
try env JAILMAKER_DIR="$home" jlmkr-create -q web2
j jlmkr-config web2 auto_snapshot=1
j jlmkr-config web2 'initial_setup=echo done > /root/done'
j jlmkr-setup web2
status 0
err_has 'The state before this is web2@before-setup-20'
is 'config setup' "$(whys web2)"
is done "$(in_host cat "$home/jails/web2/rootfs/root/done")"
j jlmkr-stop -q web2
j jlmkr-rename web2 web3
status 0
is 'config setup' "$(whys web3)"
j jlmkr-remove -q -y web3

story '... they go with the others'
keep 1
j jlmkr-snapshot --prune web
is scheduled "$(whys)"
j jlmkr-config web auto_snapshot=0
is scheduled "$(whys)"

cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
count() { jlmkr-snapshots --no-header web | grep -c scheduled; }
measure jlmkr-snapshot --prune $3 web
jlmkr-snapshot -q $3 web@asked > /dev/null || exit 1
for i in $(seq $2); do
	cut_short jlmkr-snapshot --prune $3 web
	n=$(count)
	[ $n -ge 1 ] && [ $n -le 4 ] || off "$n"
	again jlmkr-snapshot --prune $3 web
	[ "$(count)" = 3 ] || off "$(count)"
	[ "$(jlmkr-snapshots --no-header web | wc -l)" = 4 ] || off "$(jlmkr-snapshots web)"
done
echo "cut $cut"
END

story "killed at $kills moments: three stay, whatever was cut"
j jlmkr-remove -q -y web
tiny web
keep 3
for i in 1 2 3; do j jlmkr-snapshot --prune web; done
killed "$home" $kills '' < "$tmp/killed"

home=/mnt/tank/plain
in_host mkdir -p $home
in=$home/jails/web/.snapshots

story 'directories: by schedule, as full copies where blocks cannot be shared'
tiny web
keep 3
j jlmkr-snapshot --prune web
status 1
err_has "cannot share blocks"
j jlmkr-snapshot --prune --copy web
status 0
is scheduled "$(whys)"
for i in 1 2 3; do j jlmkr-snapshot --prune --copy web; done
killed "$home" $kills --copy < "$tmp/killed"

story 'directories: the newest of each day stays, and all of the last one'
for label in $(labels); do j jlmkr-snapshot --delete "web@$label"; done
# aged LABEL SECONDS: as if it had been made so long ago
aged() {
	j jlmkr-snapshot --copy "web@$1"
	in_host sh -c "sed -i \"s/^made=.*/made=\$((\$(date +%s) - $2))/; s/^why=.*/why=${3:-scheduled}/\" $in/$1/.jlmkr-snapshot"
}
day=86400
aged asked $((900 * day)) asked
aged y1 $((400 * day))
aged d40 $((40 * day))
aged d3 $((3 * day))
aged d2 $((2 * day)) config
aged d2b $((2 * day - 1)) rollback
aged h20 72000 config
aged h1 3600 edit
keep 2d
j jlmkr-snapshot --prune --copy web
status 0
now=$(labels)
for label in asked h20 h1; do echo "$now" | grep -qw $label || fail "$label is gone: $now"; done
for label in y1 d40 d3 d2; do ! echo "$now" | grep -qw $label || fail "$label is there: $now"; done
is scheduled "$(whys | awk '{ print $NF }')"
j jlmkr-snapshot --prune --copy web
is "$now" "$(labels)"

story 'directories: where none can be made, a change is refused, until it is not wanted'
j jlmkr-config web auto_snapshot=1
j jlmkr-config web startup=1
status 1
err_has 'the snapshot that auto_snapshot=1 asks for: the file system of .* cannot share blocks'
j jlmkr-config web startup
is 0 "$(cat "$tmp/out")"
j jlmkr-config web auto_snapshot=0
status 0

finish
