#!/bin/sh
# What list, status and log tell of jails: for people, for programs, and when half of
# the system is missing.
. "$(dirname "$0")/lib.sh"

# json EXPRESSION: of what was printed, as `j`
json() { python3 -c "import json, sys; j = json.load(open(sys.argv[1])); assert $1, j" "$tmp/out" ||
	fail "not so: $1"; }

story 'no jails'
try jlmkr-list
status 0
is 'No jails.' "$(cat "$tmp/out")"
try jlmkr-list --json
is '[]' "$(cat "$tmp/out")"

in_host jlmkr-create -q web --network-veth
in_host sh -c "cp -a $jails/web $jails/db; mkdir -p $jails/broken/rootfs; cp -a $jails/web $jails/quiet
	sed -i 's/--network-veth/--register=no/' $jails/quiet/config"
in_host jlmkr-start -q web

story 'list for programs'
try jlmkr-list --json
status 0
json '[x["name"] for x in j] == ["broken", "db", "quiet", "web"]'
json 'j[3]["running"] is True and j[3]["state"] == "active" and j[3]["os"] == "debian"'
json 'j[1]["running"] is False and j[1]["startup"] is False and j[1]["addresses"] == []'
json 'j[0]["broken"] and j[0]["startup"] is None and j[1]["broken"] is None'
try jlmkr-list -o state,name --no-header
status 0
is 'active web' "$(tail -n 1 "$tmp/out" | tr -s ' ')"
is 4 "$(wc -l < "$tmp/out")"
try jlmkr-list -o nonsense
status 2
err_has 'nonsense.*ADDRESSES'

story 'list shows all addresses as JSON, the first one and … in the table'
in_host sh -c 'for i in $(seq 50); do jlmkr exec web ip -6 addr show host0 scope link | grep -q inet6 && break; sleep 0.1; done
	jlmkr exec web ip addr add 10.9.8.7/24 dev host0; jlmkr exec web ip link set host0 up'
try jlmkr-list --json
json '"10.9.8.7" in j[3]["addresses"]'
try jlmkr-list
out_has '^web  *True  *False  *False  *False  *debian  *12  *1\?[0-9a-f]'

story 'status as JSON'
try jlmkr-status --json web
status 0
json 'j["running"] is True and j["state"] == "active" and j["unit"] == "jlmkr-web.service"'
json 'j["leader"] > 1 and j["since"] > 1700000000 and j["last_exit"] is None'
json '"10.9.8.7" in j["addresses"] and j["version"] == "12"'
try jlmkr-status web --json
status 0
json 'j["name"] == "web"'
try jlmkr-status --json db
status 3
json 'j["running"] is False and j["leader"] is None'
expect_status 3 jlmkr-status --json nowhere

story 'status and log are those of systemctl and journalctl'
try jlmkr-status web --no-pager -n 0
status 0
out_has 'jlmkr-web.service - '
out_has 'Active: active (running)'
try jlmkr-log web --no-pager -n 5
status 0
try jlmkr-log -q --no-pager -o cat -n 1 web
status 0
is 1 "$(wc -l < "$tmp/out")"
try jlmkr-status --no-pager -n 0 web
status 0
out_has 'Active: active (running)'

story 'status of a jail that does not run'
try jlmkr-status db --no-pager
status 3
is "db does not run; 'jlmkr start db' starts it" "$(cat "$tmp/out")"
err_empty

story 'the log of a jail that was removed, or renamed'
in_host mv $jails/web $jails/away
try jlmkr-log web --no-pager -n 5
status 0
err_has "no jail named 'web'; asking the journal all the same"
out_has 'web'
try jlmkr-status web --no-pager
status 0
err_has "no jail named 'web'; asking systemd all the same"
out_has 'jlmkr-web.service'
in_host mv $jails/away $jails/web
try jlmkr-log nowhere --no-pager
err_has "no jail named 'nowhere'"
for name in 'jlmkr-*' ../web ''; do
	expect_status 3 jlmkr-log "$name"
	expect_status 3 jlmkr-status "$name"
done

story 'without systemctl and journalctl'
try unshare -m sh -c 'for t in systemctl journalctl; do mount --bind /dev/null /usr/bin/$t; done; jlmkr-status web'
status 0
out_has 'state:  active (running)'
out_has 'address:  10.9.8.7'
try unshare -m sh -c 'mount --bind /dev/null /usr/bin/journalctl; jlmkr-log web'
status 1
err_has 'journalctl'

story 'a failed run is remembered'
in_host sh -c "sed -i 's/--collect//; s/--register=no/--register=no --kill-signal=SIGNONE/' $jails/quiet/config"
try jlmkr-start -q quiet
status 1
try jlmkr-status --json quiet
status 3
json 'j["state"] == "failed" and "status 1" in j["last_exit"]'
in_host sh -c "sed -i 's/ --kill-signal=SIGNONE//' $jails/quiet/config"

story 'a jail that machined does not know runs all the same'
try jlmkr-start -q quiet
status 0
try jlmkr-list
out_has '^quiet  *True  *False  *False  *False  *debian  *12  *-'
! grep -q 'not known' "$tmp/err" || fail 'it warns'

story 'without machined'
in_host systemctl mask --now -q systemd-machined dbus-org.freedesktop.machine1
try jlmkr-list
status 0
out_has '^quiet  *True  *False  *False  *False  *debian  *12  *-'
out_has '^db  *False'
err_has 'addresses are not known'
in_host systemctl unmask -q systemd-machined dbus-org.freedesktop.machine1

story 'without the system bus'
try env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent jlmkr-list
status 0
out_has '^quiet  *True  *False  *False  *False  *debian  *12  *-'
out_has '^db  *False'
try env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent jlmkr-status --json web
status 0
json 'j["running"] is True and j["leader"] > 1'

story 'no command takes more than 4 MiB of memory'
needs_release 'this binary takes more'
musl-gcc -static -Os -o "$tmp/peak" "$here/peak.c" || fail 'peak.c'
host push "$tmp/peak" /tmp/peak
in_host jlmkr-stop -q web quiet
for words in 'start -q web' 'list' 'list --json' 'status --json web' 'exec web true' \
	'restart -q web' 'start --dry-run web' 'stop -q web' 'snapshot --copy web@peak' 'snapshots' 'df' 'startup' 'stop --all' '--version'; do
	kib=$(in_host /tmp/peak jlmkr $words 2>&1 > /dev/null | tail -n 1)
	[ "$kib" -le 4096 ] 2> /dev/null || fail "jlmkr $words: $kib KiB"
done

finish
