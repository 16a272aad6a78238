#!/usr/bin/python3
"""others.py OUT: image servers of other makers, and images in files, for the stories of those.

OUT/own has the servers, each below a path of its own: `incus`, as incus-simplestreams makes it (an
image in two files and a newer one in one file), and `ubuntu`, in the form of its cloud images (no
images.json, cloud-init inside), and `far`, whose paths are URLs. `bomb` and `deep` are hostile. OUT/files has
images as files. All are of one root, which cannot boot.
"""
import hashlib
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile

OUT = sys.argv[1]
TOP = "https://images.linuxcontainers.org"
CLOUD = "/var/lib/cloud/seed/nocloud-net"

METADATA = f"""architecture: x86_64
creation_date: 1764000000
properties:
  architecture: amd64
  description: "Debian: bookworm"
  os: Debian
  release: bookworm
  variant: web
templates:
  /etc/hostname:
    when: [create, copy]
    template: hostname.tpl
  /etc/app/name.conf:
    when:
    - create
    create_only: false
    template: app.tpl
    properties: {{}}
    mode: "0640"
  /etc/odd:
    when: [create]
    template: odd.tpl
  {CLOUD}/meta-data:
    when: [create]
    template: meta.tpl
"""
TEMPLATES = {"hostname.tpl": "{{ container.name }}\n", "app.tpl": "name={{ container.name }}\n",
             "odd.tpl": '{{ config_get("user.x", "y") }}\n', "meta.tpl": "instance-id: x\n"}


def root(cloud=False, lxc=False):
    """path -> text, or None for a folder, or ("link", target). As packed for LXC, or for Incus."""
    name = "LXC_NAME" if lxc else "distrobuilder"
    tree = {path: None for path in (
        "etc", "etc/systemd", "etc/systemd/network", "usr", "usr/bin", "usr/lib", "usr/sbin", "var",
        "usr/lib/systemd", "usr/lib/systemd/network", "var/lib", "proc", "sys", "dev", "tmp")}
    tree.update({
        "sbin": ("link", "usr/sbin"), "usr/sbin/init": ("link", "../lib/systemd/systemd"),
        "usr/lib/systemd/systemd": "#!/bin/sh\nexit 1\n",
        "usr/lib/os-release": 'PRETTY_NAME="Debian of others"\nID=debian\nVERSION_ID="12"\n',
        "etc/os-release": ("link", "../usr/lib/os-release"),
        "usr/lib/systemd/network/80-container-host0.network": "[Network]\nLinkLocalAddressing=yes\n",
        "etc/hostname": "LXC_NAME\n" if lxc else "built\n",
        "etc/hosts": f"127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n"})
    if cloud:
        tree.update({"etc/cloud": None, "etc/cloud/cloud.cfg": "users: [default]\n"})
    if cloud and lxc:
        tree["etc/cloud/cloud-init.disabled"] = ""
    return tree


class Tar:
    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name, data=None, link=None):
        info = tarfile.TarInfo(name)
        info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
        info.mode = 0o755 if data is None or data.startswith("#!") else 0o644
        info.mtime = 1764000000
        text = (data or "").encode()
        info.size = len(text)
        if link:
            info.type, info.linkname, info.size = tarfile.SYMTYPE, link, 0
        self.tar.addfile(info, io.BytesIO(text))
        return self

    def tree(self, entries, below=""):
        for path, text in entries.items():
            if isinstance(text, tuple):
                self.add(below + path, "", text[1])
            else:
                self.add(below + path, text)
        return self

    def description(self, metadata=METADATA):
        self.add("metadata.yaml", metadata).add("templates")
        for name, text in TEMPLATES.items():
            self.add(f"templates/{name}", text)
        return self

    def plain(self):
        self.tar.close()
        return self.bytes.getvalue()

    def xz(self):
        return lzma.compress(self.plain(), preset=1)


