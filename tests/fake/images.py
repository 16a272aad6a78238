#!/usr/bin/python3
"""An image server over real TLS that can be told to misbehave.

    images.py WWW CERTS CONTROL LOG [ADDRESS [PORT]]

Serves the folder WWW with CERTS/good.pem, prints its port when it listens, and writes a line
to LOG for each request: time, method, path, range, user agent, status, bytes sent. Who asks for
one of the names in the folder WWW/../hosts gets what is in there, with CERTS/publishers.pem.

PATH.gpg is a signature of PATH as it is served (signer.py), of the time when PATH was written.

CONTROL is a file that may be missing, is read anew at each connection, and has a rule a line:

    cert NAME             another certificate, one of those that images_certs makes
    tls VERSION           this one alone, 1.2 or 1.3
    curve NAME            of the key exchange, this one alone: prime256v1
    sign HOW              how lists are signed: none, wrong, stranger, or SECONDS too early
    GLOB ACTION [ARG..]   for paths that match, the first match counts

where ACTION is one of

    flip [N]              one bit of byte N is wrong (the middle one)
    short N               a whole and polite answer, but only the first N bytes of the file
    long                  the file and then some
    truncate N            the connection is closed after N bytes
    reset N               the same, with a reset
    stall N               silence after N bytes
    slow N                N bytes a second
    status CODE [TIMES [AFTER]]
                          an error; after so many TIMES the file after all; AFTER is what the
                          server says in Retry-After: seconds, or @SECONDS for the date then
    redirect URL
    chunked               no Content-Length
    norange               ranges are not understood
    close                 no Content-Length: the file ends with the connection
    cut N                 the same, and it ends after N bytes, without a goodbye in TLS
    bighead               a head that does not end
    bigbody               a body that does not end
    text WORDS...         this instead of the file
"""
import email.utils
import fnmatch
import http.server
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
import signer  # noqa: E402: the folder of the tests stays as it is

WWW, CERTS, CONTROL, LOG = sys.argv[1:5]
ADDRESS = sys.argv[5] if len(sys.argv) > 5 else "::"
PORT = int(sys.argv[6]) if len(sys.argv) > 6 else 443
HOSTS = os.path.join(os.path.dirname(os.path.abspath(WWW)), "hosts")
CHUNK = 65536

used = {}
lock = threading.Lock()


def rules():
    try:
        with open(CONTROL) as f:
            return [line.split() for line in f if line.strip() and line[0] != "#"]
    except FileNotFoundError:
        return []


def setting(name, default):
    return next((r[1] for r in rules() if r[0] == name), default)


def folder(host):
    return os.path.join(HOSTS, host) if host in os.listdir(HOSTS) else WWW


def times_used(rule):
    """How often this rule was used since CONTROL was last written, this time not counted."""
    with lock:
        key = (os.stat(CONTROL).st_mtime_ns, *rule)
        used[key] = used.get(key, 0) + 1
        return used[key] - 1


def retry_after(args):
    if not args:
        return {}
    if args[0][0] == "@":
        return {"Retry-After": email.utils.formatdate(time.time() + int(args[0][1:]), usegmt=True)}
    return {"Retry-After": args[0]}


