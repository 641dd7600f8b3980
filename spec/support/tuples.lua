-- Addresses made of tuples, as Python has them.

local assert <const> = require "luassert"
local socket <const> = require "tidewire.socket"

local tuples <const> = {}

--- Makes an address from a tuple by place; checks that it gives the tuple back (or
--- `back`), that by name it is the same object, and that both print as `text`.
--- Returns it.
function tuples.round(text, given, names, back)
    local addr <const> = assert(socket.address(given))
    back = back or {table.unpack(given)}
    assert.same(back, {addr:unpack()})
    assert.equal(#back, #addr)
    local named <const> = {family = given.family, proto = given.proto}
    for i, name in ipairs(names) do
        named[name] = given[i]
        assert.equal(back[i], addr[i])
        assert.equal(back[i], addr[name])
    end
    assert.equal(addr, socket.address(named))
    assert.equal(addr, socket.address(given))
    assert.equal(text, tostring(addr))
    assert.equal(given.family, addr.family)
    assert.is_nil(addr[#back + 1] or addr[0] or addr.nothing)
    return addr
end

return tuples
