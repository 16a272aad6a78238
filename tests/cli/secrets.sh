#!/bin/sh
# Passwords and tokens in URLs: in no word that comes out, and in no file that stays.
. "$(dirname "$0")/cli.sh"
ca=$(cd "$(dirname "$0")/../data/net" && pwd)/ca.pem
cd "$world" || exit 1

secret=s3cr3t
nobody=127.0.0.1:1
export HOME="$world/home" JAILMAKER_DIR="$world/jm"
mkdir -p "$HOME/.local/share" "$JAILMAKER_DIR/jails"
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY SUDO_USER

# After each: neither output nor the jailmaker directory has it.
hidden() {
	! grep -qF "$secret" .out .err || failed="${failed:-shown: $(cat .out .err | head -n 3)}"
	! grep -rqF "$secret" "$JAILMAKER_DIR" || failed="${failed:-kept in a file}"
}

list() { try "$1" "$2" env $3 "$jlmkr" -v images --cacert="$ca" $4; }

list server 6 '' "--server=https://me:$secret@$nobody/x?token=$secret"
err "connect to 127.0.0.1 port 1"
hidden
list servers 6 '' "--server=https://me:$secret@$nobody/a --server=https://$secret@$nobody/b?$secret"
err "trying https://$nobody/b?... instead"
hidden
list environment 6 "JLMKR_IMAGE_SERVER=https://me:$secret@$nobody/" ''
hidden
echo "image_server=https://me:$secret@$nobody/" > "$HOME/.local/share/jailmaker.conf"
list config-of-the-user 6 '' ''
hidden
rm "$HOME/.local/share/jailmaker.conf"
list no-https 7 '' "--server=http://me:$secret@$nobody/?$secret"
err "image server http://$nobody/?...: only https is trusted"
hidden
list no-url 1 '' "--server=me:$secret@$nobody/"
err "'me:***@$nobody/' is not a URL"
hidden
list no-port 1 '' "--server=https://me:x/$secret@$nobody/"
hidden
list no-host 1 '' "--server=https://me:$secret@a,b/"
err "'a,b' is not a host name"
hidden
list proxy 6 "https_proxy=http://me:$secret@$nobody" '--server=https://h.invalid/'
err 'proxy: connect to 127.0.0.1 port 1'
hidden
list proxy-without-scheme 1 "https_proxy=me:$secret@h:x" '--server=https://h.invalid/'
hidden
list proxy-of-another-kind 1 "https_proxy=socks5://me:$secret@h" '--server=https://h.invalid/'
err "'socks5://me:***@h' is not a URL"
hidden
list proxy-over-https 1 "https_proxy=https://me:$secret@h" '--server=https://h.invalid/'
hidden
list unknown-option 2 '' "--sever=https://me:$secret@h/"
err "'--sever=https://me:***@h/'"
hidden

if [ "$(id -u)" -eq 0 ]; then
	create() {
		case=$1 status=$2
		shift 2
		try "$case" "$status" "$jlmkr" -v create --cacert="$ca" "$@"
	}
	create archive 6 --image="https://me:$secret@$nobody/x.tar?X-Amz-Signature=$secret" web
	err "image https://me:***@$nobody/x.tar?...: connect to"
	hidden
	create archive-with-hash 6 --sha256="$(printf %064d 0)" \
		--image="https://me:$secret@$nobody/x.tar?X-Amz-Signature=$secret" web
	hidden
	create archive-that-is-planned 0 --dry-run --image="https://me:$secret@$nobody/x?$secret" web
	out "# image: the archive https://me:***@$nobody/x?..."
	hidden
	create archive-in-capitals 6 --image="HTTPS://me:$secret@$nobody/x" web
	hidden
	create archive-of-another-scheme 1 --image="ftp://me:$secret@$nobody/x" web
	err "'ftp://me:***@$nobody/x' is not a URL"
	hidden
	create archive-with-a-blank 1 --image="https://me:1$secret x@$nobody/x" web
	hidden
	create archive-with-one-slash 1 --image="https:/me:$secret@$nobody/x" web
	hidden
	create archive-over-http 7 --image="http://me:$secret@$nobody/x" web
	hidden
	create name-forgotten 1 "https://me:$secret@$nobody/x"
	err "'https://me:***@$nobody/x' cannot be the name of a jail"
	hidden
	create number-forgotten 2 --max-files --server="https://me:$secret@$nobody/" web
	err "not '--server=https://me:***@$nobody/'"
	hidden
	create server-and-cache 6 --distro=debian --server="https://me:$secret@$nobody/" web
	hidden
else
	echo 'skip secrets-of-create: needs root'
fi
done_testing
