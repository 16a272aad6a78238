#!/bin/sh
# Images of registries: a real docker-registry, open and with logins, behind what stands before those of
# the world (tests/fake/registry.py): tokens, blobs on another host, limits, and lies.
. "$(dirname "$0")/lib.sh"
. "$here/registries.sh"

images=/mnt/tank/jailmaker/images
token=docker://token.test:$port
forget() { in_host sh -c "rm -rf $jails/*; jlmkr-images -q --prune"; }
create() { try jlmkr-create -q "$@"; }
machine() { in_host cat "$jails/$1/rootfs/etc/machine"; }
blobs() { in_host sh -c "cd $images && ls *.blob 2> /dev/null | wc -l"; }
copy() { layout=$1; shift; push_image "$tmp/layouts/$layout" "$@"; }

musl-gcc -static -Os -o "$tmp/peak" "$here/peak.c" || exit 1
host push "$tmp/peak" /tmp/peak
# In one line, whatever it is; below 96 MiB.
small() {
	try /tmp/peak jlmkr-create -q "$@"
	kib=$(tail -n 1 "$tmp/err")
	sed -i '$d' "$tmp/err"
	instrumented || [ "$kib" -le 98304 ] 2> /dev/null || fail "$kib KiB"
}
nothing_left() { is '' "$(in_host sh -c "ls -A $jails")"; }

