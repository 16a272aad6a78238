#!/bin/sh
# jlmkr on the appliance: real OpenZFS, cgroup v2, a read-only root; a reboot, and power cuts in the
# middle of a create, a config write, clones, rollbacks, renames and of what is received from another
# machine; copies between two pools. The test host works there, too.
set -u

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d -p "${VM_TMP:-/var/tmp}")
trap 'rm -rf "$tmp"' EXIT
"$here/bake" || exit 1
"$here/../host/bake" || exit 1

# parts NAME...: one boot. What they say on the console counts, with the part's name before it; the
# last one need not say anything when it ends with the power.
parts() {
	"$here/vm" "$tmp" "$@" < /dev/null > "$tmp/said"
	awk '/^PART / { part = $2 }
		sub(/^(not )?ok /, "&" part ": ") || /^    /' "$tmp/said"
	last=
	for part; do last=$part; done
	for part; do
		[ -z "${KILL_AT-}" ] || [ "$part" != "$last" ] || continue
		awk -v part="$part" '/^PART / { now = $2 } /^(not )?ok/ && now == part { found = 1 }
			END { exit !found }' "$tmp/said" || {
			echo "not ok $part: it said nothing"
			tail -n 20 "$tmp/said"
		}
	done
}

parts life quota copy
# While it unpacks, which takes about seven seconds.
KILL_AT=CREATING KILL_AFTER=$(shuf -n 1 -i 1-6) parts reboot changes snapshots unmarked creating
KILL_AT=WRITING KILL_AFTER=1.5 parts after writing
parts received after host
