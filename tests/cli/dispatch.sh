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
try help-without-words 0 "$jlmkr"
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
for word in new launch run restore backup cp snap mv templates up boot down halt kill reboot autostart disable \
	ls ps enter console attach login bash info inspect top stats logs set get unset show rm delete \
	destroy image pull rmi prune provision install version man; do
	try "other-word-$word" 2 "$jlmkr" $word web
	err "jlmkr: unknown command '$word'; use 'jlmkr "
	means=$(sed -n "s/.*; use 'jlmkr \([^ ']*\).*/\1/p" .err)
	case $means in
	--*) "$jlmkr" --help | grep -qe "$means" || failed="no option $means" ;;
	*) "$jlmkr" --list | grep -qx "$means" || failed="no command $means" ;;
	esac
done
try other-word 2 "$jlmkr" rm web
err "jlmkr: unknown command 'rm'; use 'jlmkr remove'"
try help-of-another-word 2 "$jlmkr" help logs
err "use 'jlmkr log'"
try template-is-no-command 2 "$jlmkr" docker
err "'jlmkr create --template docker' creates a jail for it"
"$jlmkr" help template-docker >template
try narrow-help 0 sh -c '! "$0" help | grep -E "^.{81}"' "$jlmkr"
try help-of-a-template 0 sh -c '"$0" help docker | cmp - template' "$jlmkr"
try export-of-another-format 2 "$jlmkr" export --format=cpio web
err "--format=cpio: it can be tar or zfs"
try export-of-what-is-new-as-a-tar 2 "$jlmkr" export --format=tar --incremental-from=a web
err "--incremental-from needs --format=zfs"
try unknown-option 2 "$jlmkr" list --frobnicate
err "jlmkr list: unknown option '--frobnicate'; see 'jlmkr list --help'"
try unknown-letter 2 "$jlmkr" list -Z
err "unknown option '-Z'"
try shortened 2 "$jlmkr" stop --time soon web
err "--timeout takes a whole number, not 'soon'"
try shortened-with-equals 2 "$jlmkr" create --sec=2 web
err "--seccomp takes 0 or 1, not '2'"
try shortened-common 0 "$jlmkr" stop --he
out 'Usage: jlmkr stop'
try shortened-ambiguous 2 "$jlmkr" create --st web
err "option '--st' is ambiguous: --start, --startup"
try shortened-across-tables 2 "$jlmkr" create --ve web
err "option '--ve' is ambiguous: --verbose, --version"
try shortened-to-nothing 2 "$jlmkr" create --=1 web
err "unknown option '--=1'"
try whole-name-of-two 2 "$jlmkr" create --start=1 web
err '--start takes no value'
try foreign-option-without-a-name 2 "$jlmkr" log -f
err 'missing argument; usage: jlmkr log JAIL'
try flag-with-value 2 "$jlmkr" stop --now=1 web
err '--now takes no value'
try value-missing 2 "$jlmkr" stop web --timeout
err '--timeout needs a value: SECONDS'
try value-bad 2 "$jlmkr" stop --timeout=soon web
err "--timeout takes a whole number, not 'soon'"
try switch-words 2 "$jlmkr" create -gi=yes --gpu_passthrough_nvidia off --seccomp=True --startup=maybe web
err "--startup takes 0 or 1, not 'maybe'"
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
try install-makes-the-directory 0 "$jlmkr" --install bin/new
err 'bin/new created'
try install-made 0 sh -c '[ "$(stat -c %a bin/new)" = 755 ] && exec bin/new/jlmkr-list --help'
try install-nowhere 1 "$jlmkr" --install nowhere/new
err 'create nowhere/new: No such file'
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
