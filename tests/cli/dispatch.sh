#!/bin/sh
# From names and words to a command.
. "$(dirname "$0")/cli.sh"
cd "$world" || exit 1

try version 0 "$jlmkr" --version
out 'jlmkr '
err ''
try version-is-one-line 0 sh -c '[ "$("$0" --version | wc -l)" -eq 1 ]' "$jlmkr"
try version-and-what-it-is-built-from 0 "$jlmkr" --version --verbose
out "$("$jlmkr" --version)"
out 'commit '
out 'libarchive '
try version-as-others-say-it 0 "$jlmkr" list -v --version
out 'libarchive '
try help 0 "$jlmkr" --help
out 'Commands:'
out 'jlmkr-COMMAND'
err ''
try help-without-words 2 "$jlmkr"
out 'Commands:'
try help-of-a-command 0 "$jlmkr" stop --help
out 'Usage: jlmkr stop [OPTION]... JAIL'
out '--timeout=SECONDS'
try help-config 0 "$jlmkr" help config
for key in startup seccomp hostname systemd_run_user_args systemd_nspawn_default_args initial_setup; do
	out "  $key="
done
out 'ip link set dev ve-web-1 master br2 up'
try help-command 0 "$jlmkr" help stop
out 'Usage: jlmkr stop'
try help-needs-no-operands 0 "$jlmkr" exec --help
out 'Usage: jlmkr exec'

try version-of-a-command 0 "$jlmkr" stop --version
out 'jlmkr '

try unknown-command 2 "$jlmkr" strat
err "jlmkr: unknown command 'strat'; did you mean 'start'?"
out ''
try unknown-command-far-off 2 "$jlmkr" xyzzy
err "'jlmkr help' lists them"
try unknown-option 2 "$jlmkr" list --frobnicate
err "jlmkr list: unknown option '--frobnicate'; see 'jlmkr list --help'"
try unknown-letter 2 "$jlmkr" list -Z
err "unknown option '-Z'"
try no-abbreviation 2 "$jlmkr" stop --time 5 web
err "unknown option '--time'"
try flag-with-value 2 "$jlmkr" stop --now=1 web
err '--now takes no value'
try value-missing 2 "$jlmkr" stop web --timeout
err '--timeout needs a value: SECONDS'
try value-bad 2 "$jlmkr" stop --timeout=soon web
err "--timeout takes a whole number, not 'soon'"
try switch-bad 2 "$jlmkr" create -gi 2 web
err "takes 0 or 1, not '2'"
try operand-missing 2 "$jlmkr" remove
err 'missing argument; usage: jlmkr remove JAIL'
try operand-too-many 2 "$jlmkr" list web
err "unexpected argument 'web'"

# Every command has its one line, its help, and its link.
"$jlmkr" --list >names
try list-of-commands 0 "$jlmkr" --list
out create
mkdir bin
try install 0 "$jlmkr" --install bin
err ''
try install-again 0 bin/jlmkr --install bin
try install-nowhere 1 "$jlmkr" --install nowhere
err 'open nowhere: No such file'
while read -r command; do
	try "narrow-help-$command" 0 sh -c '! "$0" "$1" --help | grep -E "^.{81}"' "$jlmkr" "$command"
	try "link-$command" 0 "bin/jlmkr-$command" --help
	out "Usage: jlmkr $command"
done <names
ln -s ../bin/jlmkr-list bin/jlmkr-link
ln -s bin/jlmkr-list jlmkr-stop
try link-by-its-own-name 0 ./jlmkr-stop --help
out 'Usage: jlmkr stop'
ln -s bin/jlmkr other
try other-name 0 ./other --version
out 'jlmkr '
done_testing
