#!/bin/sh
# Which TLS is spoken, and what somebody on the way gains who does not leave it alone.
. "$(dirname "$0")/lib.sh"

for tls in 1.3 1.2; do
	story "the main job, with a server of TLS $tls alone"
	host images "tls $tls"
	try jlmkr-create -v "with-$tls"
	status 0
	err_has "^images.linuxcontainers.org: TLS $tls, TLS_"
	if [ $tls = 1.2 ]; then err_has 'does not speak TLS 1.3'; else err_lacks 'TLS 1.2'; fi
	in_host sh -c "jlmkr-remove -q --yes with-$tls; jlmkr-images -q --prune"
done

story 'a server of both is spoken to in TLS 1.3'
host images
try jlmkr-images -v debian
status 0
err_has "TLS 1.3, TLS_AES_256_GCM_SHA384, X25519, certified by 'jlmkr test authority'$"
err_lacks 'TLS 1.2'

story 'a server that wants another key exchange says so'
for curve in prime256v1 secp384r1; do
	host images "curve $curve"
	try jlmkr-images -v debian
	status 0
	err_has 'TLS 1.3, TLS_AES_256_GCM_SHA384, P-[23]'
done
host images

# in_the_middle ACTION [N]: with that, $command is run; $offers is what it offered.
leader=$(host_leader)
command='jlmkr-images -q debian'
in_the_middle() {
	rm -f "$tmp/offers"
	nsenter --net -t "$leader" "$here/../fake/middle.py" 3129 "$tmp/offers" "$@" & middle=$!
	until [ -e "$tmp/offers" ]; do sleep 0.05; done
	try env https_proxy=http://127.0.0.1:3129 $command
	kill $middle
	wait $middle 2> /dev/null
	offers=$(tr '\n' ' ' < "$tmp/offers")
}

story 'somebody who only passes it on'
in_the_middle pass
status 0
is '1.3 ' "$offers"

story 'somebody who takes TLS 1.3 out of the offer'
in_the_middle strip
status 7
one_line_err
err_has 'speaks TLS 1.3, but somebody on the way made it look as if it did not'
is '1.3 ' "$offers"

story 'somebody who chooses TLS 1.2 in the name of the server'
in_the_middle forge 1 9
status 7
one_line_err
err_has 'speaks TLS 1.3, but somebody on the way made it look as if it did not'
is '1.3 1.2 1.3 1.2 ' "$offers"

story 'servers of different versions behind one name'
in_the_middle forge 1 1
status 0
is '1.3 1.2 1.3 ' "$offers"

story 'a host that has spoken TLS 1.3 is held to it'
command='jlmkr-create -q --distro=fedora --release=43 held'
host images '*/images.json close'
in_the_middle forge 2 9
status 7
one_line_err
err_has 'speaks TLS 1.3, but somebody on the way made it look as if it did not'
is '1.3 1.3 1.3 ' "$offers"

story 'a host that has not is not asked again'
host images '*/images.json close' 'tls 1.2'
in_the_middle pass
status 0
is '1.3 1.2 1.2 ' "$offers"
command='jlmkr-images -q debian'
host images

story 'a server that has no TLS 1.3 is spoken to in TLS 1.2, however its hello came'
host images 'tls 1.2'
in_the_middle pass
status 0
is '1.3 1.2 ' "$offers"
in_the_middle forge 1 9
status 0
is '1.3 1.2 ' "$offers"
host images

story 'an alert or silence does not lead to TLS 1.2'
in_the_middle alert 40
status 6
err_has 'no cipher suite, curve or kind of certificate in common'
is '1.3 ' "$offers"
in_the_middle alert 70
status 6
err_has 'speaks neither TLS 1.2 nor TLS 1.3'
is '1.3 ' "$offers"
in_the_middle silence
status 6
err_has 'has not answered for too long'
is '1.3 ' "$offers"

# The records: ServerHello, a change of ciphers, four of the handshake, then data. Who finds the
# connection broken tries twice more. Where the server's certificate is what is broken, as it can
# be in TLS 1.2, that is no reason to.
broken() {
	[ "$rc" -eq 6 ] || [ "$rc" -eq 7 ] || fail "status $rc: $*"
	one_line_err
}
at_each() {
	action=$1
	story "$action, at each record"
	shift
	for n; do
		in_the_middle "$action" $n
		status 6
		broken "record $n"
		case $offers in *1.2*) fail "record $n: offers $offers" ;; esac
	done
}
at_each flip 1 2 3 4 5 6 7 '1 1' '3 1' '4 2' '4 6' '7 6'
at_each cut 1 4 7
at_each reset 1 3 5 7
at_each close 1 3 6

at_each_12() {
	action=$1
	story "$action, at each record of TLS 1.2"
	shift
	for n; do
		in_the_middle "$action" $n
		broken "record $n"
	done
}
host images 'tls 1.2'
at_each_12 flip 1 2 3 5 6 '2 1' '3 2' '6 6'
at_each_12 cut 1 2 6
at_each_12 reset 1 3 6
at_each_12 close 2 5
host images

finish
