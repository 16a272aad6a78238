"""Compare our config reader and word splitter with Python's own.

Usage: config.py DUMP [CASES [SEED]]    DUMP is dump.c beside this file, built.

The settings that make configparser behave as for a jail's config:

    ConfigParser(interpolation=None, allow_no_value=True, comment_prefixes=(),
                 inline_comment_prefixes=None, strict=True, delimiters=('=', ':'),
                 empty_lines_in_values=True)

with an invented section in front, and with each line that begins with '#' in
column 0 turned into a key of its own before it is read: so a comment ends the value
above it and takes in what is indented under it. Blank lines before a line that is not
indented are treated alike.

Left out, for we refuse or keep what Python takes or changes: NUL bytes, and capital
letters beyond A-Z in keys, which Python lower-cases too.
"""

import configparser
import io
import itertools
import json
import pathlib
import random
import shlex
import subprocess
import sys

INVENTED = "\x01"
KEYS = ["startup", "Seccomp", "systemd_nspawn_user_args", "pre_start_hook", "a", "b", "C d"]
SPACES = [" ", "  ", "    ", "\t", "\t\t", "\u00a0", "\u2003", "\u3000", "\x0b", "\x0c", "\x1c",
          "\x85", " \t"]
ENDS = ["\n"] * 12 + ["\r\n"] * 3 + ["\r"]
BITS = ["1", "yes", "x", "--bind=/mnt", "#", "# no", ";", "=", ":", "%", "%(a)s", "[x]", "[", "]",
        "[DEFAULT]", "é", "\ufeff", "'a b'", '"', "\\", "word", "a=b", "#!/bin/sh", "\x1f", "\x7f"]
WORD_BITS = list("ab=/-#'\"\\") + [" ", "\n", "\t", "\r", "é", "\u00a0", "--x", "''", '""', "\\\n",
                                   "\n#", "\n  # b\n", "$", "`", "~"]


def read(text):
    """What Python makes of a config: a dict, or its exception."""
    lines = io.StringIO(text, newline=None).read().split("\n")
    number = itertools.count()
    above_text = False
    for i in reversed(range(len(lines))):
        blank = not lines[i].strip()
        if lines[i].startswith("#") or (blank and above_text):
            if not blank:
                above_text = True
            lines[i] = f"\x02{next(number)}=-"
        elif not blank:
            above_text = not lines[i][0].isspace()
    parser = configparser.ConfigParser(
        interpolation=None, allow_no_value=True, comment_prefixes=(),
        inline_comment_prefixes=None, strict=True, delimiters=("=", ":"),
        empty_lines_in_values=True)
    try:
        parser.read_string(f"[{INVENTED}]\n" + "\n".join(lines))
    except (configparser.Error, AttributeError) as error:
        return error
    return {k: v for k, v in parser.items(INVENTED) if not k.startswith("\x02")}


def complaint(text, ours):
    """Why `ours` is not what Python has read, or None."""
    theirs = read(text)
    if isinstance(theirs, Exception):
        if "why" not in ours:
            return f"we accept, Python says: {theirs!r}"
        if isinstance(theirs, configparser.ParsingError) and hasattr(theirs, "errors"):
            # 3.13 has a subclass for continuations, where others fall over
            first = theirs.errors[0][0] - 1
            return None if ours["line"] <= first else f"line {ours['line']}, Python has {first}"
        if isinstance(theirs, configparser.DuplicateOptionError | configparser.DuplicateSectionError):
            return None if ours["line"] <= theirs.lineno - 1 else f"line is not {theirs.lineno - 1}"
        return None
    if isinstance(ours.get("why"), str):
        return f"we refuse: {ours['why']}"
    if {k: v[0] for k, v in ours.items()} != theirs:
        return f"values differ, Python has {theirs!r}"
    lines = io.StringIO(text, newline=None).read().split("\n")
    for key, (value, at) in ours.items():
        if not lines[at - 1].strip().lower().startswith(key):
            return f"{key} is not in line {at}"
        for i, part in enumerate((value or "").split("\n")[1:]):
            if lines[at + i].strip() != part:
                return f"{part!r} is not in line {at + 1 + i}"
    return None


def make_line(r):
    indent = r.choice(["", "", "", "", r.choice(SPACES), "    "])
    kind = r.random()
    if kind < 0.40:
        key = r.choice(KEYS) if r.random() < 0.6 else "k%d" % r.randrange(40)
        return (indent + key + r.choice(["=", "=", "=", ":", " = ", "\t:  ", ""]) +
                " ".join(r.choice(BITS) for _ in range(r.randrange(3))) + r.choice(["", "", " "]))
    if kind < 0.65:
        return r.choice(SPACES) + " ".join(r.choice(BITS) for _ in range(r.randrange(1, 4)))
    if kind < 0.80:
        return r.choice(["", "", r.choice(SPACES)])
    if kind < 0.92:
        return "#" + r.choice(BITS)
    if kind < 0.94:
        return indent + "[" + r.choice(["DEFAULT", "x", "y", "]"]) + "]" + r.choice(["", " z"])
    return indent + "".join(r.choice(BITS) for _ in range(r.randrange(3)))


def make_text(r):
    end = r.choice(ENDS)
    lines = []
    for _ in range(r.randrange(1, 12)):
        lines.append(make_line(r))
        lines.append(end if r.random() < 0.95 else r.choice(ENDS))
    return "".join(lines if r.random() < 0.8 else lines[:-1])


def make_word(r, longest=8):
    return "".join(r.choice(WORD_BITS) for _ in range(r.randrange(longest)))


