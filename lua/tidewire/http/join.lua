--- Bodies as a whole.

-- A body may come in pieces of a byte, and a list of those takes many times their
-- memory: so many are joined at a time.
local FEW <const> = 256

--- All that object:read() returns until its end.
-- @return a string; or nil, message, code as read does
return function(object)
    local pieces, joined <const> = {}, {}
    local piece, message, code = object:read()
    while piece do
        pieces[#pieces + 1] = piece
        if #pieces == FEW then
            joined[#joined + 1], pieces = table.concat(pieces), {}
        end
        piece, message, code = object:read()
    end
    if code ~= "eof" then
        return nil, message, code
    end
    joined[#joined + 1] = table.concat(pieces)
    return table.concat(joined)
end
