"""The same on ZFS: two jailmaker directories that are datasets, and what a user does to these.

What ZFS lists is seen as well, under "zfs:NAME", with its mountpoint as the text when it is mounted.
"""
import os
import time

from host import Entry, LIBC, Looker, machine_names, mounts, run, set_flags
from model import LITTER, NAMES, PLACES, Fault, Model, is_name, jail_path, made_it, under
from states import FILES
from steps import HASH, Player, USERS, draw

POOL = "mypool"
HOMES = {"A": f"{POOL}/jm", "B": f"{POOL}/other", "S": f"{POOL}/jm"}
COLUMNS = ("name", "type", "mountpoint", "readonly", "userrefs", "origin", "mounted", "createtxg")
# Where a user makes datasets; %s is a name of a jail.
CHILDREN = ("jails/%s/kid", "jails/%s/kid/deep", "jails/.create-scripts", "jails/.remove-later",
            "jails/.remove-web-0123456789abcdef", "jails/mine", "images/mine", f"images/{HASH}", "own", "jails/new")


class ZfsLooker(Looker):
    def look(self):
        seen = super().look()
        done = run(["zfs", "list", "-H", "-t", "all", "-o", ",".join(COLUMNS)])
        if done.rc:
            raise Fault(f"zfs list: {done}")
        for line in done.out.splitlines():
            name, *what = line.split("\t")
            place = what[1] if what[5] == "yes" else None
            seen["zfs:" + name] = Entry("z", (0, what[-1]), 0, place, tuple(what))
        return seen


class ZfsModel(Model):
    has_ids = False		# a directory has another number when it is mounted again

    def obstacles(self, place, name=None):
        top = "zfs:" + HOMES[place]
        for path, e in self.now.items():
            if not under(path.partition("@")[0], top) or under(path, top + "/images/"):
                continue
            rest = path[len(top):]
            own = PLACES[place] + rest
            depth = rest.count("/")
            strange = depth > 2 or (depth == 1 and rest not in ("/jails", "/images"))
            label = path.partition("@")[2]
            if label in ("x", "y") or label.startswith("before-rollback-"):
                if e.what[3] != "0":
                    return "zfs"
                continue	# as they are ours, they go with the jail
            if label or e.text != own or e.what[2] == "on" or strange:
                return "zfs"
            if rest.startswith("/jails/.") or (rest.startswith("/images/") and len(rest) < 64):
                return "zfs"
        if top not in self.now:
            return "zfs"
        return super().obstacles(place, name)

    def may_not_list(self, place):
        top = "zfs:" + HOMES[place]
        return any(self.now[n].text != PLACES[place] + n[len(top):]
                   for n in (top, top + "/jails") if n in self.now)

    def dataset_at(self, path):
        for name, e in self.now.items():
            if e.kind == "z" and e.text == path:
                return name
        return None

    def guid_of(self, jail, label):
        """Its number, whatever it is called by now. The list above has only its first digits."""
        name = f"{self.dataset_at(jail)}@{label}"[len("zfs:"):]
        return run(["zfs", "get", "-H", "-p", "-o", "value", "guid", name]).out or None

    def new_labels(self, jail, after):
        top = self.dataset_at(jail) + "@"
        return [p[len(top):] for p in after.keys() - self.now.keys() if p.startswith(top)]

    def is_rolling(self, jail):
        return super().is_rolling(jail) or f"{self.dataset_at(jail)}/.rollback-files" in self.now

    def permits_of_rolling(self, jail):
        files = f"{self.dataset_at(jail)}/.rollback-files"
        permits = super().permits_of_rolling(jail)
        return permits + [lambda p, o, n: under(p, files) and n is None] if self.is_rolling(jail) else permits

    def permits_of_state(self, c, done):
        verb, place, name = c[:3]
        permits = super().permits_of_state(c, done)
        ds = self.dataset_at(jail_path(place, name))
        top = f"zfs:{HOMES[place]}/jails"
        good = done is None or done.rc == 0
        if verb == "import" and good:
            permits.append(lambda p, o, n: o is None and p == f"{top}/{name}")
        if not ds:
            return permits
        def snap(path, label):
            return under(path.partition("@")[0], ds) and ("@" + label) in path
        if verb == "snapshot" and good:
            permits.append(lambda p, o, n: o is None and snap(p, c[3]))
        if verb == "forget" and good:
            permits.append(lambda p, o, n: n is None and snap(p, c[3]))
        if verb == "rollback":
            permits.append(lambda p, o, n: under(p, ds + "/.rollback-files"))
        if verb == "rollback" and good:
            permits.append(lambda p, o, n: o is None and snap(p, "before-rollback-"))
            if c[4] == "discard-newer":
                permits.append(lambda p, o, n: n is None and snap(p, ""))
        if verb in ("clone", "export"):
            permits.append(lambda p, o, n: snap(p, f"{verb}-"))
        if verb in ("clone", "rename") and good:
            permits.append(lambda p, o, n: o is None and under(p.partition("@")[0], f"{top}/{c[3]}"))
        if verb == "rename" and good:
            permits.append(lambda p, o, n: n is None and under(p.partition("@")[0], ds))
        if verb in ("rename", "promote") and good:
            permits.append(lambda p, o, n: self.is_other_origin(o, n))
        if verb == "promote" and good:
            permits.append(lambda p, o, n: "@" in p and under(p, top))
        return permits

    @staticmethod
    def is_other_origin(old, new):
        return old and new and old.kind == new.kind == "z" and old.what[:4] + old.what[5:] == new.what[:4] + new.what[5:]

    def litter(self, path, old, new, place):
        top = f"zfs:{HOMES[place]}/jails/"
        if path.startswith(top) and path[len(top):].startswith(LITTER):
            return old is None or path in self.ours or path in self.copies
        return super().litter(path, old, new, place)

    def cache(self, path, old, new, place, made):
        top = f"zfs:{HOMES[place]}/images/"
        if path.startswith(top):
            return made if old is None else path in self.ours or path in self.copies
        return super().cache(path, old, new, place, made)

    def is_made(self, path, old, place):
        top = "zfs:" + HOMES[place]
        return (old is None and path in (top + "/jails", top + "/images")) or super().is_made(path, old, place)

    def permits_of(self, command, done):
        permits = super().permits_of(command, done)
        verb, place, name = command[:3]
        good = done is None or made_it(command, done)
        if not is_name(name):
            return permits
        if verb == "create" and good:
            new = f"zfs:{HOMES[place]}/jails/{name}"
            permits.append(lambda p, o, n: p == new and o is None)
        if verb == "remove" and (good or "but not all of its files" in done.err):
            gone = self.dataset_at(jail_path(place, name))
            if gone:
                permits.append(lambda p, o, n: n is None and under(p.partition("@")[0], gone))
        return permits

    def take(self, after, place_of_ours=()):
        fresh = after.keys() - self.now.keys()
        super().take(after, place_of_ours)
        for place in place_of_ours:
            top = "zfs:" + HOMES[place]
            for path in fresh:
                litter = path.startswith(tuple(f"{top}/jails/{n}" for n in LITTER))
                if litter or path.startswith(top + "/images/"):
                    self.ours.add(path)

    def check_litter(self, place, done, after):
        super().check_litter(place, done, after)
        top = f"zfs:{HOMES[place]}/jails/"
        for path in self.ours:
            if path in after and path.startswith(top) and "stays" not in done.err:
                raise Fault(f"{path} is left after a create that went well: {done}")


