#!/bin/sh
# jlmkr on the appliance: real OpenZFS, cgroup v2, a read-only root; a reboot, and power cuts in the
# middle of a create and of a config write.
set -u

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d -p "${VM_TMP:-/var/tmp}")
trap 'rm -rf "$tmp"' EXIT
"$here/bake" || exit 1
"$here/../host/bake" || exit 1

# What it says on its console counts, with the part's name before it.
part() {
	"$here/vm" "$tmp" "$1" < /dev/null > "$tmp/said"
	sed -n "s/^ok /ok $1: /p; s/^not ok /not ok $1: /p; s/^    .*/&/p" "$tmp/said"
	grep -q '^ok\|^not ok' "$tmp/said" || [ -n "${KILL_AT-}" ] || {
		echo "not ok $1: it said nothing"
		tail -n 20 "$tmp/said"
	}
}

part life
part reboot
part changes
part unmarked
for after in 1 6; do
	KILL_AT=CREATING KILL_AFTER=$after part creating
	part after
done
KILL_AT=WRITING KILL_AFTER=1.5 part writing
part after
