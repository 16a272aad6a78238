#!/bin/sh
# A jail's config: read, changed, checked and edited.
. "$(dirname "$0")/lib.sh"

try jlmkr-create -q --distro=fedora --release=43 web
status 0
conf=$jails/web/config
in_host cp "$conf" /tmp/before
changed() { in_host sh -c "diff /tmp/before $conf | grep '^[<>]'"; }

story 'all values that count, and one'
try jlmkr-config web
status 0
out_has '^startup=0$'
out_has '^distro=fedora$'
out_has '^    --property=Delegate=yes$'
try jlmkr-config web release
is 43 "$(cat "$tmp/out")"
try jlmkr config --json web seccomp
is '{"seccomp":true}' "$(cat "$tmp/out")"
in_host sh -c "jlmkr config web > /tmp/printed; jlmkr config --check /tmp/printed" 2> "$tmp/err" ||
	fail 'what is printed is no config'

story 'a change keeps everything else byte for byte, and the mode'
try jlmkr-config -q web startup=1
status 0
is '< startup=0
> startup=1' "$(changed)"
is 600 "$(in_host stat -c %a "$conf")"
try jlmkr-config -q web 'pre_start_hook=#!/bin/sh
echo "a b"
exit 0' startup=0
status 0
is '#!/bin/sh
echo "a b"
exit 0' "$(in_host jlmkr-config web pre_start_hook)"
try jlmkr-config -q web --unset pre_start_hook --unset startup
status 0
is 0 "$(in_host jlmkr-config web startup)"
try jlmkr-config web distro=fedora
err_has 'Nothing was changed'

story 'what is wrong is not set'
in_host cp "$conf" /tmp/before
for bad in sartup=1 startup=maybe 'systemd_nspawn_user_args=--bind="x' nothing; do
	try jlmkr-config web "$bad"
	refused
	one_line_err
	is '' "$(changed)"
done
try jlmkr-config web startup=1 seccomp=perhaps
refused
is '' "$(changed)"
try jlmkr-config nobody startup=1
refused

story 'twenty changes at once lose none'
in_host sh -c 'for i in $(seq 10); do
		jlmkr-config -q web "initial_setup=echo $i" &
		jlmkr-config -q web "post_stop_hook=/bin/echo $i" &
	done; wait; jlmkr-config web initial_setup; jlmkr-config web post_stop_hook' > "$tmp/out" 2> "$tmp/err"
out_has '^echo [0-9]'
out_has '^/bin/echo [0-9]'
err_empty
try jlmkr-config -q web --unset initial_setup --unset post_stop_hook

story 'check names every problem with its line'
try sh -c 'printf "%s\n" startup=maybe sartup=1 "systemd_run_default_args=--property=Foo=1" \
	"	--property=CPUWeight=-4" "	--wat" \
	"systemd_nspawn_user_args=--bindx=/a" "	--bind=/no/where:/x --network-bridge=br9" \
	"	# --bind=/commented/out" "	--network-macvlan=nope --bind=-/may/lack --bind=+/in/jail" |
	jlmkr config --check -'
status 1
is "-:1: startup must be 1 or 0, not 'maybe'
-:2: unknown key 'sartup', did you mean 'startup'?
-:3: unknown property 'Foo'
-:4: property CPUWeight: '-4' is not idle or a number from 1 to 10000
-:6: systemd-nspawn has no option --bindx; did you mean --bind?
-:7: --bind=/no/where:/x: there is no /no/where
-:7: --network-bridge=br9: there is no interface br9
-:9: --network-macvlan=nope: there is no interface nope" "$(grep -v wat "$tmp/out")"
out_has '^-:5: .*--wat'
try jlmkr-config --check web
status 0
is '' "$(cat "$tmp/out")"

story 'a file that is named: a pipe, a device, too large, no text'
in_host sh -c 'mkfifo /tmp/fifo; truncate -s 100M /tmp/large; printf "startup=1\nx=\0\n" > /tmp/binary'
for bad in '/tmp/fifo is a pipe that nobody writes to' '/tmp/large: larger than 1048576 bytes' \
	'/tmp/binary: line 2: a NUL byte' '/dev/zero is neither a file nor a pipe' '/tmp is neither a file nor a pipe'; do
	try timeout 20 jlmkr-config --check "${bad%%[: ]*}"
	status 1
	one_line_err
	err_has "$bad"
	try timeout 20 jlmkr-create -q --config "${bad%%[: ]*}" new
	status 1
	err_has "$bad"
done
try bash -c 'timeout 20 jlmkr-config --check <(sleep 0.3; echo startup=1; sleep 0.3; echo startup=2)'
status 1
out_has ':2: .startup. was given before'
try bash -c '(sleep 0.3; echo startup=1) > /tmp/fifo & timeout 20 jlmkr-config --check /tmp/fifo'
status 0
try bash -c 'timeout 20 jlmkr-create -q --distro=fedora --release=43 --offline --config <(echo "startup=1") new'
status 0
is 1 "$(in_host jlmkr-config new startup)"
try sh -c 'echo startup=1 | timeout 20 jlmkr-config --check /dev/stdin'
status 0
try jlmkr-config --check /dev/null
status 0
try timeout --preserve-status -s INT 1 jlmkr-config --check /tmp/fifo
status 130
in_host jlmkr-remove -q -y new

