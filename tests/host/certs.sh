#!/bin/sh
# The certificates of real life and of attackers, each served by a real TLS server, in both
# versions: each has its own way to the judge.
. "$(dirname "$0")/lib.sh"

for cert in good signing p384 rsa4096 wildcard chain unordered limited-to-us; do
	story "accepted: $cert"
	for tls in 1.3 1.2; do
		host images "cert $cert" "tls $tls"
		try jlmkr-images -q debian
		status 0
		err_empty
	done
done

# refused NAME WORDS...: with the words that tell it from the others
refused() {
	story "refused: $1"
	for tls in 1.3 1.2; do
		host images "cert $1" "tls $tls"
		try jlmkr-images -q debian
		status 7
		one_line_err
		err_has "$2"
	done
}

refused wrongname 'another name: example.org'
refused widewild 'another name'
refused nosan 'names no host: it has no subjectAltName'
refused clients-above "'authority for clients' in the chain of images.linuxcontainers.org is not for servers"
refused limited-elsewhere "'authority for elsewhere' may not certify"
refused expired 'expired on 2021-01-01'
refused notyet 'not valid before 2044-01-01'
refused stranger "signed by 'unknown authority', which is not in"
refused nochain "signed by 'jlmkr test intermediate', which is not in.*intermediate certificate"
refused self 'signed by itself'
refused samename 'not signed with the key of that authority'
refused leafca 'is not an authority'
refused rsa1024 'less than 2048 bits'
refused sha1 'SHA-1'
refused exchange 'is not for signatures'
refused ed25519-above 'has an Ed25519 signature, which jlmkr does not support'
refused pss-above 'has an RSA-PSS signature, which jlmkr does not support'

story 'a server that has nothing but an Ed25519 key'
for tls in 1.3 1.2; do
	host images 'cert ed25519' "tls $tls"
	try jlmkr-images -q debian
	status 6
	one_line_err
	err_has 'no cipher suite, curve or kind of certificate in common'
done

story 'none of that leaves a jail'
host images 'cert stranger'
try jlmkr-create -q --distro=fedora --release=43 bad
status 7
host images
try jlmkr-list
out_has 'No jails'

finish
