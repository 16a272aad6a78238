#!/usr/bin/env python3
"""Whether a bill of materials is SPDX 2.3: spdx.py FILE prints what is wrong, and fails.

The rules are those of the specification (https://spdx.github.io/spdx-spec/v2.3/) for the fields
that build/sbom writes. A field that is not known here is a fault, too, so that one that is new
gets its rule.
"""

import json
import re
import sys

ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+\Z")
URI = re.compile(r"https?://[A-Za-z0-9.-]+(/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*/?\Z")
DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ\Z")
CREATOR = re.compile(r"Tool: [^\s]+-\d[^\s]*\Z|(Organization|Person): [^()]+( \([^\s()]*\))?\Z")
SUPPLIER = re.compile(r"NOASSERTION\Z|(Organization|Person): [^()]+( \([^\s()]*\))?\Z")
PURL = re.compile(r"pkg:deb/debian/[a-z0-9.+-]+@[A-Za-z0-9.~%-]+\?arch=[a-z0-9]+&distro=[a-z]+\Z")
DIGITS = {"SHA1": 40, "SHA256": 64, "SHA512": 128}
PURPOSES = {"APPLICATION", "LIBRARY", "FILE"}
RELATIONS = {"DESCRIBES", "STATIC_LINK", "CONTAINS"}
LICENCES = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Zlib", "LGPL-2.1-or-later", "MPL-2.0",
            "GPL-3.0-or-later", "CC0-1.0"}
EXCEPTIONS = {"GCC-exception-3.1"}

faults = []


def check(ok, what):
    if not ok:
        faults.append(what)


def fields(thing, where, must, may=()):
    """An object with these fields and no others; it may still lack one."""
    if not isinstance(thing, dict):
        check(False, f"{where}: not an object")
        return False
    for name in must:
        check(name in thing, f"{where}: no {name}")
    for name in thing:
        check(name in must or name in may, f"{where}: {name} is unknown")
    return all(name in thing for name in must)


def text(thing, where, pattern=re.compile(r".*\S", re.S)):
    check(isinstance(thing, str) and pattern.match(thing) is not None, f"{where}: {thing!r}")


def licence(expression, where, own):
    """A licence expression: operands with AND, OR, WITH and parentheses; or NONE, NOASSERTION."""
    if expression in ("NONE", "NOASSERTION"):
        return
    words = re.findall(r"[()]|[^\s()]+", expression if isinstance(expression, str) else "")
    shape = []
    for i, word in enumerate(words):
        if i and words[i - 1] == "WITH":
            check(word in EXCEPTIONS, f"{where}: no exception {word}")
            shape.append("e")
        elif word in ("AND", "OR"):
            shape.append("o")
        elif word in ("WITH", "(", ")"):
            shape.append({"WITH": "w"}.get(word, word))
        else:
            check(word in LICENCES or word in own, f"{where}: no licence {word}")
            shape.append("l")
    shape = "".join(shape).replace("lwe", "l")
    while "lol" in shape or "(l)" in shape:
        shape = shape.replace("lol", "l").replace("(l)", "l")
    check(shape == "l", f"{where}: {expression!r} is not a licence expression")


def checksums(sums, where):
    check(isinstance(sums, list) and sums, f"{where}: no list")
    for s in sums or ():
        if fields(s, where, ("algorithm", "checksumValue")):
            n = DIGITS.get(s["algorithm"])
            check(n, f"{where}: algorithm {s['algorithm']}")
            text(s["checksumValue"], where, re.compile(r"[0-9a-f]{%d}\Z" % (n or 1)))


