--- An HTTP/1.1 server: what it listens on, how it begins and ends. Requests are
-- read, and handlers called, in C: csrc/mod/http/.

local core <const> = require "tidewire.http_core"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local options <const> = require "tidewire.options"
local server_options <const> = require "tidewire.http.server.options"
local errors <const> = require "tidewire.http.server.errors"
require "tidewire.http.request"
require "tidewire.http.response"

local methods <const> = {}
local server_mt <const> = { __name = "http.server", __index = methods }

local GRACE <const> = 10 -- seconds
local PAUSE <const> = 0.1 -- seconds, when there are no descriptors left
local QUIET <const> = 60 -- seconds between warnings about that

-- -- listening -----------------------------------------------------------------

-- The listening socket; or nil, message, code. False for none.
local function listen(opts)
    if opts.listen == false then
        return false
    elseif opts.listener then
        return opts.listener
    elseif opts.path then
        return socket.create_server(opts.path,
            { family = socket.AF_UNIX, backlog = opts.backlog })
    end
    local host <const> = opts.host or "127.0.0.1"
    return socket.create_server({ host, opts.port or 0 }, {
        family = host:find(":", 1, true) and socket.AF_INET6 or socket.AF_INET,
        backlog = opts.backlog,
    })
end

-- Accepted sockets inherit this: answers leave at once.
local function set_nodelay(listener)
    if listener.family ~= socket.AF_UNIX then
        listener:setoption("nodelay", true)
    end
end

-- Without descriptors or memory: one warning now and then, and a pause.
local function run_short(self, message)
    local now <const> = socket.monotonic()
    if now >= self.warn_from then
        self.warn_from = now + QUIET
        pcall(self.onerror, message)
    end
    self.engine:wait(nil, PAUSE)
end

-- Hands a connection over to the engine; nil, message, code if that fails: then
-- it is closed.
local function adopt(engine, conn, peer)
    local stream, message, code = conn:makefile "rw"
    if not stream then
        return nil, message, code
    end
    conn:close() -- the stream has it all to itself
    local ok
    ok, message, code = engine:add(stream, peer)
    if not ok then
        stream:close()
    end
    return ok, message, code
end

-- Takes one connection. False once the listener is closed.
local function accept(self)
    local engine <const>, most <const> = self.engine, self.max_connections
    if most then
        engine:wait(most - 1)
    end
    local listener <const> = self.listener
    if not listener then -- the server was stopped meanwhile
        return false
    end
    local conn <close>, peer <const>, code <const> = listener:accept()
    if conn then
        adopt(engine, conn, peer)
    elseif code == "closed" then
        return false
    else
        run_short(self, peer)
    end
    return true
end

-- Calls f until it returns false. Only being cancelled ends it otherwise: running
-- out of memory costs a connection, not the server.
local function persist(self, f, ...)
    local ok, more
    repeat
        ok, more = pcall(f, ...)
        if not ok and more ~= task.cancelled then
            collectgarbage() -- an accepted socket may be among what was lost
            local paused <const>, why <const> = pcall(run_short, self, more)
            more = paused or why
            if not paused then
                task.yield() -- there is not even memory to wait with: others may free some
            end
        end
        if more == task.cancelled then
            error(more, 0)
        end
    until ok and not more
end

local function accept_all(self)
    while accept(self) do end
end

local function serve(self, scope)
    local engine <const> = self.engine
    function self.spawn()
        scope:spawn(persist, self, engine.work, engine)
    end
    scope:spawn(persist, self, engine.work, engine)
    if self.listener then
        scope:spawn(persist, self, accept_all, self)
    end
    self.stopped:wait()
    engine:stop()
    engine:wait(0, self.grace)
    engine:close()
    scope:cancel()
end

--- Serves until server:stop or server:close.
-- @return true
function methods:run()
    if self.running then
        error("the server is running already, or was", 2)
    end
    self.running = true
    local engine <const> = self.engine
    local _ <close> = setmetatable({}, { __close = function() engine:close() end })
    task.scope(function(scope) serve(self, scope) end)
    return true
end

--- Ditto, in a task of its own, which is returned.
function methods:start()
    return task.spawn(self.run, self)