def squashfs(entries):
    with tempfile.TemporaryDirectory() as top:
        with open(f"{top}/tar", "wb") as f:
            f.write(Tar().tree(entries).plain())
        os.mkdir(f"{top}/root")
        subprocess.run(["tar", "-xf", f"{top}/tar", "-C", f"{top}/root"], check=True)
        subprocess.run(["mksquashfs", f"{top}/root", f"{top}/image", "-comp", "xz", "-all-root", "-quiet",
                        "-no-progress"], check=True, stdout=subprocess.DEVNULL)
        with open(f"{top}/image", "rb") as f:
            return f.read()


def put(path, data):
    full = os.path.join(OUT, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def item(server, ftype, path, data):
    put(f"own/{server}/{path}", data)
    return {"ftype": ftype, "path": path, "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest()}


def streams(server, products, path, others=None):
    index = {"images": {"datatype": "image-downloads", "path": path, "format": "products:1.0",
                        "products": sorted(products)}, **(others or {})}
    put(f"own/{server}/{path}", json.dumps({"content_id": "images", "products": products}))
    put(f"own/{server}/streams/v1/index.json", json.dumps({"index": index, "format": "index:1.0"}))


def unified(metadata_last=False, metadata=METADATA):
    t = Tar()
    if not metadata_last:
        t.description(metadata)
    t.add("rootfs").tree(root(), "rootfs/")
    return t.description(metadata) if metadata_last else t


def incus():
    meta = Tar().description().xz()
    product = {"aliases": "Debian/bookworm/web,Debian/12/web", "arch": "amd64", "os": "Debian",
               "release": "bookworm", "release_title": "bookworm", "variant": "web", "versions": {
                   "202511241600": {"items": {
                       "incus.tar.xz": item("incus", "incus.tar.xz", "images/a.incus.tar.xz", meta),
                       "squashfs": item("incus", "squashfs", "images/a.squashfs", squashfs(root()))}},
                   "202511252133": {"items": {"incus_combined.tar.gz": item(
                       "incus", "incus_combined.tar.gz", "images/b.incus_combined.tar.gz",
                       unified().xz())}},
                   "202511252134": {"items": {"incus_combined.tar.gz": {
                       **item("incus", "incus_combined.tar.gz", "images/vm", b"QFI\xfb"),
                       "combined_type": "virtual-machine"}}}}}
    streams("incus", {"Debian:bookworm:web:amd64": product}, "streams/v1/images.json")


def ubuntu():
    tar, flat = Tar().tree(root(cloud=True)).xz(), squashfs(root(cloud=True))
    base = "server/releases/noble/release-20240423/ubuntu-24.04-server-cloudimg-amd64"

    def version(*kinds):
        items = {"lxd.tar.xz": item("ubuntu", "lxd.tar.xz", f"{base}-lxd.tar.xz", b"x"),
                 "tar.gz": item("ubuntu", "tar.gz", f"{base}.tar.gz", b"x")}
        if "tar" in kinds:
            items["root.tar.xz"] = item("ubuntu", "root.tar.xz", f"{base}-root.tar.xz", tar)
        if "flat" in kinds:
            items["squashfs"] = item("ubuntu", "squashfs", f"{base}.squashfs", flat)
        return {"items": items, "label": "release", "pubname": "ubuntu-noble-24.04-amd64-server"}

    common = {"arch": "amd64", "os": "ubuntu", "supported": True}
    streams("ubuntu", {
        "com.ubuntu.cloud:server:24.04:amd64": {
            "aliases": "24.04,default,lts,n,noble", "release": "noble", "version": "24.04", **common,
            "versions": {"20240423": version("flat"), "20240423.1": version("tar", "flat")}},
        "com.ubuntu.cloud:server:25.10:amd64": {
            "aliases": "25.10,q,questing", "release": "questing", "version": "25.10", **common,
            "versions": {"20251001": version("flat")}}},
        "streams/v1/com.ubuntu.cloud:released:download.json",
        {"com.ubuntu.cloud:released:aws": {"datatype": "image-ids", "path": "streams/v1/aws.json"}})


def far():
    one = item("far", "root.tar.xz", "elsewhere/root.tar.xz", Tar().tree(root()).xz())
    one["path"] = f"{TOP}/far/elsewhere/root.tar.xz"
    evil = dict(one, path="http://images.linuxcontainers.org/far/elsewhere/root.tar.xz")
    streams("far", {"mine:1:amd64:default": {"versions": {
        "1": {"items": {"r": one}}, "2": {"items": {"r": evil}}}}}, "streams/v1/images.json")


def hostile_servers():
    """As much as is read of a list, in the ways that could take most memory."""
    build = ('"%d":{"items":{"x":{"ftype":"squashfs","path":"p","sha256":"' + "a" * 64 + '","size":1}}}')
    many = ",".join('"d%d:r:amd64:default":{"versions":{%s}}' % (n, build % n) for n in range(280000))
    put("own/bomb/streams/v1/images.json", '{"products":{%s}}' % many)
    put("own/deep/streams/v1/images.json", '{"products":{"d:r:amd64:default":%s' % ("[" * 100000))
    put("own/wide/streams/v1/images.json",
        '{"products":{"d:r:amd64:default":{"x":[%s0]}}}' % ("0," * 1000000))
    put("own/names/streams/v1/images.json", '{"products":{"d:r:amd64:default":{"aliases":"%s",'
        '"versions":{%s}}}}' % ("a," * 500000, build % 1))


def files():
    put("files/meta", Tar().description().xz())
    put("files/root.squashfs", squashfs(root()))
    put("files/root.tar", Tar().tree(root()).plain())
    put("files/root.lxc", Tar().tree(root(cloud=True, lxc=True)).xz())
    put("files/root.incus", squashfs(root(cloud=True)))
    put("files/unified", unified().xz())
    put("files/unified-last", unified(True).plain())
    put("files/arm", unified(metadata=METADATA.replace("x86_64", "aarch64")).xz())
    put("files/vm", Tar().description().add("rootfs.img", "QFI").plain())
    put("files/qcow2", b"QFI\xfb" + bytes(5000))
    nix = "nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-nixos-26.05"
    put("files/nixos", Tar().add("nix").add("nix/store").add(nix).add(f"{nix}/etc").add("sbin").add(
        f"{nix}/init", "#!/bin/sh\nexit 1\n").add(f"{nix}/etc/os-release", "ID=nixos\n").add(
        "sbin/init", "", f"/{nix}/init").xz())


def hostile_files():
    laugh = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(n + 1)}: &{chr(n + 1)} [{', '.join(['*' + chr(n)] * 8)}]\n" for n in range(97, 110))
    one = "architecture: x86_64\ntemplates: {%s: {when: [create], template: %s}}\n"
    texts = {
        "laugh": laugh, "deep": "a: " + "[" * 60000, "long": "a: " + "x" * 300000,
        "up": one % ("/etc/../../../../etc/jlmkr-evil", "app.tpl"),
        "relative": one % ("etc/jlmkr-evil", "app.tpl"),
        "folder": one % ("/etc/x", "../../../../etc/passwd"),
        "through": one % ("/trap/jlmkr-evil", "app.tpl"), "lost": one % ("/etc/x", "no.tpl")}
    for name, text in texts.items():
        put(f"files/evil-{name}", unified(metadata=text).add("rootfs/trap", "", "../../../../../../etc").xz())
        put(f"files/meta-{name}", Tar().description(text).xz())
    put("files/meta-link", Tar().add("metadata.yaml", "", "/etc/passwd").xz())
    put("files/meta-none", Tar().add("else", "x").xz())
    put("files/meta-outside", Tar().description().add("../jlmkr-evil", "x").xz())
    put("files/meta-large", Tar().description().add("x", "x" * (5 << 20)).xz())
    names = Tar().description()
    for n in range(1200):
        names.add(f"templates/{'x' * 200}{n}", "x")
    put("files/meta-many", names.xz())


incus()
ubuntu()
far()
hostile_servers()
files()
hostile_files()
