# For what runs in the appliance. check TITLE COMMAND...: one line, and all words of it when it fails.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
dir='/mnt/my tank/jail maker'
home='my tank/jail maker'
jlmkr="$dir/jlmkr"
export JAILMAKER_DIR="$dir"

check() {
	title=$1
	shift
	if "$@" > /run/said 2>&1; then
		echo "ok $title"
	else
		echo "not ok $title: status $?"
		sed 's/^/    /' /run/said
	fi
}

# What the check before has printed. said TITLE WORDS
said() {
	if grep -q -- "$2" /run/said; then
		echo "ok $1"
	else
		echo "not ok $1: it does not say '$2'"
		sed 's/^/    /' /run/said
	fi
}

# same EXPECTED COMMAND...
same() {
	expected=$1
	shift
	got=$("$@" 2>&1)
	[ "$got" = "$expected" ] || { echo "expected: $expected"; echo "got: $got"; return 1; }
}

refused() { ! "$@"; }
datasets() { zfs list -H -o name -t all -r "$home/jails"; }
# After a boot, or after another part, which has it imported already.
pool_back() {
	if zpool list 'my tank' > /dev/null 2>&1; then zpool export 'my tank' || return; fi
	mkdir -p '/mnt/my tank' && zpool import -d /dev -o cachefile=none 'my tank'
}
