#!/bin/sh
# Images in layers, from files: what the tools of several makers write becomes the same tree, and a jail that
# runs the image's command; and what hostile ones try.
. "$(dirname "$0")/lib.sh"

musl-gcc -static -Os -o "$tmp/app" "$here/../fake/layers_app.c" || exit 1
musl-gcc -static -Os -o "$tmp/peak" "$here/peak.c" || exit 1
APP="$tmp/app" "$here/../fake/layers.py" "$tmp/layers" || exit 1
host push "$tmp/peak" /tmp/peak
(cd "$tmp/layers" && find . -type f) | while read -r file; do
	host push "$tmp/layers/$file" "/tmp/$(echo "${file#./}" | tr / -)"
done
in_host mkdir -p $jails
forget() { in_host sh -c "rm -rf $jails/* $jails/.create*"; }
config() { in_host jlmkr-config "$1" "$2"; }
tree() { "$here/../fake/layers.py" list "/proc/$(host_leader)/root$jails/$1/rootfs"; }
# What lies around the jails, with contents, owners and times; /mnt/tank/victim is what links lead to.
in_host sh -c 'mkdir /mnt/tank/victim; echo safe > /mnt/tank/victim/kept'
outside() {
	in_host sh -c "find /mnt/tank /etc /tmp -path $jails -prune -o -path /mnt/tank/jailmaker -prune -o -printf '%p %y %m %U:%G %s %T@ %l\n' | sort
		cat /mnt/tank/victim/kept; ls -A $jails /mnt /"
}
# In one line, whatever it is; below 96 MiB.
small() {
	try /tmp/peak jlmkr-"$@"
	kib=$(tail -n 1 "$tmp/err")
	sed -i '$d' "$tmp/err"
	instrumented || [ "$kib" -le 98304 ] 2> /dev/null || fail "$kib KiB"
	most=$((kib > ${most:-0} ? kib : most))
}

story 'one tree, whoever has packed it'
for file in "$tmp"/layers/good/*; do
	name=${file##*/}
	try jlmkr-create -q --image="/tmp/good-$name" j1
	status 0
	err_empty
	tree j1 | diff "$tmp/layers/tree" - > "$tmp/out" || fail "$name differs"
	is 'config rootfs ' "$(in_host ls -A $jails/j1 | tr '\n' ' ')"
	is '/usr/bin/tool -x' "$(config j1 init_command)"
	forget
done

story 'it is the tree that umoci makes of it'
if command -v umoci > /dev/null; then
	mkdir "$tmp/layout"
	tar -xf "$tmp/layers/good/umoci" -C "$tmp/layout"
	umoci raw unpack --image "$tmp/layout:latest" "$tmp/umoci" > "$tmp/out" 2>&1 || fail 'umoci cannot'
	"$here/../fake/layers.py" list "$tmp/umoci" | diff "$tmp/layers/tree" - > "$tmp/out" || fail 'it differs'
else
	skip 'umoci is not here'
fi

story 'from standard input, with a hash, and by import'
try jlmkr-create -q --image=- j1 < "$tmp/layers/good/gz"
status 0
tree j1 | diff "$tmp/layers/tree" - > "$tmp/out" || fail 'it differs'
forget
try jlmkr-create -q --image=/tmp/good-oci --sha256="$(sha256sum < "$tmp/layers/good/oci" | cut -d ' ' -f 1)" j1
status 0
forget
try jlmkr-create -q --image=/tmp/good-oci --sha256="$(printf %064d 0)" j1
status 7
try jlmkr-import -q /tmp/good-saved j1
status 0
tree j1 | diff "$tmp/layers/tree" - > "$tmp/out" || fail 'it differs'
forget

