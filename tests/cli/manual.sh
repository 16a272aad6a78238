#!/bin/sh
# The manual: every command, option, key and template is in it, its pages are clean and lead to pages
# that there are, and a pager shows them.
. "$(dirname "$0")/cli.sh"
top=$(realpath "$(dirname "$0")/../..")
pages=$(ls "$top"/applets/manual/*.scd)
cd "$world" || exit 1

try topics-are-listed 0 "$jlmkr" help
for page in $pages; do
	out "  $(basename "$page" .scd) "
done

try each-topic-is-shown 0 true
for page in $pages; do
	topic=$(basename "$page" .scd)
	"$jlmkr" help "$topic" > "$topic.text" < /dev/null || failed="$topic is not shown"
	grep -q '^@' "$topic.text" && failed="$topic: $(grep -m 1 '^@' "$topic.text") is no table"
	awk '/^    / { next } length > 79 + gsub(/[\200-\277]/, "") { exit 1 }' "$topic.text" ||
		failed="$topic: a line is wider than 79 columns"
	awk 'length > 80 { exit 1 }' "$topic.text" || failed="$topic: a line is wider than 80"
	head -n 1 "$page" | grep -q "^$(echo "$topic" | sed 's/^jlmkr.*//; t; s/^/jlmkr-/')$topic([157])$\|^jlmkr-$topic([57])$\|^$topic([15])$" ||
		failed="$topic: its first line is $(head -n 1 "$page")"
done

try a-topic-by-the-name-of-its-page 0 sh -c '"$0" help jlmkr-jlmkr | cmp - jlmkr.text' "$jlmkr"
try an-unknown-topic-names-the-nearest 2 "$jlmkr" help jlmkr.cnof
err "no topic 'jlmkr.cnof'; did you mean 'jlmkr.conf'?"
try an-unknown-topic 2 "$jlmkr" help quantum
err "'jlmkr help -k quantum' looks for the word"
try a-word-is-found 0 "$jlmkr" help -k JAILMAKER_dir
out 'jlmkr - persistent Linux jails'
out '    JAILMAKER_DIR'
try a-word-is-found-in-commands 0 "$jlmkr" help --search no-clone
out 'create - '
try a-word-that-is-nowhere 3 "$jlmkr" help -k 'no such word'
err "no page of the manual has the word 'no such word'"

# Its tables are those of the code.
try every-option-is-in-the-page-of-its-command 0 true
for command in $("$jlmkr" --list); do
	"$jlmkr" help --markup "$command" > markup
	for option in $("$jlmkr" "$command" --help | sed -n '/^Options:/,/^$/s/^  .\{4\}\(--[a-z0-9-]*\).*/\1/p'); do
		grep -q "^.*\*$option\*" markup || failed="$command: $option is missing"
	done
done
try every-key-is-in-the-page-of-the-config 0 true
for key in $("$jlmkr" help config | grep -o '^  [a-z_]*=' | tr -d ' ='); do
	grep -q "^ *$key=" jlmkr.conf.text || failed="$key is missing"
done
try every-template-has-a-page 0 true
for template in $("$jlmkr" create --template list | cut -d' ' -f1); do
	[ -e "$template.text" ] || failed="$template has no page"
done

# As man pages.
try pages-are-clean 0 true
if ! command -v scdoc > /dev/null || ! command -v mandoc > /dev/null; then
	echo 'skip pages-are-clean: scdoc or mandoc is not installed'
	name=
else
	"$top/build/man" "$jlmkr" "$world/man" $pages 2> said || failed="build/man: $(cat said)"
	mandoc -T lint -W warning man/* > said || failed=$(head -n 3 said)
	for page in man/*.[157]; do
		grep -q '^\.SH NAME' "$page" && grep -q '^\.SH SEE ALSO' "$page" || failed="$page has no NAME or SEE ALSO"
	done
	try a-page-leads-to-pages-that-there-are 0 true
	for link in $(mandoc man/* | sed 's,.\x08,,g' | grep -o 'jlmkr[a-z.-]*([157])' | sort -u); do
		[ -e "man/$(echo "$link" | sed 's/(\(.\))/.\1/')" ] || failed="there is no $link"
	done
	try they-are-html-too 0 "$top/build/html" "$world/man" "$world/html"
	for page in man/*; do
		grep -q "href=\"$(basename "${page%.*}").html\"" html/index.html || failed="the index lacks $page"
	done
fi

# On a terminal.
try a-pager-shows-a-topic 0 env TERM=xterm PAGER='tr a-z A-Z' script -qec "$jlmkr help jlmkr" /dev/null
out 'PERSISTENT LINUX JAILS'
try no-pager 0 env TERM=xterm PAGER= script -qec "$jlmkr help jlmkr" /dev/null
out 'persistent Linux jails'
try attributes-on-a-terminal 0 env TERM=xterm PAGER=cat script -qec "$jlmkr help jlmkr" /dev/null
out "$(printf '\033[1mNAME\033[0m')"
try no-attributes 0 env TERM=xterm NO_COLOR=1 PAGER=cat script -qec "$jlmkr help jlmkr" /dev/null
try no-attributes-in-a-pipe 0 sh -c '! "$0" help jlmkr | grep -q "$(printf "\033")"' "$jlmkr"
try a-pager-that-is-not-there 0 env TERM=xterm PAGER=not-there script -qec "$jlmkr help jlmkr" /dev/null
out 'persistent Linux jails'
done_testing
