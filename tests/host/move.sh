#!/bin/sh
# Jails moved from dataset to dataset on another machine, undisturbed, cut and killed: startable on
# one side at most, there on one at least.
. "$(dirname "$0")/lib.sh"
. "$here/two-pools"

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
is '' "$(files "$home")"
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
is standby "$(kind "$fds/jails/run")"
guid() { in_host sh -c 'zfs list -H -o name -t snapshot -r "$1" | xargs -d "\n" zfs get -H -p -o value guid' - "$1" | xargs; }
before=$(guid "$fds/jails/run")
copy --refresh run nas2:
status 0
[ "$(guid "$fds/jails/run")" != "$before" ] || fail 'nothing has come'
is "$(guid "$ds/jails/run")" "$(guid "$fds/jails/run")"
is 'mine copy-' "$(snaps "$fds/jails/run")"
is 'mine copy-' "$(snaps "$ds/jails/run")"

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
is run "$(files "$home")"
is '' "$(files "$far")"

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
is '' "$(files "$home")"
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

story 'a snapshot that somebody makes meanwhile is not taken for that of the move'
tiny auto
cut_by 'zfs.real "$@"' exit
slyly snapshot <<END
zfs.real "\$@" && zfs.real snapshot '$ds/jails/auto@hourly'
exit
END
move auto nas2:
status 0
err_has 'asking nas2 whether it has taken over auto'
honest
j jlmkr-list -q
out_lacks '^auto '
f jlmkr-remove -q -y auto
status 0

story 'another standby of that name is not taken over for it'
tiny x
tiny other
copy --refresh other nas2:x
status 0
zfs_in_host set jlmkr:kind=handed:0:nas2:x "$ds/jails/x"
zfs_in_host set readonly=on "$ds/jails/x"
move x nas2:
refused
err_has "it was to be handed over, but nas2 does not have it; 'jlmkr promote x'"
is standby "$(kind "$fds/jails/x")"
for jail in x other; do j jlmkr-remove -q -y $jail; done
f jlmkr-remove -q -y x
status 0

story 'snapshots that can no longer be sent are not lost'
tiny x
lost() { move x nas2:; status 5; err_has "the snapshot x@$1 would be lost, because it cannot be sent any more to be one of x on nas2: --keep"; }
j jlmkr-snapshot x@one
j jlmkr-snapshot x@two
copy --refresh x nas2:
status 0
zfs_in_host destroy "$fds/jails/x@one"
lost one
j jlmkr-snapshot --delete x@one
j jlmkr-snapshot --delete x@two
j jlmkr-snapshot x@two
lost two
j jlmkr-snapshot --delete x@two
j jlmkr-snapshot x@three
move x nas2:
status 0
is 'three two' "$(snaps "$fds/jails/x" | tr ' ' '\n' | sort | xargs)"
f jlmkr-remove -q -y x
status 0

story 'with datasets below it, its files are moved, and none of them is lost'
j jlmkr-create -q --start below
datasets_below below
move below nas2:
status 5
err_has "the dataset $ds/jails/below/data would be lost, because it is not mounted in the root file system, .*: --keep"
j jlmkr-exec below true
status 0
patiently zfs destroy -r "$ds/jails/below/data"
zfs_in_host snapshot "$ds/jails/below/rootfs/docker@theirs"
move below nas2:
status 5
err_has "the snapshot $ds/jails/below/rootfs/docker@theirs would be lost"
zfs_in_host destroy "$ds/jails/below/rootfs/docker@theirs"
in_host sh -ec 'zfs create "$1/hides"; echo small > "$2/hides/mine"; cd /; sleep 1; zfs set canmount=off "$1/hides"; zfs unmount "$1/hides" 2> /dev/null || [ ! -e "$2/hides/mine" ]' - "$ds/jails/below" "$home/jails/below" || fail 'it is mounted'
move below nas2:
status 5
err_has "the dataset $ds/jails/below/hides: it has files, and is never mounted, so that they would be lost"
is '' "$(in_host zfs list -H -o name -t snapshot -r "$ds/jails/below")"
patiently zfs destroy "$ds/jails/below/hides"
move below nas2:
status 0
is docker "$(in_host cat "$far/jails/below/rootfs/docker/mine")"
f jlmkr-exec below cat /docker/mine
is docker "$(cat "$tmp/out")"
is run "$(files "$home")$(in_host zfs list -H -o name -r "$ds/jails" | grep below)$(hidden)"
f jlmkr-remove -q -y below
status 0

n=$(kills_of 12)
story "moves killed at $n moments: on one side at least, startable on one at most"
f jlmkr-remove -q -y run
j jlmkr-remove -q -y run
j jlmkr-create -q m
killed "$home" "$far" "$n" < "$here/killed-moves"
is '' "$(hidden)"

finish
