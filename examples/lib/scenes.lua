-- The scenes of examples/demo.lua with more than one client: each names the scripts
-- it shows, and `play` runs them on a stage:
--   stage.start(who, name, ...)   an example with these arguments; waits for nothing
--   stage.port(server)            the port on which it listens, once it does
--   actor:types(line)             at its keyboard; without a line: the input ends
--   actor:says(text)              waits until it has said that
-- Everything that is said is shown.

return {
    {
        title = "A chat with two tasks a side",
        about = "One task for the keyboard, one for the network: nobody waits for an answer.",
        scripts = {"task_chat_server", "task_chat_client"},
        play = function(stage)
            local server <close> = stage.start("server", "task_chat_server", "127.0.0.1", 0)
            local client <close> = stage.start("client", "task_chat_client", "127.0.0.1",
                stage.port(server))
            client:types("hello")
            client:types("are you there?")
            server:says("are you there?")
            server:types("yes")
            server:types("what is it?")
            client:says("what is it?")
            client:types(nil)
            server:says("has left!")
        end,
    },
    {
        title = "A chat room",
        about = "Everybody hears what the others say; any client that sends lines will do.",
        scripts = {"chat_room", "task_chat_client"},
        play = function(stage)
            local room <close> = stage.start("room", "chat_room", "127.0.0.1", 0)
            local port <const> = stage.port(room)
            local ann <close> = stage.start("ann ", "task_chat_client", "127.0.0.1", port)
            ann:types("ann")
            ann:says("ann has joined")
            local bob <close> = stage.start("bob ", "task_chat_client", "127.0.0.1", port)
            bob:types("bob")
            ann:says("bob has joined")
            ann:types("hello bob")
            bob:says("ann: hello bob")
            bob:types("/who")
            bob:says("here: ann, bob")
            bob:types("/quit")
            bob:says("good bye")
            ann:says("bob has left")
        end,
    },
    {
        title = "A port forwarder",
        about = "The echo client talks to the echo server through it.",
        scripts = {"forwarder"},
        play = function(stage)
            local server <close> = stage.start("server   ", "echo_server", "127.0.0.1", 0)
            local forwarder <close> = stage.start("forwarder", "forwarder", 0, "127.0.0.1",
                stage.port(server))
            local client <close> = stage.start("client   ", "echo_client", "127.0.0.1",
                stage.port(forwarder))
            client:types("hello through the middle")
            server:says("hello through the middle")
            client:types(nil)
            client:says("hello through the middle")
            forwarder:says("24 bytes there, 24 back")
        end,
    },
    {
        title = "Ports",
        about = "The three ranges, and the services' names.",
        scripts = {"ports"},
        play = function(stage)
            local ports <close> = stage.start("ports", "ports", "http", 53)
            ports:says("registered ports")
            ports:says("http: 80/tcp")
            ports:says("domain: 53/udp")
        end,
    },
    {
        title = "Interfaces",
        about = "What the kernel tells over a netlink socket.",
        scripts = {"interfaces"},
        play = function(stage)
            local interfaces <close> = stage.start("kernel", "interfaces")
            interfaces:says(" lo ")
            interfaces:says("127.0.0.1/8")
        end,
    },
    {
        title = "A pair of SOCK_SEQPACKET",
        about = "Packets keep their boundaries, also when they are empty.",
        scripts = {"seqpacket_pair"},
        play = function(stage)
            local pair <close> = stage.start("pair", "seqpacket_pair", "one", "", "three")
            pair:says("0 bytes")
            pair:says("5 bytes: three")
            pair:says("end of stream")
        end,
    },
    {
        title = "Datagrams within a machine",
        about = "Of AF_UNIX: the client has a name too, or nobody could answer.",
        scripts = {"unix_datagram_server", "unix_datagram_client"},
        play = function(stage)
            local name <const> = "tidewire demo " .. math.random(1 << 31)
            local server <close> = stage.start("server", "unix_datagram_server", name)
            server:says("listening on @" .. name)
            local client <close> = stage.start("client", "unix_datagram_client", name)
            client:types("reviled")
            client:says("deliver")
            server:says("says: reviled")
        end,
    },
    {
        title = "A connection handed over",
        about = "One process accepts, another one answers: the descriptor is passed on.",
        scripts = {"handover_front", "handover_worker"},
        play = function(stage)
            local name <const> = "tidewire demo " .. math.random(1 << 31)
            local worker <close> = stage.start("worker", "handover_worker", name)
            worker:says("listening on @" .. name)
            local front <close> = stage.start("front ", "handover_front", "127.0.0.1", 0, name)
            local client <close> = stage.start("client", "task_chat_client", "127.0.0.1",
                stage.port(front))
            front:says("handed over")
            worker:says("got descriptor")
            client:types("hello")
            worker:says("answering: hello")
            client:says("HELLO")
        end,
    },
    {
        title = "Who is there?",
        about = "A question to a multicast group; nobody's address is known beforehand.",
        scripts = {"multicast_responder", "multicast_discover"},
        play = function(stage)
            local first <close> = stage.start("first ", "multicast_responder", "the first",
                "239.255.71.2", 0)
            local port <const> = first:says("listening on"):match(":(%d+)\n")
            local second <close> = stage.start("second", "multicast_responder", "the second",
                "239.255.71.2", port)
            second:says("listening on")
            local client <close> = stage.start("client", "multicast_discover",
                "239.255.71.2", port)
            first:says("asked by")
            client:says("2 found")
        end,
    },
    {
        title = "Ping",
        about = "A raw socket, and the checksum; without privileges, a word about that.",
        scripts = {"ping"},
        play = function(stage)
            local ping <close> = stage.start("ping", "ping", "127.0.0.1", 2)
            ping:says("127.0.0.1")
        end,
    },
    {
        title = "Hello over TIPC",
        about = "Servers without addresses; where the kernel has none, a word about that.",
        scripts = {"tipc_hello_server", "tipc_hello_client"},
        play = function(stage)
            local server <close> = stage.start("server", "tipc_hello_server")
            -- Whichever it says, there is an "i" in it.
            if not server:says("i"):find("listening", 1, true) then return end
            local client <close> = stage.start("client", "tipc_hello_client")
            client:types("world")
            client:says("hello, world")
        end,
    },
}
