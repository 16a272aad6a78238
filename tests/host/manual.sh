#!/bin/sh
# The commands that the manual's pages show, run as a reader would who follows them from top to
# bottom, each page on a host of its own. What is run, and what is prepared for it, stands in
# comments of the pages: see applets/manual/README.md. PAGES="networking storage" runs these only.
. "$(dirname "$0")/lib.sh"

# steps PAGE: writes 001.KIND and so on, each with its line in 001.line
steps() {
	rm -rf "$tmp/steps"
	mkdir "$tmp/steps"
	awk -v dir="$tmp/steps" '
		function begin(kind, arg) {
			file = sprintf("%s/%03d", dir, ++n)
			print kind, arg > (file ".kind")
			print FNR > (file ".line")
			printf "" > (file ".text")
		}
		/^; (try|file)( |$)/ { kind = $2; arg = $3; wanted = 1; next }
		/^; prepare / { begin("prepare"); print substr($0, 11) > (file ".text"); next }
		/^; says / { begin("says"); print substr($0, 8) > (file ".text"); next }
		/^\t*```/ {
			inside = !inside
			if (inside && wanted) begin(kind, arg)
			taken = inside && wanted
			wanted = 0
			next
		}
		inside && taken { sub(/^\t/, ""); print > (file ".text") }
		wanted && NF { print "no block follows" > "/dev/stderr"; exit 1 }' "$1"
}

run_block() {
	{ echo 'sudo() { "$@"; }'; cat "$1"; } > "$tmp/script"
	host push "$tmp/script" /tmp/script
	try bash -e /tmp/script
	cat "$tmp/out" "$tmp/err" > "$tmp/words"
}

run_step() {
	read -r kind arg < "$1.kind"
	case $kind in
	prepare)
		in_host bash -ec "$(cat "$1.text")" > "$tmp/out" 2> "$tmp/err" || fail "cannot prepare" ;;
	file)	host push "$1.text" "$arg" ;;
	try)	run_block "$1.text"
		status "${arg:-0}" ;;
	says)	grep -qF -- "$(cat "$1.text")" "$tmp/words" || fail "it does not say '$(cat "$1.text")'" ;;
	esac
}

for page in "$here"/../../applets/manual/*.scd; do
	name=$(basename "$page" .scd)
	case " ${PAGES-$name} " in *" $name "*) ;; *) continue ;; esac
	grep -q '^; try' "$page" || continue
	host stop
	host start || exit 1
	story "$name: its marks"
	steps "$page" || fail 'a mark without a block'
	for step in "$tmp"/steps/*.kind; do
		step=${step%.kind}
		case $(cat "$step.kind") in
		says*) ;;
		*) story "$name: line $(cat "$step.line"): $(head -n 1 "$step.text")" ;;
		esac
		run_step "$step"
	done
done
finish
