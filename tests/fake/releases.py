#!/usr/bin/python3
"""releases.py OUT APP: an OCI layout of the releases of one image that runs the static program APP, for the story
of updates. Its tags:

    1 2       one after the other: other variables, another command, a volume more
    broken    its command is not there
    hostile   the folders of its volumes are links that lead out of it
    full      its volume is a file
    two three its volumes are two directories; then one, because a link leads from one to the other
    four      the same of two, where one is then inside the other
    late last like 2, for stories that need one that was not fetched yet
    bare      it has no command
    tini      its command is tini, which has to be the first process
    linked    its volumes have links on the way, and one is a link to another
"""
import hashlib
import io
import json
import os
import platform
import sys
import tarfile

OUT, APP = sys.argv[1:]
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
OCI = "application/vnd.oci.image."
index = []


def dump(value):
    return json.dumps(value, separators=(",", ":")).encode()


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(files):
    """Of bytes, and of texts, which are where a link leads to."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode = 0o755
            if isinstance(data, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, data
                t.addfile(entry)
            else:
                entry.size = len(data)
                t.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def write(name, data):
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


def blob(kind, data):
    write("blobs/sha256/" + sha(data)[7:], data)
    return {"mediaType": OCI + kind, "digest": sha(data), "size": len(data)}


def release(tag, files, command, env=(), volumes=("/data", "/var/lib/srv"), program="app"):
    layers = [tar({program: PROGRAM}), tar({"etc/version": f"{tag}\n".encode(), **files})]
    config = dump({"architecture": ARCH, "os": "linux", "rootfs": {"type": "layers", "diff_ids": [sha(x) for x in layers]},
                   "config": {"Entrypoint": command, "Env": [f"VERSION={tag}", "PATH=/", *env],
                              "Volumes": {v: {} for v in volumes}}})
    manifest = dump({"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                     "config": blob("config.v1+json", config), "layers": [blob("layer.v1.tar", x) for x in layers]})
    index.append({**blob("manifest.v1+json", manifest), "annotations": {"org.opencontainers.image.ref.name": tag}})


with open(APP, "rb") as f:
    PROGRAM = f.read()
os.makedirs(os.path.join(OUT, "blobs/sha256"))
write("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
plain = {"data/of-the-image": b"image\n", "var/lib/srv/x": b"image\n"}
release("1", {**plain, "opt/old": b"old\n"}, ["app", "one"], ["GONE=1"])
release("2", {**plain, "opt/new": b"new\n"}, ["app", "two"], ["ADDED=a b"], ("/data", "/var/lib/srv", "/more"))
release("broken", plain, ["nothing"])
release("hostile", {"data": "/../../../../../../mnt/tank/victim", "var/lib": "/../../../mnt/tank/victim", "mnt/x": b""}, ["app"])
release("full", {"data": b"a file\n", "var": b"a file\n"}, ["app"])
release("late", plain, ["app", "late"])
release("last", plain, ["app", "last"])
pair = ("/a/x", "/b/x", "/b/x/in")
release("two", {"b/x/of-b": b"", "b/x/in/y": b""}, ["app"], volumes=pair)
release("three", {"a/y": b"", "b": "a", "a/x/of-a": b""}, ["app"], volumes=pair)
release("four", {"a/x/of-a": b"", "b": "a/x"}, ["app"], volumes=pair)
release("bare", plain, [])
release("tini", plain, ["tini", "one"], program="tini")
release("linked", {"run/srv/x": b"", "var/run": "/run", "store/x": b"", "log": "/store"}, ["app"],
        volumes=("/run", "/var/run", "/var/run/srv", "/log", "/gone"))
write("index.json", dump({"schemaVersion": 2, "manifests": index}))
