#!/bin/sh
# A disk that fills up while a jail goes elsewhere, into a file or to another machine: what was there
# is kept, what fails does so in one sentence, and the same command works when there is room.
. "$(dirname "$0")/lib.sh"

near=/mnt/near far=/mnt/far o=/mnt/near/out
in_host mkdir -p $near $far
in_host sh -c "mount -t tmpfs -o size=1g tmpfs $near && mount -t tmpfs -o size=1g tmpfs $far && mkdir $o $far/out
	echo none > $near/empty; echo none > $far/empty"	# a size of 0 is none
far_machine
jails=$near/jails
n() { try env JAILMAKER_DIR=$near "$@"; }
f() { try env JAILMAKER_DIR=$far "$@"; }
# room DIR PAGES: so much and no more
room() { in_host sh -c 'mount -o remount,size=$((($(df --output=used -B4k "$1" | tail -n 1) + $2) * 4))k "$1"' - "$@" || fail 'no such size'; }
plenty() { in_host mount -o remount,size=1g "$1"; }
# All that a directory has. Directories change their times, and what was received of a jail can stay.
state() {
	in_host sh -c "cd '$1' 2> /dev/null || exit 0
		{ find . -name '.receive-*' -prune -o -name .passes -prune -o -name .rootfs.list.new -o -name jails -o -printf '%p %y %m %l %s\n' | sed '/ d /s/ [0-9]*\$//'
		find . -name '.receive-*' -prune -o -name .passes -prune -o -name .rootfs.list.new -o -type f -print0 | xargs -0 -r md5sum; } | sort"
}
files() { in_host sh -c "ls -A $1/jails 2> /dev/null" | grep -v '^\.receive-web-' | xargs; }
hidden() { in_host sh -c "ls -A $1/jails 2> /dev/null" | grep '^\.'; }

# fails_with DIR PAGES COMMAND...: or works, and works then. The story says what is before it (anew),
# when it failed (left), and when it worked (made).
refusals=0 done=''
fails_with() {
	dir=$1 pages=$2
	shift 2
	anew
	for side in $near $far; do state $side > "$tmp/before${side##*/}"; done
	room $dir $pages
	try "$@"
	done=$rc
	if [ $rc -ne 0 ]; then
		refusals=$((refusals + 1))
		status 1
		err_has 'No space left on device'
		one_line_err
		left
		plenty $dir
		try "$@"
		status 0
	fi
	plenty $dir
	made
	[ -z "$why" ] || title="$title (with $pages pages)"
}
unchanged() {
	state $1 > "$tmp/after"
	diff "$tmp/before${1##*/}" "$tmp/after" > "$tmp/out" || fail "something is changed or left in $1"
}

# few_pages DIR COMMAND...: for what should need almost nothing
few_pages() {
	where=$1 refusals=0
	shift
	for pages in 0 1 2 4 8; do [ -n "$why" ] || fails_with $where $pages "$@"; done
	title="$title (refused $refusals times)"
}

# fills_up DIR COMMAND...: with no room, and then closer and closer to what it needs
fills_up() {
	where=$1 few=-1 many=1000 refusals=0
	shift
	for pages in 0 1; do [ -n "$why" ] || fails_with $where $pages "$@"; done
	while [ -z "$why" ] && [ $((many - few)) -gt 1 ]; do
		fails_with $where $(((many + few) / 2)) "$@"
		if [ $done -eq 0 ]; then many=$pages; else few=$pages; fi
	done
	for less in 2 4; do
		[ -n "$why" ] || [ $less -gt $many ] || fails_with $where $((many - less)) "$@"
	done
	[ $refusals -ge 4 ] || fail "refused only $refusals times"
	title="$title (refused $refusals times, up to $((many - 1)) pages)"
}

n jlmkr-create -q --distro=fedora --release=43 web
status 0
musl-gcc -static -Os -s -o "$tmp/init" "$here/../sequences/init.c" || exit 1
in_host rm -f $jails/web/rootfs/sbin/init
host push "$tmp/init" $jails/web/rootfs/sbin/init
in_host sh -c "chmod 755 $jails/web/rootfs/sbin/init; head -c 1500000 /dev/urandom > $jails/web/rootfs/large
	mkdir $jails/web/rootfs/many; for i in \$(seq 60); do echo \$i > $jails/web/rootfs/many/\$i; done"

story 'export: the file that was there is kept'
anew() { in_host sh -c "echo old > $far/out/web.tar"; }
left() { unchanged $near; unchanged $far; }
made() { expect_status 0 jlmkr-export -q --verify $far/out/web.tar; is web.tar "$(in_host ls -A $far/out)"; }
fills_up $far env JAILMAKER_DIR=$near jlmkr-export -q --force web $far/out/web.tar

