"""The echo server on a Unix socket: unix_echo_server.py stream|dgram path.

A path that starts with "@" is an abstract name. Serves one client and ends.
"""
import socket
import sys

KINDS = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM}
kind, path = sys.argv[1:3]
server = socket.socket(socket.AF_UNIX, KINDS[kind])
server.bind(path.replace("@", "\0", 1))
if kind == "stream":
    server.listen(5)
print("listening on", path, flush=True)
if kind == "stream":
    client, client_addr = server.accept()
    while True:
        data = client.recv(1024)
        if not data:
            break
        print(data.decode(), flush=True)
        client.sendall(data)
else:
    while True:
        data, client_addr = server.recvfrom(1024)
        if not data:
            break
        print(data.decode(), flush=True)
        server.sendto(data, client_addr)
