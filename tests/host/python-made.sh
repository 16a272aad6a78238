#!/bin/sh
# A jails directory as the Python tool left it: everything works, and its files stay as they are.
. "$(dirname "$0")/lib.sh"

# Its layout is ours; the files beside the rootfs are written as it writes them: values with tabs,
# hooks with 0700, keys of old releases.
try jlmkr-create -q old
status 0
in_host sh -c "mkdir -p /mnt/tank/my\ data; echo shared > /mnt/tank/my\ data/file
	cd $jails/old
	printf '%s\n' 'startup=1' 'docker_compatible=0' 'gpu_passthrough_intel=0' 'gpu_passthrough_nvidia=0' \
		'# Turning off seccomp filtering improves performance' 'seccomp=1' '' \
		'# Use macvlan networking to provide an isolated network namespace' \
		'systemd_nspawn_user_args=--network-veth' '	--resolv-conf=bind-host' \
		'	--system-call-filter='\''add_key keyctl bpf'\' \
		'	# --bind=/commented/out' \
		'	--bind=\"/mnt/tank/my data:/mnt/my data\"' '' \
		'pre_start_hook=#!/usr/bin/bash' '	set -euo pipefail' \"	echo 'PRE_START_HOOK' >> /tmp/hooks\" '' \
		'	# indented: a part of the script' \
		'post_start_hook = #!/usr/bin/bash' \"	echo 'POST_START_HOOK' >> /tmp/hooks\" \
		'post_stop_hook: /usr/bin/touch /tmp/stopped' '' \
		'distro=debian' 'release=bookworm' '' 'initial_setup=' '' \
		'systemd_run_default_args=--property=KillMode=mixed' '	--property=Type=notify' \
		'	--property=RestartForceExitStatus=133' '	--property=SuccessExitStatus=133' \
		'	--property=Delegate=yes' '	--property=TasksMax=infinity' '	--collect' \
		'	--setenv=SYSTEMD_NSPAWN_LOCK=0' '' \
		'systemd_nspawn_default_args=--keep-unit' '	--quiet' '	--boot' '	--bind-ro=/sys/module' \
		'	--inaccessible=/sys/module/apparmor' > config
	printf '#!/usr/bin/bash\nset -euo pipefail\necho '\''PRE_START_HOOK'\'' >> /tmp/hooks\n\n# indented: a part of the script\n' > .ExecStartPre
	printf '#!/usr/bin/bash\necho '\''POST_START_HOOK'\'' >> /tmp/hooks\n' > .ExecStartPost
	chmod 0600 config; chmod 0700 .Exec*; touch -d 2024-01-01 config .Exec* rootfs .
	mkdir -p $jails/plain/rootfs; cp -a rootfs/usr rootfs/etc $jails/plain/rootfs/
	: > $jails/plain/config; touch -d 2024-01-01 $jails/plain/config" || fail 'cannot be made'
manifest() {
	in_host sh -c "cd $jails && find . -path '*/rootfs/*' -prune -o -printf '%p %y %m %U:%G %s %l\n' | sort
		find . -path '*/rootfs/*' -prune -o -type f -printf '%p %T@ ' -exec sha256sum {} \; | sort"
}
manifest > "$tmp/before"
same_files() {
	manifest > "$tmp/after"
	diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'its files have changed'
}

story 'both are listed, an empty config among them'
try jlmkr list
status 0
out_has '^old  *False  *True  *False  *False  *debian'
out_has '^plain  *False  *False'
same_files

story 'it is started with its hooks, its binds and its flags'
try jlmkr start old
status 0
is 'PRE_START_HOOK
POST_START_HOOK' "$(in_host cat /tmp/hooks)"
try jlmkr exec old cat '/mnt/my data/file'
is shared "$(cat "$tmp/out")"
is old "$(in_host jlmkr exec old hostname)"
same_files

story 'a start of one that runs, a restart and a stop'
try jlmkr start old
status 0
try jlmkr restart old
status 0
try jlmkr stop old
status 0
in_host test -e /tmp/stopped || fail 'the stop hook did not run'
same_files

story 'startup'
try jlmkr startup
status 0
try jlmkr list
out_has '^old  *True'
try jlmkr stop old
same_files

story 'edit and config change what they were told to, and no more'
in_host cp "$jails/old/config" /tmp/before
try sh -c 'EDITOR="sed -i s/^startup=1/startup=0/" jlmkr edit old'
status 0
is '1c1
< startup=1
---
> startup=0' "$(in_host diff /tmp/before "$jails/old/config")"
try jlmkr config -q old startup=1
status 0
is '' "$(in_host diff /tmp/before "$jails/old/config")"
try jlmkr config --check old
out_has "'docker_compatible' no longer does anything"

story 'a hook that was changed is written anew, 0700'
try jlmkr config -q old 'post_start_hook=#!/bin/sh
echo changed > /tmp/hooks'
try jlmkr start old
status 0
is changed "$(in_host cat /tmp/hooks)"
is 700 "$(in_host stat -c %a "$jails/old/.ExecStartPost")"
is '2024-01-01' "$(in_host sh -c "stat -c %y $jails/old/.ExecStartPre | cut -c1-10")"

story 'removed while it runs'
try sh -c 'echo old | jlmkr remove old'
status 0
try jlmkr remove -y plain
status 0
is '' "$(in_host ls -A $jails)"
is shared "$(in_host cat '/mnt/tank/my data/file')"
finish
