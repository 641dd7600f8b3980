/* Heads of HTTP messages: what they say, and what is refused. */
#include "http.h"

struct example
{
    const char *bytes, *expected;
};

#define CHECK_ALL(kind, examples)                                              \
    check_all((kind), (examples), sizeof(examples) / sizeof(examples)[0])

static void check_all(enum http_kind kind, const struct example *examples,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        http_check(&(struct http_given){kind, examples[i].bytes,
                                        strlen(examples[i].bytes),
                                        &http_limits},
                   examples[i].expected);
}

/* The start line, and the fields after Host, of a request. */
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define SAYS "GET / 1.1 none keep [Host=a]"

static void requests(void)
{
    static const struct example examples[] = {
        {GET "\r\n", SAYS},
        {GET "\r\nGET", SAYS},
        {"\r\n" GET "\r\n", SAYS},
        {GET "X:\r\n\r\n", SAYS " [X=]"},
        {GET "X: \t \r\n\r\n", SAYS " [X=]"},
        {GET "X:\ta b\tc \t\r\n\r\n", SAYS " [X=a b\tc]"},
        {GET "X:y:z\r\nx:z\r\n\r\n", SAYS " [X=y:z] [x=z]"},
        {GET "!#$%&'*+-.^_`|~0Az: \"\\\x80\x84\x86\xff\r\n\r\n",
         SAYS " [!#$%&'*+-.^_`|~0Az=\"\\\x80\x84\x86\xff]"},
        {"M-SEARCH /a?b=%20&{|}~ HTTP/1.0\r\n\r\n",
         "M-SEARCH /a?b=%20&{|}~ 1.0 none"},
        {"GET /longer/than/eight HTTP/1.1\r\nHost: localhost:8080\r\n"
         "User-Agent: test/1.0 (none)\r\nAccept: */*\r\n\r\n",
         "GET /longer/than/eight 1.1 none keep [Host=localhost:8080] "
         "[User-Agent=test/1.0 (none)] [Accept=*/*]"},
        {"", "more"},
        {"GET", "more"},
        {GET, "more"},
        {GET "\r", "more"},
    };
    CHECK_ALL(HTTP_REQUEST, examples);
}

static void request_lines(void)
{
    static const struct example examples[] = {
        {"\r\n\r\n" GET "\r\n", "400 empty lines in front of a head"},
        {" GET / HTTP/1.1\r\n\r\n", "400 a first line without a method"},
        {"GET\r\n\r\n", "400 a first line without a method"},
        {"G(T / HTTP/1.1\r\n\r\n", "400 a first line without a method"},
        {"GET\t/ HTTP/1.1\r\n\r\n", "400 a first line without a method"},
        {"GET  / HTTP/1.1\r\n\r\n", "400 a malformed target"},
        {"GET /\r\n\r\n", "400 a malformed target"},
        {"GET /\x80 HTTP/1.1\r\n\r\n", "400 a malformed target"},
        {"GET /#a HTTP/1.1\r\n\r\n", "400 a malformed target"},
        {"GET /a b HTTP/1.1\r\n\r\n", "400 a first line without a version"},
        {"GET /  HTTP/1.1\r\n\r\n", "400 a first line without a version"},
        {"GET / http/1.1\r\n\r\n", "400 a first line without a version"},
        {"GET / HTTP/1\r\n\r\n", "400 a first line without a version"},
        {"GET / HTTP/x.1\r\n\r\n", "400 a first line without a version"},
        {"GET / HTTP/1.x\r\n\r\n", "400 a first line without a version"},
        {"GET / HTTP/1x1\r\n\r\n", "400 a first line without a version"},
        {"GET / HTTP/11.1\r\n\r\n", "400 a first line without a version"},
        {"GET / HTTP/1.1 \r\n\r\n", "400 something behind the version"},
        {"GET / HTTP/1.10\r\n\r\n", "400 something behind the version"},
        {"GET / HTTP/1.2\r\n\r\n", "505 a version that is not 1.0 or 1.1"},
        {"GET / HTTP/0.9\r\n\r\n", "505 a version that is not 1.0 or 1.1"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
         "505 a version that is not 1.0 or 1.1"},
        {"\x16\x03\x01\x02", "400 a control byte"},
    };
    CHECK_ALL(HTTP_REQUEST, examples);
}

