#!/usr/bin/python3
"""registry.py CERT PORT CONTROL LOG OPEN BASIC: what stands before a registry, over TLS.

The registry itself is real, and listens without TLS on the ports OPEN and BASIC, where it wants the
login me:secret. By the name that it is asked for, this is

    open.test             that on OPEN
    basic.test            that on BASIC
    token.test            that on OPEN for those with a token of auth.test; its blobs are at store.test
    registry-1.docker.io  likewise, with tokens of auth.docker.io
    auth.test, auth.docker.io
                          give tokens to anybody, but for private/* to me:secret alone
    store.test            has blobs, and refuses those who log in

On the port behind PORT is a proxy, to which every name is this. LOG gets a line for each request:
host, path, Range, what was said of who asks (its first word), status. CONTROL is read anew each time,
and has a rule a line; the first that matches HOST/PATH counts:

    GLOB status CODE [AFTER]   an error, with Retry-After
    GLOB flip                  the middle bit is wrong
    GLOB cut N                 the connection is closed after N bytes, once
    GLOB stall N               silence after N bytes
    GLOB redirect URL
    GLOB file FILE             this instead, as JSON
    uses N                     a token is good for N requests
"""
import base64
import fnmatch
import http.client
import http.server
import json
import re
import secrets
import socket
import ssl
import sys
import threading
import time
import urllib.parse

CERT, PORT, CONTROL, LOG = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
OPEN, BASIC = int(sys.argv[5]), int(sys.argv[6])
LOGIN = "Basic " + base64.b64encode(b"me:secret").decode()
TOKENS = {"token.test": f"https://auth.test:{PORT}/token", "registry-1.docker.io": "https://auth.docker.io/token"}

tokens = {}		# token: [scope, uses that are left]
cuts = set()
lock = threading.Lock()


def rules():
    try:
        with open(CONTROL) as f:
            return [line.split() for line in f if line.strip()]
    except FileNotFoundError:
        return []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.host = self.headers["Host"].split(":")[0]
        self.said = self.headers.get("Authorization", "")
        try:
            self.act(*next((r[1:] for r in rules() if fnmatch.fnmatch(self.host + self.path, r[0])), ["none"]))
        except OSError:
            self.close_connection = True

    def reply(self, status, body=b"", headers=(), cut=None, stall=False):
        with lock, open(LOG, "a") as f:
            print(self.host, self.path, self.headers.get("Range", "-"), self.said.split(" ")[0] or "-", status, file=f)
        self.send_response(status)
        for key, value in dict(headers).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        if stall:
            time.sleep(60)
        self.close_connection = self.close_connection or cut is not None

    def complain(self, status, code, headers=()):
        self.reply(status, json.dumps({"errors": [{"code": code, "message": "\033[31mno\nnever"}]}).encode(), headers)

    def act(self, action, *args):
        if action == "status":
            return self.complain(int(args[0]), "TOOMANYREQUESTS", {"Retry-After": args[1]} if args[1:] else {})
        if action == "redirect":
            return self.reply(307, b"", {"Location": args[0]})
        if action == "file":
            with open(args[0], "rb") as f:
                return self.reply(200, f.read())
        if self.host.startswith("auth."):
            return self.give_token()
        if self.host == "store.test" and self.said:
            return self.reply(400, b"<Error>only one auth mechanism allowed</Error>")
        if self.host in TOKENS and not self.has_token():
            return self.challenge()
        if self.host == "token.test" and "/blobs/" in self.path:
            return self.reply(307, b"", {"Location": f"https://store.test:{PORT}{self.path}?sig=hidden"})
        return self.pass_on(action, args)

    def repository(self):
        return re.match(r"/v2/(.*)/(manifests|blobs)/", self.path)[1]

    def has_token(self):
        with lock:
            token = tokens.get(self.said.removeprefix("Bearer "))
            if not token or token[0] != f"repository:{self.repository()}:pull" or not token[1]:
                return False
            token[1] -= 1
            return True

    def challenge(self):
        self.complain(401, "UNAUTHORIZED", {"WWW-Authenticate": f'Bearer realm="{TOKENS[self.host]}",service='
                      f'"the registry",scope="repository:{self.repository()}:pull"'})

    def give_token(self):
        asked = dict(urllib.parse.parse_qsl(self.path.partition("?")[2]))
        if self.said and self.said != LOGIN:
            return self.complain(401, "UNAUTHORIZED")
        if asked["service"] != "the registry":
            return self.complain(400, "SERVICE")
        scope = asked["scope"]
        if scope.startswith("repository:private/") and not self.said:
            scope = ""
        token = secrets.token_urlsafe(20)
        with lock:
            tokens[token] = [scope, next((int(r[1]) for r in rules() if r[0] == "uses"), 1000)]
        self.reply(200, json.dumps({"access_token" if "docker" in self.host else "token": token}).encode())

    def pass_on(self, action, args):
        there = http.client.HTTPConnection("127.0.0.1", BASIC if self.host == "basic.test" else OPEN)
        names = ["Accept", "Range", "If-Range"] + ["Authorization"] * (self.host == "basic.test")
        there.request("GET", self.path, headers={k: self.headers[k] for k in names if k in self.headers})
        answer = there.getresponse()
        body, cut = bytearray(answer.read()), None
        if action == "flip":
            body[len(body) // 2] ^= 1
        if action == "stall" or (action == "cut" and self.path not in cuts):
            cuts.add(self.path)
            cut = int(args[0])
        kept = ("Content-Type", "Content-Range", "Docker-Content-Digest", "Etag", "WWW-Authenticate")
        self.reply(answer.status, body, {k: v for k, v in answer.getheaders() if k.title() in
                                         [x.title() for x in kept]}, cut, action == "stall")


class Server(http.server.ThreadingHTTPServer):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERT)

    def finish_request(self, request, client_address):
        with self.context.wrap_socket(request, server_side=True) as tls:
            self.RequestHandlerClass(tls, client_address, self)

    def handle_error(self, *_):
        pass


def copy(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def connect(client):
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(1) or b"\r\n\r\n"
    server = socket.create_connection(("127.0.0.1", PORT))
    client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    threading.Thread(target=copy, args=(client, server), daemon=True).start()
    copy(server, client)


def proxy():
    with socket.create_server(("127.0.0.1", PORT + 1)) as listening:
        while True:
            threading.Thread(target=connect, args=(listening.accept()[0],), daemon=True).start()


threading.Thread(target=proxy, daemon=True).start()
Server(("127.0.0.1", PORT), Handler).serve_forever()
