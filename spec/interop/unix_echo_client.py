"""The echo client on a Unix socket: unix_echo_client.py stream|dgram path.

A path that starts with "@" is an abstract name. A datagram client needs an
address of its own to be answered at: the path with "-client" at its end.
"""
import socket
import sys

KINDS = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM}
kind, path = sys.argv[1:3]
path = path.replace("@", "\0", 1)
client = socket.socket(socket.AF_UNIX, KINDS[kind])
if kind == "dgram":
    client.bind(path + "-client")
client.connect(path)
for line in sys.stdin:
    client.send(line.rstrip("\n").encode())
    print(client.recv(1024).decode())
if kind == "dgram":
    client.send(b"")
client.close()
