#!/bin/sh
# The templates' initial_setup, run for real: jails on bridges, with addresses from DHCP, install
# software from a piece of Debian and from stand-ins of its publishers. A jail of the template
# `router` leads the others to them.
. "$(dirname "$0")/lib.sh"

title='networks of their own'
in_host ip link add br0 type bridge > "$tmp/out" 2>&1 || { skip 'this kernel has no bridges'; exit; }
# Two networks, and this host's networkd for the outer one. This kernel has no modules to load,
# and /proc/sys is read-only here but for the network's.
in_host sh -ec 'ip link add br1 type bridge && ip link set br1 up
	mkdir -p /run/systemd/network
	printf "%s\n" "[Match]" "Name=br0" "[Network]" "Address=10.77.0.1/24" "DHCPServer=yes" \
		"ConfigureWithoutCarrier=yes" > /run/systemd/network/br0.network
	rm /etc/systemd/system/systemd-networkd.service; systemctl daemon-reload
	systemctl start systemd-networkd
	printf "#!/bin/sh\n" > /tmp/modprobe; chmod +x /tmp/modprobe
	mount --bind /tmp/modprobe "$(readlink -f /sbin/modprobe)"
	echo "nameserver 192.0.2.1" > /etc/resolv.conf
	for d in kmsg fuse kvm vsock vhost-vsock nvidiactl; do [ -e /dev/$d ] || mknod /dev/$d c 1 3; done' \
	> "$tmp/out" 2> "$tmp/err" || fail 'the networks cannot be made'

