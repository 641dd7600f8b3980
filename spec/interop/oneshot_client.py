"""Sends one message and closes."""
import sys
from socket import socket, AF_INET, SOCK_STREAM

client = socket(AF_INET, SOCK_STREAM)
con_address = (sys.argv[1], int(sys.argv[2]))
client.connect(con_address)
client.send("lua学习笔记".encode("utf-8"))
client.close()
