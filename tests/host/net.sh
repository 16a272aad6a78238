#!/bin/sh
# The way to the server: dead addresses, proxies, authorities, answers of any shape and size.
. "$(dirname "$0")/lib.sh"

seconds() { python3 -c 'import time; print(time.time())'; }
# took LESS-THAN: seconds since $begin
took() { python3 -c "import sys, time; sys.exit(time.time() - $begin >= $1)" || fail "took $1 s or more"; }
lasted() { python3 -c "import sys, time; sys.exit(time.time() - $begin < $1)" || fail "took less than $1 s"; }
list() { try jlmkr-images "$@" debian; }

story 'a server that asks to come back is left alone for so long'
for after in 3 @4; do
	host images "*/images.json status 503 1 $after"
	begin=$(seconds)
	list -q
	status 0
	lasted 2.5
done
host images '*/images.json status 429 5 3600'
begin=$(seconds)
list -q
status 6
one_line_err
err_has 'try again in 3600 seconds'
took 6
host images

story 'a family of addresses that is dead costs less than a second'
# Besides what a machine takes for it that has other things to do.
begin=$(seconds)
list -q
usual=$(python3 -c "import time; print((time.time() - $begin) * 2 + 1)")
in_host sh -c 'cp /etc/hosts /root/hosts; ip link add void type veth peer name other
	ip link set other up; ip link set void up
	ip addr add fd99::1/64 dev void nodad; ip addr add 10.99.0.1/24 dev void
	ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev void
	ip neigh replace fd99::2 lladdr 02:00:00:00:00:02 dev void'
for dead in 'fd99::2 127.0.0.1' '10.99.0.2 ::1'; do
	in_host sh -c '{ grep -v images /root/hosts; for a; do echo $a images.linuxcontainers.org; done; } \
		> /etc/hosts' - $dead
	begin=$(seconds)
	list -q
	status 0
	took "$usual"
done

story 'nobody there: ten seconds'
in_host sh -c '{ grep -v images /root/hosts; echo fd99::2 images.linuxcontainers.org; } > /etc/hosts'
begin=$(seconds)
list -q
status 6
one_line_err
lasted 8
took "$(python3 -c "print(18 + $usual)")"
in_host sh -c 'cat /root/hosts > /etc/hosts; ip link del void'

story 'an end of the connection is the end of a file only when TLS says so'
host images '*/images.json close'
list -q
status 0
host images '*/images.json cut 5000'
list -q
status 6
one_line_err
err_has 'cut the connection'
root='*bookworm/amd64/default*rootfs.tar.xz'
host images "$root close"
expect_status 0 jlmkr-create -q j1
in_host sh -c "rm -rf $jails/j1; jlmkr-images -q --prune"
host images "$root cut 9000000"
expect_status 0 jlmkr-create -q j1

story 'heads and lists without end are given up'
host images '*/images.json bighead'
list -q
status 6
one_line_err
err_has 'head of more than'
host images '*/images.json bigbody'
list -q
status 6
one_line_err
err_has 'larger than'
host images

story 'redirects: five, and never away from https'
host images '*/images.json redirect /other'
list -q
status 6
err_has 'does not exist'
host images '* redirect /round'
list -q
status 6
one_line_err
err_has 'more than 5 times'
host images '* redirect http://images.linuxcontainers.org/streams/v1/images.json'
list -q
status 7
one_line_err
err_has 'not https'
host images

story 'a list that is cut short is asked for again, then the cache is taken'
host images '*/images.json text {"products":'
try jlmkr-create j2
status 0
err_has 'from the cache'
host images

story 'authorities: SSL_CERT_FILE, SSL_CERT_DIR, --cacert, in the end the built-in ones'
cat "${HOST_CACHE:-$here/../../build/out/host}/base/ca/ca.pem" > "$tmp/ca.pem"
{ echo '-----BEGIN CERTIFICATE-----'; echo 'bm9uZQ=='; echo '-----END CERTIFICATE-----'
	cat "$tmp/ca.pem"; } > "$tmp/odd.pem"
in_host mkdir -p /root/ca /root/hashed
host push "$tmp/odd.pem" /root/ca/odd.pem
host push "$tmp/ca.pem" /root/hashed/0a1b2c3d.0
try env SSL_CERT_DIR=/root/ca jlmkr-images -v debian
status 0
err_has '^1 certificate authorities from /root/ca (1 entries skipped)'
try env SSL_CERT_DIR=/root/hashed jlmkr-images -v debian
status 0
err_has '^1 certificate authorities from /root/hashed'
try env SSL_CERT_FILE=/root/ca/odd.pem jlmkr-images -v debian
status 0
err_has 'from /root/ca/odd.pem (1 entries'
try jlmkr-images -v --cacert=/root/ca/odd.pem debian
status 0
try env SSL_CERT_DIR=/root jlmkr-images -q debian
status 1
err_has 'SSL_CERT_DIR: /root has no readable certificate'
in_host mv /etc/ssl/certs/ca-certificates.crt /root/all.crt
try jlmkr-images -v debian
status 7
err_has 'built into jlmkr'
in_host mv /root/all.crt /etc/ssl/certs/ca-certificates.crt

story 'a proxy, with user and password'
leader=$(host_leader)
nsenter --net -t "$leader" "$here/../fake/proxy.py" 3128 'us er' 'p:w' "$tmp/proxied" & proxy=$!
soon sh -c 'ss -Hltn | grep -q :3128'
try env https_proxy=http://us%20er:p%3Aw@127.0.0.1:3128 jlmkr-images -q debian
status 0
is 'images.linuxcontainers.org:443 200' "$(cat "$tmp/proxied")"
try env HTTPS_PROXY=http://me:wrong@localhost:3128 jlmkr-images -q debian
status 6
one_line_err
err_has 'refuses this user and password'
try env https_proxy=http://localhost:3128 no_proxy=.example,linuxcontainers.org jlmkr-images -q debian
status 0
is 2 "$(wc -l < "$tmp/proxied")"
try env https_proxy=https://localhost:3128 jlmkr-images -q debian
status 1
one_line_err
kill $proxy

finish
