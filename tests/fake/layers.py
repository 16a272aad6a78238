#!/usr/bin/python3
"""layers.py OUT: images in layers, as files, for the story of those. `layers.py list TREE` prints a tree of
files as OUT/tree is written.

OUT/good has one image as the tools of several makers write it, and OUT/tree what must become of it, by a
model of its own: a line for each name. OUT/other has images that are not for us, OUT/evil hostile ones.
OUT/app is an image of a program (the file APP in the environment, a static one) that is to run.
"""
import gzip
import hashlib
import io
import json
import lzma
import os
import platform
import subprocess
import sys
import tarfile

OUT = sys.argv[1]
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
OCI, DOCKER = "application/vnd.oci.image.", "application/vnd.docker."
LAYER = OCI + "layer.v1.tar"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def dump(value):
    return json.dumps(value, separators=(",", ":")).encode()


def zstd(data, *how):
    return subprocess.run(["zstd", "-q", "-c", *how], input=data, stdout=subprocess.PIPE, check=True).stdout


# -- layers: lists of entries --

def d(name, mode=0o755, **more):
    return dict(name=name, kind="d", mode=mode, **more)


def f(name, text="", mode=0o644, **more):
    return dict(name=name, kind="f", mode=mode, text=text.encode() if isinstance(text, str) else text, **more)


def link(name, to):
    return dict(name=name, kind="l", mode=0o777, to=to)


def hard(name, to):
    return dict(name=name, kind="h", mode=0o644, to=to)


def fifo(name):
    return dict(name=name, kind="p", mode=0o600)


TYPES = {"d": tarfile.DIRTYPE, "f": tarfile.REGTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE,
         "p": tarfile.FIFOTYPE}


