"""The echo server, without error handling."""
import socket
import sys

BUF_SIZE = 1024
server_addr = (sys.argv[1], int(sys.argv[2]))
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(server_addr)
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)
while True:
    client, client_addr = server.accept()
    print("Connected by", client_addr, flush=True)
    while True:
        data = client.recv(BUF_SIZE)
        if not data:
            break
        print(data.decode(), flush=True)
        client.sendall(data)
    client.close()
