# Python's side of every row.
# Arguments as every peer's: CASE TRANSPORT WHERE COUNT (see harness.c).

import gc
import socket
import sys

MESSAGE, BLOCK = 64, 64 * 1024


def reach(transport, where):
    if transport == "pair":
        return socket.socket(fileno=int(where))
    s = socket.create_connection(("127.0.0.1", int(where)))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def echo(s, count):
    while True:
        data = s.recv(MESSAGE)
        if not data:
            return
        s.sendall(data)


def send(s, count):
    block = b"x" * BLOCK
    for _ in range(count // BLOCK):
        s.sendall(block)


def recv(s, count):
    buffer = bytearray(BLOCK)
    got = 0
    s.sendall(b"r")
    while got < count:
        got += s.recv_into(buffer)
    s.sendall(b"d")


def memory(s, count):
    hold = [None] * (2 * count)
    gc.collect()
    s.sendall(b"0\n")
    s.recv(1)
    for i in range(0, 2 * count, 2):
        hold[i], hold[i + 1] = socket.socketpair()
    gc.collect()
    s.sendall(b"0\n")
    return hold


cases = {"echo": echo, "send": send, "recv": recv, "memory": memory}
case, transport, where, count = sys.argv[1:]
with reach(transport, where) as s:
    held = cases[case](s, int(count))
    s.recv(1)  # the harness closes when it has read the clocks