story 'import'
anew() { f jlmkr-remove -q -y web; }
made() { is web "$(files $far)"; is '' "$(hidden $far)"; is 60 "$(in_host cat $far/jails/web/rootfs/many/60)"; }
in_host sh -c "mv $far/out/web.tar $o/"
fills_up $far env JAILMAKER_DIR=$far jlmkr-import -q $o/web.tar
in_host rm $o/web.tar

story 'copy, and the other side is full'
left() {
	err_has 'copying web: nas2: '
	unchanged $near
	unchanged $far
	f jlmkr-start web
	status 3
}
same() { in_host diff -r --no-dereference -x hostname -x machine-id -x hosts "$1" "$2" > "$tmp/out" 2>&1 || fail 'another jail'; }
made() {
	unchanged $near
	is web "$(files $far)"
	is '' "$(hidden $far)"
	same $jails/web $far/jails/web
}
fills_up $far env JAILMAKER_DIR=$near jlmkr-copy --remote-dir=$far web nas2:

story 'copy, and this side is full'
few_pages $near env JAILMAKER_DIR=$near jlmkr-copy --remote-dir=$far web nas2:
is 0 $refusals
f jlmkr-remove -q -y web

story 'a standby that is brought up to date'
put() {
	in_host sh -c "cd $jails/web/rootfs && echo $1 > mine && echo $1 > many/$1 && head -c 1000000 /dev/urandom > large2 &&
		sed -i 's/^description=.*/description=$1/' ../config"
}
refresh() { n jlmkr-copy --refresh --remote-dir=$far "$@" web nas2:; }
n jlmkr-config web description=1
refresh
status 0
i=0
anew() { put $((i += 1)); }
left() {
	err_has 'copying web: nas2: '
	unchanged $near
	unchanged $far
	f jlmkr-start web
	err_has 'a standby'
	# What it is worth when there is no other any more.
	in_host sh -c 'rm -rf /mnt/tank/jailmaker/jails/last; cp -a /mnt/far/jails/web /mnt/tank/jailmaker/jails/last'
	try jlmkr-promote last
	status 0
	is 'config rootfs' "$(in_host ls -A /mnt/tank/jailmaker/jails/last | xargs)"
	is $((i - 1)) "$(in_host cat /mnt/tank/jailmaker/jails/last/rootfs/mine)"
}
made() {
	unchanged $near
	in_host diff -r --no-dereference $jails/web/rootfs $far/jails/web/rootfs > "$tmp/out" 2>&1 || fail 'another jail'
	is '.rootfs.list .standby config rootfs' "$(in_host ls -A $far/jails/web | xargs)"
}
put 0
refresh
in_host mkdir /mnt/tank/jailmaker/jails
fills_up $far env JAILMAKER_DIR=$near jlmkr-copy --refresh --remote-dir=$far web nas2:

story '... from a full side'
few_pages $near env JAILMAKER_DIR=$near jlmkr-copy --refresh --remote-dir=$far web nas2:
is 0 $refusals

story 'promote, of a standby with half of a new state'
anew() {
	f jlmkr-remove -q -y web
	refresh -q
	put $((i += 1))
	room $far 100
	refresh -q
	refused
	is '.passes .rootfs.list .standby config rootfs' "$(in_host ls -A $far/jails/web | xargs)"
	plenty $far
}
left() { unchanged $far; }
made() { is 'config rootfs' "$(in_host ls -A $far/jails/web | xargs)"; is $((i - 1)) "$(in_host cat $far/jails/web/rootfs/mine)"; }
few_pages $far env JAILMAKER_DIR=$far jlmkr-promote -q web
f jlmkr-remove -q -y web

story 'move, and the other side is full'
anew() {
	in_host test ! -e $far/jails/web || f jlmkr-move -q --remote-dir=$near web nas2:
	status 0
}
left() {
	err_has 'moving web: nas2: '
	unchanged $near
	is web "$(files $near)"
	starts n
	f jlmkr-start -q web
	refused
}
starts() { for verb in start stop; do $1 jlmkr-$verb -q web; status 0; done; }
made() {
	is '' "$(in_host ls -A $near/jails)"
	is web "$(in_host ls -A $far/jails)"
	starts f
}
fills_up $far env JAILMAKER_DIR=$near jlmkr-move -q --remote-dir=$far web nas2:

story 'move, and this side is full'
left() {
	side=n other=f
	# What says so must be written after that, too.
	! grep -q 'it is on nas2 now, and stays here as its standby' "$tmp/err" || side=f other=n
	[ $side = f ] || unchanged $near
	starts $side
	$other jlmkr-start -q web
	refused
}
few_pages $near env JAILMAKER_DIR=$near jlmkr-move -q --remote-dir=$far web nas2:

finish
