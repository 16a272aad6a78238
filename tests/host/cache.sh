#!/bin/sh
# Images are kept: half ones are gone on with, whole ones are taken again.
. "$(dirname "$0")/lib.sh"

images=/mnt/tank/jailmaker/images
rootfs='GET /images/debian/bookworm/amd64/default/[^ ]* '
kept() { in_host sh -c "ls $images 2> /dev/null | sed 's/.*\\.//' | sort | tr '\\n' ' '"; }
asked() { host requests | grep -c "$rootfs" || true; }
# ours FILE: marked as what create makes is
ours() {
	in_host sh -c 'name=${1##*/}; setfattr -n trusted.jlmkr \
		-v "image:$(expr substr "$name" 1 64)" "$1"' - "$1" || fail "cannot mark $1"
}
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
ours "$images/$hash.part"
try jlmkr-create -q j6
status 0
is 'json xz ' "$(kept)"

story 'halves that nobody goes on with are gone after a week'
one=$images/$(printf %064d 1).part two=$images/$(printf %064d 2).part
in_host sh -c "echo 1 > $one; echo 2 > $two"
ours "$one"
ours "$two"
in_host touch -d '8 days ago' "$one"
expect_status 0 jlmkr-create -q --offline j7
is 'json part xz ' "$(kept)"
in_host sh -c "rm $images/*2.part"

story 'two creates at once share one download'
in_host jlmkr-images --prune
is '' "$(kept)"
before=$(asked)
host images '*bookworm*default*rootfs* slow 18000000'
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

story 'what is not ours in images/ stays, whatever it is called'
tiny() { try jlmkr-create -q --distro=fedora --release=43 "$@"; }
digits() { printf "%064d" "$1"; }
in_host sh -s - $images "$(digits 1)" "$(digits 2)" "$(digits 3)" "$(digits 4)" <<'END'
set -e; mkdir -p $1/holiday $1/unpacked/holiday $1/$2.json $1/$2 $1/unpacked/$2/rootfs /mnt/tank/photos
cd $1 && echo photo | tee holiday/1 unpacked/holiday/1 $2.json/1 $2/1 unpacked/$2/rootfs/1 \
	/mnt/tank/photos/1 "$(printf %0200d 1)" movie.part $3.part $3.tar.xz $3.part.bak $3x.part \
	$(printf %064d 5 | tr 5 A).part .$3.part /mnt/tank/secret > /dev/null
ln -s /mnt/tank/secret $2.tar.xz && ln -s /mnt/tank/secret $4.part && ln -s holiday unpacked/$4
ln /mnt/tank/secret $4.json && mkfifo $5.part && : > $5.json && mkdir unpacked/.create-$5 unpacked/$3
touch -h -d '30 days ago' *.part
mount --bind /mnt/tank/photos unpacked/$3
mkdir mounted && mount --bind /mnt/tank/photos mounted
mount --bind /mnt/tank/secret $5.json
END
inventory_of() { in_host find $images /mnt/tank/photos /mnt/tank/secret -printf '%p %y %n %s %l %T@\n' | sort; }
inventory_of | grep -v ' d ' > "$tmp/before"
inventory_of > "$tmp/all"
tiny k4
status 0
err_empty
# Who opens the fifo waits for good.
try timeout 60 jlmkr-images --prune
status 0
err_has 'MiB freed'
inventory_of | grep -v ' d ' > "$tmp/after"
is '' "$(diff "$tmp/before" "$tmp/after" | grep '^[<>]')"
is "$(cut -d' ' -f1 "$tmp/all")" "$(inventory_of | cut -d' ' -f1)"

story 'what has a name of ours is told of, with the command that removes it'
for name in "$(digits 2).part" "$(digits 2).tar.xz" "$(digits 1).tar.xz" "$(digits 3).part" "$(digits 3).json" \
	"$(digits 4).part"; do
	err_has "^warning: $images/$name is not marked .*; if nobody needs it: rm '$images/$name'\$"
