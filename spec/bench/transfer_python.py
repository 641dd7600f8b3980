"""Python's side of transfer.lua: sendfile PORT FILE."""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as s:
    with open(sys.argv[3], "rb") as file:
        s.sendfile(file)
