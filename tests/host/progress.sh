#!/bin/sh
# What create says while it works: on a terminal, in a log, and not at all.
. "$(dirname "$0")/lib.sh"

story 'on a terminal: what, how much of what, how fast, how long still'
host images '*bookworm*default*rootfs* slow 12000000'
talk jlmkr-create j1 < /dev/null
status 0
out_has 'fetching [0-9]*% of [0-9.]* MiB, [0-9.]* MiB/s, [0-9]*s left'
out_has 'Installed debian bookworm'

story 'a narrow one gets lines that fit'
in_host jlmkr-images -q --prune
talk -s 24x30 jlmkr-create j2 < /dev/null
status 0
tr '\r' '\n' < "$tmp/out" | grep -o 'fetching.*' | awk 'length > 29 { exit 1 }' || fail 'too long'
host images

story 'elsewhere: a line for each phase'
in_host jlmkr-images -q --prune
try jlmkr-create j3
status 0
is 'Asking for the list of images' "$(sed -n 1p "$tmp/err")"
err_has '^Fetching and unpacking debian bookworm, build [0-9_:]*: [0-9.]* MiB$'
err_has '^Installed debian bookworm, build [0-9_:]*$'
is 4 "$(wc -l < "$tmp/err")"
try jlmkr-create --offline j4
err_has '^Unpacking debian bookworm, build [0-9_:]*, from the cache$'
is 3 "$(wc -l < "$tmp/err")"

story '--quiet: nothing'
try jlmkr-create -q j5
status 0
err_empty
is '' "$(cat "$tmp/out")"

finish
