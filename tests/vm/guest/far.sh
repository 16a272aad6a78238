# A second machine for copy: an ssh server in another network namespace, in this machine, which has
# none: it is that of the test host, on the disk /dev/vdd. Source it after lib.sh.

tree=/mnt/vdd/tree
libs=$tree/usr/lib/x86_64-linux-gnu
keys=/run/keys
mkdir -p /mnt/vdd $keys /run/sshd /mnt/payload/bin
mountpoint -q /mnt/vdd || mount -o ro /dev/vdd /mnt/vdd
grep -q ^sshd: /etc/passwd || {
	{ cat /etc/passwd; echo sshd:x:199:65534::/run/sshd:/usr/sbin/nologin; } > $keys/passwd
	mount --bind $keys/passwd /etc/passwd
}
tool() { name=$1; shift; LD_LIBRARY_PATH=$libs "$tree/usr/bin/$name" "$@"; }
[ -e $keys/id ] || {
	tool ssh-keygen -q -t ed25519 -N '' -f $keys/id
	tool ssh-keygen -q -t ed25519 -N '' -f $keys/host
	cp $keys/id.pub $keys/authorized
	chmod 700 $keys
	echo "198.51.100.2 $(cut -d' ' -f1,2 $keys/host.pub)" > $keys/known
	printf '%s\n' "HostKey $keys/host" "AuthorizedKeysFile $keys/authorized" 'PermitRootLogin yes' \
		'StrictModes no' 'UsePAM no' > $keys/sshd_config
	ip link set lo up
	ip netns add far
	ip link add near0 type veth peer name far0 netns far
	ip addr add 198.51.100.1/24 dev near0
	ip link set near0 up
	ip -n far addr add 198.51.100.2/24 dev far0
	ip -n far link set far0 up
	LD_LIBRARY_PATH=$libs nsenter --net=/run/netns/far $tree/usr/sbin/sshd -r -f $keys/sshd_config
}
cat > /mnt/payload/bin/ssh <<END
#!/bin/sh
LD_LIBRARY_PATH=$libs exec $tree/usr/bin/ssh -i $keys/id -oUserKnownHostsFile=$keys/known "\$@"
END
chmod +x /mnt/payload/bin/ssh
export PATH="/mnt/payload/bin:$PATH"
there=198.51.100.2
