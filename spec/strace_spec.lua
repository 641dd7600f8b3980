-- The real system calls, failing: strace injects an error or a signal instead
-- of the call. What a script sees must be that error or nothing at all, and
-- what it does next must work.

local strace <const> = require "spec.support.strace"

local CASES <const> = {
    {
        "accept without descriptors fails, and loses no connection",
        inject = "accept4:error=EMFILE:when=1",
        script = [[
            local server = assert(socket.create_server({"127.0.0.1", 0}))
            local client = assert(socket.create_connection(server:getsockname()))
            say(server:accept())
            local conn = assert(server:accept())
            client:sendall("here")
            say(conn:recv(10))
        ]],
        says = "EMFILE\nhere\n",
    }, {
        "32: accept passes over connections that died",
        inject = "accept4:error=ECONNABORTED:when=1..5",
        script = [[ local client, conn = connected() client:sendall("x") say(conn:recv(1)) ]],
        says = "x\n",
    }, {
        "accept goes on after signals",
        inject = "accept4:error=EINTR:when=1..5",
        script = [[ local client, conn = connected() client:sendall("x") say(conn:recv(1)) ]],
        says = "x\n",
    }, {
        "recv goes on after signals",
        inject = "recvfrom:error=EINTR:when=1..5",
        script = [[
            local client, conn = connected()
            client:sendall("all of it")
            say(conn:recv(3))
            conn:settimeout(5)
            say(conn:recv(10))
        ]],
        says = "all\n of it\n",
    }, {
        "recv tells of a reset and can be called again",
        inject = "recvfrom:error=ECONNRESET:when=2",
        script = [[
            local client, conn = connected()
            client:sendall("before") say(conn:recv(10))
            client:sendall("after") say(conn:recv(10)) say(conn:recv(10))
        ]],
        says = "before\nECONNRESET\nafter\n",
    }, {
        "sendall goes on after signals",
        inject = "sendto:error=EINTR:when=1..5",
        script = [[
            local client, conn = connected()
            say(client:sendall("all of it")) say(conn:recv(20))
        ]],
        says = "9\nall of it\n",
    }, {
        "sendall says how much was sent before the connection broke",
        inject = "sendto:error=EPIPE:when=2+",
        script = [[
            local a, b = socket.socketpair()
            a:settimeout(0)
            local _, _, _, first = a:sendall(("x"):rep(1 << 22))
            b:settimeout(0)
            local got = 0
            repeat
                local data = b:recv(1 << 20)
                got = got + #(data or "")
            until not data
            local _, _, code, second = a:sendall("more")
            print(code, second, first == got)
        ]],
        says = "EPIPE\t0\ttrue\n",
    }, {
        "a SIGPIPE of whatever origin leaves a host that ignores it alone",
        inject = "sendto:error=EPIPE:signal=SIGPIPE:when=1",
        shell = "trap '' PIPE;",
        script = [[
            local client, conn = connected()
            say(client:send("x")) say(client:send("y")) say(conn:recv(2))
        ]],
        says = "EPIPE\n1\ny\n",
    }, {
        "datagrams go on after signals",
        inject = "sendto,recvfrom:error=EINTR:when=1..3",
        script = [[
            local a = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            assert(a:bind({"127.0.0.1", 0}))
            say(a:sendto("whole", a:getsockname()))
            say(a:recvfrom(10))
        ]],
        says = "5\nwhole\n",
    }, {
        "messages go on after signals",
        inject = "sendmsg,recvmsg:error=EINTR:when=1..3",
        script = [[
            local a, b = assert(socket.socketpair())
            say(a:sendmsg({"who", "le"}))
            say((b:recvmsg(10, 100)))
            say(socket.send_fds(a, {"x"}, {0}))
            say((socket.recv_fds(b, 1, 1)))
        ]],
        says = "5\nwhole\n1\nx\n",
    }, {
        "connect goes on after a signal",
        inject = "connect:error=EINTR:when=1",
        script = [[
            local server = assert(socket.create_server({"127.0.0.1", 0}))
            local s = socket.socket()
            s:settimeout(5)
            say(s:connect(server:getsockname()))
            s:sendall("x")
            say(server:accept():recv(1))
        ]],
        says = "true\nx\n",
    }, {
        "create_connection reports what the last attempt failed with",
        inject = "connect:error=ENOMEM:when=1",
        script = [[
            local server = assert(socket.create_server({"127.0.0.1", 0}))
            say(socket.create_connection(server:getsockname(), 5))
            print(socket.type(socket.create_connection(server:getsockname(), 5)))
        ]],
        says = "ENOMEM\nsocket\n",
    },
}

