-- The other process of parity.lua: loads a spec file, of which it runs nothing
-- but what the other process asks for. Arguments: the file as debug.getinfo
-- names it, where to connect to, and the other process' id.

local file <const>, path <const>, pid <const> = ...

local function nothing() end

-- What a spec file calls while it is loaded.
local busted <const> = setmetatable({
    describe = function(_, f) f() end,
    assert = require "luassert",
}, {__index = function() return nothing end})

package.loaded.busted = busted
local spec_mt <const> = {__index = function(_, key)
    local value <const> = _G[key]
    if value == nil or key == "assert" then return busted[key] end
    return value
end}

assert(loadfile(file:sub(2), "t", setmetatable({}, spec_mt)))()

local parity <const> = require "spec.support.parity"
parity.serve(file, require("spec.support.parity_link").join(path, pid))
