# A registry for stories of images: a real docker-registry in the network of the host, behind what stands
# before those of the world (tests/fake/registry.py). Source it after lib.sh.

"$here/../../build/packages" registry || exit 1
port=8443
open=docker://open.test:$port

# In the network of the host, and not longer than this story.
beside() {
	name=$1
	shift
	nsenter -t "$(host_leader)" --net setpriv --pdeathsig KILL "$@" > "$tmp/$name.out" 2>&1 &
	started="${started-} $!"
}
leave_registries() { kill ${started-} 2> /dev/null; leave; }
trap leave_registries EXIT

certificates() (
	cd "$tmp" || exit
	openssl ecparam -genkey -name prime256v1 -noout -out ca.key
	openssl req -x509 -new -key ca.key -days 3000 -subj '/CN=authority of the registries' \
		-addext basicConstraints=critical,CA:TRUE -out ca.pem
	openssl ecparam -genkey -name prime256v1 -noout -out server.key
	openssl req -new -key server.key -subj /CN=registries -out server.csr
	echo 'subjectAltName=DNS:open.test' > server.ext
	openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3000 \
		-extfile server.ext -out server.crt
	cat server.key server.crt > server.pem
)

begin_registry() {
	certificates > "$tmp/out" 2>&1 || { cat "$tmp/out"; exit 1; }
	mkdir -p "$tmp/data"
	printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:5001"}\n' \
		"$tmp/data" > "$tmp/registry.yml"
	beside registry docker-registry serve "$tmp/registry.yml"
	beside front python3 "$here/../fake/registry.py" "$tmp/server.pem" $port "$tmp/rules" "$tmp/requests" 5001 5001
	host push "$tmp/ca.pem" /tmp/ca.pem
	in_host sh -c "cat /tmp/ca.pem >> /etc/ssl/certs/ca-certificates.crt
		echo 127.0.0.1 open.test >> /etc/hosts"
	for p in 5001 $port; do soon bash -c "echo > /dev/tcp/127.0.0.1/$p"; done
}

# What the front does wrong from now on.
rules() { for rule; do echo "$rule"; done > "$tmp/rules.new"; mv "$tmp/rules.new" "$tmp/rules"; }

# push LAYOUT:TAG NAME:TAG
push_image() {
	nsenter -t "$(host_leader)" --net skopeo copy -q --all --insecure-policy --dest-tls-verify=false \
		"oci:$1" "docker://127.0.0.1:5001/$2" > "$tmp/out" 2>&1 || fail "skopeo cannot copy $1"
}
