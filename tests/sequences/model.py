"""What a step may do: the rules that every step of a sequence is judged by.

A snapshot of all that there is lies before and behind each step. What differs must be what the
command was asked for, or ours: unfinished work and caches. Everything is the user's that no command
of ours has made under a hidden name in jails/ or in images/.
"""
import json
import os
import re
import stat

from host import machines, mounts, run


class Fault(Exception):
    pass


PLACES = {
    "A": "/mnt/tank/jailmaker",
    "B": "/mnt/tank/second pool",
    "S": "/mnt/small/jm",
}
NAMES = ("web", "db", "app")
LITTER = (".create-", ".remove-", ".clone-", ".jlmkr-")
TEMPORARY = re.compile(r"/\.[^/]*config[^/]*\.[0-9a-f]{16}$")	# a config on its way to its name
STATES = ("snapshot", "forget", "rollback", "clone", "rename", "promote", "export", "import")
STARTED = (".ExecStartPre", ".ExecStartPost", ".ExecStopPost", ".nvidia", "initial_setup.log")
BY_NSPAWN = ("etc", "run", "var", "usr", "tmp", "dev", "proc", "sys", "root")
ROOTFS = {		# of an --image of ours: path -> contents, None for a directory
    "rootfs": None, "rootfs/dev": None, "rootfs/etc": None, "rootfs/mnt": None, "rootfs/proc": None,
    "rootfs/root": None, "rootfs/run": None, "rootfs/sbin": None, "rootfs/sys": None,
    "rootfs/tmp": None, "rootfs/usr": None, "rootfs/var": None,
    "rootfs/etc/os-release": b"ID=tiny\n",
}


def under(path, top):
    return path == top or path.startswith(top + "/")


def real(path):
    return os.path.realpath(path)


def jail_path(place, name):
    return f"{real(PLACES[place] + '/jails')}/{name}"


def is_name(name):
    return bool(name) and "/" not in name and not name.startswith(".")


def made_it(command, done):
    """A create with --start makes the jail, but cannot start it: its init is not systemd."""
    if command[0] == "create" and command[3] == "start":
        return done.rc == 1 and "was not started" in done.err
    return done.rc == 0


def look_at_jail(path):
    """(whole, id) of a jail in jails/, or of what may be left of one, else None; links are followed."""
    try:
        st = os.stat(path)
    except OSError:
        return (False, None) if os.path.islink(path) else None
    if not stat.S_ISDIR(st.st_mode):
        return None
    whole = os.path.isfile(path + "/config") and os.path.isdir(path + "/rootfs")
    return whole, (st.st_dev, st.st_ino)


def is_bare(path):
    """Listed only if it is the place of a dataset that is not mounted."""
    return os.path.isdir(path) and not any(os.path.lexists(f"{path}/{p}") for p in ("config", "rootfs"))


def jails_of(place):
    top = real(PLACES[place] + "/jails")
    found = {}
    try:
        names = os.listdir(top)
    except OSError:
        return found
    for name in names:
        jail = look_at_jail(f"{top}/{name}") if is_name(name) else None
        if jail:
            found[name] = jail
    return found


def keeps_lines(old, new, key, value):
    """`new` is `old` but for one key: no line is lost."""
    lines = iter(new.split(b"\n"))
    kept = all(line in lines for line in old.split(b"\n") if not line.startswith(key + b"="))
    return kept and new.endswith(b"\n") and (key + b"=" + value) in new.split(b"\n")