static void line_ends(void)
{
    static const struct example examples[] = {
        {"GET / HTTP/1.1\n", "400 a line ends without CR"},
        {"\n", "400 a line ends without CR"},
        {"GET / HTTP/1.1\n\n", "400 a line ends without CR"},
        {GET "\n", "400 a line ends without CR"},
        {GET "X: y\n", "400 a line ends without CR"},
        {GET "X: y\rz", "400 a CR without LF"},
        {GET "X: y\r\rz", "400 a CR without LF"},
        {"GET /\r HTTP/1.1", "400 a CR without LF"},
        {GET "\rX", "400 a CR without LF"},
        {GET "X: y\x0bz", "400 a control byte"},
        {GET "X\x01", "400 a control byte"},
    };
    CHECK_ALL(HTTP_REQUEST, examples);
    http_check(&(struct http_given){HTTP_REQUEST, "GET /\0a", 7, &http_limits},
               "400 a control byte");
}

static void targets(void)
{
    static const struct example examples[] = {
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
         "OPTIONS * 1.1 none keep [Host=a]"},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a target that is neither a path nor a URL"},
        {"OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a target that is neither a path nor a URL"},
        {"GET HTTP://A:80?b HTTP/1.1\r\nHost: a:80\r\n\r\n",
         "GET HTTP://A:80?b 1.1 none keep [Host=a:80]"},
        {"GET https://a/b HTTP/1.0\r\n\r\n", "GET https://a/b 1.0 none"},
        {"GET https://ab/c HTTP/1.1\r\nHost: aB\r\n\r\n",
         "GET https://ab/c 1.1 none keep [Host=aB]"},
        {"GET http://ab HTTP/1.1\r\nHost: ab\r\n\r\n",
         "GET http://ab 1.1 none keep [Host=ab]"},
        {"GET https:// HTTP/1.0\r\n\r\n",
         "400 a target that is neither a path nor a URL"},
        {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a Host that is not the target's"},
        {"GET http://a@b/ HTTP/1.1\r\nHost: a@b\r\n\r\n",
         "400 a target that is neither a path nor a URL"},
        {"GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a target that is neither a path nor a URL"},
        {"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a target that is neither a path nor a URL"},
        {"GET a HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a target that is neither a path nor a URL"},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
         "CONNECT a:443 1.1 none keep [Host=a:443]"},
        {"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]\r\n\r\n",
         "CONNECT [::1]:443 1.1 none keep [Host=[::1]]"},
        {"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a target that CONNECT may not have"},
        {"CONNECT a: HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a target that CONNECT may not have"},
        {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n",
         "400 a target that CONNECT may not have"},
        {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
         "400 a CONNECT with a body"},
    };
    CHECK_ALL(HTTP_REQUEST, examples);
}

/* A request whose Host is `host`; `ok` if it may be. */
static void check_host(const char *host, bool ok)
{
    char bytes[300];
    static struct text expected;
    text_clear(&expected);
    if (ok)
        text_add(&expected, "GET / 1.1 none keep [Host=%s]", host);
    else
        text_add(&expected, "400 a malformed Host");
    int n = snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n",
                     host);
    http_check(
        &(struct http_given){HTTP_REQUEST, bytes, (size_t)n, &http_limits},
        expected.at);
}

