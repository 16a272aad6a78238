#!/bin/sh
# A config is never lost: on a full disk, by an editor that fails, by two changes at once, by a
# kill, and through links.
. "$(dirname "$0")/lib.sh"

try jlmkr-create -q --distro=fedora --release=43 web
status 0
conf=$jails/web/config
in_host cp "$conf" /tmp/before
same() { in_host cmp /tmp/before "${1:-$conf}" > "$tmp/cmp" 2>&1 || fail "${1:-$conf} is another one"; }
copies() { in_host sh -c "cd ${1:-$jails/web} && ls -A | grep -v '^config$\|^rootfs$\|^\.config\.before$'"; }
# edit EDITOR: without a terminal, and nobody answers
edit() { try env EDITOR="$1" jlmkr-edit web < /dev/null; }
# say EDITOR LINE...: on a terminal
say() { editor=$1; shift; printf '%s\n' "$@" > "$tmp/words"; talk env EDITOR="$editor" jlmkr-edit web < "$tmp/words"; }
# What was refused is kept where it is said.
kept() {
	copy=$(grep -o "What you wrote is in .*" "$tmp/err" | sed 's/.* in //')
	in_host cmp "$copy" "$1" > "$tmp/cmp" 2>&1 || fail "what was written is not in '$copy'"
	in_host rm -f "$copy"
}

story 'a text that is empty is not taken'
edit 'truncate -s 0'
status 1
same
err_has 'the text is empty'
err_has 'no answer, so the config stays as it was'
kept /dev/null
is '' "$(copies)"

story 'nor one that was cut off, wherever'
bytes=$(in_host stat -c %s $conf)
for n in 1 20 700 1000 1500 $((bytes - 20)); do
	in_host sh -c "head -c $n $conf > /tmp/cut"
	edit "truncate -s $n"
	status 1
	err_has 'the text is cut off at line'
	same
	kept /tmp/cut
done
edit "sh -c 'sed -i s/^startup=0/startup=1/ \"\$1\"; truncate -s 1000 \"\$1\"' -"
status 1
err_has 'the text is cut off at line'
same
in_host sh -c "rm $jails/web/.config.edit-*"

story 'nor one that ends in the middle of a quoted value'
in_host sh -c "sed 's/^systemd_nspawn_user_args=/&--bind=\"\/my med/' $conf > /tmp/quote"
edit 'cp /tmp/quote'
status 1
err_has 'the quote " is not closed'
same
kept /tmp/quote

story 'nor one that lacks keys, which are named'
in_host sh -c "sed '/^release=/d; /^distro=/d' $conf > /tmp/lost"
edit "sed -i '/^release=/d; /^distro=/d'"
status 1
err_has 'keys are gone: distro, release$'
same
kept /tmp/lost

story 'on a terminal Enter takes out a few keys'
say "sed -i /^release=/d" '< a key is gone: release' '< Edit again, keep the new text, or drop it. .e/K/d.' '> '
status 0
is '< release=43' "$(in_host sh -c "diff /tmp/before $conf | grep '^[<>]'")"
same $jails/web/.config.before
is '600 root' "$(in_host stat -c '%a %U' $jails/web/.config.before)"
is '' "$(copies)"

story 'and edits again what is empty, which is filled again, or lacks most of them'
in_host cp /tmp/before $conf
in_host sh -c 'printf "#!/bin/sh\ncat \"\$1\" >> /tmp/seen; n=\$(cat /tmp/n); echo \$((n + 1)) > /tmp/n
[ \$n -eq 1 ] || exec sed -i /=/d \"\$1\"\n: > \"\$1\"\n" > /tmp/twice; chmod +x /tmp/twice; echo 1 > /tmp/n'
say /tmp/twice '< the text is empty' '< .E/k/d.' '> ' '< keys are gone: .*seccomp' '< .E/k/d.' '> d'
status 0
same
is "$((2 * bytes))" "$(in_host stat -c %s /tmp/seen)"
is '' "$(copies)"

story 'a full disk: an editor that could not write'
in_host sh -c 'mkdir -p /mnt/small && mount -t tmpfs -o size=128k tmpfs /mnt/small &&
	mkdir -p /mnt/small/jails/web/rootfs && cp /tmp/before /mnt/small/jails/web/config
	printf "#!/bin/sh\n: > \"\$1\"; cat /dev/zero > /mnt/small/fill 2> /dev/null; cat /tmp/before > \"\$1\"\nexit 0\n" > /tmp/full
	printf "#!/bin/sh\nseq -f \"# note %%g\" 2000 | cat - /tmp/before > /tmp/long; cat /tmp/long > \"\$1\"; exit 0\n" > /tmp/more
	chmod +x /tmp/full /tmp/more'
