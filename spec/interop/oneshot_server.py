"""Takes one message from each client."""
import sys
from socket import socket, AF_INET, SOCK_STREAM

server = socket(AF_INET, SOCK_STREAM)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)
while True:
    conn, addr_info = server.accept()
    print("%s\t%s" % (conn, addr_info), flush=True)
    recv_data = conn.recv(512).decode("utf-8")
    print("the message from {} is: {}".format(addr_info[0], recv_data), flush=True)
    conn.close()
