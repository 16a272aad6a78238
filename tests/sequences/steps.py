"""The steps of a sequence: how they are drawn, and how each is played and judged.

A step is a tuple of words and numbers, drawn without a look at the world, so that a sequence is the
same for the same seed, and still means something when steps are left out of it.
"""
import errno
import io
import os
import shutil
import signal
import tarfile
import time

from host import APPEND, IMMUTABLE, LIBC, Running, machine_names, machines, mounts, run, set_flags
from model import (Fault, NAMES, PLACES, ROOTFS, STATES, is_name, jail_path, jails_of, keeps_lines, made_it,
                   look_at_jail, real, under)
from states import FILES, StatesPlayer, draw_state, state_words

PARKS = [f"/mnt/tank/parked/{n}" for n in ("one", "two", "three")]
USERS = "/mnt/tank/users"
WRONG = ("no-such", "../web", ".create-web", "jails", "we", "web/", "", "-x", "we*")
HASH = "c0ffee" * 10 + "beef"
# Where a user puts things, below the place; %s is a name of a jail.
SPOTS = (
    "notes.txt", "media/film", "jails/notes.txt", "jails/scripts/backup.sh", "jails/.create-scripts/x",
    "jails/.remove-later/x", "jails/.create-web/x", "jails/.remove-web-0123456789abcdef/x",
    "jails/.create-db-0123456789abcdef/x", "images/my.iso", "images/isos/x.iso",
    f"images/{HASH}.tar.xz", f"images/{HASH}.part", f"images/{HASH}.json", "images/.jlmkr-77",
    "images/unpacked/mine/x", f"images/unpacked/{HASH}/rootfs/x", f"images/unpacked/.create-{HASH}/x",
    "jails/%s/README", "jails/%s/.config.edit-1", "jails/%s/rootfs/root/x", "jails/%s/rootfs/mnt/x",
)
FLAGGED = ("", "jails", "images", "jails/%s", "jails/%s/config", "jails/%s/rootfs",
           "jails/%s/rootfs/marker", "jails/%s/rootfs/etc", "jails/notes.txt")
BOUND = ("images/bound", "jails/%s/rootfs/mnt", "jails/bound", "jails/%s/rootfs/root", "jails")
LINKED = ("", "jails", "images", "jails/%s", "jails/%s/config", "jails/%s/rootfs")
SHOWN = {"status": ("status", "--json"), "config": ("config",), "dry-run": ("start", "--dry-run"),
         "check": ("config", "--check")}
EDITORS = {
    "append": 'echo "# by the editor" >> "$1"',
    "startup": 't=$(sed "s/^startup=.*/startup=1/" "$1"); echo "$t" > "$1"',
    "truncate": 'truncate -s 0 "$1"',
    "cut": 'truncate -s 40 "$1"',
    "same": "true",
    "fails": "exit 3",
    "drops": 't=$(sed "/^seccomp=/d" "$1"); echo "$t" > "$1"',
    "replaces": 'cp "$1" "$1.new" && echo "# by the editor" >> "$1.new" && mv "$1.new" "$1"',
}
LASTS = {"create": 45, "remove": 25, "start": 60, "restart": 60, "stop": 15, "config": 20, "edit": 25,
         "snapshot": 30, "rollback": 50, "clone": 60, "rename": 15, "export": 15, "import": 30}	# ms


# -- drawing --

def draw_command(rng, alone=True):
    """One of ours: (verb, place, name, ...)."""
    place = rng.choices("ABS", (60, 28, 12))[0]
    name = rng.choice(NAMES) if rng.random() < 0.94 else rng.choice(WRONG)
    if alone and name in NAMES and rng.random() < 0.4:
        return draw_state(rng, place, name)
    verb = rng.choices(
        ("create", "remove", "start", "stop", "restart", "config", "edit", "images", "exec", "setup", "show"),
        (24, 19, 10, 8, 4, 11, 9, 7, 4, 2, 2))[0]
    if verb == "create":
        kind = rng.choices(("image", "stdin", "config", "start", "fedora", "offline"),
                           (40, 15, 10, 8, 20, 7))[0]
        return (verb, place, name, kind)
    if verb == "remove":
        return (verb, place, name, rng.choices(("yes", "no", "typed", "wrong"), (70, 10, 12, 8))[0])
    if verb == "config":
        return (verb, place, name, rng.choice(("startup", "seccomp")), rng.choice("01"))
    if verb == "edit":
        return (verb, place, name, rng.choice(sorted(EDITORS)))
    if verb == "stop":
        return (verb, place, name, rng.choice(("asked", "now")))
    if verb == "show":
        return (verb, place, name, rng.choice(("status", "config", "dry-run", "check")))
    return (verb, place, name)


