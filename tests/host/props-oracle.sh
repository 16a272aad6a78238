#!/bin/sh
# Our properties and options against the real systemd-run's, in the test host's tree but
# not in a running host: nothing is started. COUNT and SEED say how much is tried, HOST_SUITE
# which systemd-run: trixie has 257, which reads a few odd texts otherwise than 252.
cd "$(dirname "$0")/../.." || exit 1

out=${OUT:-build/out}/oracle
[ "${HOST_SUITE:-bookworm}" = bookworm ] && base=base || base=suite-$HOST_SUITE
tree=${HOST_CACHE:-$PWD/build/out/host}/$base/tree
tests/host/bake || { echo 'not ok props-oracle: no test host'; exit 1; }
mkdir -p "$out" || exit 1
musl-gcc -idirafter build/out/musl/kernel -static -std=c11 -D_GNU_SOURCE -Os -I. \
	-o "$out/props-oracle" tests/host/props-oracle.c \
	$(ls lib/systemd/props/*.c | grep -v '/table') lib/systemd/run_*.c lib/text/bool.c lib/text/faults.c lib/text/split.c \
	lib/dbus/wire.c lib/dbus/read.c lib/dbus/check.c lib/dbus/message.c \
	$(ls lib/base/*.c | grep -v 'memcpy\|rel') ||
	{ echo 'not ok props-oracle: it does not compile'; exit 1; }
exec unshare --mount sh -c '
	tree=$1 out=$2 && shift 2 &&
	mount -t tmpfs tmpfs "$tree/run" && mkdir -p "$tree/run/systemd/system" &&
	mount -t tmpfs tmpfs "$tree/tmp" && mount --rbind /proc "$tree/proc" &&
	mount --rbind /sys "$tree/sys" && mount --rbind /dev "$tree/dev" &&
	cp "$out/props-oracle" tests/data/bus/*.tsv "$tree/tmp" &&
	exec chroot "$tree" /usr/bin/env -i PATH=/usr/bin:/bin LANG=C.UTF-8 /tmp/props-oracle \
		/tmp/systemd-bus-cases.tsv /tmp/systemd-run-options.tsv "$@" \
		"$(chroot "$tree" systemd-run --version | sed -n "1s/^systemd \([0-9]*\).*/\1/p")"
' - "$tree" "$out" "${COUNT:-3000}" "${SEED:-1}"
