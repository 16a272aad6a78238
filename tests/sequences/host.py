"""The test host from inside, in one process of this machine.

The host has no Python, so ours goes there: it takes on the namespaces and the root directory of
the host's first process. From then on paths, commands and mounts are the host's, and a step costs
what the command costs. All modules have to be loaded before.
"""
import array
import ctypes
import fcntl
import os
import re
import signal
import stat
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
GETFLAGS, SETFLAGS = 0x80086601, 0x40086602
IMMUTABLE, APPEND = 0x10, 0x20
ENV = {
    "PATH": "/root/.local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "USER": "root",
    "LANG": "C.UTF-8", "TERM": "dumb",
    "JLMKR_IMAGE_KEY": "images.linuxcontainers.org=/etc/images.asc",	# as tests/host/host has it
}
READ_MAX = 4096		# what is larger is read again only when its times say so


class Stuck(Exception):
    """A command that does not come to an end."""


def enter(leader, name):
    for base in ["/sys/fs/cgroup"] + [d.path for d in os.scandir("/sys/fs/cgroup") if d.is_dir()]:
        for sub in ("", "/payload"):
            try:
                with open(f"{base}/jlmkr-test-{name}{sub}/cgroup.procs", "w") as f:
                    f.write(str(os.getpid()))
            except OSError:
                pass
    os.setsid()
    root = os.open(f"/proc/{leader}/root", os.O_RDONLY)
    spaces = [os.open(f"/proc/{leader}/ns/{n}", os.O_RDONLY)
              for n in ("cgroup", "ipc", "uts", "net", "pid", "mnt")]
    for fd in spaces:
        if LIBC.setns(fd, 0):
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)
    os.fchdir(root)
    os.chroot(".")
    os.chdir("/root")
    os.close(root)


class Done:
    def __init__(self, rc, out, err):
        self.rc, self.out, self.err = rc, out, err

    def __str__(self):
        return f"status {self.rc}, said: {(self.err + self.out).strip()!r}"


class Running:
    """A command under way, in a session of its own, so that its children are found."""

    def __init__(self, argv, env=None, stdin=None, asks=False):
        """`asks`: what it reads comes by answer()."""
        self.argv = argv
        self.files = [os.memfd_create("out"), os.memfd_create("err")]
        if asks:
            self.stdin, self.typing = os.pipe()
        else:
            self.stdin = os.memfd_create("in")
            os.write(self.stdin, stdin or b"")
            os.lseek(self.stdin, 0, os.SEEK_SET)
        self.process = subprocess.Popen(
            argv, stdin=self.stdin, stdout=self.files[0], stderr=self.files[1], cwd="/root",
            env=dict(ENV, **(env or {})), close_fds=False, start_new_session=True)

    def await_question(self, question):
        """Whether it asks that before it ends."""
        while question not in os.pread(self.files[1], 1 << 16, 0):
            if self.process.poll() is not None:
                return False
            time.sleep(0.0005)
        return True

    def answer(self, text):
        try:
            os.write(self.typing, text)
        except OSError:		# it has ended
            pass
        os.close(self.typing)

    def kill(self):
        self.process.kill()

    def wait(self, seconds=90):
        try:
            rc = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise Stuck(f"{' '.join(self.argv)} does not come to an end") from None
        texts = []
        for fd in self.files:
            texts.append(os.pread(fd, 1 << 20, 0).decode(errors="replace"))
            os.close(fd)
        os.close(self.stdin)
        return Done(rc, *texts)

    def wait_for_children(self):
        """Of one that was killed: what it began may go on for a moment."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                os.killpg(self.process.pid, 0)
            except OSError:
                if not is_any_at_work():
                    return
            time.sleep(0.001)
        raise Stuck(f"what {' '.join(self.argv)} has started goes on without it")


def is_any_at_work():
    """Of these one may be in a session of its own."""
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/comm") as f:
                if f.read().strip() in ("zfs", "jlmkr", "mount.zfs"):
                    return True
        except OSError:
            pass
    return False


def run(argv, env=None, stdin=None):
    return Running(argv, env, stdin).wait()


def mounts():
    """Mount points below /mnt, datasets aside, each with the path that its files have without
    it, or None."""
    found, bases = {}, {}
    with open("/proc/1/mountinfo") as f:
        lines = [line.split(" ") for line in f]
    for words in lines:
        root, point = (re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), w) for w in words[3:5])
        if point in ("/mnt/tank", "/mnt/small"):
            bases[words[2]] = (point, root.rstrip("/"))
        elif point.startswith("/mnt/") and not words[words.index("-") + 2].startswith("mypool"):
            base = bases.get(words[2])
            found[point] = base and root.startswith(base[1]) and base[0] + root[len(base[1]):]
    return found


def get_flags(fd):
    flags = array.array("L", [0])
    try:
        fcntl.ioctl(fd, GETFLAGS, flags)
    except OSError:
        return 0
    return flags[0] & (IMMUTABLE | APPEND)


def get_attributes(fd):
    try:
        names = [n for n in os.listxattr(fd) if not n.endswith(".jlmkr")]
        return tuple((n, os.getxattr(fd, n)) for n in names)
    except OSError:		# there are none
        return ()


def set_flags(path, flags):
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        old = array.array("L", [0])
        fcntl.ioctl(fd, GETFLAGS, old)
        old[0] = old[0] & ~(IMMUTABLE | APPEND) | flags
        fcntl.ioctl(fd, SETFLAGS, old)
    finally:
        os.close(fd)


class Entry:
    """What there is by a name. `what` is all that must not change of the user's."""
    __slots__ = ("kind", "id", "flags", "text", "what")

    def __init__(self, kind, id_, flags, text, what):
        self.kind, self.id, self.flags, self.text, self.what = kind, id_, flags, text, what

    def __repr__(self):
        return f"{self.kind} {self.what}"


