-- The room of examples/chat_room.lua and web_chat.lua, whatever its visitors come by.
-- Each has a channel of lines and a task that sends them, so that nobody waits for
-- one who reads slowly.

local task <const> = require "tidewire.task"

local room <const> = {}

--- The longest line, in bytes, its end included.
room.MAX_LINE = 1000

local MAX_BEHIND <const> = 100 -- lines that somebody has still to read
local PATIENCE <const> = 10 -- seconds for somebody to take one of them

local members <const> = {} -- channels by name

-- In order, and a copy: members may come and go while it is gone through.
local function names()
    local list <const> = {}
    for name in pairs(members) do list[#list + 1] = name end
    table.sort(list)
    return list
end

-- Tells everybody, but not who says it. Whoever has a full channel is dropped.
local function announce(line, speaker)
    if not speaker then print(line) end
    for _, name in ipairs(names()) do
        local lines <const> = members[name]
        if lines and name ~= speaker and not lines:send(line, 0) then
            members[name] = nil
            lines:close()
            announce("* " .. name .. " reads too slowly and was dropped")
        end
    end
end

-- Without control characters, which a terminal obeys, and in UTF-8, as a browser
-- insists.
local function clean(line)
    line = line:gsub("%c", "")
    local _, bad = utf8.len(line)
    while bad do
        line = line:sub(1, bad - 1) .. "\u{FFFD}" .. line:sub(bad + 1)
        _, bad = utf8.len(line, bad)
    end
    return (line:gsub("\xC2[\x80-\x9F]", ""))
end

-- The next line that somebody says; false for one that is too long; nil after the last.
-- Whoever says much lets those who have to hear it take their turns.
local function hear(visitor)
    task.yield()
    local line <const> = visitor.read()
    return line and clean(line)
end

-- Asks until the answer is a name that nobody has; nil if there is none.
local function ask_name(visitor, lines)
    local name
    repeat
        if members[name or ""] then lines:send("* " .. name .. " is taken") end
        lines:send("* your name? (1 to 20 letters or digits)")
        name = hear(visitor)
    until name == nil
        or name and name:find("^%w+$") and #name <= 20 and not members[name]
    return name
end

-- Passes on what a member says until he leaves, or is dropped.
local function listen(visitor, lines, name)
    local line = hear(visitor)
    while line ~= nil and line ~= "/quit" and members[name] == lines do
        if not line then
            lines:send("* not sent: a line has at most " .. room.MAX_LINE .. " bytes")
        elseif line == "/who" then
            lines:send("* here: " .. table.concat(names(), ", "))
        elseif line ~= "" then
            announce(name .. ": " .. line, name)
        end
        line = hear(visitor)
    end
end

-- Somebody says his name, talks, and leaves, or is dropped: the channel is closed
-- then. Returns the last thing to tell him.
local function stay(visitor, lines)
    local name <const> = ask_name(visitor, lines)
    if not name then return "* good bye" end
    members[name] = lines
    announce("* " .. name .. " has joined")
    listen(visitor, lines, name)
    if members[name] ~= lines then return "* you read too slowly, good bye" end
    members[name] = nil
    announce("* " .. name .. " has left")
    return "* good bye"
end

local function say(visitor, line)
    return task.timeout(PATIENCE, visitor.say, line)
end

local function say_lines(visitor, lines)
    for line in lines do
        if not say(visitor, line) then break end
    end
end

--- Somebody comes to the room; returns when he has left it. `visitor` is a table of
--- three functions. read(): the next line that he says; false for one that is too long;
--- nil after the last. say(line): tells him, true if that went well. drop(): makes
--- read, which waits, return nil.
function room.visit(visitor)
    local here = true
    local lines <close> = task.channel(MAX_BEHIND)
    local sayer <const> = task.spawn(function()
        say_lines(visitor, lines)
        if here then visitor.drop() end
    end)
    local bye <const> = stay(visitor, lines)
    here = false
    lines:close() -- what it still holds is said
    sayer:join()
    say(visitor, bye)
end

return room
