#!/bin/sh
# A jailmaker directory on btrfs: images are kept unpacked, and jails share their blocks.
. "$(dirname "$0")/lib.sh"

story 'jails share the blocks of their image'
btrfs_pool 4G
used() { in_host sh -c 'sync /mnt/pool; df --output=used -B1M /mnt/pool | tail -n 1'; }
files() {
	in_host sh -c "cd '$home/jails/$1/rootfs' && find . \( -name hostname -o -name hosts \) -prune -o \
		-type f -printf '%p %m %U:%G %s %n %t\n' -o -printf '%p %y %m %U:%G %l\n' |
		grep -v 'etc/s\|device' | sort | sha256sum
		getfattr -Rhd -m- . 2> /dev/null | sha256sum"
}

j jlmkr-create --startup=0 one
status 0
err_has 'Fetching and unpacking debian'
before=$(used)
j jlmkr-create --startup=0 two
status 0
err_has 'Cloned debian bookworm, build'
[ $(($(used) - before)) -lt 60 ] || fail "the second one takes $(($(used) - before)) MiB"
is "$(files one)" "$(files two)"

story 'a copy is a jail of its own'
in_host sh -c "echo mine > '$home/jails/two/rootfs/etc/motd'"
j jlmkr-start two
status 0
j jlmkr-exec two cat /etc/motd
is mine "$(cat "$tmp/out")"
j jlmkr-stop two
status 0
! in_host grep -q mine "$home/jails/one/rootfs/etc/motd" || fail 'the other one has it too'

story '--no-clone unpacks it again'
j jlmkr-create --startup=0 --no-clone three
status 0
err_has 'Unpacking debian'
is "$(files one)" "$(files three)"

story 'one that was left half is not believed'
kept=$(in_host sh -c "ls -d '$home'/images/unpacked/*")
in_host mv "$kept" "$(dirname "$kept")/.create-$(basename "$kept")"
in_host rm -r "$(dirname "$kept")/.create-$(basename "$kept")/rootfs/usr"
j jlmkr-create --startup=0 four
status 0
err_has 'Unpacking debian'
is "$(files one)" "$(files four)"
is "$(basename "$kept")" "$(in_host ls -A "$home/images/unpacked")"

story 'one that somebody has deleted half of is noticed, and made anew'
kept=$(basename "$kept")
unpacked=$home/images/unpacked
whole() { in_host sh -c "cd '$unpacked/$1' && find rootfs | wc -l"; }
# damage SCRIPT: in the image of that distribution; the next create makes the whole jail, and mends it
damage() {
	sha=$1 distro=$2 all=$(whole "$1")
	in_host sh -c "cd '$unpacked/$sha' && { $3; }" || fail "$3"
	j jlmkr-create --startup=0 $distro half
	status 0
	is "$(files $5)" "$(files half)"
	err_has "warning: $unpacked/$sha is damaged, and is unpacked again: $4"
	err_has 'Unpacking'
	is "$all" "$(whole "$sha")"
}
damage "$kept" '' 'rm -r rootfs/usr/share rootfs/usr/lib' \
	"it has [0-9]* files and directories, but had $(whole "$kept") when it was made" one
j jlmkr-remove -q -y half
j jlmkr-create --startup=0 half
err_has 'Cloned debian'
is "$(files one)" "$(files half)"
j jlmkr-remove -q -y half

story '... also when it was changed'
j jlmkr-create -q --startup=0 --distro=fedora --release=43 tiny
tiny=$(in_host ls "$unpacked" | grep -v "$kept")
file=$(in_host sh -c "cd '$unpacked/$tiny' && find rootfs -type f -size +0 | head -n 1")
for how in "echo more >> $file" "printf x | dd of=$file conv=notrunc 2> /dev/null" 'chmod 700 rootfs/etc' \
	"mv $file rootfs/else"; do
	damage "$tiny" --distro=fedora\ --release=43 "$how" 'it was changed' tiny
	j jlmkr-remove -q -y half
done
for how in "rm $file" 'touch rootfs/etc/more' 'rm -r rootfs; mkdir rootfs'; do
	damage "$tiny" --distro=fedora\ --release=43 "$how" 'it has' tiny
	j jlmkr-remove -q -y half
done
damage "$tiny" --distro=fedora\ --release=43 'rm -r rootfs' 'its files are gone' tiny
j jlmkr-remove -q -y half
j jlmkr-remove -q -y tiny
in_host rm -r "$unpacked/$tiny"

