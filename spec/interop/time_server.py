"""The tutorial's time server: answers each message with the time and itself."""
import socket
import sys
from time import ctime

HOST = sys.argv[1]
PORT = int(sys.argv[2])
BUFSIZE = 1024
ADDR = (HOST, PORT)

tcpSock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
tcpSock.bind(ADDR)
tcpSock.listen(5)
print("listening on %s:%d" % tcpSock.getsockname(), flush=True)
while True:
    print("waiting for connection ...", flush=True)
    tcpCliSock, addr = tcpSock.accept()
    print("... connected from", addr, flush=True)
    while True:
        data = tcpCliSock.recv(BUFSIZE)
        if not data:
            break
        elif data == b"exit":
            tcpCliSock.send(b"see you again")
            tcpCliSock.close()
            sys.exit(0)
        tcpCliSock.send(b"[%s], %s" % (ctime().encode(), data))
        print("[%s] : %s" % (ctime(), data.decode()), flush=True)
    tcpCliSock.close()
