-- A headless Chromium, driven through chromedriver by the W3C's WebDriver protocol:
-- JSON over HTTP, spoken with this project's own client.

local cjson <const> = require "cjson"
local http <const> = require "tidewire.http"
local process <const> = dofile("examples/lib/process.lua")

local webdriver <const> = {}

local LIMIT <const> = 20 -- seconds for anything that a page is to do
local ARGUMENTS <const> = {
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--no-first-run", "--hide-scrollbars",
}

-- Waits in the page, without polling, until it shows (or no longer shows) a text.
local WAIT_FOR_TEXT <const> = [[
    const [selector, text, wanted, done] = arguments;
    const watcher = new MutationObserver(check);
    function check() {
        const e = document.querySelector(selector);
        const shows = e !== null && e.checkVisibility() && e.innerText.includes(text);
        if (shows !== wanted) return;
        watcher.disconnect();
        done(true);
    }
    watcher.observe(document, {subtree: true, childList: true, characterData: true,
        attributes: true});
    check();]]

local browsers <const>, pages <const> = {}, {}
local browser_mt <const> = {__name = "browser", __index = browsers}
local page_mt <const> = {__name = "page", __index = pages}

-- The value that a command returns; raises what the driver complains of.
local function command(url, method, arguments)
    local response <const> = assert(http.request{
        method = method, url = url, timeout = 2 * LIMIT,
        headers = {["Content-Type"] = "application/json"},
        body = arguments and cjson.encode(arguments),
    })
    local value <const> = cjson.decode(response.body).value
    if response.status ~= 200 then error(value.error .. ": " .. value.message, 2) end
    return value
end

--- Starts a browser, whose first window stays empty; leaving its scope (`<close>`)
--- ends it.
function webdriver.start()
    local home <const> = os.tmpname()
    assert(os.execute(("rm %s && mkdir %s"):format(home, home)))
    process.limit = 300
    local child <const> = process.start(("HOME=%s TMPDIR=%s chromedriver --port=0")
        :format(home, home))
    local port <const> = child:expect("started successfully on port (%d+)")
    local self <const> = setmetatable({home = home, child = child, pages = {},
        url = ("http://127.0.0.1:%d/session"):format(port)}, browser_mt)
    local session <const> = command(self.url, "POST", {capabilities = {alwaysMatch = {
        browserName = "chrome",
        timeouts = {script = LIMIT * 1000, pageLoad = LIMIT * 1000},
        ["goog:chromeOptions"] = {args = ARGUMENTS},
    }}})
    self.url = self.url .. "/" .. session.sessionId
    self.first = command(self.url .. "/window", "GET")
    return self
end

--- Ends it.
function browsers:close()
    pcall(command, self.url, "DELETE")
    self.child:kill()
    os.execute("rm -rf " .. self.home)
end

browser_mt.__close = browsers.close

--- Opens an address in a window of its own.
function browsers:open(address)
    command(self.url .. "/window", "POST", {handle = self.first}) -- one that is open
    local window <const> = command(self.url .. "/window/new", "POST", {type = "window"})
    local page <const> = setmetatable({browser = self, handle = window.handle}, page_mt)
    page:command("url", {url = address})
    self.pages[page] = true
    return page
end

--- Closes the windows that are open.
function browsers:close_pages()
    for page in pairs(self.pages) do page:close() end
end

--- A command of the protocol, given to this page.
function pages:command(name, arguments)
    local url <const> = self.browser.url
    command(url .. "/window", "POST", {handle = self.handle})
    return command(url .. "/" .. name, arguments and "POST" or "GET", arguments)
end

--- Closes its window.
function pages:close()
    local url <const> = self.browser.url .. "/window"
    command(url, "POST", {handle = self.handle})
    command(url, "DELETE")
    self.browser.pages[self] = nil
end

--- Runs a function's body in the page; what it returns.
function pages:run(script, ...)
    return self:command("execute/sync", {script = script, args = {cjson.null, ...}})
end

--- Waits until what the selector finds shows the text.
function pages:sees(selector, text)
    self:command("execute/async", {script = WAIT_FOR_TEXT, args = {selector, text, true}})
end

--- Waits until it does not, or is not there.
function pages:misses(selector, text)
    self:command("execute/async", {script = WAIT_FOR_TEXT, args = {selector, text, false}})
end

local function element(page, selector)
    local found <const> = page:command("element", {using = "css selector", value = selector})
    local _, id <const> = next(found)
    return "element/" .. id
end

--- Types into a field, key by key; "\n" is the Enter key.
function pages:type(selector, text)
    self:command(element(self, selector) .. "/value", {text = text:gsub("\n", "\u{E007}")})
end

function pages:click(selector)
    self:command(element(self, selector) .. "/click", {})
end

--- What a person would read there, and what a screen reader calls it.
function pages:text(selector) return self:command(element(self, selector) .. "/text") end

function pages:label(selector)
    return self:command(element(self, selector) .. "/computedlabel")
end

--- The size of the page in pixels, and whether the user likes it dark.
function pages:look(width, height, dark)
    self:command("goog/cdp/execute", {cmd = "Emulation.setDeviceMetricsOverride",
        params = {width = width, height = height, deviceScaleFactor = 1, mobile = false}})
    self:command("goog/cdp/execute", {cmd = "Emulation.setEmulatedMedia", params = {
        features = {{name = "prefers-color-scheme", value = dark and "dark" or "light"}}}})
end

local VALUES <const> = {}
for value = 0, 63 do
    local digits <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    VALUES[digits:sub(value + 1, value + 1)] = value
end

local function base64(text)
    return (text:gsub("(.)(.)(.)(.)", function(a, b, c, d)
        local bits <const> = VALUES[a] << 18 | VALUES[b] << 12 | (VALUES[c] or 0) << 6
            | (VALUES[d] or 0)
        return (">I3"):pack(bits):sub(1, c == "=" and 1 or d == "=" and 2 or 3)
    end))
end

--- Keeps what the page looks like, as PNG.
function pages:screenshot(path)
    local file <close> = assert(io.open(path, "wb"))
    assert(file:write(base64(self:command("screenshot"))))
end

return webdriver
