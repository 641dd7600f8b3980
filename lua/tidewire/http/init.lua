--- HTTP/1.1: a server, a client, and what handlers are made of. Each part is
-- loaded when one of its names is first used.

-- Which file of this folder has which name, or is what the name stands for.
local parts <const> = {
    serve = "server", server = "server",
    get = "client", head = "client", post = "client", put = "client", patch = "client",
    delete = "client", options = "client", request = "client", client = "client",
    headers = "headers", url = "url",
    files = "files",
    router = "router", query = "query", cookies = "cookies", multipart = "multipart",
    json = "json", accept = "accept",
}

return setmetatable({}, {
    __index = function(self, name)
        local part <const> = parts[name]
        if not part then
            return nil
        end
        local module <const> = require("tidewire.http." .. part)
        local value <const> = module[name] or module
        rawset(self, name, value)
        return value
    end,
})
