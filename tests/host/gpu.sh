#!/bin/sh
# The NVIDIA driver passed through, with programs and libraries made up here: laid out as TrueNAS 25.10
# has them, all in the directory of the host's own libc.
. "$(dirname "$0")/lib.sh"

libs=/usr/lib/x86_64-linux-gnu
# Real libraries with a SONAME, made outside: the host has no compiler.
cc=$(command -v gcc)
printf 'int f(void) { return 7; }\n' > "$tmp/f.c"
for name in libcuda.so.1 libnvidia-ml.so.1; do
	"$cc" -shared -nostdlib -fPIC -Wl,-soname,$name -o "$tmp/${name%.1}.560.1" "$tmp/f.c"
	in_host sh -c "cat > /run/${name%.1}.560.1" < "$tmp/${name%.1}.560.1"
done

# /usr is read-only: what is to lie there is laid over it.
in_host sh -c "
	mkdir -p /run/over /run/work /run/tools
	printf '#!/bin/sh\n[ ! -e /run/broken ]\n' > /run/tools/nvidia-smi
	cat > /run/tools/nvidia-container-cli <<-'END'
		#!/bin/sh
		[ \"\$2\" = --libraries ] || printf '%s\n' /dev/nvidiactl /dev/nvidia0 /usr/bin/nvidia-smi \
			/usr/bin/not-there /lib/firmware/nvidia/560.1/gsp.bin '/with space' ../relative
		printf '%s\n' $libs/libcuda.so.560.1 $libs/libnvidia-ml.so.560.1 $libs/libc.so.6
	END
	chmod +x /run/tools/*
	mount -t overlay overlay -o lowerdir=/run/tools:/usr/bin /usr/bin &&
	mkdir /run/lib && cp /run/*.so.560.1 /run/lib/ &&
	mount -t overlay overlay -o lowerdir=/run/lib:$libs $libs
	for d in nvidiactl nvidia0; do mknod /dev/\$d c 1 3; done" > "$tmp/out" 2> "$tmp/err" ||
	fail 'the driver cannot be made up'

try jlmkr-create -q -gn 1 gpu
status 0
# What of the rootfs a GPU changes, if anything: paths, kinds, modes, contents of links.
rootfs() { in_host sh -c "cd $jails/gpu/rootfs && find etc usr lib* -printf '%p %y %m %l\n' 2> /dev/null |
	grep -v 'ld.so.cache\|machine-id\|resolv.conf\|etc/\.' | sort"; }
try jlmkr-config -q gpu gpu_passthrough_nvidia=0
try jlmkr-start -q gpu
try jlmkr-stop -q gpu
rootfs > "$tmp/before"

story 'the jail has the libraries by their SONAMEs, and its own libc'
try jlmkr-config -q gpu gpu_passthrough_nvidia=1
try jlmkr-start gpu
status 0
err_lacks() { ! grep -qe "$1" "$tmp/err" || fail "stderr has '$1'"; }
err_lacks 'without'
try jlmkr-exec gpu ldconfig -p
out_has 'libcuda.so.1 .*=> /run/jlmkr-nvidia/lib64/libcuda.so.1'
out_has 'libnvidia-ml.so.1 .*=> /run/jlmkr-nvidia'
out_has 'libc.so.6 .*=> /lib/x86_64-linux-gnu/libc.so.6'
out_lacks 'jlmkr-nvidia/lib64/libc.so'
try jlmkr-exec gpu sh -c 'cmp /run/jlmkr-nvidia/lib64/libcuda.so.1 /run/jlmkr-nvidia/lib64/libcuda.so.560.1 &&
	[ -s /run/jlmkr-nvidia/lib64/libcuda.so.1 ] && [ -c /dev/nvidia0 ] && [ -x /usr/bin/nvidia-smi ]'
status 0

story 'services that start with the jail find them, the first time too'
try jlmkr-stop -q gpu
in_host sh -c "cd $jails/gpu/rootfs && rm etc/ld.so.conf.d/jlmkr-nvidia.conf etc/ld.so.cache
	printf '%s\n' '[Unit]' 'DefaultDependencies=no' 'After=sysinit.target' 'Before=basic.target' '[Service]' 'Type=oneshot' \
		'ExecStart=/bin/sh -c \"ldconfig -p > /root/known\"' > etc/systemd/system/look.service
	ln -s ../look.service etc/systemd/system/multi-user.target.wants/look.service
	rm -f root/known"
try jlmkr-start -q gpu
status 0
try jlmkr-exec gpu cat /root/known
out_has 'libcuda.so.1 .*=> /run/jlmkr-nvidia'
in_host sh -c "cd $jails/gpu/rootfs && rm root/known etc/systemd/system/look.service etc/systemd/system/*/look.service"

story 'a second start changes nothing'
try jlmkr-restart gpu
status 0
err_lacks 'Telling'
try jlmkr-stop -q gpu

story 'a driver that does not work is said, and the jail starts'
in_host touch /run/broken
try jlmkr-start gpu
status 0
err_has 'starts without the NVIDIA GPU: nvidia-smi'
try jlmkr-stop -q gpu
in_host rm /run/broken

story 'a root that is read-only, and something in the way'
in_host sh -c "rm -f $jails/gpu/rootfs/usr/bin/nvidia-smi; mkdir -p $jails/gpu/rootfs/usr/bin/nvidia-smi"
try jlmkr-config -q gpu systemd_nspawn_user_args=--read-only
try jlmkr-start gpu
status 0
err_has 'gpu gets no /usr/bin/nvidia-smi of the NVIDIA driver: its rootfs has something else there'
try jlmkr-exec gpu test -e /dev/nvidia0
status 0
try jlmkr-stop -q gpu
in_host rmdir "$jails/gpu/rootfs/usr/bin/nvidia-smi"
try jlmkr-config -q gpu --unset systemd_nspawn_user_args

story 'two starts at once: the jail has it, and keeps it'
try sh -c 'jlmkr-start -q gpu & jlmkr-start -q gpu; wait'
err_lacks without
try jlmkr-exec gpu sh -c 'test -s /usr/bin/nvidia-smi && test -s /run/jlmkr-nvidia/lib64/libcuda.so.1'
status 0
try jlmkr-stop -q gpu

# twice FLAG...: a jail with these has the libraries, at its first start and at the next.
twice() {
	try jlmkr-create -q -gn 1 twice "$@"
	for i in 1 2; do
		try jlmkr-start -q twice
		status 0
		err_lacks without
		err_lacks 'may not find'
		try jlmkr-exec twice ldconfig -p
		out_has 'libcuda.so.1 .*=> /run/jlmkr-nvidia'
		try jlmkr-stop -q twice
	done
	in_host jlmkr-remove -q -y twice
}

story 'a jail with users of its own'
twice --private-users=pick --private-users-ownership=chown

story '... has nothing that its root does not own, at a later start too'
try jlmkr-create -q -gn 0 owned --private-users=pick --private-users-ownership=chown
try jlmkr-start -q owned
try jlmkr-stop -q owned
in_host rm -f "$jails/owned/rootfs/usr/bin/nvidia-smi"
try jlmkr-config -q owned gpu_passthrough_nvidia=1
try jlmkr-start -q owned
status 0
in_host test -e "$jails/owned/.nvidia" || fail 'no place was made'
is '' "$(in_host find "$jails/owned/rootfs" -uid 0)"
try jlmkr-stop -q owned
in_host jlmkr-remove -q -y owned

story 'a jail that forgets has it each time'
twice --ephemeral

story 'nothing of it stays when passthrough is off'
try jlmkr-start -q gpu
try jlmkr-stop -q gpu
try jlmkr-config -q gpu gpu_passthrough_nvidia=0
try jlmkr-start -q gpu
status 0
try jlmkr-exec gpu ldconfig -p
out_lacks nvidia
try jlmkr-stop -q gpu
rootfs > "$tmp/after"
diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something is left'
in_host test ! -e "$jails/gpu/.nvidia" || fail '.nvidia is left'
finish
