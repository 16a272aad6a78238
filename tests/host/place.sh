#!/bin/sh
# A jail is its directory, not its name: two jailmaker directories with jails of the same name.
. "$(dirname "$0")/lib.sh"

other=/mnt/tank/other/jailmaker
in_host jlmkr-create -q prod
in_host sh -c "cd $jails/prod; sed -i 's/--boot//
	s,^systemd_nspawn_user_args=.*,systemd_nspawn_user_args=--as-pid2 /bin/sleep 9999,' config
	mkdir -p $other; cp -a $jails $other/"
in_host jlmkr-start -q prod

still_runs() {
	is prod "$(in_host jlmkr-exec prod cat /proc/sys/kernel/hostname)"
	is True "$(in_host jlmkr-list --no-header --output RUNNING)"
}

story 'a copy does not run because the original does'
still_runs
try jlmkr-list --dir $other --json
out_has '"running": *false'
err_has $jails/prod
try jlmkr-status --dir $other prod
status 3
err_has $jails/prod
out_lacks running
try jlmkr-status --dir $other --json prod
status 3
out_has '"running": *false'

story 'a copy is not started beside the original'
try jlmkr-start --dir $other prod
status 5
err_has "another jail, in $jails/prod"
still_runs

story 'nobody gets into the original by the copy'
for command in 'exec prod true' 'shell prod'; do
	try jlmkr --dir $other $command
	status 125
	err_has $jails/prod
done
try sh -c "sed -i '/^initial_setup/d' $other/jails/prod/config; echo initial_setup=true >> $other/jails/prod/config
	jlmkr --dir $other setup prod"
refused

story 'to stop, restart or remove the copy leaves the original alone'
expect_status 0 jlmkr-stop --dir $other prod
err_has 'left alone'
still_runs
try jlmkr-restart --dir $other prod
status 5
still_runs
try jlmkr-config --dir $other prod startup=1
status 0
! grep -qi restart "$tmp/err" || fail 'the copy is said to run'
try jlmkr-remove --dir $other --yes prod
status 0
try ls $other/jails
is '' "$(cat "$tmp/out")"
still_runs

story 'a directory that is renamed while its jail runs is still the same'
in_host sh -c "cp -a $jails/prod $other/jails/; mv /mnt/tank/jailmaker /mnt/tank/moved"
try jlmkr-exec --dir /mnt/tank/moved prod true
status 0
try jlmkr-list --dir $other --no-header --output RUNNING
is False "$(cat "$tmp/out")"
in_host mv /mnt/tank/moved /mnt/tank/jailmaker
still_runs

story 'when the original has stopped, the copy starts'
expect_status 0 jlmkr-stop prod
expect_status 0 jlmkr-start -q --dir $other prod
try jlmkr-list --no-header --output RUNNING
is False "$(cat "$tmp/out")"
expect_status 0 jlmkr-stop --dir $other prod

# A machine of the jail's name that somebody else has started, on this root.
start_other() {
	in_host systemd-run -q --unit=other.service -p Type=notify -p KillMode=mixed -p Delegate=yes \
		systemd-nspawn --quiet --keep-unit --as-pid2 --machine=prod --directory="$1" /bin/sleep 9999
}

story 'a jail that runs under another unit is shown, entered and stopped'
start_other $jails/prod/rootfs
try jlmkr-list --no-header --output RUNNING,STATE
is 'True active (other.service)' "$(cat "$tmp/out")"
try jlmkr-start prod
status 0
err_has 'prod runs under another unit, other.service'
err_has 'prod runs already'
expect_status 7 jlmkr-exec prod sh -c 'exit 7'
try jlmkr-status --no-pager prod
status 0
out_has other.service
try jlmkr-status --json prod
status 0
out_has '"unit": *"other.service"'
out_has '"running": *true'
expect_status 5 jlmkr-remove --yes prod
try jlmkr-list --dir $other --no-header --output RUNNING
is False "$(cat "$tmp/out")"
try jlmkr-stop --timeout 1 prod
status 0
err_has 'prod runs under another unit, other.service'
is inactive "$(in_host systemctl is-active other.service)"

story 'restart makes it a jail again'
start_other $jails/prod/rootfs
expect_status 0 jlmkr-restart -q --timeout 1 prod
is active "$(in_host systemctl is-active jlmkr-prod.service)"
expect_status 0 jlmkr-stop -q --now prod

story 'a machine of its name with another root is not the jail'
start_other $other/jails/prod/rootfs
try jlmkr-list --no-header --output RUNNING
is False "$(cat "$tmp/out")"
try jlmkr-exec prod true
status 125
err_has 'prod does not run'
try jlmkr-stop prod
err_has 'prod does not run'
expect_status 3 jlmkr-status prod
is active "$(in_host systemctl is-active other.service)"
in_host systemctl kill -s KILL other.service

story 'a jail that runs without its directory is told'
expect_status 0 jlmkr-start -q prod
in_host rm -r $jails/prod
try jlmkr-list
err_has "prod runs, but its directory is gone: 'systemctl stop jlmkr-prod.service'"
in_host systemctl stop jlmkr-prod.service

finish