try env JAILMAKER_DIR=/mnt/small EDITOR=/tmp/full jlmkr-edit web < /dev/null
status 1
err_has 'the text is empty'
same /mnt/small/jails/web/config
in_host sh -c 'rm -f /mnt/small/jails/web/.config.edit-*'

story 'a full disk: an editor that could write half of it'
in_host sh -c 'rm /mnt/small/fill; dd if=/dev/zero of=/mnt/small/fill bs=4k count=26 2> /dev/null'
try env JAILMAKER_DIR=/mnt/small EDITOR=/tmp/more jlmkr-edit web < /dev/null
status 1
err_has 'keys are gone'
same /mnt/small/jails/web/config
in_host sh -c 'rm -f /mnt/small/jails/web/.config.edit-*'

story 'a full disk: what does not fit changes nothing'
in_host sh -c 'cat /dev/zero > /mnt/small/fill' 2> /dev/null
for words in 'config web startup=1' 'edit web'; do
	try env JAILMAKER_DIR=/mnt/small EDITOR=true jlmkr $words < /dev/null
	status 1
	one_line_err
	err_has 'No space left on device'
	same /mnt/small/jails/web/config
	is '' "$(copies /mnt/small/jails/web)"
done
in_host umount /mnt/small

story 'an editor that goes into the background is waited for'
in_host sh -c 'printf "#!/bin/sh\n(sleep 1.5; echo \"# late\" >> \"\$1\") &\n" > /tmp/behind; chmod +x /tmp/behind'
edit /tmp/behind
status 0
err_has 'went into the background'
is '> # late' "$(in_host sh -c "diff /tmp/before $conf | grep '^[<>]'")"
is '' "$(copies)"
in_host cp /tmp/before $conf

story 'and asked about on a terminal'
in_host sh -c 'printf "#!/bin/sh\n(sleep 0.7; echo \"# late\" >> \"\$1\"; echo it is saved) &\n" > /tmp/behind'
say /tmp/behind '< Nothing has changed yet' '< press Enter here:' '< it is saved' '> '
status 0
is '> # late' "$(in_host sh -c "diff /tmp/before $conf | grep '^[<>]'")"
is '' "$(copies)"
in_host cp /tmp/before $conf
say true '< press Enter here:' '> '
status 0
out_has 'Nothing was changed'
same
is '' "$(copies)"
edit true
status 0
err_has '^Nothing was changed'

story 'what a background editor saves too late is not thrown away'
in_host sh -c 'printf "#!/bin/sh\n(sleep 2; echo \"# late\" >> \"\$1\") &\n" > /tmp/behind'
printf '< press Enter here:\n>> \003\n' > "$tmp/words"
talk_deaf env EDITOR=/tmp/behind jlmkr-edit web < "$tmp/words"
status 130
out_has 'What you wrote is in'
sleep 2
same
in_host sh -c "grep -q late $jails/web/.config.edit-* && rm $jails/web/.config.edit-*" || fail 'it is lost'

story 'what was kept is not overwritten by the next one with that number'
in_host sh -c 'printf "#!/bin/sh\necho mine > \"\$(dirname \"\$1\")/.config.edit-\$\$\"\nexec jlmkr-edit web\n" > /tmp/again; chmod +x /tmp/again'
try env EDITOR=true /tmp/again $conf < /dev/null
status 0
in_host sh -c "grep -qx mine $jails/web/.config.edit-*" || fail 'it is lost'
is 1 "$(copies | wc -l)"
in_host sh -c "rm $jails/web/.config.edit-*"

story 'bytes that are no text, and a hundred megabytes'
edit 'printf "a\0b" >>'
status 1
err_has 'a NUL byte'
err_has 'What you wrote is in'
same
in_host sh -c "rm $jails/web/.config.edit-*"
edit 'truncate -s 100M'
status 1
err_has 'larger than 1048576 bytes'
same
in_host sh -c "rm $jails/web/.config.edit-*"
in_host truncate -s 100M $conf
for words in 'config web startup=1' 'edit web'; do
	expect_status 1 jlmkr $words < /dev/null
	one_line_err
	err_has 'config: larger than 1048576 bytes'
