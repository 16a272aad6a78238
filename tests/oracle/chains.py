"""Compare our judge of certificates with `openssl verify -purpose sslserver`.

Usage: chains.py JUDGE [CASES [SEED]]    JUDGE is judge.c beside this file, built.

Certificates are put together here byte by byte, so that they can be as wrong as an attacker
makes them; openssl makes keys and signatures. A case is one chain, with the host that was asked
for. Where we mean to differ from OpenSSL the case says so, and why; everywhere else the two have
to agree. Behind the cases come CASES random ones, of the parts that matter for names.
"""

import base64
import calendar
import concurrent.futures
import ipaddress
import os
import random
import subprocess
import sys
import tempfile
import time

HOST = "host.example.org"
FROM, UNTIL = "250101000000Z", "350101000000Z"
NOW = calendar.timegm((2026, 6, 1, 12, 0, 0))

# -- DER --


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytes([first * 40 + second])
    for n in rest:
        digits = [n & 0x7f]
        while n := n >> 7:
            digits.append(n & 0x7f | 0x80)
        out += bytes(reversed(digits))
    return tlv(6, out)


def when(text):
    return tlv(0x17 if len(text) == 13 else 0x18, text.encode())


UTF8, PRINTABLE, T61, BMP = 0x0c, 0x13, 0x14, 0x1e
ATTRIBUTES = {"C": "2.5.4.6", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3",
              "E": "1.2.840.113549.1.9.1"}


def rdn(*pairs):
    parts = []
    for pair in pairs:
        key, value, *tag = pair
        tag = tag[0] if tag else UTF8
        raw = value.encode("utf-16-be" if tag == BMP else "latin1" if tag == T61 else "utf-8")
        parts.append(seq(oid(ATTRIBUTES[key]), tlv(tag, raw)))
    return tlv(0x31, *sorted(parts))


def dn(*parts):
    """("O", "Example") and the like; a list of them is one RDN of several."""
    return seq(*(rdn(*p) if isinstance(p, list) else rdn(p) for p in parts))


def general(name):
    """dns:x email:x uri:x ip:a ip:a/mask rid:1.2.3 upn:x, or ("dn", NAME)"""
    if isinstance(name, bytes):
        return name
    if isinstance(name, tuple):
        return tlv(0xa4, name[1])
    kind, value = name.split(":", 1)
    if kind == "ip":
        return tlv(0x87, *(ipaddress.ip_address(a).packed for a in value.split("/")))
    if kind == "rid":
        return tlv(0x88, oid(value)[2:])
    if kind == "upn":
        return tlv(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, tlv(UTF8, value.encode())))
    return tlv({"email": 0x81, "dns": 0x82, "uri": 0x86}[kind], value.encode("latin1"))


def ext(number, value, critical=False):
    flag = tlv(1, b"\xff") if critical else b""
    return seq(oid(number), flag, tlv(4, value))


def san(*names, critical=False):
    return ext("2.5.29.17", seq(*map(general, names)), critical)


def basic(ca=True, depth=None, critical=True):
    return ext("2.5.29.19", seq(tlv(1, b"\xff") if ca else b"",
                                b"" if depth is None else integer(depth)), critical)


def usage(bits, critical=True):
    """The bits of the first byte, from the left: digitalSignature 0x80, keyCertSign 0x04."""
    return ext("2.5.29.15", tlv(3, b"\x00", bytes([bits])), critical)


PURPOSES = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2",
            "code": "1.3.6.1.5.5.7.3.3", "any": "2.5.29.37.0"}


def purposes(*names, critical=False):
    return ext("2.5.29.37", seq(*(oid(PURPOSES[n]) for n in names)), critical)


def subtrees(tag, names):
    return tlv(tag, *(n[0] if isinstance(n, list) else seq(general(n)) for n in names)) \
        if names else b""


def limits(permitted=(), excluded=(), critical=True):
    """A name in a list of its own is a whole GeneralSubtree."""
    return ext("2.5.29.30", seq(subtrees(0xa0, permitted), subtrees(0xa1, excluded)), critical)


# -- certificates --

ECDSA_SHA256, ECDSA_SHA384 = (seq(oid("1.2.840.10045.4.3." + n)) for n in "23")
EC = seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))