class Hang(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    status = sent = 0

    def log_message(self, *_):
        pass

    def rule(self, path):
        for r in rules():
            if r[0] not in ("cert", "tls", "curve", "sign") and fnmatch.fnmatch(path, r[0]):
                return r[1], r[2:], r
        return "", [], []

    def do_GET(self):
        self.status = self.sent = 0
        path = urllib.parse.unquote(self.path.partition("?")[0])
        try:
            self.answer(path, *self.rule(path))
        except Hang:
            self.close_connection = True
        except OSError:
            self.close_connection = True
        finally:
            self.note(path)

    do_HEAD = do_GET

    def note(self, path):
        words = (time.strftime("%H:%M:%S"), self.command, path,
                 self.headers.get("Range", "-"), self.headers.get("User-Agent", "-"),
                 self.status, self.sent)
        with lock, open(LOG, "a") as f:
            print(*words, file=f)

    def answer(self, path, action, args, rule):
        if action == "redirect":
            return self.reply(302, b"", {"Location": args[0]})
        if action == "status" and (len(args) < 2 or times_used(rule) < int(args[1])):
            return self.reply(int(args[0]), b"no such luck\n", retry_after(args[2:]))
        if action in ("bighead", "bigbody"):
            return self.flood(action)
        root = folder(self.headers.get("Host", ""))
        if path.endswith(".json.gpg"):
            return self.sign(root, path[:-len(".gpg")])
        file = os.path.normpath(os.path.join(root, path.lstrip("/") or "index"))
        if not file.startswith(root + "/") or not os.path.isfile(file):
            return self.reply(404, b"not found\n")
        if action == "text":
            return self.reply(200, (" ".join(args) + "\n").encode())
        with open(file, "rb") as f:
            self.send_file(f, os.fstat(f.fileno()), action, args)

    def sign(self, root, path):
        how = setting("sign", "0")
        file = os.path.normpath(os.path.join(root, path.lstrip("/")))
        if how == "none" or not file.startswith(root + "/") or not os.path.isfile(file):
            return self.reply(404, b"not found\n")
        with open(file, "rb") as f:
            data = f.read()
        action, args, _ = self.rule(path)
        if action == "text":
            data = (" ".join(args) + "\n").encode()
        if how == "wrong":
            data += b"\n"
        made = os.stat(file).st_mtime - (int(how) if how.isdigit() else 0)
        return self.reply(200, signer.sign(data, made, how == "stranger"))

    def send_file(self, f, st, action, args):
        size = min(st.st_size, int(args[0])) if action == "short" else st.st_size
        etag = f'"{st.st_mtime_ns:x}-{size:x}"'
        start, end = 0, size
        want = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if self.headers.get("If-Range", etag) != etag or action == "norange":
            want = None
        if want:
            start = int(want[1])
            end = min(size, int(want[2]) + 1) if want[2] else size
            if start >= end:
                return self.reply(416, b"", {"Content-Range": f"bytes */{size}"})
        head = {"ETag": etag, "Content-Type": "application/octet-stream"}
        if action != "norange":
            head["Accept-Ranges"] = "bytes"
        if want:
            head["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        extra = b"and then some" if action == "long" else b""
        if action == "chunked":
            head["Transfer-Encoding"] = "chunked"
        elif action in ("close", "cut"):
            head["Connection"] = "close"
        else:
            head["Content-Length"] = str(end - start + len(extra))
        self.head(206 if want else 200, head)
        if self.command != "HEAD":
            self.body(f, start, end, action, args, size)
            self.wfile.write(extra)
            if action == "chunked":
                self.wfile.write(b"0\r\n\r\n")
            if action == "close":
                self.connection.unwrap()

    def body(self, f, start, end, action, args, size):
        limit = int(args[0]) if action in ("truncate", "reset", "stall", "cut") else None
        flip = (int(args[0]) if args else size // 2) if action == "flip" else -1
        step = max(1, int(args[0]) // 10) if action == "slow" else CHUNK
        f.seek(start)
        while start < end:
            if limit is not None:
                step = min(step, limit - self.sent)
                if step <= 0:
                    self.misbehave(action)
            data = f.read(min(step, end - start))
            if start <= flip < start + len(data):
                data = bytearray(data)
                data[flip - start] ^= 1
            start += len(data)
            self.sent += len(data)
            if action == "chunked":
                data = b"%x\r\n%s\r\n" % (len(data), bytes(data))
            self.wfile.write(data)
            if action == "slow":
                time.sleep(0.1)

    def flood(self, action):
        if action == "bigbody":
            self.head(200, {"Transfer-Encoding": "chunked"})
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        line = b"X-More: %s\r\n" % (b"y" * 900)
        while action == "bighead":
            self.wfile.write(line)
        while True:
            self.wfile.write(b"10000\r\n%s\r\n" % (b" " * 65536))

    def misbehave(self, action):
        if action == "stall":
            time.sleep(600)
        if action == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
        raise Hang

    def reply(self, code, data, head=None):
        self.head(code, {"Content-Length": str(len(data)), **(head or {})})
        if self.command != "HEAD":
            self.wfile.write(data)
            self.sent += len(data)

    def head(self, code, head):
        self.status = code
        self.send_response(code)
        for name, value in head.items():
            self.send_header(name, value)
        self.end_headers()


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in ADDRESS else socket.AF_INET
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def context(self, cert):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Bad certificates have to be served, too.
        ctx.set_ciphers("DEFAULT:@SECLEVEL=0")
        ctx.load_cert_chain(os.path.join(CERTS, cert + ".pem"))
        return ctx

    def named(self, tls, name, _):
        if name and folder(name) != WWW:
            tls.context = self.context("publishers")

    def finish_request(self, request, client_address):
        """In the connection's own thread: a slow handshake holds up nobody else."""
        ctx = self.context(setting("cert", "good"))
        ctx.sni_callback = self.named
        if setting("tls", "") == "1.3":
            ctx.minimum_version = ssl.TLSVersion.TLSv1_3
        if setting("tls", "") == "1.2":
            ctx.maximum_version = ssl.TLSVersion.TLSv1_2
        if setting("curve", ""):
            ctx.set_ecdh_curve(setting("curve", ""))
        request.settimeout(120)
        try:
            with ctx.wrap_socket(request, server_side=True) as tls:
                Handler(tls, client_address, self)
        except (OSError, ssl.SSLError) as why:
            with lock, open(LOG, "a") as f:
                print(time.strftime("%H:%M:%S"), "TLS", why, file=f)

    def handle_error(self, *_):
        pass


with Server((ADDRESS, PORT), Handler) as server:
    WWW = os.path.abspath(WWW)
    print(server.server_address[1], flush=True)
    server.serve_forever()