class Looker:
    """Makes snapshots: path -> Entry."""

    def __init__(self, roots):
        self.roots = roots
        self.known = {}		# contents of large files

    def content(self, fd, st):
        if st.st_size <= READ_MAX:
            return os.read(fd, READ_MAX)
        key = (st.st_dev, st.st_ino, st.st_size, st.st_mtime_ns, st.st_ctime_ns)
        if key not in self.known:
            if len(self.known) > 2000:
                self.known.clear()
            parts = []
            while part := os.read(fd, 1 << 20):
                parts.append(part)
            self.known[key] = hash(b"".join(parts))
        return self.known[key]

    def entry(self, path, st):
        kind = stat.S_IFMT(st.st_mode)
        base = (st.st_mode, st.st_uid, st.st_gid)
        id_ = (st.st_dev, st.st_ino)
        if kind == stat.S_IFLNK:
            text = os.readlink(path)
            return Entry("l", id_, 0, text, (*base, text))
        if kind not in (stat.S_IFREG, stat.S_IFDIR):
            return Entry("?", id_, 0, None, (*base, st.st_rdev))
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            flags = get_flags(fd)
            attrs = get_attributes(fd)
            if kind == stat.S_IFDIR:
                return Entry("d", id_, flags, None, (*base, flags, attrs))
            text = self.content(fd, st)
            what = (*base, flags, attrs, st.st_size, st.st_mtime_ns, text)
            return Entry("f", id_, flags, text, what)
        finally:
            os.close(fd)

    def look(self):
        seen = {}
        stack = [r for r in self.roots if os.path.isdir(r)]
        while stack:
            top = stack.pop()
            with os.scandir(top) as entries:
                for d in entries:
                    st = d.stat(follow_symlinks=False)
                    e = seen[d.path] = self.entry(d.path, st)
                    if e.kind == "d":
                        stack.append(d.path)
        return seen


def machine_names():
    try:
        names = os.listdir("/run/systemd/machines")
    except FileNotFoundError:
        return []
    return [n for n in names if not n.startswith(("unit:", "."))]


def machines():
    """Jails that run: name -> the directory that is their root, as (device, inode)."""
    found = {}
    for name in machine_names():
        try:
            with open(f"/run/systemd/machines/{name}") as f:
                leader = re.search(r"^LEADER=(\d+)", f.read(), re.M)
            st = os.stat(f"/proc/{leader[1]}/root")
            found[name] = (st.st_dev, st.st_ino)
        except (OSError, TypeError):
            pass
    return found
