#!/bin/sh
# What is published: make dist makes an archive that has all of it, make install lays it out.
. "$(dirname "$0")/cli.sh"
top=$(realpath "$(dirname "$0")/../..")
spdx=$(realpath "$(dirname "$0")/spdx.py")
cd "$top" || exit 1

# Not as a part of the make that runs the tests, and not while a story of the host does the same.
made() { env -u MAKEFLAGS -u MAKELEVEL flock build/out/release.lock make "$@"; }

for program in scdoc mandoc xz python3; do
	command -v $program > /dev/null || { echo "skip release: $program is not installed"; exit; }
done

try it-is-made 0 made dist
version=$(sed -n 's/^VERSION := //p' Makefile)
folder=jlmkr-$version-linux-$(uname -m)
archive=build/out/dist/$folder.tar.xz
try the-archive-is-the-one-of-its-hash 0 sh -c 'cd build/out/dist && sha256sum -c SHA256SUMS'
out "$folder.tar.xz: OK"

try it-is-one-folder-of-root 0 tar -tvf "$archive" --numeric-owner
awk '$2 != "0/0" || $1 !~ /^[d-]rw[x-]r-[x-]r-[x-]$/ || index($6, folder "/") != 1 { exit 1 }' \
	folder="$folder" "$world/.out" || failed='an entry is of somebody else, or elsewhere'
[ "$(awk '{ print $4, $5 }' "$world/.out" | sort -u | wc -l)" -eq 1 ] || failed="${failed:-times differ}"
try no-header-of-tar-tells-more 1 sh -c 'xz -dc "$1" | grep -aq "atime=\|ctime=\|PaxHeaders"' - "$archive"

tar -C "$world" -xf "$archive" || exit 1
cd "$world/$folder" || exit 1
try its-files-are-those-of-their-hashes 0 sha256sum -c SHA256SUMS
[ "$(grep -c ': OK$' "$world/.out")" -eq "$(find . -type f ! -name SHA256SUMS | wc -l)" ] ||
	failed="${failed:-a file has no hash}"

try all-is-there 0 true
for file in jlmkr install-links README.md INSTALL.md CHANGELOG.md LICENSE jlmkr.spdx.json html/index.html \
	html/style.css completions/jlmkr.bash completions/_jlmkr completions/jlmkr.fish man/man5/jlmkr.conf.5 \
	man/man1/jlmkr.1; do
	[ -s "$file" ] || failed="${failed:-$file is missing}"
done
for page in "$top"/applets/manual/*.scd; do
	topic=$(basename "$page" .scd)
	ls man/man?/"$topic".? man/man?/"jlmkr-$topic".? 2> /dev/null | grep -q . || failed="${failed:-$topic has no page}"
done
try it-is-what-make-builds 0 cmp jlmkr "$top/build/out/jlmkr"
try it-has-at-most-1.5-MiB 0 [ "$(stat -c %s jlmkr)" -le 1572864 ]
try each-command-has-a-page 0 ./jlmkr --list
while read -r command; do
	grep -q '^\.SH SYNOPSIS' "man/man1/jlmkr-$command.1" || failed="${failed:-jlmkr-$command.1}"
	[ -s "html/jlmkr-$command.html" ] || failed="${failed:-jlmkr-$command.html}"
done < "$world/.out"
try completions-of-bash-parse 0 bash -n completions/jlmkr.bash
err ''
try completions-are-those-of-the-binary 0 true
for shell in bash zsh fish; do
	./jlmkr completion $shell > said
	cmp -s said "$(ls completions/*jlmkr* | grep "$(echo $shell | sed 's/zsh/_jlmkr$/; s/fish/fish$/; s/bash/bash$/')")" ||
		failed="${failed:-$shell differs}"
done

try every-library-has-its-licence 0 true
libraries=$(sed 's/#.*//; /^ *$/d; s/ .*//' "$top/build/deps.lock")
for library in $libraries libgcc; do
	[ -s "licenses/$library/copyright.debian" ] || failed="${failed:-$library}"
done
grep -q 'GNU LESSER GENERAL PUBLIC LICENSE' licenses/acl/COPYING.LGPL licenses/attr/COPYING.LGPL ||
	failed="${failed:-no text of the LGPL}"

# The bill of materials, and that what checks it finds something.
try the-bill-of-materials-is-spdx 0 python3 "$spdx" jlmkr.spdx.json
out ''
for library in $libraries libgcc; do
	grep -q "\"SPDXID\": \"SPDXRef-$library\"" jlmkr.spdx.json || failed="${failed:-$library is not in it}"
