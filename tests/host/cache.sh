#!/bin/sh
# Images are kept: half ones are gone on with, whole ones are taken again.
. "$(dirname "$0")/lib.sh"

images=/mnt/tank/jailmaker/images
rootfs='GET /images/debian/bookworm/amd64/default/[^ ]* '
kept() { in_host sh -c "ls $images 2> /dev/null | sed 's/.*\\.//' | sort | tr '\\n' ' '"; }
asked() { host requests | grep -c "$rootfs" || true; }
gone() { [ "$(in_host sh -c "ls -A $jails | wc -l")" = "$1" ] || fail 'something is left in jails'; }

story 'a killed create leaves what came, the next one asks for the rest'
host images '*bookworm*default*rootfs* slow 4000000'
try sh -c 'jlmkr-create -q j1 & sleep 3; kill -9 $!; wait $!'
is 'part ' "$(kept)"
host images
try jlmkr-create -q j1
status 0
is 'json xz ' "$(kept)"
host requests | grep -q "$rootfs[0-9b]" || fail 'no range was asked for'
gone 1

story 'the next jail takes it from the cache'
before=$(asked)
try jlmkr-create -q j2
status 0
is "$before" "$(asked)"
in_host sh -c "cd $jails && find j1/rootfs -printf '%P %m %U:%G %s\n' | grep -v etc/host | sort > /tmp/1
	find j2/rootfs -printf '%P %m %U:%G %s\n' | grep -v etc/host | sort > /tmp/2; cmp /tmp/1 /tmp/2" ||
	fail 'the jails differ'

story 'offline asks nobody'
host images '* status 500'
try jlmkr-create -q --offline j3
status 0
try jlmkr-create -q --offline --distro=fedora --release=43 j4
status 3
one_line_err
err_has 'cache'

story 'without an answer from the server the cache is taken, aloud'
try jlmkr-create j4
status 0
err_has 'from the cache'
gone 4
host images

story 'a damaged copy is fetched again'
in_host sh -c "cd $images && printf XXXX | dd of=\$(ls *.xz) bs=1 seek=20000000 conv=notrunc 2> /dev/null"
try jlmkr-create -q j5
status 0
is 'json xz ' "$(kept)"
in_host sh -c "cd $images && printf XXXX | dd of=\$(ls *.xz) bs=1 seek=20000000 conv=notrunc 2> /dev/null"
try jlmkr-create -q --offline j6
status 7
err_has 'damaged'
is '' "$(kept)"
gone 5

story 'half a file that is wrong is begun anew'
hash=$(in_host jlmkr-images --json debian bookworm | python3 -c '
import json, sys
print([i for i in json.load(sys.stdin) if i["variant"] == "default"][0]["builds"][0]["sha256"])')
in_host sh -c "head -c 5000000 /dev/zero > $images/$hash.part"
try jlmkr-create -q j6
status 0
is 'json xz ' "$(kept)"

story 'halves that nobody goes on with are gone after a week'
in_host sh -c "cd $images; a=\$(printf %064d 1); b=\$(printf %064d 2); echo 1 > \$a.part; echo 2 > \$b.part
	touch -d '8 days ago' \$a.part; jlmkr-create -q --offline j7"
is 'json part xz ' "$(kept)"
in_host sh -c "rm $images/*2.part"

story 'two creates at once share one download'
in_host jlmkr-images --prune
is '' "$(kept)"
before=$(asked)
host images '*bookworm*default*rootfs* slow 30000000'
try sh -c 'jlmkr-create -q k1 & jlmkr-create k2; a=$?; wait $!; exit $((a + $?))'
status 0
is $((before + 1)) "$(asked)"
host images

story 'images shows and deletes what is kept'
try jlmkr-images --cached
status 0
out_has '^debian  *bookworm  *amd64  *default'
is 2 "$(wc -l < "$tmp/out")"
try jlmkr-images --prune
status 0
err_has 'MiB freed'
is '' "$(kept)"
expect_status 3 jlmkr-images --cached

story 'a cache that cannot be written to is none'
in_host sh -c "rmdir $images && touch $images"
try jlmkr-create k3
status 0
err_has 'not kept'
in_host rm $images

finish