def spot(rng, spots):
    words = rng.choice(spots)
    return words % rng.choice(NAMES) if "%s" in words else words


def draw_path(rng, whole=0.3):
    """Something to be moved or copied: a jail, jails/, or a jailmaker directory."""
    place = rng.choices("ABS", (5, 4, 1))[0]
    kind = rng.random()
    if kind < whole:
        return place
    if kind < whole + 0.15:
        return place + "/" + rng.choice(("jails", "images"))
    return f"{place}/jails/{rng.choice(NAMES)}"


def draw_target(rng, source):
    if rng.random() < 0.4:
        return "P" + rng.choice("012")
    if "/" not in source:
        return rng.choice("AB")
    rest = source.split("/")[1:]
    if len(rest) == 2:
        rest[1] = rng.choice(NAMES + (rest[1], "copy"))
    return "/".join([rng.choices("ABS", (5, 4, 1))[0]] + rest)


def draw_users(rng):
    verb = rng.choices(
        ("mv", "unpark", "cp", "cpl", "put", "rm", "flag", "unflag", "bind", "umount", "link", "unlink",
         "append", "fill", "unfill", "attr"),
        (12, 7, 5, 5, 16, 5, 6, 7, 6, 7, 5, 5, 4, 2, 3, 2))[0]
    place = rng.choices("ABS", (6, 3, 1))[0]
    if verb in ("mv", "cp", "cpl"):
        source = draw_path(rng)
        return (verb, source, draw_target(rng, source))
    if verb == "unpark":
        return (verb, "P" + rng.choice("012"), draw_path(rng))
    if verb in ("put", "rm", "attr"):
        return (verb, place + "/" + spot(rng, SPOTS))
    if verb == "flag":
        return (verb, place + "/" + spot(rng, FLAGGED), rng.choice("ia"))
    if verb == "bind":
        return (verb, place + "/" + spot(rng, BOUND), rng.choice(("data", "more")))
    if verb == "link":
        return (verb, place + "/" + spot(rng, LINKED))
    if verb == "append":
        return (verb, f"{place}/jails/{rng.choice(NAMES)}/config")
    if verb == "fill":
        return (verb, rng.choice((0, 4, 16, 60)))
    return (verb,)


def draw(rng):
    kind = rng.random()
    if kind < 0.52:
        return draw_command(rng)
    if kind < 0.58:
        command = draw_command(rng)
        return ("kill", round(rng.random() * LASTS.get(command[0], 8), 1)) + command
    if kind < 0.60:
        command = draw_command(rng)
        if command[0] in ("create", "remove", "config", "edit", "start", "stop") and command[2] in NAMES:
            other = rng.choice([n for n in NAMES if n != command[2]])
            return ("during", round(rng.random() * 20, 1), rng.choice(("away", "swap", "in")), other) + command
        return command
    if kind < 0.64:
        return ("both", draw_command(rng, False), draw_command(rng, False))
    return draw_users(rng)


def expand(path):
    head, _, rest = path.partition("/")
    top = PARKS[int(head[1:])] if head[0] == "P" else PLACES[head]
    return f"{top}/{rest}" if rest else top


# -- playing --

def make_tar(token):
    with open("/root/init", "rb") as f:
        program = f.read()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        files = {**ROOTFS, "rootfs/marker": token, "rootfs/sbin/init": program}
        for path, text in files.items():
            info = tarfile.TarInfo(path[len("rootfs"):].lstrip("/") or ".")
            info.mtime, info.mode = 1600000000, 0o755
            info.type = tarfile.DIRTYPE if text is None else tarfile.REGTYPE
            info.size = len(text or b"")
            tar.addfile(info, io.BytesIO(text or b""))
    return out.getvalue()


