"""A chat in turns; "byebye" ends it."""
import sys
from socket import socket, AF_INET, SOCK_STREAM

server = socket(AF_INET, SOCK_STREAM)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)
while True:
    conn, addr_info = server.accept()
    while True:
        recv_data = conn.recv(512).decode("utf-8")
        if not recv_data:
            break
        print("the client says: {}".format(recv_data), flush=True)
        if recv_data == "byebye":
            break
        try:
            msg = input("server input: ")
        except EOFError:
            sys.exit(0)
        conn.send(msg.encode("utf-8"))
        if msg == "byebye":
            break
    conn.close()
    print(addr_info, "has left!", flush=True)
