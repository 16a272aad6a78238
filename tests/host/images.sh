#!/bin/sh
# What the image server has, and which of it is taken.
. "$(dirname "$0")/lib.sh"

story 'images shows what makes a jail here'
try jlmkr-images
status 0
out_has '^DIST  *RELEASE  *ARCH  *VARIANT  *BUILD$'
out_has '^debian  *bookworm  *amd64  *default  *20'
out_lacks '^alpine'
out_lacks 'arm64'
err_empty

story 'words and patterns narrow it down, and uncover what is hidden'
try jlmkr-images debian/12 cloud
status 0
is 2 "$(wc -l < "$tmp/out")"
out_has '^debian  *bookworm  *amd64  *cloud'
try jlmkr-images 'al*ne'
out_has '^alpine'
try jlmkr-images --all
out_has '^alpine'
try jlmkr-images --variant=cloud
out_lacks default
try jlmkr-images zzz
status 3
one_line_err

story 'images as JSON, with every build'
try jlmkr-images --json debian bookworm
status 0
python3 - "$tmp/out" <<'END' || fail 'not the JSON it should be'
import json, sys
found = json.load(open(sys.argv[1]))
image = [i for i in found if i["variant"] == "default"][0]
assert image["distro"] == "debian" and image["release"] == "bookworm", image
assert "debian/12" in image["aliases"], image
assert all(len(b["sha256"]) == 64 and b["size"] > 0 for b in image["builds"]), image
serials = [b["serial"] for b in image["builds"]]
assert serials == sorted(serials, reverse=True), serials
END
try jlmkr-images --json zzz
status 0
is '[]' "$(cat "$tmp/out")"

story 'create takes a variant, and a release by any of its names'
try jlmkr-create --variant=cloud --release=12 j1
status 0
err_has 'debian bookworm, build'
in_host rm -rf $jails/j1

story 'create takes a build by its serial, and tells those there are'
try jlmkr-create --build=20200101_00:00 j1
status 3
err_has '20200101_00:00'
err_has "$(in_host jlmkr-images 'debian/12/default' | awk 'NR == 2 { print $5 }')"
try jlmkr-create --arch=riscv64 j1
status 3

story 'the server is named by option, environment or jailmaker.conf, in this order'
try jlmkr-images --server=https://localhost --cacert=/etc/ssl/certs/ca-certificates.crt
status 7
err_has 'localhost'
in_host sh -c 'mkdir -p /root/.local/share
	printf "[DEFAULT]\nimage_server=https://from-conf.invalid\n" > /root/.local/share/jailmaker.conf'
try jlmkr-images
status 6
err_has 'from-conf.invalid'
try env JLMKR_IMAGE_SERVER=https://from-env.invalid jlmkr-images
err_has 'from-env.invalid'
try jlmkr-images --server https://images.linuxcontainers.org
status 0
try jlmkr-images --server http://images.linuxcontainers.org
status 7
in_host rm /root/.local/share/jailmaker.conf
try jlmkr-images --cacert /nonexistent
status 1
err_has '/nonexistent'

finish
