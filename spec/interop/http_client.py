"""Python's own HTTP clients against the server of http_server.lua:
http_client.py PORT. Prints the name of each check that went well."""
import http.client
import http.cookiejar
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

PORT = int(sys.argv[1])
URL = "http://127.0.0.1:%d" % PORT


def one_connection():
    c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    c.connect()
    sock = c.sock
    for path, status, body in (("/hello", 200, b"hello\n"), ("/none", 404, b"404 Not Found\n"),
                               ("/hello?x", 200, b"hello\n")):
        c.request("GET", path)
        r = c.getresponse()
        assert (r.status, r.read(), r.version) == (status, body, 11)
    c.request("HEAD", "/hello")
    r = c.getresponse()
    assert (r.getheader("Content-Length"), r.read()) == ("6", b"")
    c.request("DELETE", "/hello")
    r = c.getresponse()
    assert (r.status, r.getheader("Allow")) == (405, "GET, HEAD, OPTIONS")
    r.read()
    assert c.sock is sock
    c.close()


def large_both_ways():
    data = os.urandom(10 << 20)
    c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    c.request("POST", "/count", data)
    assert c.getresponse().read() == b"10485760 eof - 10485760\n"
    pieces = (data[i:i + 99999] for i in range(0, len(data), 99999))
    c.request("POST", "/count", pieces, encode_chunked=True,
              headers={"Transfer-Encoding": "chunked"})
    assert c.getresponse().read() == b"10485760 eof chunked -\n"
    c.request("GET", "/large")
    assert len(c.getresponse().read()) == 160 * 65536


def one_zero():
    class Old(http.client.HTTPConnection):
        _http_vsn, _http_vsn_str = 10, "HTTP/1.0"
    c = Old("127.0.0.1", PORT, timeout=20)
    c.request("GET", "/large")
    r = c.getresponse()
    assert r.getheader("Transfer-Encoding") is None
    assert len(r.read()) == 160 * 65536
    assert c.sock is None


def forms():
    data = urllib.parse.urlencode([("a", "x y&ü"), ("b", ""), ("a", "2")])
    with urllib.request.urlopen(URL + "/form", data.encode()) as r:
        assert r.read() == data.encode() + b"\n"
    with urllib.request.urlopen(URL + "/args?" + data) as r:
        assert r.read() == data.encode() + b"\n"


def cookies():
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    expected = (b"\n", b"first=1 second=2\n", b"first=1\n")
    assert tuple(opener.open(URL + "/cookies").read() for _ in expected) == expected
    assert sorted(c.name for c in jar) == ["first", "second"]


def redirects():
    for status in 301, 302, 303, 307:
        with urllib.request.urlopen("%s/redirect/%d" % (URL, status)) as r:
            assert (r.read(), r.url) == (b"hello\n", URL + "/hello")
    try:
        urllib.request.urlopen(URL + "/refuse", b"x")
    except urllib.error.HTTPError as e:
        assert (e.code, e.read()) == (413, b"413 Content Too Large\n"), e
    else:
        raise AssertionError


def files():
    with urllib.request.urlopen(URL + "/files/ten.txt") as r:
        etag = r.headers["ETag"]
        assert (r.read(), r.headers.get_content_type()) == (b"0123456789", "text/plain")
    request = urllib.request.Request(URL + "/files/ten.txt", headers={"Range": "bytes=2-4"})
    with urllib.request.urlopen(request) as r:
        assert (r.status, r.read(), r.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    request = urllib.request.Request(URL + "/files/ten.txt", headers={"If-None-Match": etag})
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as e:
        assert e.code == 304
    else:
        raise AssertionError


for check in one_connection, large_both_ways, one_zero, forms, cookies, redirects, files:
    check()
    print(check.__name__, flush=True)
