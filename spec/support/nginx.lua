-- nginx over a folder, for the specs that compare with it or talk to it.

local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local nginx <const> = {}

process.limit = 60

local CONFIGURATION <const> = [[
daemon off; master_process off; pid %1/pid; error_log /dev/null crit;
events { worker_connections 64; }
http {
    access_log off; client_body_temp_path %1/a; proxy_temp_path %1/b; fastcgi_temp_path %1/c;
    uwsgi_temp_path %1/d; scgi_temp_path %1/e;
%2}
]]

--- Why specs with it are skipped; nil: it is installed.
nginx.missing = not os.execute "nginx -v 2>/dev/null" and "nginx is not installed" or nil

--- Starts it. `lines` are those of its block http, where %1 stands for the folder;
--- one server listens at unix:%1/front, and does when this returns the process.
function nginx.start(folder, lines)
    local file <close> = assert(io.open(folder .. "/conf", "w"))
    assert(file:write((CONFIGURATION:gsub("%%2", function() return lines end):gsub("%%1", folder))))
    file:close()
    local server <const> = process.start(("nginx -p %s -c %s/conf"):format(folder, folder))
    for _ = 1, 1000 do
        local s <close> = assert(socket.socket(socket.AF_UNIX))
        if s:connect(folder .. "/front") then return server end
        task.sleep(0.01)
    end
    error("nginx has not started")
end

return nginx