story 'a plan tells what it is, and makes nothing'
outside > "$tmp/before"
for how in create\ --image=/tmp/app create\ --image=- import\ -; do
	try jlmkr-${how%% *} --dry-run ${how#* } p1 < "$tmp/layers/app"
	status 0
	out_has '^# found: tar in gzip, an image in layers$'
	out_has '^# layers: 2, of [0-9.]* MiB, [0-9.]* MiB$'
	out_has "^# runs: app 'a word' '.HOME'\$"
	out_has '^# as: 1000:1001, in /work/here$'
	out_has '^# ports: 80/tcp, 53/udp$'
	out_has '^# volumes: /data, /data/more$'
	out_has "^init_command=app 'a word' '.HOME'\$"
	out_has '^stop_signal=SIGQUIT$'
done
try jlmkr-create --dry-run --image=/tmp/other-system p1
out_has '^# runs: its init, /sbin/init$'
out_has '^init_command=$'
out_has '^image_volumes=/data$'
try jlmkr-create --dry-run --image=/tmp/other-shell p1
out_has '^# runs: its init, if it has one that boots, else sh$'
outside > "$tmp/after"
diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something was made'

story 'a jail runs the command of its image'
try jlmkr-create --start --image=/tmp/app a1
status 0
err_has "It runs app 'a word' '.HOME', as the user 1000:1001"
err_has 'It listens on 80/tcp, 53/udp'
err_has 'It is An app$'
is '/data /data/more ' "$(config a1 image_volumes | tr '\n' ' ')"
is '755 0:0' "$(in_host stat -c '%a %u:%g' $jails/a1/rootfs/data/more)"
soon jlmkr-exec -q a1 /srv/app --said
in_host journalctl -o cat -u jlmkr-a1 > "$tmp/out"
out_has '^2 a word$'
out_has '^3 .HOME$'
out_has '^GREETING=good day$'
out_has '^user 1000:1001 in /work/here$'
in_host jlmkr-stop -q a1
forget

story 'what has an init boots it; a shell alone would end at once'
try jlmkr-create --image=/tmp/other-system s1
status 0
err_has 'It is Whole, with systemd'
is '' "$(config s1 init_command)"
is /data "$(config s1 image_volumes)"
try jlmkr-create --image=/tmp/other-shell s2
status 0
is sh "$(config s2 init_command)"
try jlmkr-create --image=/tmp/other-nothing s3
status 0
err_has 'it cannot boot as a jail'
is '' "$(config s3 init_command)"
forget
printf 'startup=0\ninit_command=/usr/x own\n' > "$tmp/mine"
host push "$tmp/mine" /tmp/mine
try jlmkr-create -q --config=/tmp/mine --image=/tmp/app own
status 0
is '/usr/x own' "$(config own init_command)"
forget

story 'images for others are named as such'
for try in arch:'it is an image for s390x, and this machine is' \
	no-arch:'it has no image for [a-z0-9]*, only linux/s390x, linux/riscv64' \
	windows:"for 'windows', not for Linux" windows-saved:"for 'windows', not for Linux" \
	foreign:'it has a foreign layer' encrypted:'layer of the unknown type .*encrypted' \
	two:'several images: x:1, y:2'; do
	for how in '' --dry-run; do
		try jlmkr-create -q $how --image="/tmp/other-${try%%:*}" bad
		refused
		one_line_err
		err_has "${try#*:}"
	done
done
is '' "$(in_host ls -A $jails)"
expect_status 2 jlmkr-create -q --image=docker://debian --sha256="$(printf %064d 0)" bad
expect_status 2 jlmkr-create -q --image=docker://Debian bad

# With the sanitizers a layer may have more memory.
! instrumented || mv "$tmp/layers/evil/window" "$tmp/layers/harmless/window-more"
! instrumented || in_host mv /tmp/evil-window /tmp/harmless-window-more

story 'hostile images change nothing, take little memory, and get one sentence'
outside > "$tmp/before"
for file in "$tmp"/layers/evil/*; do
	name=${file##*/}
	small create -q --image="/tmp/evil-$name" evil
	refused
	one_line_err
	err_has '^jlmkr create: creating evil: image /tmp/evil-'
	outside > "$tmp/after"
	diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail "$name has changed something"
	small create -q --dry-run --image="/tmp/evil-$name" evil
	[ "$rc" -eq 0 ] || one_line_err
