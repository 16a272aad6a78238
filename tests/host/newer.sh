#!/bin/sh
# The life of a jail once more, on an appliance with systemd 257, which is Debian 13's.
export HOST_SUITE=trixie
SYSTEMD=257
. "$(dirname "$0")/life.sh"
