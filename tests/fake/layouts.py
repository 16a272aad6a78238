#!/usr/bin/python3
"""layouts.py OUT APP: OCI layouts to be pushed to a registry, of images that run the program APP.

OUT/app:1 has an image for each of four machines, and what builders say about them (architecture unknown);
app:2 is the next one, with the same lowest layer. OUT/big:1 has a layer of 3 MiB.
OUT/NAME.json is what no registry takes: indexes that lead to others, or are too large.
"""
import gzip
import hashlib
import io
import json
import os
import platform
import random
import sys
import tarfile

OUT, APP = sys.argv[1:]
OCI = "application/vnd.oci.image."
OWN = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
MACHINES = [("amd64", ""), ("arm64", "v8"), ("arm", "v7"), ("s390x", "")]


def dump(value):
    return json.dumps(value, separators=(",", ":")).encode()


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, len(data)
            t.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class Layout:
    def __init__(self, name):
        self.dir = os.path.join(OUT, name)
        os.makedirs(os.path.join(self.dir, "blobs/sha256"))
        self.write("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        self.index = []

    def write(self, name, data):
        with open(os.path.join(self.dir, name), "wb") as f:
            f.write(data)

    def blob(self, kind, data, **more):
        self.write("blobs/sha256/" + sha(data)[7:], data)
        return dict(mediaType=OCI + kind + ("+json" if kind[-1] == "1" else ""), digest=sha(data), size=len(data), **more)

    def image(self, layers, arch, variant="", config=None, **more):
        config = dump({"architecture": arch, **({"variant": variant} if variant else {}), "os": "linux",
                       "config": config or {}, "rootfs": {"type": "layers", "diff_ids": [sha(x) for x in layers]}})
        manifest = dump({"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": self.blob("config.v1", config),
                         "layers": [self.blob("layer.v1.tar+gzip", gzip.compress(x, mtime=0)) for x in layers]})
        return self.blob("manifest.v1", manifest, **more)

    def tag(self, tag, entry):
        self.index.append(dict(entry, annotations={"org.opencontainers.image.ref.name": tag}))
        self.write("index.json", dump({"schemaVersion": 2, "manifests": self.index}))


def app(layout, version, program):
    config = {"Entrypoint": ["/app"], "Cmd": ["one", "two words"], "Env": ["A=b c", "PATH=/"], "StopSignal": "SIGTERM",
              "Volumes": {"/data": {}}, "WorkingDir": "/etc", "ExposedPorts": {"80/tcp": {}}}
    base = tar({"app": program})
    entries = []
    for arch, variant in MACHINES:
        where = {"os": "linux", "architecture": arch, **({"variant": variant} if variant else {})}
        top = tar({"etc/machine": f"{arch} {version}\n".encode()})
        entries.append(layout.image([base, top], arch, variant, config, platform=where))
    about = layout.image([tar({"about": b"{}"})], "unknown", platform={"os": "unknown", "architecture": "unknown"})
    index = dump({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [about] + entries})
    layout.tag(str(version), layout.blob("index.v1", index))


with open(APP, "rb") as f:
    PROGRAM = f.read()
apps = Layout("app")
app(apps, 1, PROGRAM)
app(apps, 2, PROGRAM)
big = Layout("big")
big.tag("1", big.image([tar({"app": PROGRAM, "big": random.Random(1).randbytes(3 << 20)})], OWN, config={"Cmd": ["/app"]}))
entry = dict(mediaType=OCI + "index.v1+json", digest=sha(b""), size=1, platform={"os": "linux", "architecture": OWN})
for file, value in (("wide", [entry] * 15000), ("deep", [[[]]])):
    with open(os.path.join(OUT, file + ".json"), "wb") as f:
        f.write(dump({"schemaVersion": 2, "manifests": value}) if file == "wide" else b'{"manifests":' + b"[" * 100000)
with open(os.path.join(OUT, "long.json"), "wb") as f:
    f.write(b'{"manifests":[' + b" " * (5 << 20) + b"]}")
# Each says that it leads to the next one, whose digest is right.
text = b'{"manifests":[]}'
for i in range(5, 0, -1):
    text = dump({"manifests": [dict(entry, digest=sha(text), size=len(text))]})
    with open(os.path.join(OUT, f"loop-{i}.json"), "wb") as f:
        f.write(text)
    with open(os.path.join(OUT, f"loop-{i}.digest"), "w") as f:
        f.write(sha(text))