story 'every option that systemd-nspawn has is known'
in_host systemd-nspawn --help | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u > "$tmp/options"
[ "$(wc -l < "$tmp/options")" -gt 50 ] || fail 'no options found'
{ printf 'systemd_nspawn_user_args='; sed 's/$/=x/; s/^/	/' "$tmp/options"; } > "$tmp/conf"
in_host jlmkr config --check - < "$tmp/conf" > "$tmp/out" 2> "$tmp/err"
out_lacks 'has no option'

story 'a start finds what is missing before anything runs'
try jlmkr-config -q web 'systemd_nspawn_user_args=--bind=/not/there'
try jlmkr-start web
refused
err_has 'config: line [0-9]*: --bind=/not/there: there is no /not/there'
is '' "$(in_host systemctl list-units --all --no-legend 'jlmkr-*')"
try jlmkr-create -q real --bind=/not/there
try jlmkr-config -q real 'pre_start_hook=/bin/mkdir -p /not/there'
try jlmkr-start -q real
status 0
err_empty
in_host test -d /not/there || fail 'the hook did not run'
try jlmkr-remove -q -y real
try jlmkr-config -q web 'pre_start_hook=/bin/true' systemd_nspawn_user_args=--network-bridge=br9
try jlmkr-start web
refused
err_has 'warning: .*config: line [0-9]*: --network-bridge=br9: there is no interface br9, unless'
tail -n 1 "$tmp/err" | grep -q 'line [0-9]* of its config: --network-bridge=br9: there is no interface br9; ' ||
	fail 'the reason is not said'
! tail -n 1 "$tmp/err" | grep -q 'exited with' || fail 'two causes in one sentence'
err_has '^systemd-nspawn exited with status 1'
try jlmkr-config -q web --unset pre_start_hook systemd_nspawn_user_args=

# An editor that adds its words, and another answer each time.
in_host sh -c 'printf "#!/bin/sh\necho \"\$WORDS\" >> \"\$1\"\n" > /tmp/editor; chmod +x /tmp/editor'
edit() { try sh -c "printf '$1' | EDITOR=/tmp/editor WORDS='$2' jlmkr-edit web"; }

story 'edit takes what is good'
in_host cp "$conf" /tmp/before
edit '' '# a note'
status 0
is '> # a note' "$(changed)"

story 'edit shows what is wrong, and drops it or keeps it'
in_host cp "$conf" /tmp/before
edit 'd\n' 'sartup=1'
err_has "unknown key 'sartup'"
is '' "$(changed)"
is '' "$(in_host sh -c "ls -A $jails/web | grep edit")"
edit 'K\n' 'sartup=1'
is '> sartup=1' "$(changed)"
edit 'e\nd\n' '[x'
is '> sartup=1' "$(changed)"
is '' "$(in_host sh -c "ls -A $jails/web | grep edit")"

story 'edit without an answer takes what can be read, with warnings'
in_host cp /tmp/before "$conf"
edit '' 'sartup=1'
status 0
is '> sartup=1' "$(changed)"
err_has "warning: line [0-9]*: unknown key 'sartup'"
is '' "$(in_host sh -c "ls -A $jails/web | grep edit")"

story 'and changes nothing, and loses nothing, if it cannot be read'
in_host cp /tmp/before "$conf"
edit '' 'seccomp=perhaps'
status 1
is '' "$(changed)"
err_has "What you wrote is in $jails/web/.config.edit-"
err_has "'cp $jails/web/.config.edit-[0-9]* $jails/web/config' uses it, 'rm $jails/web/.config.edit-[0-9]*' drops"
in_host sh -c "grep -q seccomp=perhaps $jails/web/.config.edit-* && rm $jails/web/.config.edit-*" || fail 'it is lost'

story 'what is not mounted now is no question of edit'
printf '< there is no /not/mounted\n' > "$tmp/words"
in_host sh -c "sed 's|^systemd_nspawn_user_args=|&--bind=/not/mounted|' $conf > /tmp/unmounted"
talk env EDITOR='cp /tmp/unmounted' jlmkr-edit web < "$tmp/words"
status 0
out_lacks 'Edit again'
in_host cmp -s /tmp/unmounted "$conf" || fail 'it is not saved'
in_host cp /tmp/before "$conf"

story 'edit of a jail without a config begins with the default one'
in_host sh -c "mkdir -p $jails/bare/rootfs/usr $jails/bare/rootfs/etc"
try env EDITOR='sed -i s/^startup=0/startup=1/' jlmkr-edit bare < /dev/null
status 0
is '1 600 root' "$(in_host jlmkr-config bare startup) $(in_host stat -c '%a %U' $jails/bare/config)"
out=$(in_host sh -c "grep -c '^systemd_nspawn_default_args=' $jails/bare/config")
is 1 "$out"
in_host rm $jails/bare/config
try env EDITOR=true jlmkr-edit bare < /dev/null
status 0
in_host grep -q '^startup=0$' $jails/bare/config || fail 'there is no config'
in_host rm $jails/bare/config
try jlmkr-config bare startup=1
status 0
is 1 "$(in_host jlmkr-config bare startup)"
in_host rm -r $jails/bare