done
in_host cp /tmp/before $conf
big=$(head -c 120000 /dev/zero | tr '\0' x)
in_host sh -c "for k in initial_setup pre_start_hook post_start_hook post_stop_hook; do
	printf '%s=%0100000d\n' \$k 0; done | sed 's/=/=: /' >> $conf; truncate -s 1000000 $conf; sed -i 's/\x00//g' $conf"
in_host sh -c "head -c 900000 /dev/zero | tr '\\0' '#' > $conf; echo >> $conf; cat /tmp/before >> $conf; cp $conf /tmp/large"
try jlmkr-config web "initial_setup=$big" "pre_start_hook=$big"
status 1
err_has 'would be larger than'
in_host cmp $conf /tmp/large || fail 'it is another one'
in_host cp /tmp/before $conf

story 'what it said before is kept, when it is changed and only then'
try jlmkr-config -q web startup=1
status 0
same $jails/web/.config.before
expect_status 0 jlmkr-config -q web startup=1
same $jails/web/.config.before
in_host cp $conf /tmp/one
edit 'sed -i s/^startup=1/startup=0/'
status 0
in_host cmp /tmp/one $jails/web/.config.before || fail 'edit does not keep it'
same
in_host sh -c "rm $jails/web/.config.before; ln -s /tmp/elsewhere $jails/web/.config.before"
expect_status 0 jlmkr-config -q web startup=1
same $jails/web/.config.before
! in_host test -e /tmp/elsewhere || fail 'it was written through a link'
in_host cp /tmp/before $conf

story 'owner, mode, ACL and attributes stay'
in_host sh -c "chown 1234:4321 $conf; chmod 640 $conf; setfacl -m u:77:r $conf; setfattr -n user.note -v mine $conf"
traits() { in_host sh -c "stat -c '%a %u:%g' $1; getfacl -pnc $1; getfattr --absolute-names --only-values -n user.note $1"; }
traits $conf > "$tmp/traits"
expect_status 0 jlmkr-config -q web startup=1
is "$(cat "$tmp/traits")" "$(traits $conf)"
edit 'sed -i s/^startup=1/startup=0/'
status 0
is "$(cat "$tmp/traits")" "$(traits $conf)"
is '600 0:0' "$(in_host stat -c '%a %u:%g' $jails/web/.config.before)"
grep -q '^user:77:r--$' "$tmp/traits" && grep -q '^mine' "$tmp/traits" || fail 'this says nothing'
# What the directory would give to new files is not given to this one.
in_host sh -c "cp --remove-destination /tmp/before $conf; chmod 640 $conf; setfacl -d -m u:88:rwx $jails/web"
expect_status 0 jlmkr-config -q web startup=1
is '640' "$(in_host stat -c '%a' $conf)"
! in_host getfacl -pnc $conf 2> /dev/null | grep -q :88: || fail 'it has the ACL of the directory'
in_host sh -c "setfacl -k $jails/web; cp --remove-destination /tmp/before $conf; chmod 600 $conf"

story 'a link to nowhere, a file that is immutable, a disk that is read-only'
in_host sh -c "mv $conf /tmp/away && ln -s ../../nowhere/config $conf"
for words in 'config web startup=1' 'edit web'; do
	expect_status 1 jlmkr $words < /dev/null
	one_line_err
	err_has "jails/web: config is a link to ../../nowhere/config, which does not exist"
done
in_host mv /tmp/away $conf
for flag in i a; do
	in_host chattr +$flag $conf
	expect_status 1 jlmkr-config web startup=1
	one_line_err
	err_has "config is .*; 'chattr -$flag $conf' ends that"
	in_host chattr -$flag $conf
	same
	for words in 'config web startup=1' 'edit web'; do
		in_host chattr +$flag $jails/web
		expect_status 1 env EDITOR=false jlmkr $words < /dev/null
		one_line_err
		err_has "'chattr -$flag $jails/web' ends that"
		in_host chattr -$flag $jails/web
		is 0 "$(in_host sh -c "ls -A $jails/web | grep -c '[.]config[.]edit\|[.]config[.][0-9a-f]*$'")"
	done
done
in_host sh -c "mkdir -p /mnt/ro && mount -t tmpfs tmpfs /mnt/ro && mkdir -p /mnt/ro/jails/web/rootfs &&
	cp /tmp/before /mnt/ro/jails/web/config && mount -o remount,ro /mnt/ro"