static void hosts(void)
{
    static const char *const good[] = {
        "a",   "a.b.",    "127.0.0.1:8080",      "a:",    "a:65535", "[::1]",
        "A_b", "%c3%85x", "[::ffff:1.2.3.4]:80", "xn--a", "a:0080",  "a%61",
    };
    static const char *const bad[] = {
        "",
        ":80",
        "a b",
        "a:x",
        "a:65536",
        "a:80:80",
        "a/b",
        "a@b",
        "a?",
        "[::1",
        "[]",
        "[::1]a",
        "[1::2::3]",
        "::1",
        "a%",
        "a%2",
        "a%2g",
        "a%g2",
        "[1111:2222:3333:4444:5555:6666:7777:8888:9999]",
        "a\\b",
        "a\x80",
        "[::1%25a]",
        "a:-1",
        "<a>",
        "[v1.a]",
        "a:99999999999999999999",
        "http://a",
    };
    static const struct example examples[] = {
        {"GET / HTTP/1.1\r\n\r\n", "400 no Host"},
        {GET "Host: a\r\n\r\n", "400 two Host fields"},
        {GET "hOST: b\r\n\r\n", "400 two Host fields"},
        {"GET / HTTP/1.0\r\n\r\n", "GET / 1.0 none"},
        {"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", "400 a malformed Host"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_host(good[i], true);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_host(bad[i], false);
    CHECK_ALL(HTTP_REQUEST, examples);
}

static void fields_that_are_none(void)
{
    static const struct example examples[] = {
        {GET " X: y\r\n\r\n", "400 a folded line, or space in front of a name"},
        {GET "\tX: y\r\n\r\n",
         "400 a folded line, or space in front of a name"},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
         "400 a folded line, or space in front of a name"},
        {GET "X : y\r\n\r\n", "400 space behind a name"},
        {GET "X\t: y\r\n\r\n", "400 space behind a name"},
        {GET ": y\r\n\r\n", "400 a field without a name"},
        {GET "X\r\n\r\n", "400 a line without a colon"},
        {GET "X y\r\n\r\n", "400 space behind a name"},
        {GET "X\x85: y\r\n\r\n", "400 a byte that no name may have"},
        {GET "X@: y\r\n\r\n", "400 a byte that no name may have"},
        {GET "(X): y\r\n\r\n", "400 a byte that no name may have"},
        {GET "X: a\x7f\r\n\r\n", "400 a byte that no value may have"},
        {GET "X: a\x85\r\n\r\n", "400 a byte that no value may have"},
        {GET "X: \x85\r\n\r\n", "400 a byte that no value may have"},
    };
    CHECK_ALL(HTTP_REQUEST, examples);
}

#define LENGTH "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:"
#define LENGTH_SAYS "POST / 1.1 length "
#define NO_NUMBER "400 a Content-Length that is no number"

static void lengths(void)
{
    static const struct example examples[] = {
        {LENGTH "0\r\n\r\n", LENGTH_SAYS "0 keep [Host=a] [Content-Length=0]"},
        {LENGTH " 010\t\r\n\r\n",
         LENGTH_SAYS "10 keep [Host=a] [Content-Length=010]"},
        {LENGTH "9223372036854775807\r\n\r\n",
         LENGTH_SAYS "9223372036854775807 keep [Host=a] "
                     "[Content-Length=9223372036854775807]"},
        {LENGTH "9223372036854775808\r\n\r\n",
         "400 a Content-Length that is too large"},
        {LENGTH "18446744073709551616\r\n\r\n",
         "400 a Content-Length that is too large"},
        {LENGTH "\r\n\r\n", "400 an empty Content-Length"},
        {LENGTH "+1\r\n\r\n", NO_NUMBER},
        {LENGTH "-1\r\n\r\n", NO_NUMBER},
        {LENGTH "0x10\r\n\r\n", NO_NUMBER},
        {LENGTH "1_0\r\n\r\n", NO_NUMBER},
        {LENGTH "1Z\r\n\r\n", NO_NUMBER},
        {LENGTH "1 0\r\n\r\n", NO_NUMBER},
        {LENGTH "1,1\r\n\r\n", NO_NUMBER},
        {LENGTH "1.0\r\n\r\n", NO_NUMBER},
        {LENGTH "\xb2\r\n\r\n", NO_NUMBER},
        {LENGTH "1\r\nContent-Length: 1\r\n\r\n",
         "400 two Content-Length fields"},
        {LENGTH "1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400 both Content-Length and Transfer-Encoding"},
    };
    CHECK_ALL(HTTP_REQUEST, examples);
}

#define CODING "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:"
#define CODING_SAYS "POST / 1.1 chunked keep [Host=a] [Transfer-Encoding="
#define MALFORMED "400 a malformed Transfer-Encoding"
#define UNKNOWN "501 a transfer coding that is not known"
#define AFTER "400 a transfer coding after chunked"

static void codings(void)
{
    static const struct example examples[] = {
        {CODING " chunked\r\n\r\n", CODING_SAYS "chunked]"},
        {CODING "\tCHUNKed \r\n\r\n", CODING_SAYS "CHUNKed]"},
        {CODING "\r\n\r\n", MALFORMED},
        {CODING ",chunked\r\n\r\n", MALFORMED},
        {CODING "chunked,\r\n\r\n", MALFORMED},
        {CODING ",\r\n\r\n", MALFORMED},
        {CODING "chunked;a=b\r\n\r\n", MALFORMED},
        {CODING "\"chunked\"\r\n\r\n", MALFORMED},
        {CODING "\x0b"
                "chunked\r\n\r\n",
         "400 a control byte"},
        {CODING "chunked\x85\r\n\r\n", "400 a byte that no value may have"},
        {CODING "chunked, chunked\r\n\r\n", AFTER},
        {CODING "chunked, identity\r\n\r\n", AFTER},
        {CODING "gzip\r\n\r\n", UNKNOWN},
        {CODING "identity\r\n\r\n", UNKNOWN},
        {CODING "xchunked\r\n\r\n", UNKNOWN},
        {CODING "gzip, chunked\r\n\r\n", UNKNOWN},
        {CODING "chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400 two Transfer-Encoding fields"},
        {CODING "chunked\r\nContent-Length: 1\r\n\r\n",
         "400 both Content-Length and Transfer-Encoding"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400 Transfer-Encoding in HTTP/1.0"},
    };
    CHECK_ALL(HTTP_REQUEST, examples);
}

#define OLD "GET / HTTP/1.0\r\n"

static void connections(void)
{
    static const struct example examples[] = {
        {GET "Connection: close\r\n\r\n",
         "GET / 1.1 none [Host=a] [Connection=close]"},
        {GET "Connection: x, ,\tCLOSE\r\n\r\n",
         "GET / 1.1 none [Host=a] [Connection=x, ,\tCLOSE]"},
        {GET "Connection: keep-alive\r\nConnection: close\r\n\r\n",
         "GET / 1.1 none [Host=a] [Connection=keep-alive] [Connection=close]"},
        {GET "Connection: closed\r\n\r\n", SAYS " [Connection=closed]"},
        {GET "Connection: close , x\r\n\r\n",
         "GET / 1.1 none [Host=a] [Connection=close , x]"},
        {GET "Connection: upgrade, x\r\nUpgrade: a\r\n\r\n",
         "GET / 1.1 none keep upgrade [Host=a] [Connection=upgrade, x] "
         "[Upgrade=a]"},
        {OLD "Connection: keep-alive, x\r\n\r\n",
         "GET / 1.0 none keep [Connection=keep-alive, x]"},
        {GET "Connection:\r\n\r\n", SAYS " [Connection=]"},
        {GET "Connection: a b\r\n\r\n", "400 a malformed Connection"},
        {OLD "Connection: Keep-Alive\r\n\r\n",
         "GET / 1.0 none keep [Connection=Keep-Alive]"},
        {OLD "Connection: keep-alive, close\r\n\r\n",
         "GET / 1.0 none [Connection=keep-alive, close]"},
        {GET "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
         "GET / 1.1 none keep upgrade [Host=a] [Connection=Upgrade] "
         "[Upgrade=websocket]"},
        {GET "Connection: Upgrade\r\n\r\n", SAYS " [Connection=Upgrade]"},
        {GET "Upgrade: websocket\r\n\r\n", SAYS " [Upgrade=websocket]"},
        {OLD "Connection: Upgrade\r\nUpgrade: a\r\n\r\n",
         "GET / 1.0 none [Connection=Upgrade] [Upgrade=a]"},
        {GET "Expect: 100-Continue\r\n\r\n",
         "GET / 1.1 none keep expect [Host=a] [Expect=100-Continue]"},
        {OLD "Expect: 100-continue\r\n\r\n",
         "GET / 1.0 none [Expect=100-continue]"},
        {GET "Expect: more\r\n\r\n", "417 an expectation that is not known"},
    };
    CHECK_ALL(HTTP_REQUEST, examples);
}

static void responses(void)
{
    static const struct example examples[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", "200 OK 1.1 until close"},
        {"HTTP/1.1 404 Not \xe9t\xe9\r\nContent-Length: 3\r\n\r\n",
         "404 Not \xe9t\xe9 1.1 length 3 keep [Content-Length=3]"},
        {"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n",
         "200  1.1 chunked keep [Transfer-Encoding=chunked]"},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
         "200  1.1 length 0 keep [Content-Length=0]"},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
         "200 OK 1.0 length 0 [Content-Length=0]"},
        {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
         "200 OK 1.0 until close [Connection=keep-alive]"},
        {"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
         "204 No 1.1 none keep [Content-Length=0]"},
        {"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n",
         "204 No 1.1 none [Content-Length=3]"},
        {"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
         "204 No 1.1 none [Transfer-Encoding=chunked]"},
        {"HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n",
         "304 No 1.1 none keep [Content-Length=3]"},
        {"HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\n",
         "100 Go 1.1 none keep [Content-Length=0]"},
        {"HTTP/1.1 304 No\r\n\r\n", "304 No 1.1 none keep"},
        {"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n",
         "101 S 1.1 none keep upgrade [Connection=upgrade] [Upgrade=a]"},
        {"HTTP/1.1 999 X\r\nHost: ?\r\nExpect: ?\r\n\r\n",
         "999 X 1.1 until close [Host=?] [Expect=?]"},
    };
    static const struct example to_head[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
         "200 OK 1.1 none keep [Content-Length=3]"},
    };
    static const struct example to_connect[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
         "200 OK 1.1 none keep [Content-Length=3]"},
        {"HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\n",
         "407 No 1.1 length 3 keep [Content-Length=3]"},
    };
    CHECK_ALL(HTTP_RESPONSE, examples);
    CHECK_ALL(HTTP_RESPONSE_TO_HEAD, to_head);
    CHECK_ALL(HTTP_RESPONSE_TO_CONNECT, to_connect);
}