def split(text):
    try:
        return shlex.split(text)
    except ValueError:
        return None


class Dump:
    """The cases of one run: asked all at once, answered in order."""

    def __init__(self, program):
        self.program, self.cases = program, []

    def add(self, kind, data, judge):
        """judge(answer) gives a complaint or None."""
        self.cases.append((kind, data.encode(), judge))

    def run(self):
        stdin = b"".join(b"%s %d\n%s" % (k.encode(), len(d), d) for k, d, _ in self.cases)
        out = subprocess.run([self.program], input=stdin, stdout=subprocess.PIPE, check=True).stdout
        answers = out.splitlines()
        if len(answers) != len(self.cases):
            return ["the dump stopped after %d cases" % len(answers)]
        found = []
        for (kind, data, judge), answer in zip(self.cases, answers):
            why = judge(json.loads(answer))
            if why:
                found.append(f"{kind} {data!r}: {why}; ours: {answer.decode()}")
        return found


def add_configs(d, r, cases):
    texts = [make_text(r) for _ in range(cases)]
    folder = pathlib.Path(__file__).parent.parent / "data" / "configs"
    for path in sorted(folder.iterdir()):
        texts.append(path.read_bytes().decode())
    for text in texts:
        d.add("ini", text, lambda ours, text=text: complaint(text, ours))


def add_words(d, r, cases):
    def judge(text):
        theirs = split(text)

        def compare(ours):
            if "why" in ours or theirs is None:
                return None if "why" in ours and theirs is None else f"Python has {theirs!r}"
            return None if [w for w, _ in ours] == theirs else f"Python has {theirs!r}"
        return compare

    for _ in range(cases):
        text = make_word(r, 20)
        d.add("split", text, judge(text))


def add_quotes(d, r, cases):
    for _ in range(cases):
        words = [make_word(r) for _ in range(r.randrange(4))]
        d.add("quote", "".join(w + "\0" for w in words),
              lambda ours, words=words: None if split(ours) == words else f"not {words!r}")


def add_renders(d, r, cases):
    """What a user's arguments become in a config is what start splits out of it."""
    def arrive(word):
        """Empty ones do not. No word that is made here is an option of nspawn's."""
        return [word] if word else []

    def judge(words):
        wanted = [w for word in words for w in arrive(word)]

        def compare(ours):
            if isinstance(ours, dict):
                return None if any("\r" in w for w in words) else "refused"
            value = read(ours)["systemd_nspawn_user_args"]
            return None if split(value) == wanted else f"gives {split(value)!r}"
        return compare

    for _ in range(cases):
        words = [make_word(r) for _ in range(r.randrange(1, 4))]
        # An argument with blanks that carries quotes of its own is taken as quoted.
        words = [w.replace("'", "").replace('"', "").replace("\\", "") if " " in w or "\t" in w
                 else w for w in words]
        d.add("render", "".join(w + "\0" for w in words), judge(words))


def comments(text):
    return [x for x in io.StringIO(text, newline=None).read().split("\n") if x.startswith("#")]


def fits(value):
    """Whether a config can hold the value."""
    lines = (value or "").split("\n")
    return all(x == x.strip() for x in lines) and (lines[-1] or len(lines) == 1)


def add_changes(d, r, cases):
    def judge(text, key, value):
        before = read(text)

        def compare(ours):
            if isinstance(ours, dict):
                return "refused" if fits(value) and not isinstance(before, Exception) else None
            if isinstance(before, Exception):
                return "changed what Python does not read"
            want = dict(before)
            want.pop(key, None)
            after = read(ours)
            after = dict(after) if isinstance(after, dict) else {"?": repr(after)}
            if value is not None and after.pop(key, None) != value:
                return f"reads back as {read(ours)!r}"
            if value is None and key in after and "DEFAULT" in text:
                after.pop(key)
            if after != want:
                return f"other values changed: {after!r} were {want!r}"
            return None if comments(ours) == comments(text) else "comments changed"
        return compare

    for _ in range(cases):
        text, key = make_text(r), r.choice(["a", "b", "startup", "new"])
        value = "\n".join("".join(r.choice(BITS + [" "]) for _ in range(r.randrange(3)))
                          for _ in range(r.randrange(1, 4)))
        d.add("set", f"{key}\0{value}\0{text}", judge(text, key, value))
        d.add("unset", f"{key}\0{text}", judge(text, key, None))


def check_shell(program, r):
    """A real shell agrees with what we quote."""
    words = [make_word(r) for _ in range(300)]
    data = "".join(w + "\0" for w in words).encode()
    out = subprocess.run([program], input=b"quote %d\n%s" % (len(data), data),
                         stdout=subprocess.PIPE, check=True).stdout
    said = subprocess.run(["sh", "-c", "printf '%s\\0' " + json.loads(out)],
                          stdout=subprocess.PIPE, check=True).stdout
    return [] if said == data else ["sh understands our quotes otherwise"]


def report(name, found):
    for line in found[:5]:
        print("# " + line)
    print(("not ok " if found else "ok ") + name)
    return bool(found)


def main():
    program = sys.argv[1]
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    bad = 0
    for name, add in [("configs", add_configs), ("words", add_words), ("quotes", add_quotes),
                      ("arguments", add_renders), ("changes", add_changes)]:
        d = Dump(program)
        add(d, random.Random(f"{name} {seed}"), cases)
        bad += report(f"config-oracle {name}", d.run())
    bad += report("config-oracle shell", check_shell(program, random.Random(seed)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
