"""A chat in turns; "byebye" ends it."""
import sys
from socket import socket, AF_INET, SOCK_STREAM

client = socket(AF_INET, SOCK_STREAM)
con_address = (sys.argv[1], int(sys.argv[2]))
client.connect(con_address)
while True:
    try:
        msg = input("client input: ")
    except EOFError:
        break
    client.send(msg.encode("utf-8"))
    if msg == "byebye":
        break
    recv_data = client.recv(512).decode("utf-8")
    if not recv_data:
        break
    print("the server says: {}".format(recv_data))
    if recv_data == "byebye":
        break
client.close()
