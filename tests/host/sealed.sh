#!/bin/sh
# The test host reaches nothing of the machine that it runs on.
. "$(dirname "$0")/lib.sh"

# The capabilities of a process that reach out: CAP_SYS_MODULE 16, SYS_RAWIO 17, SYS_TIME 25,
# SYSLOG 34, WAKE_ALARM 35.
reaches='set -- $(sed -n "s/^CapBnd:/0x/p" /proc/$1/status | tr -d "\t"); echo $(($1 & 0xc02030000))'

story 'the clock, the modules, the ports and the log of the machine are out of reach'
for pid in self 1; do
	is 0 "$(in_host bash -c "$reaches" - $pid)"
done
now=$(date +%s)
try date -s @1000000000
refused
[ "$(date +%s)" -ge "$now" ] || fail 'the clock is another one now'
try dmesg --clear
refused

story 'nor by way of a jail that has all capabilities'
try jlmkr-create -q --distro=debian --start all --capability=all
status 0
try jlmkr-exec all sh -c 'date -s @1000000000'
refused
is 0 "$(in_host jlmkr-exec all bash -c "$reaches" - 1)"
[ "$(date +%s)" -ge "$now" ] || fail 'the clock is another one now'

finish
