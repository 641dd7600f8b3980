"""The skeleton of a UDP client."""
import socket
import sys

cs = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for line in sys.stdin:
    cs.sendto(line.encode(), (sys.argv[1], int(sys.argv[2])))
    data, addr = cs.recvfrom(1024)
    print(data.decode(), end="")
cs.close()