def openssl(*words, stdin=None):
    return subprocess.run(["openssl", *words], input=stdin, capture_output=True, check=False)


class Key:
    def __init__(self, name):
        self.file = f"{tmp}/{name}.key"
        openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", self.file)
        self.public = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER").stdout

    def sign(self, data):
        return openssl("dgst", "-sha256", "-sign", self.file, stdin=data).stdout


class Cert:
    serial = 0

    def __init__(self, subject, by, key, parts, since=FROM, until=UNTIL, version=2,
                 inner=ECDSA_SHA256, forged=False, unique=b""):
        self.subject = subject if isinstance(subject, bytes) else dn(("CN", subject))
        self.key = key
        by = by or self
        Cert.serial += 1
        tbs = seq(tlv(0xa0, integer(version)) if version else b"", integer(Cert.serial), inner,
                  by.subject, seq(when(since), when(until)), self.subject, key.public, unique,
                  tlv(0xa3, seq(*parts)) if parts else b"")
        signer = keys["stray"] if forged else by.key
        self.der = seq(tbs, ECDSA_SHA256, tlv(3, b"\x00", signer.sign(tbs)))

    def pem(self):
        return "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(self.der).decode() + \
            "-----END CERTIFICATE-----\n"


def root(*parts, subject="Root", **more):
    return Cert(subject, None, keys["root"], parts or [basic(), usage(0x06)], **more)


def middle(*parts, by=None, subject="Middle", key="middle", ca=True, **more):
    parts = list(parts)
    if ca:
        parts.insert(0, basic())
    return Cert(subject, by or roots["plain"], keys[key], parts, **more)


def leaf(by=None, *parts, names=("dns:" + HOST,), subject=dn(("O", "Example"), ("CN", "x")),
         **more):
    parts = list(parts)
    if names:
        parts.append(san(*names))
    return Cert(subject, by or roots["plain"], keys["leaf"], parts, **more)


# -- cases --

cases = []


def case(title, *chain, host=HOST, root=None, now=NOW, ours=None, why=None):
    """`ours` says what we answer when that is not what OpenSSL says, and `why`."""
    assert (ours is None) == (why is None)
    bundle = root if isinstance(root, list) else [root or roots["plain"]]
    cases.append((title, chain, host, bundle, now, ours, why))


def below(title, *parts, names=("dns:" + HOST,), subject=dn(("O", "Example"), ("CN", "x")),
          host=HOST, ours=None, why=None, **more):
    """A leaf under a middle that has these extensions."""
    m = middle(*parts, **more)
    case(title, leaf(m, names=names, subject=subject), m, host=host, ours=ours, why=why)