try env JAILMAKER_DIR=/mnt/ro jlmkr-config web startup=1
status 1
one_line_err
err_has '/mnt/ro/jails/web/config is on a read-only file system'
try env JAILMAKER_DIR=/mnt/ro EDITOR=true jlmkr-edit web < /dev/null
status 1
one_line_err
err_has '/mnt/ro/jails/web/config is on a read-only file system'
in_host umount /mnt/ro

story 'a copy of hard links keeps its config'
in_host sh -c "cp -al $jails/web $jails/copy"
try jlmkr-config web startup=1
status 0
err_has 'config had 2 hard links: the others still say what it said before'
same $jails/copy/config
is 1 "$(in_host jlmkr-config web startup)"
try jlmkr-config copy seccomp=0
! grep -q 'hard link' "$tmp/err" || fail 'it has no other any more'
in_host sh -c "rm -r $jails/copy; cp /tmp/before $conf"

# Web and db have one config; what is written ends in $1.
change_at_once() {
	try sh -c 'for i in $(seq -f "%g$1" 30); do
		jlmkr-config -q web "initial_setup=echo $i" & one=$!
		jlmkr-config -q db "post_stop_hook=/bin/echo $i" || exit 1
		wait $one || exit 1
		[ "$(jlmkr-config db initial_setup) $(jlmkr-config web post_stop_hook)" = "echo $i /bin/echo $i" ] ||
			{ echo "one is lost in round $i"; exit 1; }
	done' - "$1"
	status 0
	err_empty
}

story 'two jails whose configs are links to one file: 30 times two changes at once'
in_host sh -c "mkdir -p $jails/db/rootfs /mnt/tank/shared && mv $conf '/mnt/tank/shared/my config' &&
	ln -s '/mnt/tank/shared/my config' $conf && ln -s ../web/config $jails/db/config
	cd /mnt/tank/shared; chown 1234:4321 *; chmod 640 *; setfacl -m u:77:r *; setfattr -n user.note -v mine *"
shared='/mnt/tank/shared/my?config'
traits "$shared" > "$tmp/traits"
change_at_once ""
is "$(cat "$tmp/traits")" "$(traits "$shared")"
is 'my config' "$(in_host ls -A /mnt/tank/shared)"
in_host test -L $conf || fail 'it is no link any more'
in_host test -f $jails/db/.config.before || fail 'what it said before is not kept'

story 'and one that has it in its own directory'
in_host sh -c "rm $conf && mv '/mnt/tank/shared/my config' $conf && chown 0:0 $conf"
change_at_once -
in_host sh -c "rm -r $jails/db; cp --remove-destination /tmp/before $conf; chmod 600 $conf"

# moments COUNT COMMAND...: killed at COUNT moments, and each time the config is what it was or
# what it was to be.
cat > "$tmp/moments" <<'END'
conf=$JAILMAKER_DIR/jails/web/config count=$1
shift
cut=0
begin=$(date +%s%N)
"$@" < /dev/null || exit 2
span=$((($(date +%s%N) - begin) / 1000))
for i in $(seq $count); do
	cp --remove-destination /tmp/before $conf
	"$@" < /dev/null > /dev/null 2>&1 & pid=$!
	sleep "$(printf '0.%06d' $(((RANDOM * 32768 + RANDOM) % span)))"
	kill -9 $pid 2> /dev/null
	wait $pid 2> /dev/null
	[ $? -ne 137 ] || cut=$((cut + 1))
	cmp -s $conf /tmp/before || cmp -s $conf /tmp/after || { echo "moment $i: neither old nor new"; exit 1; }
	[ ! -e ${conf%config}.config.before ] || cmp -s ${conf%config}.config.before /tmp/before ||
		{ echo "moment $i: what it said before is not whole"; exit 1; }
done
[ $cut -ge $((count / 10)) ] || { echo "only $cut were hit"; exit 1; }
echo "$cut were hit"
END
in_host sh -c "sed s/^startup=0/startup=1/ /tmp/before > /tmp/after"
for words in 'config web startup=1' 'edit web'; do
	in_host sh -c "cp --remove-destination /tmp/before $conf; rm -f $jails/web/.config.*"
	story "${words%% *} is killed at 150 moments"
	try env EDITOR='sed -i s/^startup=0/startup=1/' bash -s - 150 jlmkr $words < "$tmp/moments"
	status 0
	title="$title ($(tail -n 1 "$tmp/out"))"
	in_host sh -c "rm -f $jails/web/.config.edit-*; cp --remove-destination /tmp/before $conf"
	expect_status 0 jlmkr-config -q web startup=1
	is '' "$(copies)"
done

finish