story 'what is not ours in images/unpacked stays'
digits() { printf "%064d" "$1"; }
in_host sh -s - "$unpacked" "$(digits 1)" "$(digits 2)" "$(digits 3)" <<'END'
set -e; mkdir -p $1/holiday $1/$2/rootfs $1/.create-$2/rootfs $1/.remove-$2 $1/$3 $1/${2}0 /mnt/pool/photos
cd $1 && echo photo | tee holiday/1 $2/rootfs/1 .create-$2/rootfs/1 ${2}0/1 /mnt/pool/photos/1 notes > /dev/null
ln -s holiday $4
mount --bind /mnt/pool/photos $3
END
foreign() { in_host find "$unpacked" /mnt/pool/photos \( -path "*/$kept" -o -path "$unpacked" \) -prune -o \
	-printf '%p %y %s %l %T@\n' | sort; }
foreign > "$tmp/before"
j jlmkr-create -q --startup=0 --distro=fedora --release=43 tiny
status 0
err_empty
j jlmkr-images --prune
status 0
is "$(cat "$tmp/before")" "$(foreign)"
err_has "images/unpacked/$kept deleted"
in_host test ! -e "$unpacked/$kept" || fail 'ours is still there'
err_has "rm -r '$unpacked/$(digits 1)'"
err_has "rm -r '$unpacked/.create-$(digits 1)'"
err_has "rm -r '$unpacked/.remove-$(digits 1)'"
err_has "rm '$unpacked/$(digits 3)'"
err_has "$unpacked/$(digits 2) stays: something is mounted there"
! grep -q "holiday\|notes\|$(digits 1)0" "$tmp/err" || fail 'others are told of'
in_host sh -c "umount '$unpacked/$(digits 2)' && rm -r '$unpacked'"
j jlmkr-remove -q -y tiny

story 'one without a mark is not believed, and stays'
j jlmkr-create -q --startup=0 six
in_host sh -c "setfattr -x trusted.jlmkr '$unpacked/$kept' && echo evil > '$unpacked/$kept/rootfs/etc/motd'"
j jlmkr-create --startup=0 half
status 0
err_has "the image is not kept unpacked: $unpacked/$kept is not marked .* rm -r '$unpacked/$kept'"
is "$(files one)" "$(files half)"
is evil "$(in_host cat "$unpacked/$kept/rootfs/etc/motd")"
in_host rm -r "$unpacked/$kept"
j jlmkr-remove -q -y half
j jlmkr-remove -q -y six

story 'what somebody has put or mounted into one keeps it'
j jlmkr-create -q --startup=0 six
all=$(whole "$kept")
in_host sh -c "echo mine > '$unpacked/$kept/notes'"
j jlmkr-images --prune
status 1
err_has "warning: $unpacked/$kept stays: jlmkr did not put notes in it"
is mine "$(in_host cat "$unpacked/$kept/notes")"
in_host sh -c "rm '$unpacked/$kept/notes' && mount --bind /mnt/pool/photos '$unpacked/$kept/rootfs/mnt'"
j jlmkr-images --prune
status 1
err_has "warning: $unpacked/$kept stays: .*mounted in it: $unpacked/$kept/rootfs/mnt"
is photo "$(in_host cat /mnt/pool/photos/1)"
in_host umount "$unpacked/$kept/rootfs/mnt"
is "$all" "$(whole "$kept")"
j jlmkr-remove -q -y six
j jlmkr-create --startup=0 six
err_has 'Cloned debian'
j jlmkr-remove -q -y six
kept=$unpacked/$kept

story 'a create that is killed leaves a whole image or none'
for after in 0.05 0.15 0.3 0.6 1.2 1.8; do
	in_host rm -rf "$home/images/unpacked"
	for jail in five six; do
		in_host sh -c "JAILMAKER_DIR='$home' timeout -s KILL $after jlmkr-create --startup=0 $jail" \
			> /dev/null 2>&1
		j jlmkr-remove -y $jail
	done
	j jlmkr-create --startup=0 five
	status 0
	is "$(files one)" "$(files five)"
	is "$(basename "$kept")" "$(in_host ls -A "$home/images/unpacked")"
	j jlmkr-remove -y five
	status 0
done

story 'prune takes it away'
j jlmkr-images --prune
status 0
is '' "$(in_host ls -A "$home/images/unpacked")"
j jlmkr-create --startup=0 seven
status 0
finish