big_layer() { grep -aho '"layers":.*' "$tmp"/layouts/big/blobs/sha256/* | sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p'; }

musl-gcc -static -Os -s -o "$tmp/app" "$here/app.c" || exit 1
"$here/../fake/layouts.py" "$tmp/layouts" "$tmp/app" || exit 1
begin_registry
in_host mkdir -p $jails

story 'skopeo fills the registry'
copy app:1 app:1
copy app:1 app:latest
copy app:1 library/app:latest
copy app:1 private/app:1
copy app:1 v2:1 --format v2s2
copy big:1 big:1
rules

story 'an open registry'
create --image=$open/app:1 j1
status 0
err_empty
is 'amd64 1' "$(machine j1)"
try jlmkr-config j1
out_has "^image=docker://open.test:$port/app:1$"
out_has '^init_command=/app one '
in_host test ! -e $jails/j1/rootfs/about || fail 'that is no image'
requests | grep -q Basic && fail 'a login nobody asked for'
before=$(requests | wc -l)
create --image=$open/app:1 j2
status 0
is "$((before + 1))" "$(requests | wc -l)"

story 'an image that Docker has made, in its own format'
create --image=$open/v2:1 d1
status 0
is 'amd64 1' "$(machine d1)"
is docker "$(requests | grep -c '/v2/v2/manifests/1 ' | sed 's/1/docker/')"

story 'what is in the cache needs no registry, and what is not there has a sentence'
rules 'open.test/* status 500'
create --offline --image=$open/app:1 j3
status 0
is 'amd64 1' "$(machine j3)"
is 0 "$(requests | wc -l)"
create --offline --image=$open/big:1 j4
status 3
one_line_err
err_has "^jlmkr create: creating j4: image docker://open.test:$port/big:1: it is not in the cache$"
rules

story 'a digest leads to one image, wherever the tag goes'
digest=$(in_host jlmkr-config j1 image_digest)
copy app:2 app:1
create --image=$open/app:1 moved
status 0
is 'amd64 2' "$(machine moved)"
[ "$digest" != "$(in_host jlmkr-config moved image_digest)" ] || fail 'the same digest'
create --image=$open/app@$digest fixed
status 0
is 'amd64 1' "$(machine fixed)"
create --image=$open/app:1@$digest both
status 0
is 'amd64 1' "$(machine both)"
create --image=$open/app:2 lost
status 3
one_line_err
err_has 'open.test:8443 has no such image (it says: MANIFEST_UNKNOWN: manifest unknown)$'

story 'the blobs that no reference leads to any more go'
forget
is 0 "$(blobs)"
copy app:1 app:1
create --image=$open/app:1 j1
is 5 "$(blobs)"			# index, manifest, config, and two layers
try jlmkr-images --cached
err_has "^docker://open.test:$port/app:1 amd64: kept, 0.0 MiB$"
status 0
copy app:2 app:1
before=$(requests | wc -l)
create --image=$open/app:1 j2
is 5 "$(blobs)"			# the lowest layer is the same
is 4 "$(requests | tail -n +$((before + 1)) | wc -l)"
in_host sh -c "ls $images | grep -v '\.blob$\|\.oci$'" > "$tmp/out"
is '' "$(cat "$tmp/out")"
try jlmkr-images --prune
err_has '^images/.*.blob deleted: '
is '' "$(in_host ls $images)"

story 'two creates at once fetch each blob once'
rules
in_host sh -c "for i in 1 2; do jlmkr-create -q --image=$open/big:1 at\$i & done; wait"
is '3145728 3145728' "$(in_host stat -c %s $jails/at1/rootfs/big $jails/at2/rootfs/big | xargs)"
is 1 "$(requests | grep -c "$(big_layer)")"

story 'tokens, and blobs on another host, which gets none of them'
create --image=$token/app:latest t1
status 0
is 'amd64 1' "$(machine t1)"
requests | grep -q '^token.test /v2/app/manifests/latest - Bearer 200$' || fail 'no token'
requests | grep -q '^store.test /v2/app/blobs/.*?sig=hidden - - 200$' || fail 'no blob there'
! requests | grep -q '^store.test .* Bearer ' || fail 'the store got the token'

story 'a token that is good for a few requests is asked for again'
forget
rules 'uses 2'
create --image=$token/app:latest t1
status 0
[ "$(requests | grep -c '^auth.test ')" -gt 1 ] || fail 'one token was enough'

story 'Docker Hub, behind a proxy'
try env https_proxy=http://127.0.0.1:$((port + 1)) jlmkr-create -q --image=docker://app h1
status 0
is docker://docker.io/library/app:latest "$(in_host jlmkr-config h1 image)"
requests | grep -q '^registry-1.docker.io /v2/library/app/manifests/latest - Bearer 200$' || fail 'not the Hub'

story 'who has to log in is told how'
forget
create --image=docker://basic.test:$port/app:1 b1
status 6
one_line_err
err_has "basic.test:$port has no such image, or needs a login; log in with 'docker login basic.test:$port'$"
create --image=$token/private/app:1 b1
status 6
one_line_err
err_has 'token.test:8443 has no such image, or needs a login (it says: UNAUTHORIZED: .x1b.31mno.nnever); log in with'
nothing_left

# login TEXT: what `docker login` writes
login() { in_host sh -c 'mkdir -p /root/.docker && cat > /root/.docker/config.json'; }
story 'the login of docker login'
login <<-END
	{"auths": {"basic.test:$port": {"auth": "bWU6c2VjcmV0"}, "token.test:$port": {"auth": "bWU6c2VjcmV0"}}}
END
rules
create --image=docker://basic.test:$port/app:1 b1
status 0
create --image=$token/private/app:1 b2
status 0
requests | grep -q '^auth.test .* Basic 200$' || fail 'the token server got no login'
! requests | grep -q '^token.test .* Basic ' || fail 'the registry got more than a token'
! requests | grep -q '^store.test .* Ba' || fail 'the store got the login'
! in_host grep -rqs bWU6c2VjcmV0 /mnt/tank/jailmaker || fail 'the login was kept'

story 'a login that is wrong, or with another program, or of podman'
login <<-END
	{"auths": {"basic.test:$port": {"auth": "bWU6d3Jvbmc="}}}
END
create --image=docker://basic.test:$port/app:1 b3
status 6
one_line_err
err_has "or not for the login in /root/.docker/config.json (it says: UNAUTHORIZED: "
login <<-END
	{"auths": {"basic.test:$port": {}}, "credsStore": "secretservice"}
END
create --image=docker://basic.test:$port/app:1 b3
status 6
one_line_err
err_has 'needs a login, which /root/.docker/config.json leaves to another program'
echo '{' | login
create --image=docker://basic.test:$port/app:1 b3
refused
one_line_err
err_has '/root/.docker/config.json: not JSON'
in_host rm -r /root/.docker
in_host sh -c "echo '{\"auths\": {\"basic.test:$port/app\": {\"auth\": \"bWU6c2VjcmV0\"}}}' > /root/auth.json"
try env REGISTRY_AUTH_FILE=/root/auth.json jlmkr-create -q --image=docker://basic.test:$port/app:1 b3
status 0

story 'a connection that breaks is continued where it broke'
forget
rules 'open.test/v2/big/blobs/* cut 1000000'
create --image=$open/big:1 c1
status 0
requests | grep -q 'big/blobs/.* bytes=1000000- .* 206$' || fail 'not continued'
is 3145728 "$(in_host stat -c %s $jails/c1/rootfs/big)"

story 'and by the next create, if this one was killed'
forget
layer=$(big_layer)
rules "open.test/v2/big/blobs/sha256:$layer stall 2000000"
in_host sh -c "jlmkr-create -q --image=$open/big:1 c1 > /dev/null 2>&1 & echo \$! > /tmp/create.pid"
soon sh -c "[ \"\$(stat -c %s $images/$layer.part)\" -gt 1900000 ]"
in_host sh -c 'kill -9 $(cat /tmp/create.pid)'
rules
create --image=$open/big:1 c2
status 0
is 3145728 "$(in_host stat -c %s $jails/c2/rootfs/big)"
requests | grep -q 'big/blobs/.* bytes=[0-9]*- .* 206$' || fail 'not continued'

story 'bytes that are wrong are refused, and not kept'
forget
for what in "v2/app/blobs/*" "v2/app/manifests/sha256:*"; do
	rules "open.test/$what flip"
	create --image=$open/app:latest f1
	status 7
	one_line_err
	err_has 'is not the file in the manifest: its SHA-256 is '
	nothing_left
	rules
	create --image=$open/app:latest f1
	status 0
	forget
done
rules "open.test/v2/app/manifests/* flip"
create --image=$open/app@$digest f1
status 7
err_has 'the registry has sent another manifest, sha256:'

story 'a copy in the cache that was damaged is fetched again'
forget
create --image=$open/big:1 g1
in_host sh -c "printf X | dd of=$images/$layer.blob conv=notrunc bs=1 seek=1000 2> /dev/null"
try jlmkr-create --image=$open/big:1 g2
status 0
err_has 'in the cache was damaged; jlmkr deletes it; fetching it again'

story 'limits are told, with how long they last'
forget
rules 'open.test/* status 429 3600'
create --image=$open/app:1 l1
status 6
one_line_err
err_has 'open.test:8443 limits how much may be fetched (it says: TOOMANYREQUESTS: .*); try again in 3600 seconds, or log in$'

story 'redirects that do not end, or lead to where nobody is trusted'
rules "open.test/v2/app/manifests/* redirect /v2/app/manifests/1"
create --image=$open/app:1 l1
status 6
one_line_err
err_has 'redirects more than 5 times$'
rules "open.test/v2/app/blobs/* redirect http://open.test/"
create --image=$open/app:1 l1
status 7
one_line_err
err_has 'redirects to http://open.test/, which is not https$'

story 'hostile indexes take little memory, and get one sentence'
for file in wide:'the manifest: JSON of more than 100000 values' deep:'the manifest: JSON of more than 64 levels' long:'manifests/1: larger than 4194304 bytes'; do
	rules "open.test/v2/app/manifests/1 file $tmp/layouts/${file%%:*}.json"
	small --image=$open/app:1 e1
	refused
	one_line_err
	err_has "${file#*:}"
done
set --
for i in 1 2 3 4 5; do
	set -- "$@" "open.test/v2/app/manifests/$(cat "$tmp/layouts/loop-$i.digest") file $tmp/layouts/loop-$i.json"
done
rules "$@" "open.test/v2/app/manifests/1 file $tmp/layouts/loop-1.json"
small --image=$open/app:1 e1
refused
one_line_err
err_has 'more than 3 indexes lead to each other$'
nothing_left

story 'a plan shows what a registry has, and makes nothing'
rules
inventory > "$tmp/before"
in_host jlmkr-images -q --prune
try jlmkr-create --dry-run --image=$open/big:1 p1
status 0
out_has "^image=docker://open.test:$port/big:1$"
is 0 "$(requests | grep -c "$(big_layer)")"
inventory > "$tmp/after"
diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something was made'

story 'references that are none'
for try in docker://App docker://open.test:$port/ docker://open.test:$port/a:b:c docker://../a docker://open.test:$port/a@sha256:1; do
	create --image=$try r1
	status 2
done
create --image=docker://nobody.test/app r1
status 6
one_line_err

finish
