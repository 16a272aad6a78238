"""Snapshots, rollbacks, clones, new names, exports: how these steps are drawn, what they may change,
and what is true behind them.

A jail that a snapshot is of has the files and the config of that moment again after a rollback; a
clone and a jail with another name have those of the first, but for what tells the two apart, and what
is imported has those of the jail when it was exported.
"""
import os
import shutil

from host import run
from model import STATES, Fault, NAMES, jail_path

EXPORTS = "/root/exports"
FILES = (f"{EXPORTS}/one.tar", f"{EXPORTS}/two.tar")
LABELS = ("x", "y", "a")	# a user's snapshots of ZFS have the third, too
IDENTITY = {"rootfs/etc/hostname", "rootfs/etc/hosts", "rootfs/etc/machine-id", "rootfs/var/lib/dbus/machine-id"}


def draw_label(rng):
    return rng.choices(LABELS, (75, 15, 10))[0]


def draw_state(rng, place, name):
    verb = rng.choices(STATES, (28, 5, 28, 14, 9, 4, 9, 9))[0]
    if verb in ("snapshot", "forget"):
        return (verb, place, name, draw_label(rng))
    if verb == "rollback":
        return (verb, place, name, draw_label(rng), rng.choice(("", "", "discard", "discard-newer", "stop")))
    if verb == "clone":
        return (verb, place, name, rng.choice(NAMES + ("copy",)), rng.choice(("", draw_label(rng))), rng.choice(("", "full", "full")))
    if verb == "export":
        return (verb, place, name, rng.choice(("", "", draw_label(rng))), rng.choice(FILES))
    if verb == "import":
        return (verb, place, rng.choice(NAMES + ("copy", "copy")), rng.choice(FILES))
    if verb == "rename":
        return (verb, place, name, rng.choice(NAMES + ("copy",)))
    return (verb, place, name)


def state_words(c):
    verb, name = c[0], c[2]
    if verb == "snapshot":
        return ["jlmkr", "snapshot", "-q", "--copy", f"{name}@{c[3]}"]
    if verb == "forget":
        return ["jlmkr", "snapshot", "-q", "--delete", f"{name}@{c[3]}"]
    if verb == "rollback":
        return ["jlmkr", "rollback", *([f"--{c[4]}"] if c[4] else []), f"{name}@{c[3]}"]
    if verb == "clone":
        return ["jlmkr", "clone", *([f"--{c[5]}"] if c[5] else []), f"{name}@{c[4]}" if c[4] else name, c[3]]
    if verb == "export":
        return ["jlmkr", "export", "-q", "--force", "--compress=none", f"{name}@{c[3]}" if c[3] else name, c[4]]
    if verb == "import":
        return ["jlmkr", "import", "-q", c[3], name]
    return ["jlmkr", verb, name, *c[3:]]


def tree(seen, base, below=False):
    """What a jail consists of; `below`: with the datasets in it."""
    found = {}
    for path, e in seen.items():
        if not path.startswith(base + "/"):
            continue
        rest = path[len(base) + 1:]
        if rest == "config":
            found[rest] = e.text
        elif rest.split("/")[0] in (("rootfs", "kid") if below else ("rootfs",)):
            found[rest] = (e.kind, e.text, *e.what[:3])
    return found


def other(one, two, but=()):
    """Where two trees differ."""
    return sorted(p for p in one.keys() | two.keys() if one.get(p) != two.get(p) and p not in but)[:4]


