#!/usr/bin/python3
"""middle.py PORT LOG ACTION [ARG [LAST]]: an HTTP proxy for CONNECT that does not leave TLS alone.

Every name is this machine. LOG is there once it listens, and gets a line for each connection: 1.3
or 1.2, the newest version that the client offers. ACTION is one of

    pass         nothing
    strip        take TLS 1.3 out of the client's offer, and bring the rest to the server
    forge N LAST answer an offer of TLS 1.3 with a ServerHello of TLS 1.2; the Nth connection to
                 the last of these
    alert N      answer an offer of TLS 1.3 with this alert
    silence      do not answer an offer of TLS 1.3
    reset N      reset the connection in place of the Nth record of the server
    close N      close it there
    cut N        close it in the middle of that record
    flip N [AT]  change a bit of byte AT of that record, the first being 1; of the middle one
"""
import select
import socket
import struct
import sys
import threading

PORT, LOG, ACTION = int(sys.argv[1]), sys.argv[2], sys.argv[3]
ARG, LAST = (int(a) for a in (sys.argv[4:] + ["0", "0"])[:2])
VERSIONS = bytes.fromhex("002b00050403040303")
OLD_HELLO = bytes.fromhex("0303" + "77" * 32 + "00" + "c02f" + "00")


class End(Exception):
    pass


def receive(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise End
        data += more
    return data


def record(sock):
    head = receive(sock, 5)
    return head + receive(sock, int.from_bytes(head[3:], "big"))


def without_versions(hello):
    """The record with the first hello, without the extension that offers TLS 1.3."""
    body = hello[9:]
    at = 2 + 32
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at:at + 2], "big")
    at += 1 + body[at]
    extensions = body[at + 2:].replace(VERSIONS, b"")
    body = body[:at] + len(extensions).to_bytes(2, "big") + extensions
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise End


def relay(server, client):
    """What the client says, and the records of the server; the Nth as ACTION has it. In one thread: a
    connection that another one reads from does not end when it is closed."""
    count = 0
    while True:
        readable = select.select([server, client], [], [])[0]
        if client in readable:
            data = client.recv(65536)
            if not data:
                raise End
            server.sendall(data)
        if server not in readable:
            continue
        data = record(server)
        count += 1
        if count == ARG and ACTION == "reset":
            reset(client)
        if count == ARG and ACTION == "close":
            raise End
        if count == ARG and ACTION == "cut":
            client.sendall(data[:len(data) // 2])
            raise End
        if count == ARG and ACTION == "flip":
            data = bytearray(data)
            data[LAST - 1 if LAST else 5 + (len(data) - 5) // 2] ^= 1
        client.sendall(data)


def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        head += receive(client, 1)
    port = int(head.split()[1].rsplit(b":", 1)[1])
    client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    hello = record(client)
    is_new = VERSIONS in hello
    with open(LOG, "a+") as f:
        print("1.3" if is_new else "1.2", file=f)
        f.seek(0)
        number = len(f.readlines())
    if is_new and ACTION == "forge" and ARG <= number <= LAST:
        message = b"\x02" + len(OLD_HELLO).to_bytes(3, "big") + OLD_HELLO
        client.sendall(b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message)
        return
    if is_new and ACTION == "alert":
        client.sendall(b"\x15\x03\x03\x00\x02\x02" + bytes([ARG]))
        return
    if is_new and ACTION == "silence":
        client.recv(1)
        return
    if is_new and ACTION == "strip":
        hello = without_versions(hello)
    server = socket.create_connection(("127.0.0.1", port))
    with server:
        server.sendall(hello)
        relay(server, client)


def one(client):
    with client:
        try:
            serve(client)
        except (End, OSError):
            pass


with socket.create_server(("127.0.0.1", PORT)) as listening:
    open(LOG, "w").close()
    while True:
        threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()