static void responses_that_are_none(void)
{
    static const struct example examples[] = {
        {"HTTP/1.1 099 OK\r\n\r\n", "400 a malformed status"},
        {"HTTP/1.1 20 OK\r\n\r\n", "400 a malformed status"},
        {"HTTP/1.1_200 OK\r\n\r\n", "400 a malformed status"},
        {"HTTP/1.1 2000 OK\r\n\r\n", "400 a malformed status line"},
        {"HTTP/1.1 +20 OK\r\n\r\n", "400 a malformed status"},
        {"HTTP/1.1  200 OK\r\n\r\n", "400 a malformed status"},
        {"HTTP/1.1\r\n\r\n", "400 a malformed status"},
        {"HTTP/1.1 \r\n\r\n", "400 a malformed status"},
        {"HTTP/1.1 200\tOK\r\n\r\n", "400 a malformed status line"},
        {"HTTP/1.1 200 O\x7f\r\n\r\n", "400 a malformed status line"},
        {"HTTP/1.1 103 Go\r\nContent-Length: 3\r\n\r\n",
         "400 an interim response with a body"},
        {"HTTP/1.1 101 Go\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400 an interim response with a body"},
        {"HTTP/2.0 200 OK\r\n\r\n", "505 a version that is not 1.0 or 1.1"},
        {"ICY 200 OK\r\n\r\n", "400 a first line without a version"},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", "400 a first line without a version"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
         "Transfer-Encoding: chunked\r\n\r\n",
         "400 both Content-Length and Transfer-Encoding"},
        {"HTTP/1.1 304 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
         "400 two Content-Length fields"},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400 Transfer-Encoding in HTTP/1.0"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", UNKNOWN},
    };
    CHECK_ALL(HTTP_RESPONSE, examples);
}

