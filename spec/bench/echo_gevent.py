# The echo server on gevent.

from gevent.server import StreamServer

BLOCK, BACKLOG = 4096, 4096


def serve(conn, address):
    while data := conn.recv(BLOCK):
        conn.sendall(data)


server = StreamServer(("127.0.0.1", 0), serve, backlog=BACKLOG)
server.start()
print("port", server.server_port, flush=True)
server.serve_forever()
