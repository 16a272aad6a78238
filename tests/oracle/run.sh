#!/bin/sh
# Our config reader against Python's own, on thousands of texts. OUT says where the
# program that is built for it goes, CASES and SEED how long and what is tried.
cd "$(dirname "$0")/../.." || exit 1

command -v python3 >/dev/null || { echo 'skip config-oracle: no python3'; exit 0; }

out=${OUT:-build/out}/oracle
mkdir -p "$out" || exit 1
gcc -std=c11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-I. -o "$out/dump" tests/oracle/dump.c build/out/obj/debug/ours.a \
	-Lbuild/out/debug/lib -lbearssl -llzma || { echo 'not ok config-oracle: dump.c'; exit 1; }
exec python3 tests/oracle/config.py "$out/dump" "${CASES:-4000}" "${SEED:-1}"