static void sections_of_fields(void)
{
    static const struct example examples[] = {
        {"\r\n", ""},
        {"A: b\r\nContent-Length: x\r\n\r\n", " [A=b] [Content-Length=x]"},
        {"A: b\r\n", "more"},
        {" A: b\r\n\r\n", "400 a folded line, or space in front of a name"},
    };
    CHECK_ALL(HTTP_FIELDS, examples);
}

/* -- limits --------------------------------------------------------------- */

/* What is read of a line of `line` bytes and `fields` fields "X:". */
static void check_limits(const struct tw_http_limits *limits, size_t line,
                         size_t fields, const char *expected)
{
    static struct text bytes, out;
    text_clear(&bytes);
    text_add(&bytes, "GET /%*s HTTP/1.0\r\n", (int)line - 14, "");
    memset(bytes.at + 5, 'a', line - 14);
    for (size_t i = 0; i < fields; i++)
        text_add(&bytes, "X:\r\n");
    text_add(&bytes, "\r\n");
    struct http_given given = {HTTP_REQUEST, bytes.at, bytes.len, limits};
    for (size_t each = 1; each <= bytes.len; each += bytes.len - 1)
    {
        http_give(&given, 0, each, &out);
        out.at[expected ? out.len : 4] = '\0';
        CHECK_STR(out.at, expected ? expected : "GET ");
    }
}

