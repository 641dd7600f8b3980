"""The echo client with error handling at every step."""
import socket
import sys

BUF_SIZE = 1024


def fail(step, err):
    print("%s failure. Error code: %s Message: %s" % (step, err.errno, err.strerror))
    sys.exit(1)


server_addr = (sys.argv[1], int(sys.argv[2]))
try:
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
except OSError as err:
    fail("Creating socket", err)
try:
    client.connect(server_addr)
except OSError as err:
    fail("Connecting", err)
while True:
    try:
        data = input("Please input some string > ")
    except EOFError:
        break
    if not data:
        print("input can't be empty, please input again..")
        continue
    client.sendall(data.encode())
    data = client.recv(BUF_SIZE)
    print(data.decode())
client.close()
