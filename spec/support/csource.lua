-- Reads C source as far as spec/support/lint.lua needs: the text without
-- comments, the functions with their measures, the tags that are defined. It
-- relies on the house style: no macro hides control flow.

local csource <const> = {}

-- Where the literal ends that begins at `at` with the sign `quote`.
local function literal_end(text, at, quote)
    repeat
        at = text:find("[\\" .. quote .. "]", at + 1) or #text
        local escape <const> = text:sub(at, at) == "\\"
        at = escape and at + 1 or at
    until not escape
    return at
end

-- The text without comments and the insides of literals, line by line.
function csource.strip(text)
    local out <const>, at = {}, 1
    local from = text:find "[/\"']"
    while from do
        local sign <const>, two <const> = text:sub(from, from), text:sub(from, from + 1)
        local to, kept = from, sign
        if two == "/*" then
            to = select(2, text:find("*/", from + 2, true)) or #text
            kept = " " .. text:sub(from, to):gsub("[^\n]", "")
        elseif two == "//" then
            to, kept = (text:find("\n", from, true) or #text + 1) - 1, ""
        elseif sign ~= "/" then
            to, kept = literal_end(text, from, sign), sign .. sign
        end
        out[#out + 1] = text:sub(at, from - 1) .. kept
        at = to + 1
        from = text:find("[/\"']", at)
    end
    return table.concat(out) .. text:sub(at)
end

-- A cursor over the words and signs of stripped text, without the
-- preprocessor's lines: `words`, the line of each in `where`, and `at`.
local function cursor(code)
    local words <const>, where <const> = {}, {}
    local number, continued = 0, false
    for line in code:gmatch "([^\n]*)\n" do
        number = number + 1
        local directive <const> = continued or line:match "^%s*#"
        continued = directive and line:match "\\$"
        for word, sign in (directive and "" or line):gmatch "([%w_]*)([^%w_]?)" do
            for _, token in ipairs { word, sign } do
                if token:match "%S" then
                    words[#words + 1] = token
                    where[#words] = number
                end
            end
        end
    end
    -- Past the end of a file that does not parse there is its last line.
    setmetatable(where, { __index = function() return number end })
    return { words = words, where = where, at = 1 }
end

local CLOSING <const> = { ["("] = ")", ["{"] = "}", ["["] = "]" }

-- Moves past one token, or past all that a bracket holds. Returns the number
-- of commas directly in it.
local function skip(c)
    local closing <const>, commas = CLOSING[c.words[c.at]], 0
    c.at = c.at + 1
    while closing and c.words[c.at] and c.words[c.at] ~= closing do
        commas = commas + (c.words[c.at] == "," and 1 or 0)
        skip(c)
    end
    c.at = c.at + (closing and 1 or 0)
    return commas
end

local function skip_past(c, sign)
    while c.words[c.at] and c.words[c.at] ~= sign do
        skip(c)
    end
    c.at = c.at + 1
end

local statement

local function block(c, depth)
    c.at = c.at + 1
    while c.words[c.at] and c.words[c.at] ~= "}" do
        statement(c, depth)
    end
    c.at = c.at + 1
end

-- What follows `if`, `for`, `while` or `switch`.
local function controlled(c, depth)
    c.at = c.at + 1
    skip(c)
    statement(c, depth + 1)
    if c.words[c.at] == "else" then
        c.at = c.at + 1
        statement(c, c.words[c.at] == "if" and depth or depth + 1)
    end
end

local CONTROLS <const> = { ["if"] = true, ["for"] = true, ["while"] = true, switch = true }

-- Moves past a statement that `depth` others control. Notes the deepest, and
-- how many lines the longest switch or table of the outermost takes.
function statement(c, depth)
    local word <const>, line <const> = c.words[c.at], c.where[c.at]
    local one_thing = word == "switch"
    if depth > c.depth then
        c.depth, c.deepest = depth, line
    end
    if word == "{" then
        block(c, depth)
    elseif word == "case" or word == "default" or c.words[c.at + 1] == ":" then
        skip_past(c, ":")
    elseif CONTROLS[word] then
        controlled(c, depth)
    else
        if word == "do" then
            c.at = c.at + 1
            statement(c, depth + 1)
        end
        skip_past(c, ";")
        one_thing = word ~= "do" and c.words[c.at - 2] == "}"
    end
    if depth == 0 and one_thing then
        c.widest = math.max(c.widest, c.where[c.at - 1] - line + 1)
    end
end

local function body(c, head)
    local first <const> = c.where[c.at]
    c.depth, c.deepest, c.widest = 0, first, 0
    block(c, 0)
    head.line, head.length = first, c.where[c.at - 1] - first + 1
    head.depth, head.deepest, head.widest = c.depth, c.deepest, c.widest
    return head
end

local function parameters(c)
    local first <const>, second <const> = c.words[c.at + 1], c.words[c.at + 2]
    local none <const> = first == ")" or first == "void" and second == ")"
    return none and 0 or skip(c) + 1
end

local TAGGED <const> = { struct = true, enum = true, union = true }

-- One declaration or definition of the outermost level, put into `found`.
local function declaration(c, found)
    local head <const> = { head = c.where[c.at], static = false }
    local value = false
    while c.words[c.at] and c.words[c.at] ~= ";" do
        local word <const>, next_word <const> = c.words[c.at], c.words[c.at + 1]
        value = value or word == "="
        head.static = head.static or word == "static"
        if word == "{" and head.name and not value then
            found.functions[#found.functions + 1] = body(c, head)
            return
        elseif TAGGED[word] and (c.words[c.at + 2] or ""):match "[{;]" and next_word ~= "{" then
            found.tags[#found.tags + 1] = { name = next_word, line = c.where[c.at] }
        elseif word == "(" and not head.name and c.words[c.at - 1] ~= "__attribute__" then
            local at <const> = c.at
            head.name, head.parameters = c.words[at - 1], parameters(c)
            c.at = at
        end
        skip(c)
    end
    c.at = c.at + 1
end

-- The functions that stripped text defines, and the tags of structures:
--   functions: name, static, parameters, head (line of its first word), line
--     and length of its body, depth and deepest (line), widest (lines of the
--     longest switch or table);
--   tags: name, line.
function csource.read(code)
    local c <const>, found <const> = cursor(code), { functions = {}, tags = {} }
    while c.words[c.at] do
        declaration(c, found)
    end
    return found
end

return csource