class Model:
    has_ids = True

    def __init__(self, looker):
        self.looker = looker
        self.ours, self.copies = set(), set()
        self.running = {}	# name -> (id of the jail's directory, id of its rootfs)
        self.now = {}
        self.mounts = {}
        self.full = False	# S has no room
        self.images = {}	# what a jail of the image server consists of
        self.counts = {}
        self.saved = {}		# snapshots of ZFS -> what the jail had

    def begin(self):
        self.ours.clear()
        self.copies.clear()
        self.running = {}
        self.full = False
        self.now = self.looker.look()
        self.mounts = mounts()

    # -- what stands in the way --

    def obstacles(self, place, name=None):
        top = PLACES[place]
        if os.path.islink(top) or not os.path.isdir(top):
            return "place"
        if self.full and place == "S":
            return "full"
        if any(under(m, top) for m in self.mounts):
            return "mount"
        paths = [f"{top}/jails", f"{top}/images", f"{top}/images/unpacked"]
        if name:
            paths += [f"{top}/jails/{name}{rest}" for rest in ("", "/config", "/rootfs")]
        if any(os.path.islink(p) for p in paths):
            return "link"
        if any(e.flags and (under(p, top) or under(top, p)) for p, e in self.now.items()):
            return "flags"
        return None

    # -- the judgement --

    def differences(self, after):
        before = self.now
        for path in before.keys() | after.keys():
            old, new = before.get(path), after.get(path)
            if old is None or new is None or old.what != new.what or old.kind != new.kind:
                yield path, old, new
            elif self.has_ids and old.kind == "d" and old.id != new.id:
                yield path, old, new

    def litter(self, path, old, new, place):
        top = real(PLACES[place] + "/jails")
        if not path.startswith(top + "/.") or not path[len(top) + 1:].startswith(LITTER):
            return False
        return old is None or path in self.ours or path in self.copies

    def cache(self, path, old, new, place, made):
        top = real(PLACES[place] + "/images")
        if not under(path, top) or path == top:
            return False
        return made if old is None else path in self.ours or path in self.copies

    def is_made(self, path, old, place):
        top = real(PLACES[place])
        return old is None and path in (f"{top}/jails", f"{top}/images", f"{top}/images/unpacked")

    def is_started(self, path, old, new, jail):
        """What a start does in a jail: hooks, and what systemd-nspawn makes in the rootfs."""
        rootfs = real(jail + "/rootfs")
        if under(path, rootfs):
            path = jail + "/rootfs" + path[len(rootfs):]
        base = next((b for b in (jail, real(jail)) if under(path, b)), None)
        if not base:
            return False
        rest = path[len(base) + 1:].split("/")
        if rest[0] in STARTED or rest[0].startswith((".Exec", ".#rootfs")):
            return True
        return rest[0] == "rootfs" and old is None and len(rest) > 1 and rest[1] in BY_NSPAWN

    def is_config(self, path, old, new, jail):
        if path == real(jail + "/config"):
            return new is not None
        if path in (jail + "/.config.before", real(jail) + "/.config.before"):
            return new is not None
        head, _, tail = path.rpartition("/")
        if head not in (jail, real(jail), os.path.dirname(real(jail + "/config"))) or not tail.startswith("."):
            return False
        if old is None:
            return tail.startswith(".config.edit") or TEMPORARY.search(path)
        return path in self.ours or path in self.copies

    def names_of(self, path):
        """The path, and those that its file has as well, because of binds."""
        within = max((p for p in self.mounts if under(path, p)), key=len, default=None)
        if within and self.mounts[within]:
            path = self.mounts[within] + path[len(within):]
        yield path
        for point, source in self.mounts.items():
            if source and under(path, source):
                yield point + path[len(source):]

    def judge(self, after, permits, what):
        """Whatever has changed must be permitted by one of the tests in `permits`."""
        wrong = []
        for path, old, new in self.differences(after):
            if any(permit(p, old, new) for p in self.names_of(path) for permit in permits):
                continue
            if old is None:
                wrong.append(f"{path} is new: {new}")
            elif new is None:
                wrong.append(f"{path} is gone")
            else:
                wrong.append(f"{path} is another: {old} -> {new}")
        if wrong:
            wrong.sort(key=lambda w: (w.count("/"), w))
            more = f" (and {len(wrong) - 4} more)" if len(wrong) > 4 else ""
            raise Fault(f"{'; '.join(wrong[:4])}{more}: {what}")

    def permits_of(self, command, done):
        """`done`: None when it was killed, or runs beside another."""
        verb, place, name = command[0], command[1], command[2]
        free = done is None
        good = free or made_it(command, done)
        jail = jail_path(place, name) if is_name(name) else None
        permits = []
        if verb in ("create", "remove"):
            permits.append(lambda p, o, n: self.litter(p, o, n, place))
        if verb in ("create", "images"):
            made = verb == "create" and command[3] in ("fedora", "offline", "killable")
            permits.append(lambda p, o, n: self.cache(p, o, n, place, made))
        if verb == "create":
            permits.append(lambda p, o, n: self.is_made(p, o, place))
        if not jail:
            return permits
        permits += self.permits_of_rolling(jail)
        if verb in STATES:
            return permits + self.permits_of_state(command, done)
        if verb == "create" and good:
            permits.append(lambda p, o, n: under(p, jail) and o is None)
        if verb == "remove" and (good or "but not all of its files" in done.err):
            permits.append(lambda p, o, n: under(p, jail) and n is None)
        if verb in ("start", "restart", "stop", "setup"):
            for j in [jail_path(place, n) for n in jails_of(place)] if "*" in name else [jail]:
                permits.append(lambda p, o, n, j=j: self.is_started(p, o, n, j))
        if verb in ("config", "edit"):
            permits.append(lambda p, o, n: self.is_config(p, o, n, jail))
        return permits

    # -- snapshots, and what comes of them (states.py) --

    def labels(self, jail):
        """label -> where its files are"""
        top = real(jail) + "/.snapshots/"
        return {p[len(top):]: p for p, e in self.now.items()
                if p.startswith(top) and e.kind == "d" and "/" not in p[len(top):] and p[len(top)] != "."}

    def dataset_at(self, path):
        return None

    def is_rolling(self, jail):
        return real(jail) + "/.rollback" in self.now

    def rolled(self, path, new, base):
        return under(path, base) and not (new is None and under(path, base + "/.snapshots"))

    def permits_of_rolling(self, jail):
        """One that was killed is finished, or taken back, by the next command."""
        base = real(jail)
        return [lambda p, o, n: self.rolled(p, n, base)] if self.is_rolling(jail) else []

    def permits_of_state(self, c, done):
        verb, place, name = c[:3]
        jail = jail_path(place, name)
        base = real(jail)
        snaps = base + "/.snapshots"
        good = done is None or done.rc == 0 or "half done" in done.err
        permits = [lambda p, o, n: p.startswith(snaps + "/.") or (p == snaps and not (o and n))]
        if verb == "snapshot" and good:
            permits.append(lambda p, o, n: under(p, snaps) and o is None)
        if verb == "forget" and good:
            permits.append(lambda p, o, n: under(p, f"{snaps}/{c[3]}") and n is None)
        if verb == "rollback" and good:
            permits.append(lambda p, o, n: self.rolled(p, n, base))
        if verb in ("clone", "import"):
            permits.append(lambda p, o, n: self.litter(p, o, n, place))
            permits.append(lambda p, o, n: self.is_made(p, o, place))
        if verb == "rename":
            permits.append(lambda p, o, n: o and n and p in (f"{base}/rootfs/etc/hostname", f"{base}/rootfs/etc/hosts"))
        if verb in ("clone", "rename", "import") and good:
            to = jail_path(place, name if verb == "import" else c[3])
            permits.append(lambda p, o, n: under(p, to) and o is None)
        if verb == "rename" and good:
            permits.append(lambda p, o, n: under(p, jail) and n is None)
        return permits

    def take(self, after, place_of_ours=()):
        """The snapshot becomes the present. New hidden names and caches in these places are ours."""
        for place in place_of_ours:
            jails, images = real(PLACES[place] + "/jails"), real(PLACES[place] + "/images")
            for path in after.keys() - self.now.keys():
                rest = path[len(jails) + 1:] if path.startswith(jails + "/.") else ""
                if rest.startswith(LITTER) or (under(path, images) and path != images):
                    self.ours.add(path)
                elif TEMPORARY.search(path):
                    self.ours.add(path)
        self.ours &= after.keys()
        self.copies &= after.keys()
        self.now = after
        self.mounts = mounts()

    def take_users(self, after, moved=(), place_of_ours=()):
        """After a step of the user's, which moved or copied `moved`: (from, to). A copy of what is
        ours may go, but need not."""
        for source, to in moved:
            for path in after.keys() - self.now.keys():
                if under(path, to):
                    origin = source + path[len(to):]
                    if origin in self.ours or origin in self.copies:
                        self.copies.add(path)
        self.take(after, place_of_ours)

    # -- what a jail consists of --

    def check_whole(self, place, name, after, token):
        """A jail that is new: complete, with the contents that it was made of."""
        jail = jail_path(place, name)
        config = after.get(jail + "/config")
        if not config or config.kind != "f" or not config.text or not config.text.endswith(b"\n"):
            raise Fault(f"the config of {jail} is not whole: {config}")
        have = {p[len(jail) + 1:]: e for p, e in after.items() if p.startswith(jail + "/")}
        if b"release=43" in config.text:
            want = self.images.setdefault("fedora", have.keys())
            if have.keys() != want:
                raise Fault(f"{jail} has not what the image has: {sorted(have.keys() ^ want)[:5]}")
            return
        for path, text in ROOTFS.items():
            e = have.get(path)
            if not e or (text is None) != (e.kind == "d") or (text is not None and e.text != text):
                raise Fault(f"{jail} is not whole: {path} is {e}")
        marker = have.get("rootfs/marker")
        if not marker or (token and marker.text != token):
            raise Fault(f"{jail} is not whole: its marker is {marker}, not {token}")
        if "rootfs/sbin/init" not in have or have["rootfs/sbin/init"].kind != "f":
            raise Fault(f"{jail} is not whole: no sbin/init")

    def check_all_or_nothing(self, place, name, after, tokens):
        """After what may have ended anywhere: the jail as before, or whole and new, or not there.
        `tokens`: of what may be new."""
        if not is_name(name):
            return
        jail = jail_path(place, name)
        old = self.now.get(jail)
        new = after.get(jail)
        if not new or new.kind != "d":
            return
        if old and (old.id == new.id or not self.has_ids):
            for path in self.now:
                if path.startswith(jail + "/") and path not in after and path not in self.ours:
                    raise Fault(f"{jail} is half there: {path} is gone")
            return
        if not old or old.kind == "d":
            self.check_whole(place, name, after, None)
            marker = after.get(jail + "/rootfs/marker")
            if marker and tokens and marker.text not in tokens:
                raise Fault(f"{jail} is made of something else: {marker}")

    def check_litter(self, place, done, after):
        """What a create that went well leaves: nothing hidden of ours."""
        top = real(PLACES[place] + "/jails")
        for path in self.ours:
            if path in after and path.startswith(top + "/.") and "/" not in path[len(top) + 1:]:
                held = any(under(m, path) for m in self.mounts)
                if not held and "stays" not in done.err:
                    raise Fault(f"{path} is left after a create that went well: {done}")

    def check_no_new_litter(self, place, done, after):
        top = real(PLACES[place] + "/jails")
        said = ("but not all of its files", "is still there", "stays")
        for path in after.keys() - self.now.keys():
            rest = path[len(top) + 1:] if path.startswith(top + "/.") else ""
            if rest.startswith(LITTER) and not any(s in done.err for s in said):
                raise Fault(f"{path} is left, and nothing said of it: {done}")

    # -- what runs --

    def check_running(self, may_change=()):
        """What runs is what was started. `may_change`: name -> ids of rootfs, None for not at all,
        that what ended anywhere may have left."""
        seen = machines()
        for name in seen.keys() | self.running.keys():
            want = self.running.get(name)
            have = seen.get(name)
            if name in may_change and (have == (want and want[1]) or have in may_change[name]):
                continue
            if want is None:
                raise Fault(f"{name} runs, and nobody has started it")
            if have is None:
                raise Fault(f"{name} does not run any more, and nobody has stopped it")
            if have != want[1]:
                raise Fault(f"{name} runs from another rootfs: {have}, not {want[1]}")
        return seen

    def runs_here(self, place, name):
        """True: this jail runs; False: it does not; "other": one of its name does."""
        if name not in self.running:
            return False
        jail = look_at_jail(jail_path(place, name))
        return True if jail and jail[1] == self.running[name][0] else "other"

    def runs_otherwise(self, place, name):
        """Its files run under another name, as a jail that was renamed."""
        jail = jail_path(place, name)
        try:
            st = os.stat(jail + "/rootfs")
        except OSError:
            return False
        return any(r[1] == (st.st_dev, st.st_ino) for n, r in self.running.items() if n != name)

    # -- list --

    def may_not_list(self, place):
        return False

    def check_list(self, place):
        done = run(["jlmkr", "list", "--json", "--dir", PLACES[place]])
        top = PLACES[place]
        if not os.path.isdir(top):
            if done.rc == 0:
                raise Fault(f"list of {top}, which is not there: {done}")
            return
        if os.path.lexists(top + "/jails") and not os.path.isdir(top + "/jails"):
            return
        if done.rc != 0 and self.may_not_list(place):
            return
        if done.rc != 0:
            raise Fault(f"list of {top} fails: {done}")
        listed = {j["name"]: j for j in json.loads(done.out)}
        there = jails_of(place)
        there = {n: j for n, j in there.items() if n in listed or not is_bare(f"{top}/jails/{n}")}
        if listed.keys() != there.keys():
            raise Fault(f"list of {top} has {sorted(listed)}, and there are {sorted(there)}")
        for name, (whole, id_) in there.items():
            if whole != (listed[name]["broken"] is None):
                raise Fault(f"list says of {top}/jails/{name}: {listed[name]['broken']}")
            # Under its own name, or under that which it had when it was started.
            runs = any(r[0] == id_ and (n == name or there.get(n, (0, None))[1] != id_)
                       for n, r in self.running.items())
            if whole and listed[name]["running"] != runs:
                said = listed[name]["running"]
                raise Fault(f"list says that {top}/jails/{name} runs: {said}, and it is {runs}")
