"""Run BoringSSL's tests of TLS with both of our engines: our own of TLS 1.3, BearSSL's of 1.2.

Usage: bogo.py OUT RUNNER REASONS    OUT has the programs, RUNNER is the folder of its sources

A test that the shim ends with 89 is for something that our client does not have, and so is one
that fails with a server older than TLS 1.2; the last line says how many. Every other has to pass, or
to stand in REASONS:

    VERSION PATTERN REASON...        VERSION: 1.2 or 1.3, whose engine it is

A reason that no failed test needs is a fault, so that the list stays true. BearSSL closes the
connection without an alert, so that a test which waits for one is passed when our side refused.
"""

import fnmatch
import json
import os
import re
import subprocess
import sys

OUT, RUNNER, REASONS = sys.argv[1:4]
# What no client reaches, or only one that resumes sessions or has certificates: to save time.
SKIP = "*DTLS*;*QUIC*;*-Server-*;Resum*;*-Resume*;*PSK*;*EarlyData*;*OCSP*;ChannelID*;*Ticket-*"
CONFIG = {"AllCurves": [29, 23, 24]}
OLD = re.compile("TLS1[01]?(?![0-9])|SSL3")
NO_ALERT = re.compile(r"wanted '' / 'remote error: .*local error 'EOF', child error 'exit status 1'")


def read_reasons(version):
    reasons = {}
    with open(REASONS, encoding="ascii") as f:
        for line in f:
            words = line.split(None, 2)
            if words and words[0] == version:
                reasons[words[1]] = words[2].strip()
    return reasons


def run(version):
    """The results by name, and what was said about those that failed."""
    config, results = f"{OUT}/config.json", f"{OUT}/{version}.json"
    if os.path.exists(results):
        os.remove(results)
    with open(config, "w", encoding="ascii") as f:
        json.dump(CONFIG, f)
    words = [f"{OUT}/runner", "-shim-path", f"{OUT}/shim", "-shim-config", config, "-pipe",
             "-loose-errors", "-allow-unimplemented", "-json-output", results, "-skip", SKIP,
             "-idle-timeout", "30s", "-num-workers", str(2 * os.cpu_count()),
             "-test", os.environ.get("TESTS", "")]
    said = subprocess.run(words, cwd=RUNNER, env={**os.environ, "BOGO_TLS": version},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    with open(results, encoding="utf-8") as f:
        tests = json.load(f)["tests"]
    log = said.stdout.decode(errors="replace")
    why = dict(re.findall(r"^FAILED \((.*?)\)\n(.*?)\n\n\n", log, re.S | re.M))
    return {name: test["actual"] for name, test in tests.items()}, why


def judge(version):
    results, why = run(version)
    reasons, needed, wrong, unreached = read_reasons(version), set(), 0, 0
    for name, actual in sorted(results.items()):
        said = " ".join(why.get(name, "").split())
        if actual == "SKIP" or (version == "1.2" and "TLS13" in name):
            unreached += 1
        elif actual == "PASS" or (version == "1.2" and NO_ALERT.search(said)):
            print(f"ok bogo {version} {name}")
        elif OLD.search(name):
            unreached += 1
        elif known := [p for p in reasons if fnmatch.fnmatchcase(name, p)]:
            needed.update(known)
            print(f"left out: {version} {name}: {reasons[known[0]]}")
        else:
            wrong += 1
            print(f"not ok bogo {version} {name}: {said}")
    for pattern in reasons.keys() - needed if "TESTS" not in os.environ else ():
        wrong += 1
        print(f"not ok bogo {version}: {pattern} in the list of reasons needs none")
    print(f"{version}: {unreached} tests are for what our client does not have")
    return wrong


sys.exit(1 if sum(judge(version) for version in ("1.3", "1.2")) else 0)
