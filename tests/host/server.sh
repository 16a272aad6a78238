#!/bin/sh
# A server with bad habits: create gets its image all the same.
. "$(dirname "$0")/lib.sh"

root='*debian/bookworm/amd64/default*rootfs.tar.xz'
newest=$(in_host jlmkr-images debian/12/default | awk 'NR == 2 { print $5 }')

# gets [RULE...]: create succeeds under these rules, from nothing
gets() {
	in_host sh -c "rm -rf $jails/j1; jlmkr-images -q --prune"
	host images "$@"
	try jlmkr-create j1
	status 0
	is 'ID=debian' "$(in_host grep ^ID= $jails/j1/rootfs/etc/os-release)"
	host images
}

story 'it closes the connection in the middle'
gets "$root truncate 20000000"

story 'it resets the connection in the middle'
gets "$root reset 15000000"

story 'it answers 500, once'
gets "* status 500 1"

story 'it is overloaded, twice'
gets "$root status 503 2"

story 'it sends chunks, and no length'
gets "$root chunked"

story 'it understands no ranges'
gets "$root norange"

story 'it sends us elsewhere'
older=$(in_host jlmkr-images --json debian/12/default | python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["builds"][1]["path"])')
gets "*bookworm/amd64/default/$newest/* redirect /$older"

story 'it has just deleted the build that its list names'
gets "*bookworm/amd64/default/$newest/* status 404"
err_has "build $newest is not available"

story 'its newest build is not what the list promises'
gets "*bookworm/amd64/default/$newest/* flip"
err_has "build $newest is not used: https://.*/rootfs.tar.xz is not the file .* SHA-256"
is 2 "$(grep -c 'SHA-256' "$tmp/err")"
tail -n 2 "$tmp/err" | grep -q 'warning: the first try failed: ' || fail 'the end does not say it'

story 'with --quiet the wrong hash is still warned of'
in_host sh -c "rm -rf $jails/j1; jlmkr-images -q --prune"
host images "*bookworm/amd64/default/$newest/* flip"
try jlmkr-create -q j1
status 0
one_line_err
err_has '^warning: the first try failed: .* SHA-256'
host images

story 'it has no other build either: the wrong hash is what the user reads'
in_host sh -c "rm -rf $jails/j1; jlmkr-images -q --prune"
host images "*bookworm/amd64/default/$newest/* flip" "*bookworm/amd64/default/* status 404"
try jlmkr-create -q j1
status 7
err_has "^jlmkr create: creating j1: .*is not the file .* SHA-256 is .*; then build .* 404"
is '' "$(in_host ls -A $jails)"
host images

story 'it stalls: a clean failure, and the next try goes on from there'
in_host sh -c "rm -rf $jails/j1; jlmkr-images -q --prune"
host images "$root stall 20000000"
try timeout -s INT 8 jlmkr-create -q j1
refused
is '' "$(in_host ls -A $jails)"
host images
try jlmkr-create -q j1
status 0
host requests | tail -n 1 | grep -q "default.*rootfs.tar.xz [1-9b]" || fail 'it began anew'

story 'several servers are asked in turn, and it is said which one helped'
in_host sh -c "rm -rf $jails/j1; jlmkr-images -q --prune"
good=https://images.linuxcontainers.org
try jlmkr-images --server=https://none.invalid --server=$good debian
status 0
err_has "none.invalid: .*; trying $good/ instead"
try env JLMKR_IMAGE_SERVER="https://localhost:1/mirror $good" jlmkr-create j1
status 0
err_has "localhost.*; trying $good/ instead"
in_host rm -rf $jails/j1
try jlmkr-create --offline --server=$good/nowhere --server=$good/none j1
status 0
in_host sh -c "rm -rf $jails/j1; jlmkr-images -q --prune"
try jlmkr-create -q --server=$good/nowhere --server=$good/none j1
status 6
one_line_err
err_has "$good/none/streams"
expect_status 7 jlmkr-images --server=http://localhost --server=$good

finish