done
for try in wh-self:'would remove the directory that it is in' wh-nothing:'would remove the directory' \
	link-file:'layer 2 of 2: archive entry out/jlmkr-evil: it would go through the link out' \
	diff-id:"its tar has the SHA-256 [0-9a-f]*, and the image's config" digest-layer:'sha256:[0-9a-f]* has the SHA-256' \
	lost-layer:'No such file' linked-layer:'No such file\|not a regular file' fifo-layer:'is not a regular file' \
	damaged:'cannot be decoded' index-million:'more than\|larger than' layers-many:'more than 500 layers' indexes:'indexes'; do
	try jlmkr-create -q --image="/tmp/evil-${try%%:*}" evil
	refused
	err_has "${try#*:}"
done
instrumented || try jlmkr-create -q --image=/tmp/evil-window evil
instrumented || err_has 'not enough memory$'
for name in diff-id diff-id-saved digest-layer digest-config; do
	expect_status 7 jlmkr-create -q --image=/tmp/evil-$name evil
done

story 'what only looks hostile becomes a jail, and stays in it'
for file in "$tmp"/layers/harmless/*; do
	name=${file##*/}
	small create -q --image="/tmp/harmless-$name" good
	status 0
	forget
	outside > "$tmp/after"
	diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail "$name has changed something"
done

story 'the limits are those of all layers together'
for name in one sum; do
	small create -q --max-size=40M --image=/tmp/bomb-$name evil
	refused
	one_line_err
	err_has 'unpacks to more than 40.0 MiB; --max-size sets the limit'
done
small create -q --max-files=1500 --image=/tmp/bomb-files evil
refused
err_has 'more than 1500 files; --max-files sets the limit'
try jlmkr-create -q --max-size=80M --max-files=1700 --image=/tmp/bomb-files good
status 0
forget
echo "the most memory: $most KiB"

story 'no device of it is made if none is wanted'
try jlmkr-create -q --allow-devices=0 --image=/tmp/good-saved j1
status 0
forget

story 'on ZFS'
zfs_pool
j jlmkr-create -q --image=/tmp/good-mixed z1
status 0
is 'config rootfs ' "$(in_host ls -A "$home/jails/z1" | tr '\n' ' ')"
"$here/../fake/layers.py" list "/proc/$(host_leader)/root$home/jails/z1/rootfs" | diff "$tmp/layers/tree" - > "$tmp/out" ||
	fail 'it differs'

# Those that the real programs made, where a machine has them, against what Docker exported of the container.
story 'samples of the real programs are what Docker makes of them'
if [ -f "${SAMPLES-}/oci/docker-export.tar" ]; then
	mkdir "$tmp/want"
	tar --numeric-owner -xpf "$SAMPLES/oci/docker-export.tar" -C "$tmp/want"
	# What a container has besides, and what create changes.
	table() { "$here/../fake/layers.py" list "$1" | grep -v '^\(etc\|dev\|\.dockerenv\|proc\|sys\|run\|srv\|tmp\|data\)'; }
	table "$tmp/want" > "$tmp/want.list"
	grep -q '^usr/bin/capped f' "$tmp/want.list" || fail 'it cannot be listed'
	for name in oci-archive docker-archive docker-save; do
		host push "$SAMPLES/oci/$name.tar" /tmp/sample
		try jlmkr-create -q --image=/tmp/sample real
		status 0
		table "/proc/$(host_leader)/root$jails/real/rootfs" | diff "$tmp/want.list" - > "$tmp/out" || fail "$name differs"
		forget
	done
else
	skip 'SAMPLES names no folder of them'
fi

finish
