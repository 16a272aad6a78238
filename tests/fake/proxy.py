#!/usr/bin/python3
"""proxy.py PORT USER PASSWORD LOG: an HTTP proxy that knows CONNECT, and wants credentials.

Every name is this machine. LOG gets a line for each request: the host and port asked for, and
the status.
"""
import base64
import socket
import sys
import threading

PORT, USER, PASSWORD, LOG = sys.argv[1:]
WANTED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def copy(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(1)
        if not data:
            return
        head += data
    lines = head.decode().split("\r\n")
    to = lines[0].split()[1]
    allowed = f"Proxy-Authorization: {WANTED}" in lines
    with open(LOG, "a") as f:
        print(to, 200 if allowed else 407, file=f)
    if not allowed:
        client.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        return client.close()
    server = socket.create_connection(("127.0.0.1", int(to.rsplit(":", 1)[1])))
    client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    threading.Thread(target=copy, args=(client, server), daemon=True).start()
    copy(server, client)


with socket.create_server(("127.0.0.1", int(PORT))) as listening:
    while True:
        threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
