-- The room of examples/chat_room.lua, without the network: a visitor is a stream
-- of what he says, and a channel of lines for him to read.

local room <const> = {}

local MAX_LINE <const> = 1000 -- bytes
local PATIENCE <const> = 1 -- seconds that one who reads slowly may keep others waiting

local members <const> = {} -- channels by name

-- In order, and a copy: members may come and go while it is gone through.
local function names()
    local list <const> = {}
    for name in pairs(members) do list[#list + 1] = name end
    table.sort(list)
    return list
end

-- Tells everybody, but not who says it. Whoever has a full channel, and still has
-- after a moment, is dropped.
local function announce(line, speaker)
    if not speaker then print(line) end
    for _, name in ipairs(names()) do
        local lines <const> = members[name]
        if lines and name ~= speaker and not lines:send(line, PATIENCE)
            and members[name] == lines then
            members[name] = nil
            lines:close()
            announce("* " .. name .. " reads too slowly and was dropped")
        end
    end
end

-- The next line that was typed, without its end and without control characters (a
-- terminal obeys those); false for one that is too long; nil after the last.
local function read_line(stream)
    local skipped = false
    while true do
        local line <const>, _, code <const> = stream:read_until("\n", MAX_LINE)
        if line then return not skipped and line:gsub("%c", "") end
        if code ~= "EMSGSIZE" then return nil end
        skipped = stream:read(MAX_LINE) ~= nil
    end
end

-- Asks until the answer is a name that nobody has; nil if there is none.
local function ask_name(stream, lines)
    local name
    repeat
        if members[name or ""] then lines:send("* " .. name .. " is taken") end
        lines:send("* your name? (1 to 20 letters or digits)")
        name = read_line(stream)
    until name == nil
        or name and name:find("^%w+$") and #name <= 20 and not members[name]
    return name
end

-- Passes on what a member says until he leaves, or is dropped.
local function listen(stream, lines, name)
    local line = read_line(stream)
    while line ~= nil and line ~= "/quit" and members[name] == lines do
        if not line then
            lines:send("* not sent: a line has at most " .. MAX_LINE .. " bytes")
        elseif line == "/who" then
            lines:send("* here: " .. table.concat(names(), ", "))
        elseif line ~= "" then
            announce(name .. ": " .. line, name)
        end
        line = read_line(stream)
    end
end

--- Somebody comes, says his name, talks, and leaves, or is dropped: the channel is
--- closed then. Returns the last thing to tell him.
function room.visit(stream, lines)
    local name <const> = ask_name(stream, lines)
    if not name then return "* good bye" end
    members[name] = lines
    announce("* " .. name .. " has joined")
    listen(stream, lines, name)
    if members[name] ~= lines then return "* you read too slowly, good bye" end
    members[name] = nil
    announce("* " .. name .. " has left")
    return "* good bye"
end

return room
