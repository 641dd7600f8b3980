--- Bodies as a whole.

-- A body may come in pieces of a byte, and a list of those takes many times their
-- memory: so many are joined at a time.
local FEW <const> = 256

--- All that object:read() returns until its end.
-- @return a string; or nil, message, code as read does
return function(object)
    local pieces <const>, joined <const>, n = {}, {}, 0
    local piece, message, code = object:read()
    while piece do
        n = n + 1
        pieces[n] = piece
        if n == FEW then
            joined[#joined + 1], n = table.concat(pieces), 0
        end
        piece, message, code = object:read()
    end
    if code ~= "eof" then
        return nil, message, code
    end
    joined[#joined + 1] = table.concat(pieces, "", 1, n)
    return table.concat(joined)
end