done
err_has "rm -r '$images/unpacked/$(digits 1)'"
err_has "rm -r '$images/$(digits 1).json'"
err_has "rm '$images/unpacked/$(digits 3)'"
err_has "$images/unpacked/$(digits 2) stays: something is mounted there"
err_has "$images/$(digits 4).json stays: something is mounted there"
! grep -q "holiday\|movie\|bak\|x\.part\|A\.part\|rm.*$(digits 2)'" "$tmp/err" || fail 'others are told of'
grep '^warning' "$tmp/err" | sort > "$tmp/told"
try jlmkr-images --cached
status 3
is "$(cat "$tmp/told")" "$(grep '^warning' "$tmp/err" | sort)"
in_host sh -c "umount $images/unpacked/$(digits 2) $images/mounted $images/$(digits 4).json && rm -r $images"

story 'a folder of somebody, mounted on images/unpacked'
in_host sh -c "mkdir -p $images/unpacked /mnt/tank/photos/$(digits 1) && echo photo > /mnt/tank/photos/$(digits 1)/1 &&
	setfattr -n trusted.jlmkr -v image:$(digits 1) /mnt/tank/photos/$(digits 1) &&
	mount --bind /mnt/tank/photos $images/unpacked"
tiny k13
status 0
try jlmkr-images --prune
status 0
is photo "$(in_host cat "/mnt/tank/photos/$(digits 1)/1")"
in_host sh -c "umount $images/unpacked && rmdir $images/unpacked"

story 'an image that an earlier version has kept is taken, and stays'
tiny k5
in_host sh -c "cd $images && setfattr -x trusted.jlmkr *.json && setfattr -x trusted.jlmkr *.xz"
kept=$(in_host sh -c "cd $images && sha256sum *")
before=$(asked)
try jlmkr-create --offline --distro=fedora --release=43 k6
status 0
err_has 'from the cache'
try jlmkr-images --prune
status 0
name=$(in_host sh -c "ls $images/*.xz")
err_has "rm '$name'"
is "$kept" "$(in_host sh -c "cd $images && sha256sum *")"

story '... but not when it is damaged'
in_host sh -c "printf XXXX | dd of=$name bs=1 seek=200 conv=notrunc 2> /dev/null"
kept=$(in_host sh -c "cd $images && sha256sum *")
tiny --offline k7
status 7
err_has 'damaged'
tiny k7
status 0
err_has "a damaged image: $name is not marked"
in_host sh -c ": > $name"
kept=$(in_host sh -c "cd $images && sha256sum *")
tiny k8
status 0
err_has "the image is not kept for the next time: $name is not marked"
is "$kept" "$(in_host sh -c "cd $images && sha256sum *")"

story 'a part that is not ours is not gone on with'
in_host sh -c "rm $name; echo mine > ${name%.tar.xz}.part"
tiny k9
status 0
err_has "not kept for the next time: ${name%.tar.xz}.part is not marked"
is mine "$(in_host cat "${name%.tar.xz}.part")"
in_host sh -c ": > ${name%.tar.xz}.part; rm $images/*.json"
tiny k10
status 0
is 'json xz ' "$(kept)"
try jlmkr-images --prune
status 0
is '' "$(kept)"

story 'a file that took the place of ours stays'
tiny k11
in_host sh -c "cd $images && for f in *; do cp \$f copy && mv copy \$f; done"
is 'json xz ' "$(kept)"
try jlmkr-images --prune
status 0
is 'json xz ' "$(kept)"
in_host sh -c "rm -r $images"

story 'what cannot be deleted is a failure'
tiny k12
if in_host sh -c "chattr +i $images/*.xz" 2> /dev/null; then
	try jlmkr-images --prune
	status 1
	err_has '.tar.xz stays: .*Operation not permitted'
	in_host sh -c "chattr -i $images/*.xz"
	expect_status 0 jlmkr-images --prune
	is '' "$(kept)"
else
	skip 'this file system has no flags'
fi

story 'a cache that cannot be written to is none'
in_host sh -c "rm $images/.signed-* && rmdir $images && touch $images"
try jlmkr-create k3
status 0
err_has 'not kept'
in_host rm $images

finish