done
grep -q "$(sha256sum < jlmkr | cut -d' ' -f1)\" }" jlmkr.spdx.json || failed="${failed:-the hash of the binary}"
for sum in $(sed 's/#.*//' "$top/build/deps.lock" | awk '$1 != "musl" && $2 != "-" { print $4 }'); do
	grep -q "$sum" jlmkr.spdx.json || failed="${failed:-$sum of deps.lock}"
done
broken() {
	sed "$2" jlmkr.spdx.json > broken.json
	try "a-fault-is-found-$1" 1 python3 "$spdx" broken.json
	! cmp -s broken.json jlmkr.spdx.json || failed='nothing was broken'
}
broken version 's/SPDX-2.3/SPDX-2.9/'
broken date 's/\("created": "[^Z]*\)Z/\1/'
broken creator 's/Organization: jlmkr/jlmkr/'
broken namespace 's|"https://spdx|"spdx|'
broken licence 's/"licenseConcluded": "Zlib"/"licenseConcluded": "zlib licence"/'
broken expression 's/"GPL-3.0-or-later WITH GCC-exception-3.1"/"GPL-3.0-or-later WITH MIT"/'
broken hash 's/\("checksumValue": "\)./\1/'
broken purl 's/"pkg:deb/"deb/'
broken relationship 's/STATIC_LINK/LINKS/'
broken end 's/"relatedSpdxElement": "SPDXRef-zlib"/"relatedSpdxElement": "SPDXRef-zlib1"/'
broken field '/"filesAnalyzed"/d'

# The picture of the first minute needs nobody else, and has both colours.
try the-picture-is-whole 0 python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' \
	"$top/applets/manual/first-minute.svg"
try the-picture-leads-nowhere 1 grep -i 'href\|<script\|<image\|url(\|@import' "$top/applets/manual/first-minute.svg"
try the-picture-is-for-dark-pages-too 0 grep -q 'prefers-color-scheme: dark' "$top/applets/manual/first-minute.svg"
try the-picture-shows-commands-that-exist 0 ./jlmkr --list
shown=$(sed -n 's/.*class="command".*>\$ jlmkr \([a-z]*\).*/\1/p' "$top/applets/manual/first-minute.svg")
for command in ${shown:-none}; do out "$command"; done

# Links beside a binary.
mkdir links
cp jlmkr install-links links/
: > links/jlmkr-stop
try links-are-made 0 links/install-links
err 'jlmkr-stop already exists and is not a link to jlmkr; left alone'
[ "$(readlink links/jlmkr-create)" = jlmkr ] && [ ! -L links/jlmkr-stop ] || failed="${failed:-no link, or one too many}"
try links-work 0 links/jlmkr-create --help
out 'Usage: jlmkr create'
rm links/jlmkr-stop
try links-are-made-once 0 ./install-links links
err ''
[ "$(find links -type l | wc -l)" -eq "$(./jlmkr --list | wc -l)" ] || failed="${failed:-not all of them}"
try links-need-a-binary 1 ./install-links html
err 'there is no jlmkr in'

# make install: the same files below a prefix.
cd "$top" || exit 1
try it-is-installed 0 made install DESTDIR="$world/root" PREFIX=/opt/jl
cd "$world/root/opt/jl" || exit 1
same() {
	cmp -s "$1" "$world/$folder/$2" || failed="${failed:-$1 is not $2}"
}
same bin/jlmkr jlmkr
same share/bash-completion/completions/jlmkr completions/jlmkr.bash
same share/zsh/site-functions/_jlmkr completions/_jlmkr
same share/fish/vendor_completions.d/jlmkr.fish completions/jlmkr.fish
for file in README.md CHANGELOG.md LICENSE jlmkr.spdx.json; do same share/doc/jlmkr/$file $file; done
for tree in man licenses html; do
	case $tree in man) is=share/man ;; *) is=share/doc/jlmkr/$tree ;; esac
	diff -r $is "$world/$folder/$tree" > /dev/null || failed="${failed:-$is is not $tree}"
done
try its-links-work 0 bin/jlmkr-create --help
[ "$(find bin -type l | wc -l)" -eq "$(bin/jlmkr --list | wc -l)" ] || failed="${failed:-not all of them}"
try nothing-lies-elsewhere 0 find "$world/root" -mindepth 1 ! -path "$world/root/opt/jl/*"
[ "$(wc -l < "$world/.out")" -eq 2 ] || failed="${failed:-$(cat "$world/.out")}"
try all-may-read-it 1 sh -c 'find "$1" ! -type l ! -perm -444 | grep .' - "$world/root/opt/jl"
done_testing
