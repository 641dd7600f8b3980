"""Python's side of udp.lua: CASE PORT, see udp_load.c."""
import socket
import sys

MANY, ROOM = 64, 2048


def echo(s, load):
    while True:
        data, sender = s.recvfrom(ROOM)
        s.sendto(data, sender)


def sink(s, load):
    got = 0
    while True:
        s.recv(ROOM)
        got += 1
        if got % MANY == 0:
            s.sendto(b"a", load)


load = ("127.0.0.1", int(sys.argv[2]))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.sendto(b"a", load)
    {"echo": echo, "sink": sink}[sys.argv[1]](s, load)