def draw_zfs(rng):
    if rng.random() > 0.25:
        while (step := draw(rng))[0] in ("fill", "unfill", "flag", "unflag", "cpl"):
            pass
        return step
    verb = rng.choices(
        ("zsnap", "zchild", "zrename", "zset", "zinherit", "zhold", "zrelease", "zunmount", "zmount", "zclone", "zdestroy"),
        (16, 14, 10, 9, 8, 6, 7, 8, 12, 6, 6))[0]
    place = rng.choice("AAB")
    jail = f"{place}/jails/{rng.choice(NAMES)}"
    thing = rng.choices((jail, place + "/jails", place + "/images", place, jail + "/kid"), (60, 10, 8, 8, 14))[0]
    if verb == "zsnap":
        return (verb, thing, rng.choice(("a", "b", "image")), rng.choice(("", "-r")))
    if verb == "zchild":
        words = rng.choice(CHILDREN)
        return (verb, place + "/" + (words % rng.choice(NAMES) if "%s" in words else words))
    if verb == "zrename":
        return (verb, thing, rng.choice((f"{place}/jails/{rng.choice(NAMES)}", f"{rng.choice('AB')}/parked", place + "/images/old")))
    if verb == "zset":    # not readonly: zfs-fuse heeds it in some places only
        return (verb, thing, rng.choice(("mountpoint=/mnt/z/own", "mountpoint=/mnt/z/jm/jails/web", "mountpoint=none", "canmount=noauto")))
    if verb in ("zhold", "zclone", "zdestroy"):
        return (verb, thing, rng.choice("ab"))
    return (verb, thing)


def dataset(words):
    head, _, rest = words.partition("/")
    return HOMES[head] + ("/" + rest if rest else "")