def tar(entries, prefix="", fmt=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as t:
        for e in entries:
            info = tarfile.TarInfo(prefix + e["name"] + ("/" if e["kind"] == "d" else ""))
            info.type, info.mode, info.mtime = TYPES[e["kind"]], e["mode"], e.get("mtime", 1600000000)
            info.uid, info.gid = e.get("uid", 0), e.get("gid", 0)
            info.linkname = e.get("to", "")
            info.pax_headers = e.get("pax", {})
            info.size = len(e.get("text", b""))
            t.addfile(info, io.BytesIO(e.get("text", b"")))
    return out.getvalue()


# What each rule of layers does to the ones below; the tricky orders are those of real layers.
GOOD = [
    [d("usr"), d("usr/lib"), d("usr/bin"), link("lib", "usr/lib"), link("bin", "/usr/bin"),
     f("usr/lib/os-release", 'PRETTY_NAME="Layers"\nID=layers\n'), f("usr/bin/su", "su", 0o4755),
     f("usr/lib/base", "base"), hard("usr/lib/base2", "usr/lib/base"),
     d("opt"), d("opt/dir"), f("opt/dir/gone"), f("opt/dir/stay", "low"), f("opt/dir/tree/deep/leaf"),
     d("opt/op"), f("opt/op/old"), f("opt/op/sub/old"), f("opt/tofile/x"), f("opt/todir", "file"),
     f("opt/tolink", "file"), link("opt/linked", "dir"), link("opt/linkdir", "dir"), f("srv/a", "a"),
     d("srv/mode", 0o700), f("srv/mode/kept"), f("empty/x"), f("usr/sbin/.keep"), fifo("srv/fifo")],
    [d("opt/dir", 0o750, uid=7, gid=8), f("opt/dir/.wh.gone"), f("opt/dir/.wh.tree"), f("opt/op/before", "b"),
     d("opt/op/sub"), f("opt/op/.wh..wh..opq"), f("opt/op/after", "a"), f("opt/tofile", "now a file"),
     d("opt/todir", 0o711), f("opt/todir/x", "x"), link("opt/tolink", "stay"), f("opt/linked", "no link"),
     d("opt/linkdir"), f("opt/linkdir/own", "own"), f("lib/through", "through"), hard("srv/h", "usr/lib/base"),
     f("usr/lib/base", "other"), f("bin/tool", "tool", 0o755), d("srv/mode", 0o1777), f(".wh.empty")],
    [f("opt/op/after", "again"), f("srv/.wh.a"), f("srv/a", "a of the same layer"), f(".wh..wh.aufs"),
     f("opt/todir/.wh.x"), f("new/parent/file", "new", uid=1000, gid=1000), f("lib/.wh.base2"),
     f("srv/.wh.never"), f("srv/.wh.fifo")],
]


def parent(tree, name, depth=0):
    """The real path of the folder of a name, through links, inside the root."""
    at = ""
    for part in name.split("/")[:-1]:
        at = f"{at}/{part}".strip("/")
        while at in tree and tree[at]["kind"] == "l":
            to = tree[at]["to"]
            assert depth < 9
            at = to.strip("/") if to.startswith("/") else f"{at.rpartition('/')[0]}/{to}".strip("/")
            at = (parent(tree, at + "/x", depth + 1)).strip("/")
    return at


def remove(tree, path):
    for p in [p for p in tree if p == path or p.startswith(path + "/")]:
        del tree[p]


def model(layers):
    tree = {}
    for layer in layers:
        for e in layer:
            folder, name = parent(tree, e["name"]), e["name"].rpartition("/")[2]
            if name == ".wh..wh..opq":
                for p in [p for p in tree if p.startswith(folder + "/")]:
                    del tree[p]
            elif name.startswith(".wh.") and not name.startswith(".wh..wh."):
                remove(tree, f"{folder}/{name[4:]}".strip("/"))
        for e in layer:
            folder, name = parent(tree, e["name"]), e["name"].rpartition("/")[2]
            if name.startswith(".wh."):
                continue
            for i in range(len(folder.split("/")) if folder else 0):
                tree.setdefault("/".join(folder.split("/")[:i + 1]), d("", 0o755))
            path = f"{folder}/{name}".strip("/")
            if not (e["kind"] == "d" and tree.get(path, e)["kind"] == "d"):
                remove(tree, path)
            if e["kind"] == "h":
                to = f"{parent(tree, e['to'])}/{e['to'].rpartition('/')[2]}".strip("/")
                tree[path] = tree[to]
            else:
                tree[path] = e
    return tree


def listing(layers):
    """A line for each name; of folders no count, size and time."""
    tree = model(layers)
    for path in sorted(tree):
        e = tree[path]
        line = f"{path} {e['kind']} {e['mode']:o} {e.get('uid', 0)}:{e.get('gid', 0)}"
        if e["kind"] != "d":
            n = sum(1 for o in tree.values() if o is e)
            size = len(e["to"]) if e["kind"] == "l" else len(e.get("text", b""))
            line += f" {n} {size} 1600000000 {sha(e['text'])[:8] if e['kind'] == 'f' else e.get('to', '')}"
        yield line.rstrip()


# -- the files around them --

class Image:
    """layers: entries, or the bytes of a tar. `run`: the config's part of that name."""

    def __init__(self, layers, run=None, **config):
        self.tars = [tar(x) if isinstance(x, list) else x for x in layers]
        self.config = {"architecture": ARCH, "os": "linux", "config": run or {"Cmd": ["/usr/bin/tool", "-x"]},
                       "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(t) for t in self.tars]}}
        self.config.update(config)

    def manifest(self, blobs, pack=None, kinds=None, media=True, layer=LAYER):
        descriptors = []
        for i, t in enumerate(self.tars):
            how = (pack or [None])[i % len(pack or [None])]
            data = how(t) if how else t
            kind = (kinds or [""])[i % len(kinds or [""])]
            descriptors.append(blobs.put(data, layer + kind))
        manifest = {"schemaVersion": 2, "config": blobs.put(dump(self.config), OCI + "config.v1+json"),
                    "layers": descriptors}
        if media:
            manifest["mediaType"] = OCI + "manifest.v1+json"
        return manifest


class Blobs(dict):
    def put(self, data, media):
        self["blobs/sha256/" + sha(data)] = data
        return {"mediaType": media, "digest": "sha256:" + sha(data), "size": len(data)}


def layout(blobs, manifests, first=()):
    """An oci-archive: the blobs come first."""
    return tar(list(first) + [d("blobs"), d("blobs/sha256")] + [f(k, v) for k, v in blobs.items()] +
               [f("index.json", dump({"schemaVersion": 2, "manifests": manifests})),
                f("oci-layout", '{"imageLayoutVersion":"1.0.0"}')])


def oci(image, first=(), spoil=None, **how):
    blobs = Blobs()
    manifest = image.manifest(blobs, **how)
    entry = blobs.put(dump(manifest), OCI + "manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    if spoil:
        spoil(blobs, manifest)
    return layout(blobs, [entry], first)


def skopeo(image):
    """docker-archive: layers and config by hash, links to the layers, manifest.json at the end."""
    names = [sha(t) + ".tar" for t in image.tars]
    config = dump(image.config)
    entries = [f(n, t, 0o444) for n, t in dict(zip(names, image.tars)).items()] + [f(sha(config) + ".json", config, 0o444)]
    for i, n in enumerate(names):
        ident = sha(f"id{i}".encode())
        entries += [link(ident + "/layer.tar", "../" + n), f(ident + "/VERSION", "1.0"), f(ident + "/json", "{}")]
    return tar(entries + [f("manifest.json", dump([{"Config": sha(config) + ".json", "RepoTags": ["x/y:latest"], "Layers": names}])),
                          f("repositories", "{}")])


def saved(image):
    """docker save before 25: a folder for each layer; the same layer again is a link."""
    config, seen, entries, names = dump(image.config), {}, [], []
    for i, t in enumerate(image.tars):
        ident = sha(f"{i}".encode())
        entries += [d(ident), f(ident + "/VERSION", "1.0"), f(ident + "/json", "{}")]
        entries.append(link(ident + "/layer.tar", f"../{seen[t]}/layer.tar") if t in seen else f(ident + "/layer.tar", t))
        seen.setdefault(t, ident)
        names.append(ident + "/layer.tar")
    return tar([f(sha(config) + ".json", config)] + entries +
               [f("manifest.json", dump([{"Config": sha(config) + ".json", "RepoTags": None, "Layers": names}]))])


def saved_newer(image):
    """docker save since 25: a layout and manifest.json at once."""
    blobs = Blobs()
    entry = blobs.put(dump(image.manifest(blobs)), OCI + "manifest.v1+json")
    entry["annotations"] = {"io.containerd.image.name": "docker.io/x/y:latest", "org.opencontainers.image.ref.name": "latest"}
    blobs["manifest.json"] = dump([{"Config": "blobs/sha256/" + sha(dump(image.config)), "RepoTags": ["x/y:latest"],
                                    "Layers": ["blobs/sha256/" + sha(t) for t in image.tars]}])
    return layout(blobs, [entry])


def indexed(image, others=(), depth=1):
    """An index of architectures, with an attestation, in as many more indexes."""
    blobs = Blobs()
    entry = blobs.put(dump(image.manifest(blobs, pack=[gzip.compress], kinds=["+gzip"])), OCI + "manifest.v1+json")
    entry["platform"] = {"os": "linux", "architecture": ARCH}
    entries = [dict(entry, digest="sha256:" + "1" * 64, platform={"os": o, "architecture": a})
               for o, a in (("linux", "s390x"), ("windows", ARCH), ("unknown", "unknown"))] + [entry]
    if others:
        entries = [dict(entry, platform={"os": o, "architecture": a}) for o, a in others]
    for _ in range(depth):
        entries = [blobs.put(dump({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": entries}), OCI + "index.v1+json")]
    return layout(blobs, entries)


def write(path, data):
    path = os.path.join(OUT, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)


def write_good():
    image = Image(GOOD)
    write("tree", "".join(line + "\n" for line in listing(GOOD)).encode())
    forms = {
        "skopeo": skopeo(image), "saved": saved(image), "saved-newer": saved_newer(image),
        "oci": oci(image, pack=[gzip.compress], kinds=["+gzip"]),
        "umoci": oci(image, pack=[gzip.compress], kinds=["+gzip"], media=False),
        "mixed": oci(image, pack=[zstd, None, gzip.compress], kinds=["+zstd", "", "+gzip"]),
        "docker-types": oci(image, pack=[gzip.compress], layer=DOCKER + "image.rootfs.diff.tar", kinds=[".gzip"]),
        "slashes": oci(Image([tar(x, prefix="/") for x in GOOD])),
        "dots": oci(Image([tar(x, prefix="./", fmt=tarfile.GNU_FORMAT) for x in GOOD])),
        "empty-layers": saved(Image([tar([])] + GOOD[:2] + [tar([])] + GOOD[2:])),
        "indexed": indexed(image, depth=2),
        # of stargz-snapshotter, and of zstd:chunked: several members; a frame to be skipped behind
        "members": oci(image, pack=[lambda t: gzip.compress(t[:700]) + gzip.compress(t[700:]) + gzip.compress(b"")], kinds=["+gzip"]),
        "chunked": oci(image, pack=[lambda t: zstd(t[:700]) + zstd(t[700:]) + b"\x50\x2a\x4d\x18\x03\0\0\0abc"], kinds=["+zstd"]),
    }
    forms["gz"] = gzip.compress(forms["saved"])
    forms["zst"] = zstd(forms["skopeo"])
    forms["xz"] = lzma.compress(forms["oci"])
    for name, data in forms.items():
        write(f"good/{name}", data)


BASE = [d("usr"), f("usr/x", "x")]


def program():
    return open(os.environ["APP"], "rb").read()


def write_other():
    image = Image([BASE])
    write("other/arch", oci(Image([BASE], architecture="s390x")))
    write("other/no-arch", indexed(image, others=[("linux", "s390x"), ("linux", "riscv64")]))
    write("other/windows", oci(Image([BASE], os="windows")))
    write("other/windows-saved", skopeo(Image([BASE], os="windows")))
    write("other/foreign", oci(image, layer=DOCKER + "image.rootfs.foreign.diff.tar"))
    write("other/encrypted", oci(image, kinds=["+gzip+encrypted"]))
    write("other/two", tar([f("manifest.json", dump([{"Config": "a", "RepoTags": [t], "Layers": ["b"]} for t in ("x:1", "y:2")]))]))
    shell = Image([BASE + [f("usr/bin/sh", "#!", 0o755)]], run={"Entrypoint": ["sh"]})
    write("other/shell", skopeo(shell))
    system = [d("usr"), f("usr/lib/systemd/systemd", program(), 0o755), link("sbin", "usr/sbin"),
              link("usr/sbin/init", "../lib/systemd/systemd"), d("etc"), f("etc/os-release", 'PRETTY_NAME="Whole"\nID=x\n')]
    write("other/system", skopeo(Image([system], run={"Cmd": ["/sbin/init"], "Volumes": {"/data": {}}})))
    write("other/nothing", skopeo(Image([BASE], run={"Env": ["A=b"]})))


def spoil(match, change):
    def run(blobs, manifest):
        name = "blobs/sha256/" + match(manifest)["digest"][7:]
        blobs[name] = change(blobs[name])
    return run


def first_layer(manifest):
    return manifest["layers"][0]


def without(image, what, instead):
    """An oci-archive whose blob is another kind of file."""
    blobs = Blobs()
    manifest = image.manifest(blobs)
    entry = blobs.put(dump(manifest), OCI + "manifest.v1+json")
    name = "blobs/sha256/" + (entry if what == "manifest" else what(manifest))["digest"][7:]
    del blobs[name]
    return layout(blobs, [entry], first=[instead(name)] if instead else [])


def write_evil(bomb):
    image = Image([BASE])
    pairs = {        # a layer that prepares, and one that strikes
        "link-file": ([link("out", "/mnt/tank")], [f("out/jlmkr-evil")]),
        "link-up": ([link("out", "../../../../../mnt/tank")], [f("out/jlmkr-evil")]),
        "link-hard": ([link("out", "/etc")], [hard("stolen", "out/shadow")]),
        "link-loop": ([link("a", "b"), link("b", "a")], [f("a/x")]),
        "hard-up": ([], [hard("stolen", "../../../../etc/shadow")]),
        "dots": ([], [f("../../jlmkr-evil")]),
        "wh-dots": ([], [f("../../etc/.wh.passwd")]),
        "wh-self": ([], [f("usr/.wh..")]),
        "wh-above": ([], [f("usr/.wh...")]),
        "wh-nothing": ([], [f("usr/.wh.")]),
        "wh-slash": ([], [f("usr/.wh./")]),
        "in-file": ([f("file")], [f("file/x")]),
    }
    for name, (low, high) in pairs.items():
        write(f"evil/{name}", skopeo(Image([BASE + low, high])))
    harmless = {
        "wh-link": ([link("out", "/mnt/tank/victim")], [f("out/.wh.kept"), f("out/.wh..wh..opq"), f(".wh.out")]),
        "wh-root": ([link("top", "/")], [f("top/.wh..wh..opq"), f("usr/y")]),
        "proc": ([link("out", "/proc/1/root")], [f("out/.wh.etc")]),
    }
    for name, (low, high) in harmless.items():
        write(f"harmless/{name}", skopeo(Image([BASE + low, high])))
    write("evil/diff-id", oci(Image([BASE], rootfs={"type": "layers", "diff_ids": ["sha256:" + "0" * 64]})))
    write("evil/diff-id-saved", skopeo(Image([BASE], rootfs={"type": "layers", "diff_ids": ["sha256:" + "0" * 64]})))
    write("evil/diff-ids", oci(Image([BASE], rootfs={"type": "layers", "diff_ids": []})))
    write("evil/digest-layer", oci(image, spoil=spoil(first_layer, lambda b: b.replace(b"x\0", b"y\0"))))
    write("evil/digest-config", oci(image, spoil=spoil(lambda m: m["config"], lambda b: b.replace(b"-x", b"-y"))))
    for name, what in (("manifest", "manifest"), ("layer", first_layer), ("config", lambda m: m["config"])):
        write(f"evil/lost-{name}", without(image, what, None))
        write(f"evil/linked-{name}", without(image, what, lambda n: link(n, "/etc/shadow")))
        write(f"evil/fifo-{name}", without(image, what, fifo))
        write(f"evil/folder-{name}", without(image, what, d))
    paths = [{"Config": "c", "RepoTags": None, "Layers": ["../../../../etc/shadow"]}]
    write("evil/path-up", tar([f("manifest.json", dump(paths)), f("c", dump(image.config))]))
    paths[0].update(Layers=["/etc/shadow"])
    write("evil/path-absolute", tar([f("manifest.json", dump(paths)), f("c", dump(image.config))]))
    write("evil/layer-linked", tar([f("manifest.json", dump([{"Config": "c", "RepoTags": None, "Layers": ["l"]}])),
                                    f("c", dump(image.config)), link("l", "/etc/shadow")]))
    write("evil/manifest-linked", tar([link("manifest.json", "/etc/shadow")]))
    write("evil/layers-none", oci(Image([])))
    write("evil/layers-many", oci(Image([[f(str(i))] for i in range(501)])))
    write("evil/indexes", indexed(image, depth=6))
    write("evil/garbage", oci(image, spoil=spoil(lambda m: m["config"], lambda b: b"{" * 100000)))
    index = b'{"manifests":[' + b",".join([b'{"a":0}'] * 1000000) + b"]}"
    write("evil/index-million", tar([f("index.json", index), f("oci-layout", "{}")]))
    index = b'{"manifests":[' + b",".join([b"0"] * 1000000) + b"]}"
    write("evil/index-small", tar([f("index.json", index), f("oci-layout", "{}")]))
    write("evil/index-deep", tar([f("index.json", b"[" * 3000000), f("oci-layout", "{}")]))
    write("evil/not-tar", oci(Image([b"no tar at all" * 1000])))
    write("evil/cut", skopeo(image)[:6000])
    write("evil/damaged", oci(image, pack=[lambda t: gzip.compress(t)[:-20]], kinds=["+gzip"]))
    zeros = [BASE + [f("usr/zeros", bytes(bomb))]]
    write("bomb/one", oci(Image(zeros), pack=[gzip.compress], kinds=["+gzip"]))
    part = bytes(bomb // 4)
    write("bomb/sum", oci(Image([BASE + [f("usr/z", part)], [f("usr/z", part)], [f("usr/z", part)]]),
                          pack=[gzip.compress], kinds=["+gzip"]))
    write("bomb/files", oci(Image([BASE] + [[f(f"usr/{i}/{k}") for k in range(400)] for i in range(4)]),
                            pack=[gzip.compress], kinds=["+gzip"]))
    # windows of zstd: as large as any tool makes by itself, and larger
    window = [BASE + [f("usr/zeros", bytes(160 << 20))]]
    write("harmless/window", oci(Image(window), pack=[lambda t: zstd(t, "--long=26", "-1")], kinds=["+zstd"]))
    write("evil/window", oci(Image(window), pack=[lambda t: zstd(t, "--long=27", "-1")], kinds=["+zstd"]))
    many = [d("usr")] + [f(f"usr/{i % 100}/{i}") for i in range(60000)]
    write("harmless/many", oci(Image([many, [f("usr/.wh..wh..opq"), f("usr/left")] +
                                      [f(f"usr/{i % 100}/.wh.{i}") for i in range(60000)]]),
                               pack=[gzip.compress], kinds=["+gzip"]))


def write_app():
    app = f("srv/app", program(), 0o755)
    run = {"Entrypoint": ["app"], "Cmd": ["a word", "$HOME"], "Env": ["PATH=/srv:/bin", "GREETING=good day\nto you"],
           "User": "1000:1001", "WorkingDir": "/work/here", "Volumes": {"/data": {}, "/data/more": {}},
           "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "StopSignal": "sigquit"}
    write("app", gzip.compress(saved(Image([BASE + [d("etc"), f("etc/os-release", 'PRETTY_NAME="An app"\nID=app\n')], [app]], run=run))))


def list_tree(top):
    """The same of a real tree."""
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            kind = {0o040000: "d", 0o100000: "f", 0o120000: "l", 0o010000: "p", 0o020000: "c"}[st.st_mode & 0o170000]
            line = f"{os.path.relpath(path, top)} {kind} {st.st_mode & 0o7777:o} {st.st_uid}:{st.st_gid}"
            if kind != "d":
                line += f" {st.st_nlink} {st.st_size} {st.st_mtime:.0f} "
                line += sha(open(path, "rb").read())[:8] if kind == "f" else os.readlink(path) if kind == "l" else ""
            yield line.rstrip()


if OUT == "list":
    print("\n".join(sorted(list_tree(sys.argv[2]), key=lambda line: line.split(" ")[0])))
    sys.exit()
write_good()
write_other()
write_evil(64 << 20)
write_app()
