# The HTTP server on gevent's pywsgi.

from gevent.pywsgi import WSGIServer

seen = 0


def hello(environ, start_response):
    global seen
    seen += len(environ["PATH_INFO"]) + len(environ["HTTP_USER_AGENT"])
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


server = WSGIServer(("127.0.0.1", 0), hello, backlog=4096, log=None)
server.start()
print("port", server.server_port, flush=True)
server.serve_forever()
