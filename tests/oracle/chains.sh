#!/bin/sh
# Our judge of certificates against OpenSSL's, on chains made for it. OUT says where the
# program that is built for it goes, CASES and SEED how many random ones and which.
cd "$(dirname "$0")/../.." || exit 1

for program in python3 openssl; do
	command -v $program > /dev/null || { echo "skip chains-oracle: no $program"; exit 0; }
done

debug=build/out/debug
out=${OUT:-build/out}/oracle
mkdir -p "$out" || exit 1
gcc -std=c11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-I. -I$debug/include -o "$out/judge" tests/oracle/judge.c build/out/obj/debug/ours.a \
	-L$debug/lib -lbearssl -llzma || { echo 'not ok chains-oracle: judge.c'; exit 1; }
exec python3 tests/oracle/chains.py "$out/judge" "${CASES:-100}" "${SEED:-1}"
