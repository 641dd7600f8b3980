"""The echo client over UDP."""
import socket
import sys

BUF_SIZE = 1024
server_addr = (sys.argv[1], int(sys.argv[2]))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        data = input("Please Input data > ")
    except EOFError:
        break
    client.sendto(data.encode(), server_addr)
    data, addr = client.recvfrom(BUF_SIZE)
    print("Data :", data.decode())
client.close()