class ZfsPlayer(Player):
    def clear_zfs(self):
        for _ in range(20):
            listed = run(["zfs", "list", "-H", "-t", "all", "-o", "name,userrefs", "-r", POOL])
            if listed.rc:
                return False
            rows = [line.split("\t") for line in listed.out.splitlines()]
            for name, refs in rows:
                if refs not in ("-", "0"):
                    run(["zfs", "release", "mine", name])
            tops = sorted({"/".join(n.partition("@")[0].split("/")[:2]) for n, _ in rows if "/" in n} |
                          {n for n, _ in rows if n.startswith(POOL + "@")})
            if not tops:
                return True
            for name in tops:
                run(["zfs", "destroy", "-R", "-f", name])
            time.sleep(0.1)
        raise Fault(f"the pool cannot be cleared: {rows}")

    def begin(self):
        self.serial = 0
        self.clear()
        if not self.clear_zfs():
            run(["truncate", "-s", "2G", "/var/pool"])
            done = run(["zpool", "create", "-m", "/mnt/z", POOL, "/var/pool"])
            if done.rc:
                raise Fault(f"no pool: {done}")
        run(["sh", "-c", "rm -rf --one-file-system /mnt/z/*"])
        self.clear_exports()
        for folder in ("data", "data/deep", "more"):
            os.makedirs(f"{USERS}/{folder}")
            with open(f"{USERS}/{folder}/file", "wb") as f:
                f.write(self.token("user"))
        for name in (HOMES["A"], HOMES["B"], f"{POOL}/media", f"{POOL}/media/sub"):
            done = run(["zfs", "create", name])
            if done.rc:
                raise Fault(f"no {name}: {done}")
        for folder in ("media", "media/sub"):
            with open(f"/mnt/z/{folder}/film", "wb") as f:
                f.write(self.token("user"))
        run(["zfs", "snapshot", f"{POOL}/media@mine"])
        self.m.begin()
        for place, name in (("A", "web"), ("A", "db"), ("B", "web")):
            self.play_command(("create", place, name, "image"))
        for name in ("web", "db"):
            self.play_command(("snapshot", "A", name, "x"))
        self.play_command(("export", "A", "web", "", FILES[0]))

    def clear(self):
        for name in machine_names():
            run(["systemctl", "kill", "-s", "KILL", f"jlmkr-{name}.service"])
        for _ in range(500):
            if not machine_names():
                break
            time.sleep(0.01)
        while points := mounts():
            for point in sorted(points, key=len, reverse=True):
                LIBC.umount2(point.encode(), 2)
        for path, e in Looker(["/mnt/tank"]).look().items():
            if e.flags:
                set_flags(path, 0)
        run(["sh", "-c", "cd /mnt/tank && rm -rf ./* && systemctl reset-failed"])

    # -- the user's zfs --

    def zfs(self, *words):
        done = run(["zfs", *words])
        if done.rc:
            raise OSError(done.err.strip())

    def user_zsnap(self, thing, tag, how):
        self.zfs("snapshot", *([how] if how else []), f"{dataset(thing)}@{tag}")

    def user_zchild(self, thing):
        self.zfs("create", dataset(thing))
        done = run(["zfs", "list", "-H", "-o", "mounted,mountpoint", dataset(thing)])
        mounted, path = done.out.strip().split("\t")
        if mounted == "yes":
            with open(path + "/mine", "wb") as f:
                f.write(self.token("user"))

    def user_zrename(self, thing, to):
        self.zfs("rename", dataset(thing), dataset(to))

    def user_zset(self, thing, value):
        self.zfs("set", value, dataset(thing))

    def user_zinherit(self, thing):
        for name in ("mountpoint", "readonly"):
            self.zfs("inherit", name, dataset(thing))
        run(["zfs", "set", "canmount=on", dataset(thing)])
        run(["zfs", "mount", dataset(thing)])

    def user_zhold(self, thing, tag):
        self.zfs("hold", "mine", f"{dataset(thing)}@{tag}")

    def user_zrelease(self, thing):
        for path, e in self.m.now.items():
            if e.kind == "z" and e.what[3] not in ("-", "0"):
                run(["zfs", "release", "mine", path[len("zfs:"):]])

    def user_zunmount(self, thing):
        self.zfs("unmount", dataset(thing))

    def user_zmount(self, thing):
        self.zfs("mount", "-a")

    def user_zclone(self, thing, tag):
        self.serial += 1
        self.zfs("clone", f"{dataset(thing)}@{tag}", f"{POOL}/media/clone-{self.serial}")

    def user_zdestroy(self, thing, tag):
        self.zfs("destroy", f"{dataset(thing)}@{tag}")


def change_places():
    PLACES.update(A="/mnt/z/jm", B="/mnt/z/other", S="/mnt/z/jm")