class StatesPlayer:
    """What is expected, and true behind them. Mixed into the player."""

    def expected_state(self, c, whole, free):
        verb, place, name = c[:3]
        jail = jail_path(place, name)
        runs = self.m.runs_here(place, name)
        labels = self.m.labels(jail)
        if not whole or not free or place == "S" or self.m.is_rolling(jail) or self.m.dataset_at(jail) or \
                runs == "other" or self.m.runs_otherwise(place, name) or self.is_brief(place, name):
            return None
        label = {"clone": c[4:5], "import": (), "snapshot": (), "rename": (), "promote": ()}.get(verb, c[3:4])
        if verb in ("clone", "rename") and os.path.lexists(jail_path(place, c[3])):
            return "bad"
        if label and label[0] and label[0] not in labels:
            return "bad"
        if verb == "snapshot":
            return {4} if c[3] in labels else {0}
        if verb == "rollback" and runs:
            return {0} if c[4] == "stop" else "bad"
        if verb == "rename" and runs:
            return "bad"
        if verb == "clone" and not c[5]:
            return "bad"
        return {0}

    def clear_exports(self):
        """`exported`: what a file has; one that is not here is not known."""
        self.exported = {}
        shutil.rmtree(EXPORTS, ignore_errors=True)
        os.mkdir(EXPORTS)

    def expected_import(self, c, free):
        """Also when the jail that was exported is there no more."""
        if not os.path.exists(c[3]) or os.path.lexists(jail_path(c[1], c[2])):
            return "bad"
        return {0} if free and c[1] != "S" and c[3] in self.exported else None

    def is_still(self, c, before):
        """Nothing else changes the files of the jail, or hides them."""
        jail = jail_path(c[1], c[2])
        return not before["runs"] and not self.is_brief(c[1], c[2]) and not before["mounted"] and \
            not any(e.kind == "l" for e in (self.m.now.get(p) for p in (jail, jail + "/rootfs", jail + "/config")) if e)

    def tree_of(self, c, label):
        """What the snapshot has, or the jail; None: not known."""
        jail = jail_path(c[1], c[2])
        if self.m.dataset_at(jail):
            return self.m.saved.get(self.m.guid_of(jail, label)) if label else tree(self.m.now, jail, True)
        if not label:
            return tree(self.m.now, jail)
        where = self.m.labels(jail).get(label)
        return tree(self.m.now, where) if where else None

    def same(self, want, have, but, what):
        wrong = other(want, have, but)
        self.count("trees compared")
        if wrong:
            raise Fault(f"{what} has not what it should have: {wrong[0]} is {have.get(wrong[0])}, not {want.get(wrong[0])}")

    def after_snapshot(self, c, done, after, before, token):
        jail = jail_path(c[1], c[2])
        if done.rc != 0 or not self.is_still(c, before):
            return
        want = self.tree_of(c, None)
        if self.m.dataset_at(jail):
            self.m.saved[self.m.guid_of(jail, c[3])] = want
            return
        self.same(want, tree(after, f"{jail}/.snapshots/{c[3]}"), (), f"{jail}@{c[3]}")

    def after_rollback(self, c, done, after, before, token):
        jail = jail_path(c[1], c[2])
        if done.rc == 0 and self.here(c, before):
            self.m.running.pop(c[2])
        want = self.tree_of(c, c[3])
        was = self.tree_of(c, None)
        if done.rc != 0 or want is None or not self.is_still(c, before) or self.m.is_rolling(jail):
            return
        below = self.m.dataset_at(jail)
        self.same(want, tree(after, jail, bool(below)), (), f"{jail} after the rollback to {c[3]}")
        new = self.m.new_labels(jail, after) if below else \
            {p.split("/")[-1] for p in after.keys() - self.m.now.keys() if p.rpartition("/")[0] == jail + "/.snapshots"}
        kept = [label for label in new if label.startswith("before-rollback-")]
        if len(kept) != (0 if c[4].startswith("discard") else 1):
            raise Fault(f"what was rolled away is {kept}: {done}")
        if kept and below:
            self.m.saved[self.m.guid_of(jail, kept[0])] = was
        elif kept:
            self.same(was, tree(after, f"{jail}/.snapshots/{kept[0]}"), (), f"{jail}@{kept[0]}")

    def after_clone(self, c, done, after, before, token):
        want = self.tree_of(c, c[4])
        if done.rc != 0 or want is None or not self.is_still(c, before):
            return
        below = self.m.dataset_at(jail_path(c[1], c[2])) and not c[5]
        if c[5]:
            want = {p: e for p, e in want.items() if p.split("/")[0] != "kid"}
        self.same(want, tree(after, jail_path(c[1], c[3]), bool(below)), IDENTITY, f"the clone {c[3]}")

    def after_export(self, c, done, after, before, token):
        if done.rc != 0:
            return		# the file that was there is kept
        want = self.tree_of(c, c[3])
        self.exported.pop(c[4], None)
        if want is not None and self.is_still(c, before):
            self.exported[c[4]] = {p: e for p, e in want.items() if p.split("/")[0] != "kid"}

    def after_import(self, c, done, after, before, token):
        want = self.exported.get(c[3])
        if done.rc == 0 and want:
            self.same(want, tree(after, jail_path(c[1], c[2])), IDENTITY, f"{c[2]}, imported from {c[3]},")

    def after_rename(self, c, done, after, before, token):
        jail, to = (jail_path(c[1], n) for n in c[2:4])
        if done.rc != 0 or c[2] == c[3] or jail not in self.m.now:
            return
        self.moved = [(jail, to)]
        if jail in after:
            raise Fault(f"{jail} is still there: {done}")
        below = bool(self.m.dataset_at(jail))
        if self.is_still(c, before):
            self.same(tree(self.m.now, jail, below), tree(after, to, below), IDENTITY, f"{jail} with its new name")

    def play_again(self, c, before):
        """The same command, after one that was killed: it works, and has nothing left behind."""
        jail = jail_path(c[1], c[2])
        argv, env, stdin, _ = self.words(c)
        done = run(argv, env, stdin)
        self.log(f"  again: {done}")
        if done.rc < 0 or done.rc > 130:
            raise Fault(f"it crashed: {done}")
        after = self.m.looker.look()
        left = [p for p in after if p in (jail + "/.rollback", jail + "/.rollback-files") or
                p.startswith(jail + "/.snapshots/.")]
        if done.rc == 0 and left and not self.m.is_rolling(jail):
            raise Fault(f"{left} is left, after the same command went well: {done}")
        if done.rc == 0 and c[0] == "rollback" and self.is_still(c, before):
            want = self.tree_of(c, c[3])
            if want is not None:
                self.same(want, tree(after, jail, bool(self.m.dataset_at(jail))), (), f"{jail} after all")
        if c[0] == "export":
            self.after_export(c, done, after, before, None)
        if c[0] == "import":
            self.after_import(c, done, after, before, None)
        if c[0] == "rename" and c[2] != c[3] and self.is_still(c, before) and jail in self.m.now:
            ends = [p for p in (jail, jail_path(c[1], c[3])) if f"{p}/config" in after and p in after]
            below = bool(self.m.dataset_at(jail))
            want = tree(self.m.now, jail, below)
            if not any(not other(want, tree(after, p, below), IDENTITY) for p in ends):
                raise Fault(f"{jail} is nowhere whole, after it was to be renamed: {done}")
            self.moved = [(jail, jail_path(c[1], c[3]))]
        return done
