"""The skeleton of a TCP server; sends each message back in capitals."""
import socket
import sys

ss = socket.socket()
ss.bind((sys.argv[1], int(sys.argv[2])))
ss.listen()
print("listening on %s:%d" % ss.getsockname(), flush=True)
while True:
    cs, addr = ss.accept()
    while True:
        data = cs.recv(1024)
        if not data:
            break
        cs.send(data.upper())
    cs.close()