def name_cases():
    for name, host in [
            ("Host.EXAMPLE.org", HOST), (HOST, HOST), ("*.example.org", HOST),
            ("*.Example.Org", HOST), ("*.example.org", "example.org"),
            ("*.example.org", "a.b.example.org"), ("*.org", "example.org"), ("*", "org"),
            ("*", HOST), ("*.", HOST), ("*.*.org", HOST), ("host.*.org", HOST),
            ("**.example.org", HOST), ("h*.example.org", HOST), ("*t.example.org", HOST),
            ("h*t.example.org", HOST), ("host.example.*", HOST), ("*.example.org.", HOST),
            (HOST + ".", HOST), (HOST + "\0.evil.org", HOST), ("\0" + HOST, HOST),
            (HOST + "\0", HOST), ("", HOST), ("." + HOST, HOST), (".example.org", HOST),
            (" " + HOST, HOST), (HOST + " ", HOST), ("xn--hst-sna.example.org",
                                                     "xn--hst-sna.example.org"),
            ("*.example.org", "xn--hst-sna.example.org"),
            ("xn--*.example.org", "xn--hst-sna.example.org"),
            ("h\xf6st.example.org", "xn--hst-sna.example.org"),
            ("*.xn--hst-sna.org", "a.xn--hst-sna.org"), ("example.org", HOST),
            ("*.a_b.org", "x.a_b.org"), ("192.0.2.7", "192.0.2.7"),
            ("*.0.2.7", "192.0.2.7")]:
        differs = {"h*.example.org": (False, "RFC 9525: a star is a whole label"),
                   "*t.example.org": (False, "RFC 9525: a star is a whole label"),
                   "*.a_b.org": (True, "a name of DNS, if not of a host")}.get(name, (None, None))
        case(f"the name {name!r} for {host}", leaf(names=["dns:" + name]), host=host,
             ours=differs[0], why=differs[1])
    for address, host in [("192.0.2.7", "192.0.2.7"), ("192.0.2.8", "192.0.2.7"),
                          ("2001:db8::7", "2001:db8::7"), ("2001:db8::8", "2001:db8::7"),
                          ("::ffff:192.0.2.7", "192.0.2.7"), ("192.0.2.7", HOST)]:
        case(f"the address {address} for {host}", leaf(names=["ip:" + address]), host=host)
    case("an address of 5 bytes", leaf(names=[tlv(0x87, bytes(5))]), host="192.0.2.7")
    case("a name among others", leaf(names=["email:a@b.org", "uri:https://x/", "dns:a.org",
                                            "dns:" + HOST, ("dn", dn(("O", "x")))]))
    case("a name in a tag of another form", leaf(names=[tlv(0xa2, HOST.encode())]))
    case("a critical subjectAltName", Cert("x", roots["plain"], keys["leaf"],
                                          [san("dns:" + HOST, critical=True)]))
    case("no owner at all", leaf(subject=dn()))
    cn = dn(("CN", HOST))
    case("a common name alone", leaf(names=(), subject=cn), ours=False, why="RFC 9525")
    case("another common name alone", leaf(names=()))
    case("a common name, and names of other kinds", leaf(names=["email:a@b.org"], subject=cn),
         ours=False, why="RFC 9525")
    case("a common name, and another name", leaf(names=["dns:a.org"], subject=cn))
    case("an address as the common name", leaf(names=(), subject=dn(("CN", "192.0.2.7"))),
         host="192.0.2.7")
    case("an empty subjectAltName", leaf(None, ext("2.5.29.17", seq()), names=(), subject=cn),
         ours=False, why="RFC 9525")


def purpose_cases():
    for critical in False, True:
        for names in [("server",), ("client",), ("client", "server"), ("code",), ("any",),
                      ("any", "client"), ()]:
            p = purposes(*names, critical=critical)
            words = f"{names} {'critical' if critical else ''}"
            any_way = {"ours": True, "why": "RFC 5280, 4.2.1.12: any"} \
                if "any" in names else {}
            case(f"the purpose of the leaf: {words}", leaf(None, p), **any_way)
            m = middle(p)
            case(f"the purpose of the middle: {words}", leaf(m), m, **any_way)
            s = middle(purposes("server"), by=m, subject="Sub", key="sub")
            case(f"the purpose above the middle: {words}", leaf(s), s, m, **any_way)
            r = root(basic(), usage(0x06), p)
            case(f"the purpose of the root: {words}", leaf(r), root=r, **any_way)
    case("purposes that cannot be read", leaf(None, ext("2.5.29.37", b"\x30\x05\x06")))


def usage_cases():
    for bits in 0x80, 0x40, 0x20, 0x08, 0x04, 0x02, 0xa0:
        # What a key may be used for in TLS is judged by the handshake.
        if bits & 0xa8:
            case(f"the leaf's key for {bits:#x}", leaf(None, usage(bits)))
        m = middle(usage(bits))
        case(f"the middle's key for {bits:#x}", leaf(m), m)
        r = root(basic(), usage(bits))
        case(f"the root's key for {bits:#x}", leaf(r), root=r)


