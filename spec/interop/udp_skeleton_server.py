"""The skeleton of a UDP server; sends each message back in capitals."""
import socket
import sys

ss = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ss.bind((sys.argv[1], int(sys.argv[2])))
print("listening on %s:%d" % ss.getsockname(), flush=True)
while True:
    data, addr = ss.recvfrom(1024)
    ss.sendto(data.upper(), addr)
