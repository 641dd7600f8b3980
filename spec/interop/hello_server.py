"""The "hello" / "hi" server, which keeps its sockets in with statements."""
import sys
from socket import *

HOST = sys.argv[1]
PORT = int(sys.argv[2])
BUFSIZE = 1024
ADDR = (HOST, PORT)

with socket(AF_INET, SOCK_STREAM) as tcpSerSock:
    tcpSerSock.bind(ADDR)
    tcpSerSock.listen(5)
    print("listening on %s:%d" % tcpSerSock.getsockname(), flush=True)
    while True:
        print("waiting for connect!!", flush=True)
        tcpClientSock, addr = tcpSerSock.accept()
        print("the client:", addr, "is connecting", flush=True)
        with tcpClientSock:
            while True:
                data = tcpClientSock.recv(BUFSIZE)
                if not data:
                    break
                print("client:", data.decode("utf-8"), flush=True)
                try:
                    msg = input("server: ")
                except EOFError:
                    sys.exit(0)
                tcpClientSock.sendall(msg.encode("utf-8"))
            print("client", addr, "exit!", flush=True)
