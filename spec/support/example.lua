-- Starts the examples, for the specs that run them, and connects to them.

local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"

local example <const> = {}

process.limit = 60 -- seconds

example.TERMINATED = 128 + 15 -- the status of a server ended by kill

--- The command that runs an example with the given arguments.
function example.command(name, ...)
    return process.lua("lua5.4", "examples/" .. name .. ".lua", ...)
end

--- Starts an example; its keyboard says `typed` and no more.
function example.start(name, host, port, typed)
    return process.start(example.command(name, host, port), typed)
end

--- Starts an example whose keyboard is child:type.
function example.start_typing(name, host, port)
    return process.start_typing(example.command(name, host, port))
end

--- Waits until a server listens; returns it and its port.
function example.listening(server)
    return server, tonumber(server:expect("^listening on 127%.0%.0%.1:(%d+)\n"))
end

--- Starts an example server on a free port; returns it and the port.
function example.serve(name, ...)
    return example.listening(process.start(example.command(name, "127.0.0.1", 0, ...)))
end

--- Starts the chat room for browsers and terminals; returns it and both ports.
function example.web_chat(port)
    local server <const> = process.start(example.command("web_chat", "127.0.0.1", port or 0, 0))
    local terminals <const> = server:expect("^for terminals: 127%.0%.0%.1:(%d+)\n")
    local _, its_port <const> = example.listening(server)
    return server, its_port, tonumber(terminals)
end

--- Ends a server, which must not have ended by itself.
function example.stop(server)
    local output <const>, status <const> = server:kill()
    assert(status == example.TERMINATED, output)
end

--- A connection to that port, and a stream over it that sends line by line.
function example.visit(port)
    local conn <const> = assert(socket.create_connection({"127.0.0.1", port}, 10))
    return conn, conn:makefile("rw", 1)
end

--- Closes a connection with a reset.
function example.vanish(conn, stream)
    assert(conn:setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, string.pack("i4i4", 1, 0)))
    if stream then stream:close() end
    conn:close()
end

return example