story 'copies of an edit that was given up are named, and deleted after a week'
in_host sh -c "cd $jails/web && touch -d '8 days ago' .config.edit-999999999 .config.edit-999999998-2 \
	.config.edit-mine .config.edit-1 .config.edit-99999999x && touch .config.edit-999999997"
edit '' '# copies'
status 0
err_has "An earlier edit left $jails/web/.config.edit-999999997"
is '.config.edit-1 .config.edit-999999997 .config.edit-99999999x .config.edit-mine' \
	"$(in_host sh -c "cd $jails/web && echo .config.edit-*")"
in_host sh -c "rm $jails/web/.config.edit-*"
in_host cp /tmp/before "$conf"

story 'a talk that is interrupted changes nothing'
printf '< Edit again\n>> \003\n' > "$tmp/words"
talk_deaf env EDITOR=/tmp/editor WORDS=sartup=1 jlmkr-edit web < "$tmp/words"
status 130
in_host sh -c "rm $jails/web/.config.edit-*"
try sh -c 'VISUAL=not-there EDITOR=false jlmkr-edit web'
err_has 'warning: VISUAL names not-there, which does not exist'
err_has 'false ended with status 1'

story 'an editor that deletes the file'
in_host cp "$conf" /tmp/before
try sh -c 'EDITOR=rm jlmkr-edit web'
status 1
is 'jlmkr edit: the editor deleted the file, so the config stays as it was' "$(cat "$tmp/err")"
is '' "$(changed)"
is '' "$(in_host sh -c "ls -A $jails/web | grep edit")"

story 'what keeps a jail from starting is asked about, whoever made it'
in_host cp "$conf" /tmp/good
try jlmkr-config -q web startup=1
in_host sh -c "printf 'systemd_nspawn_user_args=--bind=\"/x\n' > $conf; cp $conf /tmp/before"
edit 'd\n' '# note'
err_has 'the quote " is not closed'
is '' "$(changed)"

story 'KEY+=VALUE adds a line to a list'
in_host cp /tmp/good "$conf"
try jlmkr-config -q web systemd_nspawn_user_args+=--bind=/tmp systemd_nspawn_user_args+=--bind-ro=/usr
status 0
is '--bind=/tmp
--bind-ro=/usr' "$(in_host jlmkr-config web systemd_nspawn_user_args)"
try jlmkr-config -q web systemd_run_default_args+=--nice=1
is 9 "$(in_host jlmkr-config web systemd_run_default_args | wc -l)"
try jlmkr-config web release+=44
status 2
err_has 'release holds one value; set it with release=44'
try jlmkr-config web memory=2G
status 2
err_has "unknown key 'memory'; the keys are startup, "
in_host cp /tmp/good "$conf"

story 'what is set is checked, and warned of when it is new'
in_host sh -c "printf '# mine\ndocker_compatible=0\n' > $conf"
try jlmkr-config web systemd_nspawn_user_args=--bnd=/x STARTUP=1
status 0
err_has 'warning: web: config: line 3: systemd-nspawn has no option --bnd'
! grep -q docker_compatible "$tmp/err" || fail 'what was there before is told again'
is 1 "$(in_host jlmkr-config web Startup)"
try jlmkr-config web --unset strtup
status 2
err_has "unknown key 'strtup', did you mean 'startup'"
try jlmkr-config -q web --unset docker_compatible
status 0
try jlmkr --dir /typo config web
status 1
err_has 'the jailmaker directory /typo'

story 'a config that is a link is changed where it lies'
in_host sh -c "mv $conf '/mnt/tank/shared config' && ln -s '/mnt/tank/shared config' $conf"
try jlmkr-config -q web startup=0
status 0
is 0 "$(in_host sh -c "sed -n s/^startup=//p '/mnt/tank/shared config'")"
try sh -c 'EDITOR="sed -i s/^startup=0/startup=1/" jlmkr-edit web'
status 0
is 1 "$(in_host sh -c "sed -n s/^startup=//p '/mnt/tank/shared config'")"
in_host sh -c "test -L $conf && rm $conf && cp /tmp/good $conf && cp /tmp/good /tmp/before" || fail 'it is no link any more'

story 'an edit does not undo what was set meanwhile'
in_host cp /tmp/before "$conf"
in_host sh -c 'printf "#!/bin/sh\njlmkr-config -q web startup=1\necho \"# mine\" >> \"\$1\"\n" > /tmp/editor'
edit '' ''
refused
err_has 'changed meanwhile'
err_has 'What you wrote is in'
is 1 "$(in_host jlmkr-config web startup)"
in_host sh -c "grep -q '# mine' $jails/web/.config.edit-*" || fail 'what was written is lost'
finish