def package(p, own):
    where = "package " + str(p.get("name") if isinstance(p, dict) else p)
    if not fields(p, where,
                  ("name", "SPDXID", "versionInfo", "downloadLocation", "filesAnalyzed",
                   "licenseConcluded", "licenseDeclared", "copyrightText", "primaryPackagePurpose"),
                  ("packageFileName", "supplier", "checksums", "licenseComments", "externalRefs")):
        return
    for name in ("name", "versionInfo", "copyrightText"):
        text(p[name], f"{where}: {name}")
    text(p["SPDXID"], f"{where}: SPDXID", ID)
    text(p.get("supplier", "NOASSERTION"), f"{where}: supplier", SUPPLIER)
    check(p["filesAnalyzed"] is False, f"{where}: filesAnalyzed")
    check(p["primaryPackagePurpose"] in PURPOSES, f"{where}: {p['primaryPackagePurpose']}")
    location = p["downloadLocation"]
    check(location in ("NONE", "NOASSERTION") or URI.match(location), f"{where}: {location}")
    licence(p["licenseConcluded"], f"{where}: licenseConcluded", own)
    licence(p["licenseDeclared"], f"{where}: licenseDeclared", own)
    if "checksums" in p:
        checksums(p["checksums"], f"{where}: checksums")
    for ref in p.get("externalRefs", ()):
        if fields(ref, where, ("referenceCategory", "referenceType", "referenceLocator")):
            check(ref["referenceCategory"] == "PACKAGE-MANAGER", f"{where}: {ref['referenceCategory']}")
            check(ref["referenceType"] == "purl", f"{where}: {ref['referenceType']}")
            text(ref["referenceLocator"], f"{where}: purl", PURL)


def relationships(doc, packages):
    known = {"SPDXRef-DOCUMENT"} | {p.get("SPDXID") for p in packages}
    check(len(known) == len(packages) + 1, "an SPDXID is there twice")
    said = set()
    for r in doc["relationships"]:
        if not fields(r, "relationship", ("spdxElementId", "relationshipType", "relatedSpdxElement")):
            continue
        check(r["relationshipType"] in RELATIONS, f"relationship {r['relationshipType']}")
        for end in (r["spdxElementId"], r["relatedSpdxElement"]):
            check(end in known, f"relationship with {end}, which is not there")
        said.add((r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"]))
    described = [o for s, t, o in said if s == "SPDXRef-DOCUMENT" and t == "DESCRIBES"]
    check(len(described) == 1, "the document must describe one package")
    linked = {o for s, t, o in said if s in described and t != "DESCRIBES"}
    check(linked == known - {"SPDXRef-DOCUMENT"} - set(described), "a package is related to nothing")


def document(doc):
    if not fields(doc, "document",
                  ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace",
                   "creationInfo", "packages", "relationships"), ("hasExtractedLicensingInfos",)):
        return
    check(doc["spdxVersion"] == "SPDX-2.3", "spdxVersion")
    check(doc["dataLicense"] == "CC0-1.0", "dataLicense")
    check(doc["SPDXID"] == "SPDXRef-DOCUMENT", "SPDXID")
    text(doc["name"], "name")
    text(doc["documentNamespace"], "documentNamespace", URI)
    if fields(doc["creationInfo"], "creationInfo", ("created", "creators")):
        text(doc["creationInfo"]["created"], "created", DATE)
        check(doc["creationInfo"]["creators"], "creators: none")
        for creator in doc["creationInfo"]["creators"]:
            text(creator, "creators", CREATOR)
    own = set()
    for info in doc.get("hasExtractedLicensingInfos", ()):
        if fields(info, "licence", ("licenseId", "extractedText"), ("name",)):
            text(info["licenseId"], "licenseId", re.compile(r"LicenseRef-[A-Za-z0-9.-]+\Z"))
            text(info["extractedText"], "extractedText")
            own.add(info["licenseId"])
    for p in doc["packages"]:
        package(p, own)
    relationships(doc, [p for p in doc["packages"] if isinstance(p, dict)])


with open(sys.argv[1], encoding="utf-8") as f:
    document(json.load(f))
print(*faults, sep="\n", end="\n" if faults else "")
sys.exit(1 if faults else 0)