static void limits(void)
{
    const char *head = "431 the head is too long";
    const char *line = "414 the first line is too long";
    const char *many = "431 too many fields";
    check_limits(&(struct tw_http_limits){20, 100, 10}, 20, 3, NULL);
    check_limits(&(struct tw_http_limits){20, 100, 10}, 21, 3, line);
    check_limits(&(struct tw_http_limits){20, 100, 10}, 20, 10, NULL);
    check_limits(&(struct tw_http_limits){20, 100, 10}, 20, 11, many);
    check_limits(&(struct tw_http_limits){20, 100, 0}, 20, 0, NULL);
    check_limits(&(struct tw_http_limits){20, 100, 0}, 20, 1, many);
    check_limits(&(struct tw_http_limits){20, 36, 10}, 20, 3, NULL);
    check_limits(&(struct tw_http_limits){20, 35, 10}, 20, 3, head);
    check_limits(&(struct tw_http_limits){20, 34, 10}, 20, 3, head);
    check_limits(&(struct tw_http_limits){20, 20, 10}, 20, 3, line);
    check_limits(&http_limits, 100, 100, NULL);
    check_limits(&http_limits, 100, 101, many);
}

/* There is room for fewer than there are. */
static void room(void)
{
    static const char bytes[] = GET "X: y\r\nZ: z\r\n\r\n";
    struct tw_http_field fields[2];
    struct tw_http_head head = {.fields = fields, .room = 2};
    CHECK_INT(tw_http_request(&head, bytes, sizeof bytes - 1), -431);
    CHECK_STR(head.why, "too many fields");
    CHECK_INT(head.nfields, 2);
}

/* What tw_http_scan would not have called a head is none either. */
static void heads_that_do_not_end(void)
{
    static const char *const bad[] = {
        "",
        "\r",
        "\r\n",
        "\r\n\r\n",
        "GET",
        "GET / HTTP/1.0\r\n",
        GET "\r\n\r\n",
        GET "X: y",
        GET "X: y\rZ: z\r\n\r\n",
        GET "X: y\r",
        GET "\r\nX: y\r\n",
        "GET / HTTP/1.0",
    };
    struct tw_http_field fields[8];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    {
        struct tw_http_head head = {.fields = fields, .room = 8};
        size_t len = strlen(bad[i]);
        const char *data = (const char *)guard_copy(bad[i], len);
        if (!CHECK_INT(tw_http_request(&head, data, len), -400))
            printf("#   \"%s\"\n", bad[i]);
        CHECK(head.why);
    }
}

static void fields_by_name(void)
{
    static const char bytes[] = GET "X: 1\r\nHosts: 2\r\nx: 3\r\n\r\n";
    struct tw_http_field fields[8];
    struct tw_http_head head = {.fields = fields, .room = 8};
    CHECK_INT(tw_http_request(&head, bytes, sizeof bytes - 1), 0);
    fields[head.nfields] = fields[head.nfields - 1]; /* of some other head */
    CHECK(tw_http_find(&head, bytes, "host", 4, NULL) == &fields[0]);
    CHECK(!tw_http_find(&head, bytes, "host", 4, &fields[0]));
    const struct tw_http_field *x = tw_http_find(&head, bytes, "x", 1, NULL);
    CHECK(x == &fields[1]);
    CHECK(tw_http_find(&head, bytes, "X", 1, x) == &fields[3]);
    CHECK(!tw_http_find(&head, bytes, "X", 1, &fields[3]));
    CHECK(!tw_http_find(&head, bytes, "y", 1, NULL));
}

int main(void)
{
    TAP_CASE(requests);
    TAP_CASE(request_lines);
    TAP_CASE(line_ends);
    TAP_CASE(targets);
    TAP_CASE(hosts);
    TAP_CASE(fields_that_are_none);
    TAP_CASE(lengths);
    TAP_CASE(codings);
    TAP_CASE(connections);
    TAP_CASE(responses);
    TAP_CASE(responses_that_are_none);
    TAP_CASE(sections_of_fields);
    TAP_CASE(limits);
    TAP_CASE(room);
    TAP_CASE(heads_that_do_not_end);
    TAP_CASE(fields_by_name);
    return tap_done();
}
