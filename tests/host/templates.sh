#!/bin/sh
# The templates that jlmkr brings along: each makes a jail, whose config is good and whose scripts
# are scripts. Their software is not installed here: this host sees no publisher's repository.
. "$(dirname "$0")/lib.sh"

in_host sh -c 'ip link add br1 type bridge && ip link add br2 type bridge && ip link set br1 up &&
	ip link set br2 up
	mkdir -p /tmp/bin; printf "#!/bin/sh\necho modprobe \"\$@\" >> /tmp/modprobed\n" > /tmp/bin/modprobe
	chmod +x /tmp/bin/modprobe
	for d in fuse kvm vsock vhost-vsock kmsg; do [ -e /dev/$d ] || mknod /dev/$d c 1 3; done' ||
	skip 'this kernel has no bridges'

names=$(in_host jlmkr-create --template list | cut -d' ' -f1)
# sets TEMPLATE [macvlan]: those that it wants; an interface of the host in the place of a bridge
sets() {
	case $1-${2-} in
	router-) echo '--set wan=br1 --set lan=br2' ;;
	router-macvlan) echo '--set macvlan=mac0 --set lan=br2 --set dnsmasq=/mnt/tank/d --set tftp=/mnt/tank/t' ;;
	*-macvlan) echo '--set macvlan=mac0' ;;
	*) echo '--set bridge=br1' ;;
	esac
}

story 'there are seven, and each has a page of help'
is 'docker podman k3s incus lxd nixos router' "$(echo $names)"
is "list $(echo $names)" "$(in_host jlmkr-create --help | sed -n 's/.*--template=\([a-z0-9|]*\).*/\1/p' | tr '|' ' ')"
for name in $names; do
	try jlmkr help "template-$name"
	status 0
	out_has "jlmkr create .*--template $name --set"
	out_lacks "^@"
done
try jlmkr help template-dockr
status 2
err_has "did you mean 'docker'"

mkdir -p "$tmp/root/etc"
tar -C "$tmp/root" -cf "$tmp/root.tar" etc
host push "$tmp/root.tar" /tmp/root.tar
# good TEMPLATE [macvlan]
good() {
	# shellcheck disable=SC2046
	in_host jlmkr-create -q --dry-run --template "$1" $(sets "$@") \
		--image=/tmp/root.tar t > "$tmp/conf" 2> "$tmp/err" || fail 'no dry run'
	in_host jlmkr config --check - < "$tmp/conf" > "$tmp/out" 2> "$tmp/err" || fail 'not good'
	grep -q '@' "$tmp/conf" && fail 'a word is left'
	in_host sh -c 'cat > /tmp/conf; mkdir -p /mnt/tank/jailmaker/jails/t/rootfs
		cp /tmp/conf /mnt/tank/jailmaker/jails/t/config' < "$tmp/conf"
	for key in pre_start_hook post_start_hook initial_setup; do
		in_host jlmkr-config t "$key" > "$tmp/script"
		[ -n "$(cat "$tmp/script")" ] || continue
		in_host bash -n < "$tmp/script" > "$tmp/out" 2> "$tmp/err" || fail "$key is no script"
	done
	try jlmkr-start --dry-run t
	status 0
	out_has "network-${2:-bridge}="
	in_host rm -r $jails/t
}
in_host sh -c 'ip link add mac0 type veth peer name mac1 && ip link set mac0 up; mkdir -p /mnt/tank/d /mnt/tank/t'
for name in $names; do
	story "$name: the config is good, its scripts are scripts"
	good "$name"

	story "$name: with macvlan, too"
	good "$name" macvlan
done

story 'a word that is missing, wrong, or not wanted'
try jlmkr-create -q --template docker d1
status 2
err_has 'say it by --set bridge=... or --set macvlan=...'
try jlmkr-create -q --template docker --set bridge=br1 --set macvlan=mac0 d1
status 2
err_has 'bridge is given, too'
try jlmkr-create -q --template k3s --set bridge=br1 --set cluster-init=maybe d1
status 2
try jlmkr-create -q --template docker --set bridge=br1 --set brigde=br2 d1
status 2
try jlmkr-create -q --template docker --set 'bridge=br1 --capability=all' d1
status 2
try jlmkr-create -q --template dockr --set bridge=br1 d1
status 2
try jlmkr-create -q --set bridge=br1 d1
status 2
is '' "$(in_host sh -c "ls $jails 2> /dev/null")"

# The jails are Debian, whatever the template says: what is told here is how they start.
# This kernel has no modules to load: what is asked for is written down.
in_host sh -c 'mount --bind /tmp/bin/modprobe "$(readlink -f /sbin/modprobe)"'
for name in docker k3s incus router; do
	story "$name: a jail of it starts, and its hooks have run"
	# shellcheck disable=SC2046
	try jlmkr-create -q --template "$name" $(sets "$name") --distro=debian --release=bookworm "j-$name"
	status 0
	try jlmkr-config -q "j-$name" --unset initial_setup
	# Files that only these modules make, or that are read-only on this host.
	in_host sed -i '/bridge-nf-call\|sys.vm\|sys.kernel\|at_least .proc/d' "$jails/j-$name/config"
	try jlmkr-start "j-$name"
	status 0
	try jlmkr-exec "j-$name" ip -o link show host0
	status 0
	try jlmkr-stop -q "j-$name"
	status 0
done

story 'docker: the modules were asked for'
in_host cat /tmp/modprobed > "$tmp/out"
out_has 'modprobe br_netfilter'
out_has 'modprobe vhost_vsock'

story 'asked for on a terminal, or by lines'
printf 'docker\nbr1\nasked\n\n\nn\n' > "$tmp/answers"
try jlmkr-create --dry-run < "$tmp/answers"
status 0
out_has 'network-bridge=br1'
err_has 'The bridge of the host that the jail joins'
err_has 'template.docker .*set.bridge=br1'

story '... a bridge or an interface, and what may be left out'
printf 'docker\n\nmac0\nasked\n\n\nn\n' > "$tmp/answers"
try jlmkr-create --dry-run < "$tmp/answers"
status 0
out_has 'network-macvlan=mac0'
err_has 'template.docker .*set.macvlan=mac0'
printf 'router\nbr1\nbr2\n\n\nno\n/mnt/tank/t\nasked\n\n\nn\n' > "$tmp/answers"
try jlmkr-create --dry-run < "$tmp/answers"
status 0
out_has 'bind-ro=/mnt/tank/t:/srv/tftp'
out_lacks 'etc/dnsmasq.own$'
err_has 'set.tftp=/mnt/tank/t'
finish
