-- Odd requests: what we make of each, and why others make something else of it.
--
-- The files beside this one return groups: a title; bytes around "<>"; then what
-- is put there, each with our verdict (see spec/support/http_verdicts.lua) and,
-- where nginx (n) or Debian's libhttp-parser (p) has another, the reason. This
-- returns all of them: lists of name, bytes, verdict, n, p; and the reasons.

local FILES <const> = {"start_lines", "fields", "framing", "chunks"}

-- What the other does, or does not.
local reasons <const> = {
    -- Lines.
    lf = "lets a bare LF end a line",
    cr = "lets a CR stand that no LF follows, or something else end a line after a CR",
    empty = "skips any CR and LF in front of a request",
    fold = "joins a line that begins with a blank to the one before",
    limit = "has another limit",
    space = "lets several blanks stand where one belongs",
    -- First lines.
    method = "knows only some methods, or only capital letters, where RFC 9110 has any token",
    trace = "does not answer TRACE",
    connect = "is no proxy that does CONNECT",
    asterisk = "does not answer OPTIONS *",
    target = "lets HTAB or bytes beyond ASCII stand in a target",
    fragment = "lets a target have a fragment",
    form = "does not look whether the target's form is one that the method has, or at URLs closely",
    path = "decodes the path: what is malformed or leads out of the root is refused (here the "
        .. "handler's concern)",
    other_host = "lets Host differ from the target's, which it prefers",
    version = "takes versions that it does not know for those it does",
    letters = "does not look at the letters of HTTP closely (Debian builds it without strictness)",
    oldest = "still takes a line without a version for HTTP/0.9",
    -- Fields.
    host = "hardly looks at Host: whether there is one, or one only, or what it says",
    name = "goes on without a field whose name is malformed",
    colon = "lets blanks stand in a name, or behind it",
    control = "lets control bytes stand in a value",
    nel = "lets 0x85 stand in a value, as RFC 9110 does; some readers take it for a line end",
    tab = "does not take HTAB for white space everywhere",
    connection = "does not look whether Connection is a list of tokens",
    list = "reads close and keep-alive in a list otherwise",
    substring = "looks for close anywhere in what Connection says",
    last = "goes by the last of several Connection fields",
    proxy = "takes Proxy-Connection for Connection",
    expect = "passes over expectations that it does not know, which RFC 9110 allows",
    -- Bodies.
    large = "has another limit for the size of a body or chunk",
    coding = "lets codings that it does not know stand in front of chunked",
    prefix = "takes a name that begins with Transfer-Encoding for it",
    old_coding = "reads Transfer-Encoding also in HTTP/1.0",
    connect_body = "does not look at the framing of CONNECT",
    zeros = "lets a chunk's size have any number of zeros in front",
    blank = "lets anything follow a blank behind a chunk's size",
    extension = "does not look at chunk extensions",
    behind = "does not look at the bytes behind a chunk",
    trailer = "does not look at trailers",
    late = "takes trailers for fields of the head",
}

local cases <const> = {reasons = reasons}

for _, file in ipairs(FILES) do
    for _, group in ipairs(dofile("spec/http_odd/" .. file .. ".lua")) do
        local before <const>, after <const> = group[2]:match("^(.-)<>(.*)$")
        for i = 3, #group do
            local odd <const> = group[i]
            cases[#cases + 1] = {
                name = ("%s: %q"):format(group[1], odd[1]),
                bytes = before .. odd[1] .. after,
                verdict = odd[2],
                n = odd.n,
                p = odd.p,
            }
        end
    end
end

return cases