def path_cases():
    def chain(*depths, root_depth=None, kinds=None):
        r = root(basic(depth=root_depth), usage(0x06))
        certs, by = [], r
        for i, depth in enumerate(depths):
            by = Cert(f"CA {i}", by, keys[("middle", "sub")[i % 2]], [basic(depth=depth)])
            certs.insert(0, by)
        return [leaf(by), *certs], r

    for root_depth in None, 0, 1, 2:
        for depths in (), (None,), (0,), (None, None), (0, None), (1, None), (1, 0), (2, 0), \
                (None, 0), (1, 1, 0), (0, 0), (2, 1, 0), (None, 1, None), (300, 200):
            certs, r = chain(*depths, root_depth=root_depth)
            case(f"lengths of the path {depths} under {root_depth}", *certs, root=r)
    for n in 9, 10, 30:
        certs, r = chain(*[None] * n)
        case(f"{n} authorities in a row", *certs, root=r,
             **({} if n < 10 else {"ours": False, "why": "ten certificates are enough"}))
    certs, r = chain(None, None)
    case("the chain out of order", certs[0], certs[2], certs[1], root=r)
    case("the root is sent, too", *certs, r, root=r)
    case("and something behind it", *certs, r, leaf(), root=r)
    case("something between", certs[0], leaf(), *certs[1:], root=r)
    case("the middle is missing", certs[0], certs[2], root=r)
    for title, parts in [("no basicConstraints", []), ("no authority", [basic(False)]),
                         ("not critical", [basic(critical=False)]),
                         ("a negative length", [ext("2.5.29.19", seq(tlv(1, b"\xff"),
                                                                    tlv(2, b"\xff")))])]:
        m = middle(*parts, ca=False)
        case(f"a middle with basicConstraints: {title}", leaf(m), m)
    m = middle(usage(0x06), ca=False)
    case("a middle with keyUsage alone", leaf(m), m)
    case("a leaf that is an authority", leaf(None, basic()))
    for title, parts in ("authority", [basic()]), ("leaf", [basic(False)]), ("neither", []):
        own = Cert("x", None, keys["leaf"], [*parts, san("dns:" + HOST)])
        case(f"a certificate that is its own anchor: {title}", own, root=own)
        own = Cert("x", None, keys["leaf"], [*parts, purposes("client"), san("dns:" + HOST)])
        case(f"a certificate that is its own anchor, for clients: {title}", own, root=own)
    known = leaf(names=["dns:" + HOST])
    case("a leaf in the bundle, without its root", known, root=known, ours=True,
         why="what the user names is believed")
    m = middle(subject="Root")
    case("a middle of the root's name", leaf(m), m, ours=True,
         why="the key decides which of the two has signed")
    m = Cert("Root", roots["plain"], keys["sub"], [basic(depth=0)])
    s = Cert("Middle", m, keys["middle"], [basic()])
    case("a length of 0, in a new key of the root", leaf(s), s, m)


def form_cases():
    for version in 0, 1, 3:
        case(f"version {version + 1} with extensions", leaf(version=version), ours=False,
             why="RFC 5280, 4.1.2.1")
        m = middle(version=version)
        case(f"a middle of version {version + 1} with extensions", leaf(m), m, ours=False,
             why="RFC 5280, 4.1.2.1")
    m = middle(ca=False, version=0)
    case("a middle of version 1", leaf(m), m)
    r = Cert("Root", None, keys["root"], [], version=0)
    case("a root of version 1", leaf(r), root=r)
    c = leaf(forged=True)
    case("a signature of somebody else", c)
    m = middle(forged=True)
    case("a middle with a signature of somebody else", leaf(m), m)
    case("two algorithms", leaf(inner=ECDSA_SHA384))
    m = middle(inner=ECDSA_SHA384)
    case("two algorithms in the middle", leaf(m), m)
    case("unique identifiers", leaf(unique=tlv(0x81, b"\0x") + tlv(0x82, b"\0x")))
    twice = "RFC 5280, 4.2: not twice"
    for title, part in [("subjectAltName", san("dns:" + HOST)), ("keyUsage", usage(0x80)),
                        ("extKeyUsage", purposes("server")), ("basicConstraints", basic(False)),
                        ("an unknown one", ext("1.2.3.4", b"\x05\x00"))]:
        case(f"{title} twice", leaf(None, part, part, names=() if title == "subjectAltName"
                                    else ("dns:" + HOST,)), ours=False, why=twice)
    for title, parts in [
            ("basicConstraints", [basic(), basic()]),
            ("basicConstraints, two kinds", [basic(), basic(False)]),
            ("keyUsage", [basic(), usage(0x02), usage(0x04)]),
            ("extKeyUsage", [basic(), purposes("client"), purposes("server")]),
            ("nameConstraints", [basic(), limits(["dns:evil.org"]), limits(["dns:example.org"])])]:
        m = middle(*parts, ca=False)
        case(f"a middle with {title} twice", leaf(m), m, ours=False, why=twice)
    for title, number, ours in [
            ("an unknown extension", "1.2.3.4", None), ("policyConstraints", "2.5.29.36", False),
            ("inhibitAnyPolicy", "2.5.29.54", False), ("policyMappings", "2.5.29.33", False),
            ("issuerAltName", "2.5.29.18", None),
            ("authorityInfoAccess", "1.3.6.1.5.5.7.1.1", None),
            ("subjectInfoAccess", "1.3.6.1.5.5.7.1.11", None), ("freshestCRL", "2.5.29.46", None),
            ("subjectDirectoryAttributes", "2.5.29.9", None)]:
        value = {"2.5.29.36": seq(tlv(0x80, b"\x05")), "2.5.29.54": integer(3),
                 "2.5.29.33": seq(seq(oid("1.2.3"), oid("1.2.4"))),
                 "2.5.29.18": seq(general("dns:x.org"))}.get(number, seq())
        differs = {} if ours is None else {"ours": ours, "why": "a check that we do not know"}
        for critical in False, True:
            words = f"{title}{', critical' if critical else ''}"
            m = middle(ext(number, value, critical))
            case(f"a middle with {words}", leaf(m), m, **(differs if critical else {}))
            if ours is None:
                case(f"a leaf with {words}", leaf(None, ext(number, value, critical)))
    policies = ext("2.5.29.32", seq(seq(oid("1.2.3.4"))), True)
    m = middle(policies)
    case("critical policies", leaf(m, policies), m)
    many = [ext(f"1.2.3.{i}", b"\x05\x00") for i in range(70)]
    case("seventy extensions", leaf(None, *many), ours=False, why="nobody has so many")


