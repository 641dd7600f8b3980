"""The "hello" / "hi" client, which keeps its socket in a with statement."""
import sys
from socket import *

HOST = sys.argv[1]
PORT = int(sys.argv[2])
ADDR = (HOST, PORT)

with socket(AF_INET, SOCK_STREAM) as tcpCliSock:
    tcpCliSock.connect(ADDR)
    while True:
        try:
            msg = input("client: ")
        except EOFError:
            sys.exit(0)
        tcpCliSock.sendall(msg.encode("utf-8"))
        data = tcpCliSock.recv(1024)
        if not data:
            break
        print("server:", data.decode("utf-8"))
    print("server crash")
