-- What each pair of tutorial programs says when it runs: the same for the Lua
-- examples and for the Python originals, whoever plays which part.
--   <addr>, <time>, <socket> stand for what differs from run to run;
--   `types` is the keyboard input, shown after each prompt ("^D": its end);
--   `ends` marks a server that ends by itself.

local cases <const> = {}

cases.time = {
    client = {prompt = "> ", types = {"what time is it?", "exit"}, says = [[
> what time is it?
127.0.0.1 say: [<time>], what time is it?
> exit
127.0.0.1 say: see you again
]]},
    server = {ends = true, says = [[
waiting for connection ...
... connected from <addr>
[<time>] : what time is it?
]]},
}

cases.tcp_skeleton = {
    client = {types = {"one", "two"}, says = "ONE\nTWO\n"},
    server = {says = ""},
}

cases.udp_skeleton = {
    client = {types = {"one", "two"}, says = "ONE\nTWO\n"},
    server = {says = ""},
}

cases.oneshot = {
    client = {says = ""},
    server = {says = [[
<socket>	<addr>
the message from 127.0.0.1 is: lua学习笔记
]]},
}

cases.chat = {
    client = {prompt = "client input: ", types = {"hello", "and you?", "byebye"}, says = [[
client input: hello
the server says: how are you?
client input: and you?
the server says: fine
client input: byebye
]]},
    server = {prompt = "server input: ", types = {"how are you?", "fine"}, says = [[
the client says: hello
server input: how are you?
the client says: and you?
server input: fine
the client says: byebye
<addr> has left!
]]},
}

cases.echo = {
    client = {prompt = "Please input some string > ", types = {"hello", "two words"}, says = [[
Please input some string > hello
hello
Please input some string > two words
two words
Please input some string > ^D
]]},
    server = {says = [[
Connected by <addr>
hello
two words
]]},
}

cases.echo_checked = {
    client = {prompt = "Please input some string > ", types = {"hello", "", "again"}, says = [[
Please input some string > hello
hello
Please input some string > (nothing)
input can't be empty, please input again..
Please input some string > again
again
Please input some string > ^D
]]},
    server = {greets = "Socket created!\nSocket bind!\n", says = [[
Connected by <addr>
hello
again
the client has left
]]},
}

cases.udp_echo = {
    client = {prompt = "Please Input data > ", types = {"hello", "two words"}, says = [[
Please Input data > hello
Data : hello
Please Input data > two words
Data : two words
Please Input data > ^D
]]},
    server = {says = [[
waiting for data
Connected by <addr> Receive Data : hello
waiting for data
Connected by <addr> Receive Data : two words
waiting for data
]]},
}

cases.hello = {
    client = {prompt = "client: ", types = {"hello", "still there?"}, says = [[
client: hello
server: hi
client: still there?
server: yes
client: ^D
]]},
    server = {prompt = "server: ", types = {"hi", "yes"}, says = [[
waiting for connect!!
the client: <addr> is connecting
client: hello
server: hi
client: still there?
server: yes
client <addr> exit!
waiting for connect!!
]]},
}

return cases