def date_cases():
    begin, end = (calendar.timegm(t) for t in ((2025, 1, 1, 0, 0, 0), (2035, 1, 1, 0, 0, 0)))
    inclusive = {"ours": True, "why": "RFC 5280, 4.1.2.5: the last second counts"}
    case("a second too early", leaf(), now=begin - 1)
    case("the first second", leaf(), now=begin)
    case("the last second", leaf(until="341231235959Z"), now=end - 1, **inclusive)
    case("a second too late", leaf(), now=end + 1)
    case("a year of four digits", leaf(since="20250101000000Z", until="20500101000000Z"))
    case("a year of two digits, before 1950", leaf(until="490101000000Z"))
    case("a year of two digits, of 1950", leaf(until="500101000000Z"))
    case("a day that is none", leaf(until="351301000000Z"))
    case("a date without a zone", leaf(until="350101000000"))
    m = middle(until="260101000000Z")
    case("a middle that has expired", leaf(m), m)
    for since, until in (FROM, "260101000000Z"), ("270101000000Z", UNTIL):
        r = root(since=since, until=until)
        case(f"a root valid from {since} to {until}", leaf(r), root=r)
    r = root(until="260101000000Z")
    case("an expired root that is sent, too", leaf(r), r, root=r)
    new = root()
    limited = root(basic(), usage(0x06), limits(["dns:evil.org"]))
    for title, bundle in ("expired, then renewed", [r, new]), ("renewed, then expired", [new, r]), \
            ("limited, then not", [limited, new]), ("expired, then limited", [r, limited]):
        case(f"two roots of one name and key: {title}", leaf(r), root=bundle,
             **({"ours": True, "why": "one of the two will do"} if "not" in title else {}))


def shown(names):
    return [n if isinstance(n, str) else "an owner" for n in names]


