--- Bodies that come compressed, made plain in small steps, so that a few bytes
-- cannot become more memory than the next check allows. It stands on Debian's
-- lua-zlib.

local inflate <const> = {}
local methods <const> = {}
local inflate_mt <const> = { __name = "inflate", __index = methods }

-- One step is at most 1032 times as much output.
local STEP <const> = 512

-- From how much output on the ratio counts: short texts may well be dense.
local FLOOR <const> = 1 << 20

-- zlib's window bits.
local GZIP <const>, ZLIB <const>, RAW <const> = 31, 15, -15

local CODINGS <const> = { gzip = true, ["x-gzip"] = true, deflate = true }

local loaded <const>, zlib <const> = pcall(require, "zlib")
if not loaded and not tostring(zlib):find("module 'zlib' not found", 1, true) then
    error(zlib, 0)
end

--- What can be decoded here, for Accept-Encoding; nil if nothing.
inflate.accepted = loaded and "gzip, deflate" or nil

--- A decoder for the Content-Encoding `coding`, nil if there is none for it. Its
-- output may be at most `ratio` times its input (false: no limit).
function inflate.new(coding, ratio)
    coding = coding and coding:lower()
    if loaded and CODINGS[coding] then
        return setmetatable({ coding = coding, ratio = ratio, data = "", at = 1,
            input = 0, output = 0 }, inflate_mt)
    end
end

--- Gives it more input, once it has used up what it had.
function methods:push(data)
    self.data, self.at = data, 1
end

--- True if step would have something to do.
function methods:pending()
    return self.at <= #self.data
end

-- "deflate" should be zlib's format, but some servers send it bare (RFC 9110
-- 8.4.1.2). No bare one begins with the 8 that zlib's does.
local function window(self)
    if self.coding ~= "deflate" then
        return GZIP
    end
    return self.data:byte(self.at) & 15 == 8 and ZLIB or RAW
end

local function check_ratio(self)
    if self.ratio and self.output > FLOOR and self.output > self.input * self.ratio then
        return nil, ("more than %g times as long once decompressed"):format(self.ratio),
            "EMSGSIZE"
    end
    return true
end

--- Decodes a little of the input: some of the output, perhaps ""; or nil,
-- message, code: "EBADMSG", or "EMSGSIZE" when the ratio is too high.
function methods:step()
    if not self.stream then
        self.stream, self.member = zlib.inflate(window(self)), 0
    end
    local chunk <const> = self.data:sub(self.at, self.at + STEP - 1)
    local ok <const>, out <const>, ended <const>, used <const> = pcall(self.stream, chunk)
    if not ok and tostring(out):find("not enough memory", 1, true) then
        error(out, 0)
    elseif not ok then
        return nil, "bad compressed data: " .. tostring(out), "EBADMSG"
    end
    local taken <const> = used - self.member
    self.member, self.at, self.input = used, self.at + taken, self.input + taken
    self.output = self.output + #out
    if ended then
        self.stream = nil -- another member may follow (RFC 1952 2.2)
    end
    local fine <const>, message <const>, code <const> = check_ratio(self)
    return fine and out, message, code
end

--- The input has ended: true, or nil, message, "EBADMSG" if it must not here.
function methods:finish()
    if self.stream then
        return nil, "compressed data that ends too soon", "EBADMSG"
    end
    return true
end

return inflate
