--- The modules of Tidewire, each loaded when first used:
-- `require("tidewire").socket` is `require "tidewire.socket"`.

local core <const> = require "tidewire.core"

local modules <const> = {
    http = true, socket = true, stdio = true, task = true, websocket = true,
}

return setmetatable({ _VERSION = core._VERSION }, {
    __index = function(self, name)
        if not modules[name] then
            return nil
        end
        local module <const> = require("tidewire." .. name)
        rawset(self, name, module)
        return module
    end,
})
