#!/bin/sh
# Our TLS client against BoringSSL's tests of TLS ("BoGo"): servers that do one thing wrong each.
# The runner is built from Debian's source package; what stops it from coming is no fault of ours,
# so that these tests are skipped. OUT says where programs go that are built for it, TESTS which
# alone are run: 'PATTERN;PATTERN'.
cd "$(dirname "$0")/../.." || exit 1

command -v go > /dev/null || { echo 'skip bogo: no Go; build/packages bogo installs it'; exit 0; }
command -v python3 > /dev/null || { echo 'skip bogo: no python3'; exit 0; }
why=$(timeout 300 build/fetch tests/oracle/bogo.lock 2>&1) || {
	echo "skip bogo: $(echo "$why" | tail -n 1)"
	exit 0
}

debug=build/out/debug
out=${OUT:-build/out}/oracle/bogo
mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd)
source=$PWD/build/out/src/android-platform-external-boringssl/src
package=boringssl.googlesource.com/boringssl
mkdir -p "$out/go/src/${package%/*}" || exit 1
gcc -std=c11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-I. -I$debug/include -o "$out/shim" tests/oracle/bogo_shim.c build/out/obj/debug/ours.a \
	-L$debug/lib -lbearssl -llzma || { echo 'not ok bogo: bogo_shim.c'; exit 1; }

# Debian has the packages that it imports in /usr/share/gocode. Go's own cache knows what is new.
ln -sfn "$source" "$out/go/src/$package"
(
	cd "$out/go/src/$package/ssl/test/runner" &&
	GO111MODULE=off GOFLAGS='' GOPATH=$out/go:/usr/share/gocode GOCACHE=$out/cache \
		go test -c -o "$out/runner" .
) > "$out/go.log" 2>&1 || { echo "skip bogo: $(tail -n 1 "$out/go.log")"; exit 0; }
exec python3 tests/oracle/bogo.py "$out" "$source/ssl/test/runner" tests/oracle/bogo.reasons
