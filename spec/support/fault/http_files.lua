-- Files below a folder: small, large, folders, none.

local check <const> = dofile "spec/support/fault/check.lua"
local core <const> = require "tidewire.http_core"

return function()
    local root <close> = check(core.root("spec", true))
    local text <const>, _, _, version <const> = check(root:load "support/fault/http_files.lua")
    assert(#text > 100)
    local again <const> = check(root:load("support/fault/http_files.lua", version))
    assert(again == true or again == text)
    for _ = 1, 2 do
        local file <close> = check(root:load "c/http_head_test.c")
        assert(file:fileno() >= 0)
    end
    root:reopen()
    assert(root:load "support/fault" == false)
    assert(#check(root:names("support/fault", 100)) > 10)
    assert(not root:load "none" and not root:load "../csrc" and not root:names("none", 1))
end