def limit_cases():
    for critical in False, True:
        words = ", critical" if critical else ""
        for permitted, excluded in [
                (["dns:example.org"], []), (["dns:.example.org"], []), (["dns:" + HOST], []),
                (["dns:." + HOST], []), (["dns:org"], []), (["dns:"], []), (["dns:xample.org"], []),
                (["dns:EXAMPLE.org"], []), (["dns:evil.org", "dns:example.org"], []),
                (["dns:evil.org"], []), ([], ["dns:evil.org"]), ([], ["dns:example.org"]),
                ([], ["dns:.example.org"]), ([], ["dns:"]), ([], ["dns:Example.ORG"]),
                (["dns:example.org"], ["dns:" + HOST]),
                (["dns:example.org"], ["dns:a.example.org"]),
                (["ip:192.0.2.0/255.255.255.0"], []), ([], ["ip:0.0.0.0/0.0.0.0"]),
                (["dns:example.org"], ["ip:0.0.0.0/0.0.0.0", "ip:::/::"]),
                (["email:example.org"], []), (["uri:example.org"], []), (["rid:1.2.3"], []),
                (["upn:x"], []), ([], ["email:example.org", "uri:example.org", "rid:1.2.3"]),
                ([], []), ([("dn", dn(("O", "Example")))], []), ([("dn", dn(("O", "Evil")))], []),
                ([], [("dn", dn(("O", "Example")))]), ([], [("dn", dn(("O", "Evil")))])]:
            below(f"only {shown(permitted)}, not {shown(excluded)}{words}",
                  limits(permitted, excluded, critical))
    below("addresses permitted and the name is one", limits(["ip:192.0.2.0/255.255.255.0"]),
          names=["ip:192.0.2.7"], host="192.0.2.7")
    for net in "192.0.2.0/255.255.255.0", "192.0.3.0/255.255.255.0", "2001:db8::/ffff:ffff::", \
            "0.0.0.0/0.0.0.0":
        for address in "192.0.2.7", "2001:db8::7":
            for lists in ([net], []), ([], [net]):
                below(f"{address} with {lists}", limits(*[["ip:" + n for n in l] for l in lists]),
                      names=["ip:" + address], host=address)
    below("a mask that is too short", limits([tlv(0x87, bytes(7))]), names=["ip:192.0.2.7"],
          host="192.0.2.7")
    for kind in "email:a@example.org", "uri:https://host.example.org/", "rid:1.2.3", "upn:x":
        limit = {"email": "email:example.org",
                 "uri": "uri:host.example.org"}.get(kind[:kind.index(":")], kind)
        for lists in ([limit], []), ([], [limit]):
            known = kind[0] in "eu" and not kind.startswith("upn") and lists[0]
            below(f"a name {kind} with {lists}", limits(*lists), names=["dns:" + HOST, kind],
                  **({"ours": False, "why": "limits of such names are not known here"} if known or
                     (kind == "upn:x" and lists[0]) else {}))
    below("an e-mail address of the owner", limits(["email:example.org"]),
          subject=dn(("O", "Example"), ("E", "a@example.org", 0x16)), ours=False,
          why="limits of e-mail addresses are not known here")
    below("an e-mail address of the owner, elsewhere", limits(["email:example.org"]),
          subject=dn(("O", "Example"), ("E", "a@evil.org", 0x16)))
    below("one name too many", limits(["dns:example.org"]), names=["dns:" + HOST, "dns:evil.org"])
    below("a wildcard within", limits(["dns:example.org"]), names=["dns:*.example.org"])
    below("a wildcard wider than the limit", limits(["dns:" + HOST]), names=["dns:*.example.org"])
    below("a wildcard over what is excluded", limits([], ["dns:" + HOST]),
          names=["dns:*.example.org"], ours=False, why="the host itself is excluded")
    below("a wildcard beside what is excluded", limits([], ["dns:a.example.org"]),
          names=["dns:*.example.org"])
    below("a common name outside", limits(["dns:example.org"]),
          subject=dn(("O", "Example"), ("CN", "evil.org")))
    below("a limit with a star", limits(["dns:*.example.org"]))
    below("an exclusion with a star", limits([], ["dns:*.example.org"]), ours=False,
          why="what it means is not known")
    below("an exclusion with a dot behind", limits([], ["dns:example.org."]), ours=False,
          why="what it means is not known")
    below("an excluded name with a dot behind", limits([], ["dns:evil.org"]),
          names=["dns:" + HOST, "dns:evil.org."])
    below("distances", limits([[seq(general("dns:example.org"), tlv(0x80, b"\x01"))]]))
    below("distances for names that are not there",
          limits([[seq(general("ip:192.0.2.0/255.255.255.0"), tlv(0x80, b"\x01"))]]))
    below("limits that cannot be read", ext("2.5.29.30", b"\x30\x02\xa0\x05", True))
    below("limits in another form of tag", limits([tlv(0xa2, b"example.org")]), ours=False,
          why="cannot be read")
    owner_cases()
    m = middle(limits(["dns:evil.org"]))
    s = middle(by=m, subject="Sub", key="sub")
    case("limits two levels up", leaf(s), s, m)
    m = middle(limits([("dn", dn(("O", "Example")))]))
    for subject in dn(("O", "Example"), ("CN", "Sub")), dn(("O", "Evil"), ("CN", "Sub")):
        s = middle(by=m, subject=subject, key="sub")
        case(f"limits for an authority below, {subject[14:21]}", leaf(s), s, m)
    m = middle(limits([("dn", dn(("O", "Example")))]))
    s = middle(by=m, subject="Middle", key="sub")
    case("limits and a new key of that authority", leaf(s), s, m, ours=True,
         why="RFC 5280, 6.1.4: no name of its own is judged")
    s = middle(by=m, subject="Middle", key="sub")
    case("limits and a new key, and an owner outside", leaf(s, subject=dn(("O", "Evil"))), s, m)
    m = middle(limits(["dns:example.org"]))
    s = middle(limits(["dns:evil.org"]), by=m, subject="Sub", key="sub")
    case("limits that exclude each other", leaf(s), s, m)
    case("limits in the leaf itself", leaf(None, limits(["dns:evil.org"])))
    for lists in (["dns:example.org"], []), (["dns:evil.org"], []), ([], ["dns:example.org"]):
        for critical in False, True:
            r = root(basic(), usage(0x06), limits(*lists, critical=critical))
            case(f"the root limited to {lists} {critical}", leaf(r), root=r)
            m = middle(by=r)
            case(f"the root of a middle limited to {lists} {critical}", leaf(m), m, root=r)


