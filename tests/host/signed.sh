#!/bin/sh
# Who has signed the list of images: signed, not signed, wrongly signed, old, and mirrors.
. "$(dirname "$0")/lib.sh"

key=F2DAEDC9B92325579C6708768513BBB887FAEA70
official=E7FB0CAEC8173D669066514CBAEFF88C22F6E216
good=https://images.linuxcontainers.org
images=/mnt/tank/jailmaker/images
seen=$images/.signed-$key
tiny() { try "$@" jlmkr-create --distro=fedora --release=43 ${option-} j1; }
list() { try "$@" jlmkr-images ${option-} fedora; }
gone() { is '' "$(in_host ls -A $jails)"; }
forget() { in_host rm -rf $jails/j1; }
asked() { host requests | grep -c "$1" || true; }
conf() { in_host sh -c 'mkdir -p /root/.local/share; printf "%s\n" "$@" > /root/.local/share/jailmaker.conf' - "$@"; }

story 'a signed list: nothing to read about it, unless one asks'
in_host mkdir -p $jails
tiny
status 0
err_lacks 'sign'
is '1 1' "$(asked ' /streams/v1/images.json ') $(asked ' /streams/v1/images.json.gpg ')"
forget
option=-v tiny
status 0
err_has "the list of images of $good/ is signed: key $key, 20[0-9-]* [0-9:]* UTC"
option=-v list
status 0
err_has "is signed: key $key"
option=--require-signature list
status 0
err_empty
is "600 root" "$(in_host stat -c '%a %U' $seen)"

story 'what fetches no list asks for no signature'
before=$(host requests | wc -l)
forget
option=--offline tiny
status 0
try jlmkr-images --cached
status 0
is "$before" "$(host requests | wc -l)"
forget

story 'a list that is not signed: a note'
host images 'sign none'
tiny
status 0
err_has "the list of images of $good/ is not signed: it is trusted because of the server's certificate alone"
is 1 "$(grep -c sign "$tmp/err")"
forget
option=-q tiny
status 0
err_empty
forget
list
status 0
err_has 'is not signed'

story 'a list that is not signed, where a signature is required'
option=--require-signature tiny
status 7
err_has "is not signed, and a signature by a known key is required"
gone
option='-q --require-signature' list
status 7
one_line_err
conf image_signature=require
tiny
status 7
gone
list
status 7
host images
tiny
status 0
forget
conf image_signature=perhaps
tiny
status 1
err_has "image_signature in ~/.local/share/jailmaker.conf: 'perhaps' is not 'require'"
gone
in_host rm /root/.local/share/jailmaker.conf
option='--require-signature --offline' tiny
status 2
option='--require-signature --image=/none' tiny
status 2

story 'a wrong signature is a fault, always'
host images 'sign wrong'
before=$(asked 'images.json.gpg')
option=-q tiny
status 7
one_line_err
err_has "the list of images of $good/: its signature does not match it"
gone
is $((before + 2)) "$(asked 'images.json.gpg')"
list
status 7
host images 'sign stranger'
tiny
status 7
err_has "is signed by the key .*, but the server's key is $key; if that has changed, set image_key"
gone

story 'the key that comes with jlmkr counts where nobody has named one'
host images
tiny env -u JLMKR_IMAGE_KEY
status 7
err_has "is signed by the key $key, but the server's key is $official"
gone
host images 'sign none'
tiny env -u JLMKR_IMAGE_KEY
status 0
forget

story 'a list that is older than the last one: a warning'
host images
tiny
status 0
forget
host images 'sign 172800'
option=-q tiny
status 0
one_line_err
err_has "^warning: the list of images of $good/ was signed 20.*; a newer one, signed 20.*, was used before"
forget
option=-q list
status 0
one_line_err
# The newest one is remembered, and outlives the images.
in_host jlmkr-images -q --prune
option=-q tiny
status 0
err_has 'a newer one'
forget

story 'the date: a damaged one is none, and who is not root has none'
in_host sh -c "echo rubbish > $seen"
option=-q tiny
status 0
err_empty
forget
host images
tiny
status 0
forget
host images 'sign 172800'
in_host sh -c 'mkdir -p /opt/bin; cp /root/.local/bin/jlmkr /opt/bin/'
option=-q list
err_has 'a newer one'
try setpriv --reuid=4711 --regid=4711 --clear-groups env HOME=/nonexistent /opt/bin/jlmkr images -q fedora
status 0
err_empty