-- Waiting, with either poller.
for backend, call in pairs {epoll = "?epoll_wait,?epoll_pwait", poll = "?poll,?ppoll"} do
    CASES[#CASES + 1] = {
        "signals neither shorten nor lengthen a timeout (" .. backend .. ")",
        backend = backend,
        inject = call .. ":error=EINTR:when=1..20",
        script = [[
            local a, b = socket.socketpair()
            a:settimeout(0.05)
            local began = socket.monotonic()
            say(a:recv(1))
            local took = socket.monotonic() - began
            print(took >= 0.05 and took < 5)
            b:sendall("x")
            say(a:recv(1))
        ]],
        says = "timeout\ntrue\nx\n",
    }
    CASES[#CASES + 1] = {
        "a poller that fails is an error of the call that waits (" .. backend .. ")",
        backend = backend,
        inject = call .. ":error=ENOMEM:when=1",
        script = [[
            local a, b = socket.socketpair()
            a:settimeout(0.05)
            say(a:recv(1))
            b:sendall("x")
            say(a:recv(1))
        ]],
        says = "ENOMEM\nx\n",
    }
end

for _, code in ipairs {"EMFILE", "ENOMEM"} do
    CASES[#CASES + 1] = {
        "no socket for lack of resources: " .. code,
        inject = "socket:error=" .. code .. ":when=1",
        script = [[ say(socket.socket()) print(socket.type(socket.socket())) ]],
        says = code .. "\nsocket\n",
    }
end

for _, case in ipairs {
    {
        "a descriptor that the poller cannot take is an error of the call that waits",
        inject = "epoll_ctl:error=ENOMEM:when=1",
        script = [[
            local a, b = socket.socketpair()
            a:settimeout(0.05)
            say(a:recv(1))
            say(a:recv(1))
            b:sendall("x")
            say(a:recv(1))
        ]],
        says = "ENOMEM\ntimeout\nx\n",
    }, {
        "a close that a signal interrupted is a close (G12/219)",
        inject = "close:error=EINTR:when=100+", -- well past what starting takes
        script = [[
            local closed = 0
            for i = 1, 200 do
                local s = socket.socket()
                if s:close() and s:fileno() == -1 then closed = closed + 1 end
            end
            print(closed)
        ]],
        says = "200\n",
    }, {
        "a lookup without a thread fails, the next works",
        inject = "?clone,?clone3:error=EAGAIN:when=1",
        script = [[
            say(socket.getaddrinfo("localhost", 80))
            say(socket.gethostbyname("localhost"))
        ]],
        says = "EAGAIN\n127.0.0.1\n",
    }, {
        "a lookup without a descriptor to report by fails, the next works",
        inject = "eventfd2:error=EMFILE:when=1",
        script = [[
            say(socket.getaddrinfo("localhost", 80))
            say(socket.gethostbyname("localhost"))
        ]],
        says = "EMFILE\n127.0.0.1\n",
    }, {
        "a module that cannot be loaded can be loaded later",
        bare = true,
        inject = "epoll_create1:error=EMFILE:when=1",
        script = [[
            local ok, message = pcall(require, "tidewire.socket")
            print(ok, message:match("Too many open files"))
            print(require("tidewire.socket").gethostbyname("127.0.0.1"))
        ]],
        says = "false\tToo many open files\n127.0.0.1\n",
    },
} do
    CASES[#CASES + 1] = case
end

strace.describe("system calls that fail:", CASES)
