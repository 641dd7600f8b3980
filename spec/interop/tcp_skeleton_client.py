"""The skeleton of a TCP client."""
import socket
import sys

cs = socket.socket()
cs.connect((sys.argv[1], int(sys.argv[2])))
for line in sys.stdin:
    cs.send(line.encode())
    print(cs.recv(1024).decode(), end="")
cs.close()