end

local function close_listener(self)
    local listener <const> = self.listener
    if listener then
        listener:close()
    end
    if self.path and not self.engine:forked() then
        os.remove(self.path)
    end
    self.listener, self.path = nil, nil
end

--- Ends the server: it accepts nothing more, and closes what is idle; requests
-- under way have so many seconds (false: as many as they need), handlers that have
-- made another protocol of theirs as long as there are others. Returns at once;
-- server:run when all is over.
function methods:stop(grace)
    if grace ~= nil and not options.rules.seconds_or_false[2](grace) then
        error("grace: must be seconds, not negative, or false, got " .. tostring(grace), 2)
    end
    self.grace = grace == nil and GRACE or grace
    close_listener(self)
    self.stopped:set()
end

--- Ditto, leaving no time to anybody.
function methods:close()
    self:stop(0)
    self.engine:close()
end
server_mt.__close = methods.close

--- Serves what comes by a connected socket, or a stream of any kind, which is the
-- server's from now on.
-- @return true; or nil, message, code
function methods:add(conn)
    if socket.type(conn) then
        return adopt(self.engine, conn, (conn:getpeername()))
    end
    return self.engine:add(conn)
end

--- The address it listens on; nil, message, "closed" if on none.
function methods:getsockname()
    if not self.listener then
        return nil, "getsockname: the server does not listen", "closed"
    end
    return self.listener:getsockname()
end

--- How many connections there are, how many of them wait, how many have a request
-- with a handler; and all requests so far: {connections =, idle =, active =,
-- requests =}.
function methods:stats()
    return self.engine:stats()
end

-- Objects that can be called, as routers, are handlers too.
local function as_function(handler)
    return type(handler) == "function" and handler or
        function(req, res) return handler(req, res) end
end

local function make_engine(self, opts)
    local all <const> = server_options.engine(opts)
    local seconds <const> = opts.handler_timeout
    all.handler = seconds and errors.limited(opts.handler, seconds) or as_function(opts.handler)
    all.explain, all.onerror, all.log = errors.explain, self.onerror, opts.log or nil
    all.spawn = function() self.spawn() end
    local fine <const>, engine <const> = pcall(core.server, all)
    return fine and engine or error(engine, 4)
end

-- `level`: whom to blame for wrong options, as of the caller.
local function new(opts, level)
    opts = server_options.check(opts, level + 1)
    local self <const> = setmetatable({
        onerror = opts.onerror and errors.reporter(opts.onerror) or errors.report,
        max_connections = opts.max_connections or nil,
        stopped = task.event(),
        warn_from = 0,
    }, server_mt)
    self.engine = make_engine(self, opts)
    local listener <const>, message <const>, code <const> = listen(opts)
    if listener == nil then
        return nil, message, code
    end
    self.listener, self.path = listener or nil, opts.path
    if listener then
        set_nodelay(listener)
    end
    return self
end

local http <const> = {}

--- A server, bound and listening. Options: host (default 127.0.0.1) and port
-- (default 0: any), path (a Unix socket, which is removed when the server is stopped or
-- closed, but not if it is killed, nor by a forked child), or listener (a socket);
-- listen = false: none, see server:add; handler(req, res); log(req, res, seconds),
-- called after each exchange, and for each request that the server itself has refused
-- (req.refused says why: of that one no method, target or fields are known);
-- onerror(err, req), instead of a line on stderr; limits and times as in
-- server/options.lua, times in seconds (false: none); handler_timeout; max_connections;
-- backlog. A handler that raises, or has not answered, is answered for with 500, but a
-- table with a `status` (400 to 599) with that, and what is below 500 is not reported;
-- its `message` is for the report alone.
-- @return the server; or nil, message, code
function http.server(opts)
    local server <const>, message <const>, code <const> = new(opts, 2)
    return server, message, code
end

--- Makes a server and runs it: assert(http.serve{port = 8080, handler = f}).
-- @return nil, message, code if it cannot be made; nothing otherwise: it runs until its
-- task is cancelled
function http.serve(opts)
    local server <close>, message <const>, code <const> = new(opts, 2)
    if not server then
        return nil, message, code
    end
    return server:run()
end

return http
