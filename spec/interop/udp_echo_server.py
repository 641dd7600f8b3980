"""The echo server over UDP."""
import socket
import sys

BUF_SIZE = 1024
server_addr = (sys.argv[1], int(sys.argv[2]))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(server_addr)
print("listening on %s:%d" % server.getsockname(), flush=True)
while True:
    print("waiting for data", flush=True)
    data, client_addr = server.recvfrom(BUF_SIZE)
    print("Connected by", client_addr, "Receive Data :", data.decode(), flush=True)
    server.sendto(data, client_addr)
