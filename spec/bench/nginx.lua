-- nginx as a peer, configured as its manual has it, but for what a comparison
-- needs: one process, no log, connections that are kept.

local socket = require "tidewire.socket"
local tools = require "tools"

local nginx = {}

local MODULES <const> = "/usr/lib/nginx/modules/"

local CONFIGURATION <const> = [[
%s
daemon off;
master_process off; # one process, which ends with us
error_log stderr crit;
pid %s/nginx.pid;
events { worker_connections 15000; }
http {
    access_log off;
    sendfile on;
    default_type text/plain;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    server {
        listen 127.0.0.1:%d backlog=4096;
        location / { %s }
    }
}
]]

-- What `location /` says when Lua answers.
nginx.HELLO_IN_LUA = [[content_by_lua_block {
    seen = (seen or 0) + #ngx.var.uri + #ngx.var.http_user_agent
    ngx.say("hello")
}]]

local function free_port()
    local s <close> = assert(socket.create_server({ "127.0.0.1", 0 }))
    return s:getsockname().port
end

-- A peer that answers as `location` says; with Debian's Lua module if asked for.
function nginx.peer(name, location, lua)
    if not tools.output("command -v nginx") then return { missing = "not installed" } end
    local modules = ""
    if lua then
        if not io.open(MODULES .. "ngx_http_lua_module.so") then
            return { missing = "no libnginx-mod-http-lua" }
        end
        modules = ("load_module %sndk_http_module.so; load_module %sngx_http_lua_module.so;")
            :format(MODULES, MODULES)
    end
    local folder <const> = tools.output("realpath " .. tools.quoted(tools.built))
    local path <const>, port <const> = ("%s/%s.conf"):format(folder, name), free_port()
    local file <close> = assert(io.open(path, "w"))
    file:write(CONFIGURATION:format(modules, folder, port, location))
    return {
        command = ("sh -c %s"):format(tools.quoted(("echo port %d; exec nginx -c %s"):format(
            port, tools.quoted(path)))),
    }
end

return nginx
