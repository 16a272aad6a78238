# Registries for stories of images: a real docker-registry in the network of the host, open and with the
# login me:secret, behind what stands before those of the world (tests/fake/registry.py, which has their
# names). Source it after lib.sh.

"$here/../../build/packages" registry || exit 1	# if this story runs by itself
port=8443
open=docker://open.test:$port
names='open.test basic.test token.test auth.test store.test'

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
	echo "subjectAltName=DNS:$(echo $names registry-1.docker.io auth.docker.io | sed 's/ /,DNS:/g')" > server.ext
	openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3000 \
		-extfile server.ext -out server.crt
	cat server.key server.crt > server.pem
)

# serve PORT [AUTH]
serve() {
	printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%s"}\n%s\n' \
		"$tmp/data" "$1" "${2-}" > "$tmp/$1.yml"
	beside "$1" docker-registry serve "$tmp/$1.yml"
}

begin_registry() {
	certificates > "$tmp/out" 2>&1 || { cat "$tmp/out"; exit 1; }
	mkdir -p "$tmp/data"
	echo 'me:$2b$04$knCRxnCevjoodwQY72Yp4uiHjbeZagqW4PnzfgmlcgJHnSM3P8AOS' > "$tmp/htpasswd"
	serve 5001
	serve 5002 "auth: {htpasswd: {realm: registry, path: $tmp/htpasswd}}"
	beside front python3 "$here/../fake/registry.py" "$tmp/server.pem" $port "$tmp/rules" "$tmp/requests" 5001 5002
	host push "$tmp/ca.pem" /tmp/ca.pem
	in_host sh -c "cat /tmp/ca.pem >> /etc/ssl/certs/ca-certificates.crt
		echo 127.0.0.1 $names >> /etc/hosts"
	for p in 5001 5002 $port; do soon bash -c "echo > /dev/tcp/127.0.0.1/$p"; done
}

# What the front does wrong from now on. It has nothing to tell of what was before.
rules() { for rule; do echo "$rule"; done > "$tmp/rules.new"; mv "$tmp/rules.new" "$tmp/rules"; : > "$tmp/requests"; }
requests() { cat "$tmp/requests" 2> /dev/null; }

# push_image LAYOUT:TAG NAME:TAG [OPTION...]
push_image() {
	layout=$1 to=$2
	shift 2
	nsenter -t "$(host_leader)" --net skopeo copy -q --all --insecure-policy --dest-tls-verify=false \
		"$@" "oci:$layout" "docker://127.0.0.1:5001/$to" > "$tmp/out" 2>&1 ||
		fail "skopeo cannot copy $to"
}
