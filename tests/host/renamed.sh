#!/bin/sh
# A running jail whose files another name leads to: never two systems on the same files.
. "$(dirname "$0")/lib.sh"

try jlmkr-create -q two
status 0
light() { in_host sh -c "cd $jails/$1 && sed -i 's/--boot//
	s,^systemd_nspawn_user_args=.*,systemd_nspawn_user_args=--as-pid2 /bin/sleep 9999,' config"; }
light two

story 'renamed while it runs, it is listed as running and not started again'
try jlmkr start two
status 0
in_host mv $jails/two $jails/three
try jlmkr start three
status 5
one_line_err
err_has "starting three: its files are in use by machine two, which runs; 'systemctl stop jlmkr-two.service' ends it"
try jlmkr list
status 0
out_has '^three  *True'
err_has "three was renamed and runs as the machine two"
try jlmkr list --json
out_has '"name": *"three"'
out_has '"running": *true'
try jlmkr restart three
refused
try jlmkr remove --yes three
refused
in_host test -e $jails/three/rootfs/etc/debian_version || fail 'its files are gone'
is two "$(in_host machinectl list --no-legend | cut -d' ' -f1)"

story '... also if another jail of its new name runs elsewhere'
other=/mnt/tank/other/jailmaker
in_host sh -c "mkdir -p $other/jails; cp -a $jails/three $other/jails/three; rm $other/jails/three/.[a-zE]* 2> /dev/null; :"
try jlmkr --dir $other start three
status 0
for i in 1 2 3; do
	try jlmkr list
	out_has '^three  *True'
	try jlmkr --dir $other list
	out_has '^three  *True'
done
try jlmkr --dir $other stop three
status 0
in_host rm -r $other

story 'when that machine has ended it starts under its new name'
in_host systemctl stop jlmkr-two.service
try jlmkr start three
status 0
try jlmkr list
out_has '^three  *True'
err_empty
try jlmkr stop three
status 0

story 'two names for the same files: one of them runs'
in_host sh -c "ln -s three $jails/four; mkdir $jails/five; cp $jails/three/config $jails/five/; ln -s ../three/rootfs $jails/five/rootfs"
try jlmkr start three
status 0
for name in four five; do
	try jlmkr start $name
	status 5
	err_has 'in use by machine three'
done
try jlmkr stop three
for name in four five; do
	try jlmkr start $name
	status 0
	try jlmkr start three
	status 5
	err_has "in use by machine $name"
	try jlmkr stop $name
	status 0
done

story '... also when all are started at once, before machined knows of any'
for i in 1 2 3; do
	try jlmkr start three four five
	refused
	is 1 "$(in_host systemctl list-units --no-legend 'jlmkr-*' | wc -l)"
	in_host sh -c 'systemctl stop "jlmkr-*"'
done
in_host jlmkr config -q five 'pre_start_hook=/bin/sleep 3'
in_host sh -c 'jlmkr start five > /dev/null 2>&1 & sleep 1; exec jlmkr start three' > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
status 5
err_has 'in use by machine five'
in_host sh -c 'while systemctl is-active -q jlmkr-five.service || systemctl list-jobs | grep -q five; do systemctl stop jlmkr-five.service; done'

story 'a unit that has failed is in nobodys way'
in_host jlmkr config -q five pre_start_hook=/bin/false
in_host sed -i s/--collect// $jails/five/config
try jlmkr start five
refused
in_host test -e /run/systemd/transient/jlmkr-five.service || fail 'the unit is not kept'
try jlmkr start three
status 0
try jlmkr stop three
finish