story 'the lists that index.json names: each has its signature, and the oldest is remembered'
own=$cache/run/$TESTHOST/own
mkdir -p "$own/two/streams/v1"
echo '{"products": {}}' > "$own/two/old.json"
sed "s|\"path\": *\"images/|\"path\": \"$good/images/|g" "$cache/base/www/streams/v1/images.json" > "$own/two/new.json"
touch -d '2 days ago' "$own/two/old.json"
echo '{"index": {"a": {"datatype": "image-downloads", "path": "new.json"},
	"b": {"datatype": "image-downloads", "path": "old.json"}}}' > "$own/two/streams/v1/index.json"
host images '/two/* own'
in_host rm $seen
for again in '' again; do
	option="-q --require-signature --server=$good/two" tiny
	status 0
	err_empty
	is "$(date -r "$own/two/old.json" +%020s)" "$(in_host cat $seen)"
	forget
done
is '2 2' "$(asked ' /two/new.json.gpg ') $(asked ' /two/old.json.gpg ')"
host images '/two/* own' 'sign wrong'
option="-q --server=$good/two" tiny
status 7
one_line_err
err_has "the list of images of $good/two: its signature does not match it"
gone
host images '/two/* own' 'sign none'
option="--server=$good/two" tiny
status 0
is 1 "$(grep -c 'is not signed' "$tmp/err")"
forget
option="-q --require-signature --server=$good/two" tiny
status 7
one_line_err
err_has "is not signed, and a signature by a known key is required"
gone

story 'what is kept was checked when it came, by what was required then'
host images 'sign none'
tiny
status 0
forget
conf image_signature=require
option='-q --offline' tiny
status 0
err_empty
forget
try jlmkr-images -q --cached
status 0
host images '*.json status 503'
tiny
status 0
err_has 'using build .* from the cache'
forget
host images '*.json.gpg status 503'
tiny
status 0
err_has 'using build .* from the cache'
forget
host images 'sign none'
option=-q tiny
status 7
one_line_err
gone
in_host rm /root/.local/share/jailmaker.conf

story 'a mirror with a key of its own'
mirror=https://mirror.linuxcontainers.org
in_host sh -c 'echo 127.0.0.1 mirror.linuxcontainers.org >> /etc/hosts; cp /etc/images.asc /root/mirror.asc'
host images 'cert wildcard'
tiny env -u JLMKR_IMAGE_KEY JLMKR_IMAGE_SERVER=$mirror
status 0
err_has "is signed by the key $key: it is trusted because of the server's certificate alone"
forget
option=--require-signature tiny env -u JLMKR_IMAGE_KEY JLMKR_IMAGE_SERVER=$mirror
status 7
gone
conf image_server=$mirror image_key=mirror.linuxcontainers.org=/root/mirror.asc image_signature=require
option=-v tiny env -u JLMKR_IMAGE_KEY
status 0
err_has "$mirror/ is signed: key $key"
forget
conf image_server=$mirror image_key=/root/mirror.asc image_signature=require
tiny env -u JLMKR_IMAGE_KEY
status 0
forget
host images 'cert wildcard' 'sign wrong'
tiny env -u JLMKR_IMAGE_KEY
status 7
gone
host images 'cert wildcard' 'sign stranger'
tiny env -u JLMKR_IMAGE_KEY
status 7
gone

story 'the next server helps, and its own key counts'
conf image_signature=require
host images 'cert wildcard'
tiny env JLMKR_IMAGE_KEY="mirror.linuxcontainers.org=/root/mirror.asc" \
	JLMKR_IMAGE_SERVER="https://images.linuxcontainers.org/none $mirror"
status 0
err_has "trying $mirror/ instead"
forget
conf image_key=/nowhere
tiny env -u JLMKR_IMAGE_KEY JLMKR_IMAGE_SERVER=$mirror
status 1
err_has 'image_key: open /nowhere: No such file'
gone
conf image_key=nowhere
list env -u JLMKR_IMAGE_KEY
status 1
err_has "image_key: 'nowhere' is neither /FILE nor HOST=/FILE"

finish