# make NAME TEMPLATE SET...: its jail on Debian, which knows where the publishers are, and trusts them.
make() {
	name=$1 template=$2
	shift 2
	try jlmkr-create -q --template "$template" "$@" --distro=debian --release=bookworm "$name"
	status 0
	in_host sed -i '/bridge-nf-call\|sys.vm\|sys.kernel\|at_least .proc/d' "$jails/$name/config"
	in_host sh -c 'cd "$1/rootfs"
		echo "10.77.0.1 deb.debian.org download.docker.com nvidia.github.io get.k3s.io pkgs.zabbly.com raw.githubusercontent.com" >> etc/hosts
		rm -f etc/apt/sources.list.d/*
		echo "deb [trusted=yes] https://deb.debian.org/debian bookworm main" > etc/apt/sources.list
		mkdir -p etc/ssl/certs usr/local/share/ca-certificates
		cp "$2" etc/ssl/certs/ca-certificates.crt; cp "$2" usr/local/share/ca-certificates/test.crt' \
		- "$jails/$name" /tmp/ca.pem
}
in_host sh -c 'cat > /tmp/ca.pem' < "$cache/base/ca/ca.pem"

# its initial_setup can be run again
again() {
	try jlmkr-setup "$1"
	status 0
}

story 'router: two networks, DHCP and names inside, NAT to the outside'
in_host sh -ec 'mkdir -p /mnt/tank/dnsmasq.d /mnt/tank/tftp
	echo dhcp-host=docker,192.168.90.77 > /mnt/tank/dnsmasq.d/own.conf
	echo bad-word > /mnt/tank/dnsmasq.d/own.conf.off
	echo kernel > /mnt/tank/tftp/boot'
make router router --set wan=br0 --set lan=br1 --set dnsmasq=/mnt/tank/dnsmasq.d --set tftp=/mnt/tank/tftp
try jlmkr-start router
status 0
try jlmkr-exec router systemctl is-active dnsmasq nftables
is 'active active' "$(echo $(cat "$tmp/out"))"
in_host jlmkr-exec router ip -o addr > "$tmp/out"
out_has 'host0.*inet 10\.77\.0\.'
out_has 'lan0.*inet 192\.168\.90\.1/24'
again router

try jlmkr-exec router sh -c 'cat /etc/default/dnsmasq; journalctl -u dnsmasq -o cat'
out_has 'IGNORE_RESOLVCONF=yes'
out_has 'using nameserver 192.0.2.1#53'

story '... and so after a restart'
try jlmkr-restart -q router
status 0
try jlmkr-exec router nft list ruleset
out_has masquerade
out_has 'policy drop'

story 'docker: installed over the router, from the repository of its publisher'
make docker docker --set bridge=br1
try jlmkr-start docker
status 0
err_has '^docker info'
in_host jlmkr-exec docker ip -o addr show host0 > "$tmp/out"
out_has 'inet 192\.168\.90\.77/'
try jlmkr-exec docker sh -c 'ls /usr/bin/nvidia-ctk'
refused
again docker

story '... which serves files by TFTP'
try jlmkr-exec docker curl -sS tftp://192.168.90.1/boot
is kernel "$(cat "$tmp/out")"

story '... with the NVIDIA toolkit when the GPU is there'
try jlmkr-config -q docker "systemd_nspawn_user_args=$(in_host jlmkr-config docker systemd_nspawn_user_args)
--bind=/dev/nvidiactl"
try jlmkr-restart -q docker
try jlmkr-setup docker
status 0
err_has '^nvidia-ctk runtime configure --runtime=docker'
try jlmkr-stop -q docker

story 'k3s: by the script of its publisher, and its tools'
make k3s k3s --set bridge=br1
try jlmkr-start k3s
status 0
err_has '^k3s is installed'
err_has '^helm version'
try jlmkr-exec k3s systemctl is-active k3s
is active "$(cat "$tmp/out")"
try jlmkr-exec k3s sh -c 'grep "# k3s" /etc/systemd/system/k3s.service'
is '# k3s server --cluster-init' "$(cat "$tmp/out")"
again k3s
try jlmkr-stop -q k3s

story '... without etcd'
make k3s0 k3s --set bridge=br1 --set cluster-init=0
try jlmkr-start k3s0
status 0
try jlmkr-exec k3s0 sh -c 'grep "# k3s" /etc/systemd/system/k3s.service'
is '# k3s server' "$(cat "$tmp/out")"
try jlmkr-stop -q k3s0

story 'incus: from its publisher, with all capabilities and its web interface'
make incus incus --set bridge=br1
# As the images of images.linuxcontainers.org have it, by the package udev.
in_host sh -c 'echo "kvm:x:993:" >> "$1/etc/group"
	echo "z /dev/kvm 0660 - kvm -" > "$1/usr/lib/tmpfiles.d/static-nodes-permissions.conf"' - "$jails/incus/rootfs"
in_host stat -c '%a %u %g' /dev/kvm > "$tmp/kvm"
try jlmkr-start incus
status 0
err_has '^incus --version'
try jlmkr-exec incus cat /opt/incus/ui/index.html
status 0
is "$(in_host grep CapBnd /proc/1/status)" "$(in_host jlmkr-exec incus grep CapBnd /proc/self/status)"
again incus

story '... the host keeps its /dev/kvm'
is "$(cat "$tmp/kvm")" "$(in_host stat -c '%a %u %g' /dev/kvm)"
try jlmkr-stop -q incus

story '... which it would lose to a jail without that bind'
in_host sed -i '/static-nodes-permissions/d' "$jails/incus/config"
in_host rm "$jails/incus/rootfs/etc/tmpfiles.d/static-nodes-permissions.conf"
try jlmkr-start -q incus
status 0
try jlmkr-exec incus systemctl is-active systemd-tmpfiles-setup-dev
is '660 0 993' "$(in_host stat -c '%a %u %g' /dev/kvm)"
try jlmkr-stop -q incus

story 'docker shares an interface of the host'
in_host sh -c 'ip link add mac0 type veth peer name mac1 && ip link set mac0 up && ip link set mac1 up master br1'
make shared docker --set macvlan=mac0
try jlmkr-start shared
status 0
err_has '^docker info'
in_host jlmkr-exec shared ip -o addr show mv-mac0 > "$tmp/out"
out_has 'inet 192\.168\.90\.'
try jlmkr-stop -q shared
finish