def owner_cases():
    base = dn(("C", "DE", PRINTABLE), ("O", "Example Org"))
    for title, subject in [
            ("equal", base),
            ("below", dn(("C", "DE", PRINTABLE), ("O", "Example Org"), ("CN", "x"))),
            ("shorter", dn(("C", "DE", PRINTABLE))), ("none", dn()),
            ("in another order", dn(("O", "Example Org"), ("C", "DE", PRINTABLE))),
            ("in capitals", dn(("C", "de", PRINTABLE), ("O", "EXAMPLE ORG"))),
            ("with blanks", dn(("C", "DE", PRINTABLE), ("O", "  Example   Org "))),
            ("in another kind of string", dn(("C", "DE"), ("O", "Example Org", PRINTABLE))),
            ("longer", dn(("C", "DE", PRINTABLE), ("O", "Example Organisation"))),
            ("other", dn(("C", "DE", PRINTABLE), ("O", "Evil"))),
            ("other attribute", dn(("C", "DE", PRINTABLE), ("OU", "Example Org")))]:
        for lists in ([("dn", base)], []), ([], [("dn", base)]):
            below(f"an owner that is {title}, {'only' if lists[0] else 'not'}", limits(*lists),
                  subject=subject)
        below(f"an owner among the names that is {title}", limits([("dn", base)]), subject=dn(),
              names=["dns:" + HOST, ("dn", subject)])
    unsure = {"ours": False, "why": "equal or not is not known for sure"}
    wide = dn(("C", "DE", PRINTABLE), ("O", "Example Org", BMP))
    below("an owner in 16 bits, only", limits([("dn", base)]), subject=wide, **unsure)
    below("an owner in 16 bits, not", limits([], [("dn", base)]), subject=wide)
    below("another owner in 16 bits, not", limits([], [("dn", base)]),
          subject=dn(("C", "DE", PRINTABLE), ("O", "Evil", BMP)), **unsure)
    two = dn([("C", "DE", PRINTABLE), ("O", "Example Org")])
    below("two attributes in one place", limits([("dn", two)]), subject=two)
    below("two attributes in one place, in capitals", limits([("dn", two)]),
          subject=dn([("C", "DE", PRINTABLE), ("O", "EXAMPLE ORG")]), **unsure)
    below("two attributes in one place, excluded", limits([], [("dn", two)]),
          subject=dn([("C", "DE", PRINTABLE), ("O", "EXAMPLE ORG")]))