class Player(StatesPlayer):
    def __init__(self, model, log):
        self.m, self.log = model, log
        self.serial = 0
        for word, script in EDITORS.items():
            with open(f"/root/editor-{word}", "w") as f:
                f.write(f"#!/bin/sh\n{script}\n")
            os.chmod(f"/root/editor-{word}", 0o755)
        with open("/root/own.conf", "w") as f:
            f.write("# a template of my own\nstartup=0\nseccomp=1\nsystemd_nspawn_user_args=\n")

    def token(self, what):
        self.serial += 1
        return f"{what} {self.serial}\n".encode()

    # -- a world, and its end --

    def clear(self):
        for name in machine_names():
            run(["systemctl", "kill", "-s", "KILL", f"jlmkr-{name}.service"])
        for _ in range(500):
            if not machine_names():
                break
            time.sleep(0.01)
        while points := mounts():		# several may be on top of each other
            for point in sorted(points, key=len, reverse=True):
                LIBC.umount2(point.encode(), 2)
        LIBC.umount2(b"/mnt/small", 2)
        for path, e in self.m.looker.look().items():
            if e.flags:
                set_flags(path, 0)
        for name in os.listdir("/mnt/tank"):
            path = f"/mnt/tank/{name}"
            if name != "lost+found":
                os.unlink(path) if os.path.islink(path) or not os.path.isdir(path) else shutil.rmtree(path)
        run(["systemctl", "reset-failed"])

    def begin(self):
        """Three jails in A, two of their names in B as well, and one in S, which is small."""
        self.serial = 0
        self.clear()
        self.clear_exports()
        for path in (PLACES["A"], PLACES["B"] + "/jails", USERS + "/data/deep", USERS + "/more"):
            os.makedirs(path)
        for folder in ("data", "data/deep", "more"):
            with open(f"{USERS}/{folder}/file", "wb") as f:
                f.write(self.token("user"))
        os.makedirs("/mnt/small", exist_ok=True)
        if run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "tmpfs", "/mnt/small"]).rc:
            raise Fault("no small file system")
        os.makedirs(PLACES["S"])
        self.m.begin()
        self.play(("create", "A", "web", "image"))
        for place, name in (("A", "db"), ("A", "app"), ("B", "web"), ("B", "db"), ("S", "web")):
            to = f"{PLACES[place]}/jails/{name}"
            os.makedirs(os.path.dirname(to), mode=0o700, exist_ok=True)
            shutil.copytree(PLACES["A"] + "/jails/web", to, symlinks=True)
            with open(to + "/rootfs/marker", "wb") as f:
                f.write(self.token("jail"))
        self.m.begin()
        for name in ("web", "db"):
            self.play(("snapshot", "A", name, "x"))
        self.play(("export", "A", "web", "", FILES[0]))

    def play(self, step):
        verb = step[0]
        if verb == "kill":
            self.play_killed(step[1], step[2:])
        elif verb == "during":
            self.play_during(step[1], step[2], step[3], step[4:])
        elif verb == "both":
            self.play_both(step[1], step[2])
        elif hasattr(self, "user_" + verb):
            self.play_users(step)
        else:
            self.play_command(step)

    def count(self, what):
        self.m.counts[what] = self.m.counts.get(what, 0) + 1

    # -- commands of ours --

    def words(self, c):
        """argv, environment and stdin of a command; the token of what a create would make."""
        verb, place, name = c[:3]
        argv, env, stdin, token = ["jlmkr", verb, "--dir", PLACES[place]], {}, b"", None
        if verb in STATES:
            argv = state_words(c)
            return [*argv[:2], "--dir", PLACES[place], *argv[2:]], env, stdin, token
        if verb == "create":
            argv.append("-q")
            if c[3] in ("fedora", "offline"):
                argv += ["--distro=fedora", "--release=43"]
                argv += ["--offline"] if c[3] == "offline" else []
            else:
                token = self.token("jail")
                stdin = make_tar(token)
                file = f"/root/tiny-{self.serial % 2}.tar"
                with open(file, "wb") as f:
                    f.write(stdin)
                argv += ["--image=-" if c[3] == "stdin" else f"--image={file}"]
                argv += ["--config=/root/own.conf"] if c[3] == "config" else []
                argv += ["--start"] if c[3] == "start" else []
            argv.append(name)
        elif verb == "remove":
            argv += ["-y", name] if c[3] == "yes" else [name]
            stdin = {"typed": name.encode() + b"\n", "wrong": b"webdb\n"}.get(c[3], b"")
        elif verb == "config":
            argv += [name, f"{c[3]}={c[4]}"]
        elif verb == "edit":
            argv.append(name)
            env["EDITOR"] = f"/root/editor-{c[3]}"
        elif verb == "stop":
            argv += (["--now"] if c[3] == "now" else []) + [name]
        elif verb == "images":
            argv.append("--prune")
        elif verb == "exec":
            argv += [name, "/sbin/init", "where"]
        elif verb == "show":
            argv = ["jlmkr", *SHOWN[c[3]], "--dir", PLACES[place], name]
        else:
            argv.append(name)
        return argv, env, stdin, token

    @staticmethod
    def created(c):
        """Offline, there may be no image; the init of ours is not systemd."""
        return {"offline": {0, 3}, "start": {1}}.get(c[3], {0})

    def expected(self, c):
        """The statuses that it may end with, or None: any."""
        verb, place, name = c[:3]
        free = self.m.obstacles(place, name if is_name(name) else None) is None
        jail = look_at_jail(jail_path(place, name)) if is_name(name) else None
        if not os.path.isdir(PLACES[place]):
            return "bad"
        if verb == "images":
            return {0} if free else None
        if not is_name(name) or name in WRONG:
            if name == "we*" and verb in ("start", "stop", "restart"):
                return None
            if name == "no-such" and free and verb == "create":
                return self.created(c)
            if name == "no-such" and free:
                return {"show": None}.get(verb, {3, 125} if verb == "exec" else {3})
            return None if name in ("no-such", "jails", "we") else "bad"
        if verb == "create":
            if os.path.lexists(jail_path(place, name)):
                return {4} if free else "bad"
            return self.created(c) if free else None
        if verb == "import":
            return self.expected_import(c, free)
        if not jail:
            # What an interrupted remove has left is finished.
            if verb == "show" or (verb == "remove" and (not free or self.has_rest(place, name))):
                return None
            return {0, 3} if verb == "remove" else "bad"
        if verb in STATES:
            return self.expected_state(c, jail[0], free)
        if verb == "show":
            return None
        if not jail[0] or not free or self.m.is_rolling(jail_path(place, name)):
            return None
        runs = self.m.runs_here(place, name)
        odd = self.m.runs_otherwise(place, name) or self.is_brief(place, name)
        if verb == "remove":
            return None if odd else {0} if c[3] in ("yes", "typed") else "bad"
        if verb == "start":
            return None if odd else {True: {0}, False: {0}, "other": {5}}[runs]
        if verb == "restart":
            return None if odd else {True: {0}, False: {0}, "other": {5}}[runs]
        if verb == "stop":
            return {0}
        if verb == "exec":
            return {True: {0}, False: "bad", "other": "bad"}[runs]
        if verb == "config":
            return {0}
        if verb == "edit":
            return {"truncate": "bad", "cut": "bad", "drops": None, "fails": "bad"}.get(c[3], {0})
        if verb == "setup":
            return "bad"
        return None

    def has_rest(self, place, name):
        """What may be left of a remove, or somebody has called so."""
        top = real(PLACES[place] + "/jails")
        return any(p.startswith(f"{top}/.remove-{name}-") for p in self.m.now)

    def play_command(self, c):
        argv, env, stdin, token = self.words(c)
        place = c[1]
        want = self.expected(c)
        before = self.facts(c)
        self.moved = []
        done = run(argv, env, stdin)
        self.log(f"  {done}")
        self.count(f"{c[0]} {'done' if done.rc == 0 else 'refused'}")
        after = self.m.looker.look()
        if done.rc < 0 or done.rc > 130:
            raise Fault(f"it crashed: {done}")
        if want is not None and (done.rc == 0 if want == "bad" else done.rc not in want):
            raise Fault(f"expected status {want}: {done}")
        self.m.judge(after, self.m.permits_of(c, done), f"{done}")
        self.m.check_no_new_litter(place, done, after)
        getattr(self, "after_" + c[0], lambda *_: None)(c, done, after, before, token)
        self.m.check_running()
        if c[0] == "create" and made_it(c, done):
            self.m.check_litter(place, done, after)
        self.take_all(c, after)
        self.m.check_list(place)

    def take_all(self, c, after):
        self.m.take_users(after, self.moved if c[0] == "rename" else (), (c[1],))

    def facts(self, c):
        """What is known before, for what comes after."""
        if not is_name(c[2]):
            return {}
        jail = jail_path(c[1], c[2])
        facts = {"jail": look_at_jail(jail), "runs": self.m.runs_here(c[1], c[2])}
        try:
            facts["config"] = self.m.now[real(jail + "/config")].text
        except KeyError:
            facts["config"] = None
        facts["mounted"] = [m for m in self.m.mounts if under(m, jail)]
        return facts

    def is_brief(self, place, name):
        """A jail of the image server's small images has no init to speak of: it may run, or not."""
        return not os.path.exists(jail_path(place, name) + "/rootfs/sbin/init") or \
            not os.path.exists(jail_path(place, name) + "/rootfs/marker")

    def now_runs(self, place, name):
        if self.is_brief(place, name):
            run(["systemctl", "stop", f"jlmkr-{name}.service"])
            self.settle([name])
            self.m.running.pop(name, None)
            return
        jail = jail_path(place, name)
        st = os.stat(jail + "/rootfs")
        self.m.running[name] = (look_at_jail(jail)[1], (st.st_dev, st.st_ino))

    def after_create(self, c, done, after, before, token):
        if made_it(c, done):
            self.m.check_whole(c[1], c[2], after, token)

    def after_remove(self, c, done, after, before, token):
        if not is_name(c[2]):
            return
        jail = jail_path(c[1], c[2])
        if done.rc == 0 and c[3] in ("no", "wrong") and before["jail"]:
            raise Fault(f"removed without a yes: {done}")
        if done.rc == 0 and before["jail"] and jail in after:
            raise Fault(f"{jail} is still there: {done}")
        if done.rc == 0 and before["mounted"]:
            raise Fault(f"{jail} was removed with what is mounted at {before['mounted']}: {done}")
        if jail not in after and before["jail"] and self.here(c, before):
            self.m.running.pop(c[2], None)
        # Stopped before something was in the way.
        if done.rc != 0 and self.here(c, before) and c[2] not in machines():
            raise Fault(f"{c[2]} was stopped by a remove that was refused: {done}")

    def here(self, c, before):
        return c[2] in self.m.running and before.get("jail") and self.m.running[c[2]][0] == before["jail"][1]

    def after_start(self, c, done, after, before, token):
        if done.rc == 0:
            self.now_runs(c[1], c[2]) if "*" not in c[2] else self.many_run(c)

    def many_run(self, c):
        for name in jails_of(c[1]):
            if name.startswith("we") and name not in self.m.running:
                self.now_runs(c[1], name)

    def after_restart(self, c, done, after, before, token):
        if done.rc == 0 and is_name(c[2]) and "*" not in c[2]:
            self.now_runs(c[1], c[2])

    def after_stop(self, c, done, after, before, token):
        if done.rc == 0 and self.here(c, before):
            self.m.running.pop(c[2])
        if done.rc == 0 and "*" in c[2]:
            for name, (_, id_) in jails_of(c[1]).items():
                if name.startswith("we") and self.m.running.get(name, (None,))[0] == id_:
                    self.m.running.pop(name)

    def after_exec(self, c, done, after, before, token):
        if done.rc == 0:
            st = os.stat(jail_path(c[1], c[2]) + "/rootfs")
            if done.out.split() != [str(st.st_dev), str(st.st_ino)]:
                raise Fault(f"exec was somewhere else: {done}, not {st.st_dev} {st.st_ino}")

    def new_config(self, c, after):
        e = after.get(real(jail_path(c[1], c[2]) + "/config"))
        return e.text if e else None

    def after_config(self, c, done, after, before, token):
        if not is_name(c[2]) or not before["jail"]:
            return
        new = self.new_config(c, after)
        if done.rc != 0:
            if new != before["config"]:
                raise Fault(f"refused, and the config is another: {new}")
        elif before["config"] is None:
            return		# an incomplete jail gets one, unless it would say what is usual
        elif not keeps_lines(before["config"], new, c[3].encode(), c[4].encode()):
            raise Fault(f"the config is not what it should be: {new}")
        elif new != before["config"]:
            self.check_before(c, after, before)

    def check_before(self, c, after, before):
        e = after.get(jail_path(c[1], c[2]) + "/.config.before")
        if not e or e.text != before["config"]:
            raise Fault(f".config.before is not what the config was: {e}")

    def edited(self, c, old):
        return {"append": old + b"# by the editor\n", "replaces": old + b"# by the editor\n",
                "startup": old.replace(b"startup=0\n", b"startup=1\n"), "same": old}.get(c[3])

    def after_edit(self, c, done, after, before, token):
        if not is_name(c[2]) or not before["jail"] or before["config"] is None:
            return
        new, old = self.new_config(c, after), before["config"]
        want = old if done.rc else self.edited(c, old)
        if new != want:
            raise Fault(f"after the editor the config is {new}, not {want}: {done}")
        jail = jail_path(c[1], c[2])
        copies = [p for p in after.keys() - self.m.now.keys() if p.startswith(jail + "/.config.edit")]
        if copies and not any(os.path.basename(p) in done.err for p in copies):
            raise Fault(f"{copies} is left, and nothing said of it: {done}")
        if done.rc and "What you wrote is in" in done.err and not copies:
            raise Fault(f"what was written is not there: {done}")

    # -- killed, or two at once --

    def settle(self, names):
        """What systemd was asked for is done: what it and machined say is the same twice."""
        for name in names:
            last = None
            for _ in range(300):
                state = run(["systemctl", "show", "-P", "ActiveState", f"jlmkr-{name}.service"]).out.strip()
                now = (state in ("active", "reloading"), name in machines())
                if now == last and now[0] == now[1] and state not in ("activating", "deactivating"):
                    break
                last = now
                time.sleep(0.03)

    def to_settle(self, *commands):
        """Names of units that they may have begun to start or stop."""
        names = set()
        for c in commands:
            if c[0] in ("start", "restart", "stop", "remove"):
                names.update(NAMES if "*" in c[2] else [c[2]] if is_name(c[2]) else [])
        return sorted(names)

    def loose(self, commands, befores, after, tokens):
        """What is true wherever they ended."""
        permits = [p for c in commands for p in self.m.permits_of(c, None)]
        self.m.judge(after, permits, "ended anywhere")
        may = {}
        for c, before in zip(commands, befores):
            if c[0] not in ("rollback", "rename", "forget", "import"):
                self.m.check_all_or_nothing(c[1], c[2], after, tokens)
            if c[0] == "rollback" and c[4] == "stop":
                may.setdefault(c[2], []).append(None)
            if c[0] in ("start", "restart", "stop", "remove") and is_name(c[2]):
                try:
                    st = os.stat(jail_path(c[1], c[2]) + "/rootfs")
                    may.setdefault(c[2], []).append((st.st_dev, st.st_ino))
                except OSError:
                    pass
                if c[0] not in ("start", "create") and before["runs"] is True:
                    may.setdefault(c[2], []).append(None)
        return may

    def may_all(self, may, *commands):
        """A pattern means any of them."""
        for c in commands:
            if "*" in c[2]:
                for name in jails_of(c[1]):
                    may.setdefault(name, []).append(None)
                    try:
                        st = os.stat(jail_path(c[1], name) + "/rootfs")
                        may[name].append((st.st_dev, st.st_ino))
                    except OSError:
                        pass

    def forget_or_keep(self, may):
        seen = self.m.check_running(may)
        for name in may:
            if name not in seen:
                self.m.running.pop(name, None)
            elif name not in self.m.running or self.m.running[name][1] != seen[name]:
                for place in PLACES:
                    try:
                        st = os.stat(jail_path(place, name) + "/rootfs")
                    except OSError:
                        continue
                    if (st.st_dev, st.st_ino) == seen[name]:
                        self.now_runs(place, name)

    def check_config_whole(self, c, before, after):
        """Old or new, never half."""
        if c[0] not in ("config", "edit") or not before.get("jail") or before["config"] is None:
            return
        new, old = self.new_config(c, after), before["config"]
        if new == old:
            return
        if not new:
            raise Fault(f"the config is gone or empty: {new}")
        if c[0] == "config" and not keeps_lines(old, new, c[3].encode(), c[4].encode()):
            raise Fault(f"the config is neither old nor new: {new}")
        if c[0] == "edit" and new != self.edited(c, old):
            raise Fault(f"the config is neither old nor new: {new}")
        self.check_before(c, after, before)

    def play_killed(self, ms, c):
        argv, env, stdin, token = self.words(c)
        before = self.facts(c)
        r = Running(argv, env, stdin)
        time.sleep(ms / 1000)
        r.kill()
        done = r.wait()
        r.wait_for_children()
        self.settle(self.to_settle(c))
        self.log(f"  {done}")
        self.moved = []
        if c[0] in STATES:
            self.play_again(c, before)
        self.count("killed" if done.rc == -signal.SIGKILL else "killed too late")
        after = self.m.looker.look()
        may = self.loose([c], [before], after, [token] if token else [])
        self.may_all(may, c)
        self.check_config_whole(c, before, after)
        self.forget_or_keep(may)
        self.take_all(c, after)
        self.m.check_list(c[1])

    def play_both(self, c, d):
        made = [self.words(c), self.words(d)]
        befores = [self.facts(c), self.facts(d)]
        rs = [Running(*w[:3]) for w in made]
        dones = [r.wait() for r in rs]
        self.settle(self.to_settle(c, d))
        for x, done in zip((c, d), dones):
            self.log(f"  {x}: {done}")
            if done.rc < 0 or done.rc > 130:
                raise Fault(f"it crashed: {done}")
        self.count("two at once")
        after = self.m.looker.look()
        may = self.loose([c, d], befores, after, [w[3] for w in made if w[3]])
        self.may_all(may, c, d)
        for x, done in zip((c, d), dones):
            self.m.check_no_new_litter(x[1], Both(dones), after)
            whole = x[0] == "config" and befores[0 if x is c else 1].get("config") is not None
            if whole and done.rc == 0 and is_name(x[2]) and not {c[0], d[0]} & {"remove", "create", "edit"}:
                new = self.new_config(x, after) or b""
                # Two places may be one (ZFS=1).
                same = c[0] == d[0] and c[2:4] == d[2:4] and PLACES[c[1]] == PLACES[d[1]]
                if not same and f"{x[3]}={x[4]}".encode() not in new.split(b"\n"):
                    raise Fault(f"a change is lost: {x} {done}, {new}")
        if len({c[0], d[0]} & {"config", "edit"}) == 1 or c[:3] != d[:3]:
            for x, before in zip((c, d), befores):
                if not {c[0], d[0]} & {"remove", "create"} and c[2] != d[2]:
                    self.check_config_whole(x, before, after)
        self.forget_or_keep(may)
        self.m.take(after, {c[1], d[1]})
        for place in {c[1], d[1]}:
            self.m.check_list(place)

    # -- the user moves jails while a command is at work --

    def shuffle(self, how, place, name, other):
        """The jail goes away, or another comes in its place, or both."""
        top = real(PLACES[place] + "/jails")
        moves = {"away": [(name, "away")], "swap": [(name, "away"), (other, name)], "in": [(other, name)]}
        for source, to in moves[how]:
            source, to = f"{top}/{source}", f"{top}/{to}"
            if os.path.lexists(source) and not os.path.lexists(to):
                try:
                    os.rename(source, to)
                    self.moved.append((source, to))
                except OSError as e:
                    self.log(f"  {e}")

    def play_during(self, ms, how, other, c):
        argv, env, stdin, token = self.words(c)
        jail = jail_path(c[1], c[2])
        self.moved = []
        # What is confirmed is what was shown; where nothing is shown, what has the name by then.
        asks = c[0] == "remove" and c[3] != "yes"
        r = Running(argv, env, stdin, asks)
        if asks:
            asked = r.await_question(b"Type the name")
        else:
            time.sleep(ms / 1000)
        self.shuffle(how, c[1], c[2], other)
        if asks:
            r.answer(stdin)
        done = r.wait()
        self.settle(self.to_settle(c))
        self.log(f"  {done}, moved: {self.moved}")
        self.count("moved meanwhile" if self.moved else "nothing moved meanwhile")
        if done.rc < 0 or done.rc > 130:
            raise Fault(f"it crashed: {done}")
        after = self.m.looker.look()
        named = [jail] if c[0] == "remove" else []
        if named and not (asks and asked):
            named += [source for source, to in self.moved if to == jail]
        self.check_texts(after, named, done)
        for _, to in self.moved:
            self.check_arrived(to, after, done)
        # What runs, and where, is not foretold.
        seen = machines()
        for n in set(self.m.running) - set(seen):
            if n != c[2]:
                raise Fault(f"{n} does not run any more: {done}")
            del self.m.running[n]
        if c[2] in seen and c[2] not in self.m.running:
            run(["systemctl", "stop", f"jlmkr-{c[2]}.service"])
            self.settle([c[2]])
        self.m.take_users(after, self.moved, (c[1],))
        self.m.check_list(c[1])

    def check_texts(self, after, removed, done):
        """Whatever a user or a jail has written is somewhere, but for the jail that was removed."""
        kept = {e.text for e in after.values() if e.kind == "f"}
        for path, e in self.m.now.items():
            if e.kind != "f" or not isinstance(e.text, bytes) or not e.text.startswith((b"user ", b"jail ")):
                continue
            if e.text not in kept and path not in self.m.ours and not any(under(path, r) for r in removed):
                raise Fault(f"what {path} said is nowhere: {e.text}: {done}")

    def check_arrived(self, to, after, done):
        """A jail that was moved away is there, or went as a whole."""
        if to not in after:
            return
        lacks = [w for w in ("config", "rootfs") if f"{to}/{w}" not in after]
        if len(lacks) == 1 and look_at_jail(to):
            raise Fault(f"{to} lacks {lacks}: {done}")

    # -- the user's own --

    def play_users(self, step):
        self.moved = []
        try:
            getattr(self, "user_" + step[0])(*step[1:])
            self.count("steps of the user's")
        except (OSError, shutil.Error) as e:
            self.log(f"  {e}")
            self.count("steps of the user's that failed")
        after = self.m.looker.look()
        self.m.take_users(after, self.moved)
        self.m.check_running()

    def move(self, source, to):
        if not os.path.lexists(source) or os.path.lexists(to) or under(to, source):
            return False
        os.makedirs(os.path.dirname(to), exist_ok=True)
        try:
            os.rename(source, to)
        except OSError as e:
            if e.errno != errno.EXDEV or any(under(m, source) for m in self.m.mounts):
                raise
            # What runs would lose its files, by the user's own hand.
            if self.m.running:
                raise
            run(["mv", "-T", source, to])
        self.moved.append((source, to))
        return True

    def user_mv(self, source, to):
        self.move(expand(source), expand(to))

    user_unpark = user_mv

    def copy(self, how, source, to):
        source, to = expand(source), expand(to)
        if not os.path.lexists(source) or os.path.lexists(to) or under(to, source) or len(self.m.now) > 1200:
            return
        os.makedirs(os.path.dirname(to), exist_ok=True)
        self.moved.append((source, to))
        run(["cp", how, "-T", source, to])

    def user_cp(self, source, to):
        self.copy("-a", source, to)

    def user_cpl(self, source, to):
        self.copy("-al", source, to)

    def user_put(self, path):
        path = expand(path)
        if not os.path.isdir(os.path.dirname(os.path.dirname(path))) or os.path.lexists(path):
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(self.token("user"))

    def user_attr(self, path):
        path = expand(path)
        os.setxattr(path, "user.note", self.token("user"))
        os.chown(path, 1234, 4321)

    def user_rm(self, path):
        path = expand(path)
        if any(under(m, path) for m in self.m.mounts):
            return
        os.unlink(path)
        if os.path.basename(path) == "x" and not os.listdir(os.path.dirname(path)):
            os.rmdir(os.path.dirname(path))

    def user_flag(self, path, flag):
        set_flags(expand(path).rstrip("/"), {"i": IMMUTABLE, "a": APPEND}[flag])

    def user_unflag(self):
        for path, e in self.m.now.items():
            if e.flags:
                set_flags(path, 0)

    def user_bind(self, path, folder):
        path = expand(path)
        if not os.path.isdir(os.path.dirname(path)) or len(self.m.mounts) > 6 or under(path, USERS):
            return
        os.makedirs(path, exist_ok=True)
        if LIBC.mount(f"{USERS}/{folder}".encode(), real(path).encode(), None, 0x1000, None):
            raise OSError("mount")

    def user_umount(self):
        for point in sorted(self.m.mounts, key=len, reverse=True):
            LIBC.umount2(point.encode(), 0)

    def user_link(self, path):
        path = expand(path).rstrip("/")
        to = f"/mnt/tank/linked/{self.serial}-{os.path.basename(path)}"
        self.serial += 1
        if not os.path.islink(path) and self.move(path, to):
            os.symlink(to, path)

    def user_unlink(self):
        """Every link goes, and what it is to comes back."""
        for path in sorted(p for p, e in self.m.now.items() if e.kind == "l"):
            to = os.readlink(path) if os.path.islink(path) else ""
            if to.startswith("/mnt/tank/linked/") and os.path.lexists(to):
                os.unlink(path)
                self.move(to, path)

    def user_append(self, path):
        with open(expand(path), "ab") as f:
            f.write(b"# by hand " + self.token("user"))

    def user_fill(self, left):
        """Fill S, but for so many KiB."""
        room = os.statvfs("/mnt/small")
        with open("/mnt/small/filler", "ab") as f:
            f.write(bytes(max(0, room.f_bfree * room.f_bsize - left * 1024)))
        self.m.full = True

    def user_unfill(self):
        self.m.full = False
        os.unlink("/mnt/small/filler")


class Both:
    """What two commands said."""

    def __init__(self, dones):
        self.err = "".join(d.err for d in dones)
        self.dones = dones

    def __str__(self):
        return "; ".join(map(str, self.dones))
