#!/bin/sh
# Completion in the shells themselves: bash here, others where they are installed.
. "$(dirname "$0")/cli.sh"
tests=$(realpath "$(dirname "$0")/..")
cd "$world" || exit 1

mkdir -p bin 'jm/jails/we ird$(touch evaluated)' jm/jails/web jm/jails/db other/jails/third
for jail in jm/jails/* other/jails/*; do
	: >"$jail/config"
	mkdir "$jail/rootfs"
done
cp "$jlmkr" bin/jlmkr
for command in stop shell exec create; do ln -s jlmkr "bin/jlmkr-$command"; done
touch a-file
export PATH="$world/bin:$PATH" JAILMAKER_DIR="$world/jm" HOME="$world"

try no-shell-named 2 "$jlmkr" completion
try unknown-shell 2 "$jlmkr" completion tcsh
err 'bash, zsh and fish'
for shell in bash zsh fish; do
	"$jlmkr" completion $shell >script.$shell
	if command -v $shell >bin/.which; then
		try "syntax-$shell" 0 $shell -n script.$shell
		err ''
	else
		verdict
		echo "skip syntax-$shell: $shell is not installed"
	fi
done

# What bash would offer for these words; the last is the one being typed.
cat >offer <<'END'
source script.bash
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_jlmkr
((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
exit 0
END
offers() {
	want=$1
	shift
	got=$(bash offer "$@" 2>&1 | tr '\n' ' ')
	[ "$got" = "$want" ] || failed="${failed:-$*: '$got', not '$want'}"
}

try commands 0 true
offers 'stop ' jlmkr sto
offers 'start startup ' jlmkr star
offers 'list ' jlmkr --dir "$world/jm" lis
offers 'list ' jlmkr help lis
offers 'networking ' jlmkr help netw
offers 'jlmkr.conf jlmkr ' jlmkr help jlm
offers '' jlmkr help list ''
offers '' jlmkr nonsense ''
offers 'bash zsh fish ' jlmkr completion ''
offers '--install= ' jlmkr --inst
try options 0 true
offers '--timeout= ' jlmkr stop --t
offers '--start  --startup= ' jlmkr create --start
offers '--dir= ' jlmkr-stop --di
offers '' jlmkr stop -- --t
try jails 0 true
offers 'db we\ ird\$\(touch\ evaluated\) web ' jlmkr stop ''
offers 'web ' jlmkr stop db web
offers 'db ' jlmkr-stop d
offers 'db ' bin/jlmkr-stop -q d
offers '' jlmkr remove db d
offers '' jlmkr create d
offers 'third ' jlmkr --dir other stop ''
offers 'third ' jlmkr stop --dir = other ''
offers 'third ' jlmkr stop -D other t
offers 'db ' jlmkr shell root @ d
offers 'db we\ ird\$\(touch\ evaluated\) web ' jlmkr shell root @
offers 'root@db ' jlmkr shell root@d
offers 'db ' jlmkr exec --cwd / d
offers '' jlmkr exec db --u
try values 0 true
offers '0 1 ' jlmkr create --startup = ''
offers '0 1 ' jlmkr create --startup =
offers '1 ' jlmkr create --startup 1
offers '--startup=0 --startup=1 ' jlmkr create --startup=
offers '0 1 ' jlmkr create -gi ''
offers 'a-file ' jlmkr create --config = a-
offers 'a-file ' jlmkr create -c a-
offers '' jlmkr create --distro ''
offers 'os ' jlmkr list --output o
offers 'name,path ' jlmkr list -o name,pa
offers '--output=name,os,startup --output=name,os,state ' jlmkr list --output=name,os,sta
offers 'seccomp ' jlmkr config --unset sec
offers 'docker ' jlmkr create --template d
offers 'jm ' jlmkr --dir j
try columns-are-those-of-list 2 "$jlmkr" list -o none
err "there are $(sed -n "s/.*--output=,|\([^ ']*\).*/\1/p" script.bash | tr a-z\| A-Z, | sed 's/,/, /g')"
try nothing-was-evaluated 1 test -e evaluated

if command -v fish >bin/.which; then
	try values-in-fish 0 fish --no-config -c 'source script.fish; complete -C "jlmkr list -o name,ru"; complete -C "jlmkr exec "'
	out 'name,running'
	out 'db'
	err ''
fi

# With a real key, which splits words in its own way.
cat >rc <<'END'
PS1='ok> '
bind 'set enable-bracketed-paste off'
eval "$(jlmkr completion bash)"
END
tab=$(printf '\t')
cat >talk <<END
< ok> 
>> jlmkr --dir=oth$tab
< other/
>> $(printf '\b') sto$tab
< stop 
>> th$tab
< third 
> $(printf '\025')exit 0
END
try real-keys 0 sh -c '"$1/host/terminal" env TERM=dumb bash --rcfile rc -i <talk' sh "$tests"
done_testing
