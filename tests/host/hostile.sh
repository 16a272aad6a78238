#!/bin/sh
# Root file systems that lie: what create and start write and remove in them stays in them.
. "$(dirname "$0")/lib.sh"

# What is outside and must stay as it is.
in_host sh -c 'mkdir -p /mnt/tank/outside/network /mnt/tank/outside/conf.d
	for f in hostname hosts machine-id resolv.conf securetty network/x conf.d/jlmkr-nvidia.conf; do
		echo precious > /mnt/tank/outside/$f; done; chmod 700 /mnt/tank/outside'
outside() { in_host sh -c 'cd /mnt/tank/outside && find . -printf "%p %y %m %s %T@\n" | sort; cat hostname hosts machine-id resolv.conf securetty network/x conf.d/*
	sha256sum /etc/hostname /etc/hosts /etc/machine-id; stat -c "%n %Y %s" /etc /etc/hosts'; }
outside > "$tmp/before"

# evil NAME SCRIPT: a small root with an init, SCRIPT having changed its /etc; as root, outside.
evil() {
	rm -rf "$tmp/root"
	mkdir -p "$tmp/root/usr/lib/systemd" "$tmp/root/etc/systemd" "$tmp/root/usr/sbin"
	echo '#!/bin/sh' > "$tmp/root/usr/lib/systemd/systemd"
	chmod 755 "$tmp/root/usr/lib/systemd/systemd"
	ln -s ../lib/systemd/systemd "$tmp/root/usr/sbin/init"
	ln -s usr/sbin "$tmp/root/sbin"
	printf 'ID=evil\n' > "$tmp/root/usr/lib/os-release"
	(cd "$tmp/root" && sh -ec "$2") || fail 'no evil root'
	tar -cf - -C "$tmp/root" . | in_host sh -c "cat > /tmp/$1.tar"
}

unharmed() {
	outside > "$tmp/after"
	diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something outside has changed'
}

# Made or refused, nothing outside changes, nothing hangs, and it can be removed.
n=0
tell() {
	n=$((n + 1))
	story "$1"
	evil "e$n" "$2"
	try timeout 60 jlmkr-create -q --image="/tmp/e$n.tar" "e$n"
	[ "$rc" -ne 124 ] && [ "$rc" -lt 128 ] || fail "status $rc"
	unharmed
	if in_host test -d "$jails/e$n"; then
		try jlmkr-config -q "e$n" 'initial_setup=echo hello' startup=0
		try timeout 30 jlmkr-start --dry-run "e$n"
		[ "$rc" -ne 124 ] || fail 'a dry run hangs'
		try timeout 30 jlmkr-start -q "e$n"
		[ "$rc" -ne 124 ] || fail 'a start hangs'
		try jlmkr-list -q
		status 0
		unharmed
		try jlmkr-stop -q --now "e$n"
		try jlmkr-remove -q --yes "e$n"
		status 0
	fi
	unharmed
	is '' "$(in_host sh -c "ls -A $jails 2> /dev/null")"
}

out=/mnt/tank/outside
tell 'etc is an absolute link' "rm -r etc; ln -s $out etc"
tell 'etc is a relative link' "rm -r etc; ln -s ../../../../../../../../$out etc"
tell 'etc is a link through a link' "rm -r etc; ln -s / up; ln -s up/$out etc"
tell 'etc is a link to itself' 'rm -r etc; ln -s etc etc'
tell 'etc is a file' 'rm -r etc; echo x > etc'
tell 'files are absolute links' "cd etc; for f in hostname hosts machine-id resolv.conf securetty; do ln -s $out/\$f \$f; done"
tell 'files are relative links' "cd etc; for f in hostname hosts machine-id resolv.conf securetty; do ln -s ../../../../../../../..$out/\$f \$f; done"
tell 'files are links that lead nowhere' "cd etc; for f in hostname hosts machine-id resolv.conf securetty; do ln -s $out/new-\$f \$f; done"
tell 'files are fifos' 'cd etc; for f in hostname hosts machine-id resolv.conf securetty os-release; do mkfifo $f; done'
tell 'files are devices' 'cd etc; for f in hostname hosts machine-id resolv.conf securetty os-release; do mknod $f c 1 5; done'
tell 'files are directories' 'cd etc; for f in hostname hosts machine-id resolv.conf securetty; do mkdir $f; echo x > $f/y; done'
tell 'the folders of systemd are links' "mkdir -p etc/ld.so.conf.d; rmdir etc/ld.so.conf.d; ln -s $out/conf.d etc/ld.so.conf.d; ln -s $out/network etc/systemd/network; ln -s $out etc/systemd/system-preset; ln -s $out usr/lib/systemd/network"
tell 'systemd itself is a link' "rm -r etc/systemd; ln -s $out etc/systemd"
tell 'the script of the first start is in the way' "ln -s $out/hostname jlmkr-initial-setup"
tell '... as a fifo' 'mkfifo jlmkr-initial-setup'
tell 'init is a link out' "rm usr/lib/systemd/systemd; ln -s $out/hostname usr/lib/systemd/systemd"
tell 'os-release is endless' 'ln -s /dev/zero etc/os-release'
tell '... as a file' 'rm usr/lib/os-release; truncate -s 10G etc/os-release'
tell 'os-release is a link to itself' 'rm usr/lib/os-release; ln -s os-release etc/os-release'
tell '... and to another' 'rm usr/lib/os-release; ln -s ../../etc/os-release usr/lib/os-release; ln -s ../usr/lib/os-release etc/os-release'
finish
