--- guard(object): a to-be-closed value that closes an object when its block is
-- left by whatever way, unless guard.object has been set to nil by then: whoever
-- makes something that is to be returned must not leave it open on the way.

local guard_mt <const> = {
    __name = "guard",
    __close = function(guard)
        if guard.object then
            guard.object:close()
        end
    end,
}

return function(object)
    return setmetatable({ object = object }, guard_mt)
end
