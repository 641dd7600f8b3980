"""The echo client, without error handling."""
import socket
import sys

BUF_SIZE = 1024
server_addr = (sys.argv[1], int(sys.argv[2]))
client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(server_addr)
while True:
    try:
        data = input("Please input some string > ")
    except EOFError:
        break
    if not data:
        break
    client.sendall(data.encode())
    data = client.recv(BUF_SIZE)
    print(data.decode())
client.close()
