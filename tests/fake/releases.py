#!/usr/bin/python3
"""releases.py OUT APP: an OCI layout of the releases of one image that runs the static program APP, for the story
of updates. Its tags:

    1 2       one after the other: other variables, another command, a volume more
    broken    its command is not there
    hostile   the folders of its volumes are links that lead out of it
    full      its volume is a file
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


def release(tag, files, command, env=(), volumes=("/data", "/var/lib/srv")):
    layers = [tar({"app": PROGRAM}), tar({"etc/version": f"{tag}\n".encode(), **files})]
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
write("index.json", dump({"schemaVersion": 2, "manifests": index}))
