"""The echo server with error handling at every step."""
import socket
import sys

BUF_SIZE = 1024


def fail(step, err):
    print("%s failure. Error code: %s Message: %s" % (step, err.errno, err.strerror))
    sys.exit(1)


def serve(client):
    while True:
        data = client.recv(BUF_SIZE)
        if not data:
            print("the client has left", flush=True)
            return
        print(data.decode(), flush=True)
        client.sendall(data)


server_addr = (sys.argv[1], int(sys.argv[2]))
try:
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
except OSError as err:
    fail("Creating socket", err)
print("Socket created!", flush=True)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind(server_addr)
except OSError as err:
    fail("Binding", err)
print("Socket bind!", flush=True)
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)
while True:
    client, client_addr = server.accept()
    print("Connected by", client_addr, flush=True)
    with client:
        try:
            serve(client)
        except OSError as err:
            print("Client failure. Error code: %s Message: %s" % (err.errno, err.strerror))