def random_cases(n, seed):
    r = random.Random(seed)
    labels = ["a", "b", "host", "*", "xn--b"]
    hosts = ["a.example.org", "b.example.org", "host.example.org", "a.b.example.org",
             "example.org", "evil.org", "a.evil.org"]
    bases = ["org", "example.org", ".example.org", "b.example.org", "evil.org", "A.example.org", ""]

    def some(pick, least, most):
        return [pick() for _ in range(r.randint(least, most))]

    def name():
        return "dns:" + r.choice([r.choice(hosts), f"{r.choice(labels)}.{r.choice(hosts)}"])

    def base():
        return r.choice(["dns:" + r.choice(bases)] * 4 +
                        ["ip:192.0.2.0/255.255.255.0", ("dn", dn(("O", "Example")))])

    def within(base, host):
        return host.endswith(base) if base[:1] in ("", ".") else ("." + host).endswith("." + base)

    for i in range(n):
        host = r.choice(hosts)
        parts, excluded = [], []
        if r.random() < .8:
            excluded = some(base, 0, 2)
            parts.append(limits(some(base, 0, 2), excluded, r.random() < .5))
        if r.random() < .3:
            parts.append(purposes(*r.choice([("server",), ("server", "client"), ("client",)]),
                                  critical=r.random() < .5))
        m = middle(*parts)
        names = some(name, 0, 2) + ["dns:" + r.choice([host, host, "*." + host.partition(".")[2]])]
        out = any(isinstance(n, str) and n.startswith("dns:") and within(n[4:].lower(), host)
                  for n in excluded)
        why = {"ours": False, "why": "a wildcard does not bring an excluded host in"}
        case(f"random {i}", leaf(m, names=names), m, host=host, **(why if out else {}))


# -- the comparison --


def write(certs):
    path = f"{tmp}/{len(os.listdir(tmp))}.pem"
    with open(path, "w", encoding="ascii") as f:
        f.write("".join(c.pem() for c in certs))
    return path


def is_address(host):
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def theirs(paths, host, now):
    bundle, _, first, rest = paths
    done = openssl("verify", "-purpose", "sslserver", "-attime", str(now), "-CAfile", bundle,
                   "-no-CApath", "-no-CAstore", "-verify_ip" if is_address(host) else
                   "-verify_hostname", host, *(["-untrusted", rest] if rest else []), first)
    words = (done.stderr + done.stdout).decode(errors="replace").split("\n")
    return done.returncode == 0, next((w for w in words if w.startswith("error")), words[0])


def compare(judge):
    paths = [(write(root), write(chain), write(chain[:1]), chain[1:] and write(chain[1:]))
             for _, chain, _, root, _, _, _ in cases]
    asked = "".join(f"{p[0]} {p[1]} {c[2]} {c[4]}\n" for p, c in zip(paths, cases))
    said = subprocess.run([judge], input=asked.encode(), stdout=subprocess.PIPE, check=True)
    ours = said.stdout.decode().split("\n")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(lambda pc: theirs(pc[0], pc[1][2], pc[1][4]), zip(paths, cases)))
    wrong = alike = 0
    for (title, _, host, _, _, expected, _), mine, (good, their_words) in zip(cases, ours, answers):
        if os.environ.get("SHOW"):
            print(f"{title} [{host}]\n    ours:   {mine}\n"
                  f"    theirs: {'ok' if good else their_words}")
        want = good if expected is None else expected
        accepted = mine == "ok"
        alike += good == accepted
        if accepted != want:
            wrong += 1
            print(f"not ok chains-oracle: {title}: ours says '{mine}', "
                  f"openssl {'ok' if good else their_words}")
    if not wrong:
        print(f"ok chains-oracle: {len(cases)} chains, {alike} as OpenSSL has it, "
              f"{len(cases) - alike} on purpose not")
    return wrong


def main():
    judge, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for name in "root", "middle", "sub", "leaf", "stray":
        keys[name] = Key(name)
    roots["plain"] = root()
    for add in (name_cases, purpose_cases, usage_cases, path_cases, form_cases, date_cases,
                limit_cases):
        add()
    random_cases(count, seed)
    return 1 if compare(judge) else 0


keys, roots = {}, {}
with tempfile.TemporaryDirectory() as tmp:
    sys.exit(main())
