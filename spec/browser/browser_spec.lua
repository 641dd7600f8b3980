-- The examples as a browser shows them; run by `make test-browser`.

local example <const> = require "spec.support.example"
local webdriver <const> = require "spec.support.webdriver"

local SHOTS <const> = os.getenv "TIDEWIRE_BUILD" .. "/browser/"

local browser

-- Keeps what a page looks like in light and in dark, wide and narrow.
local function keep(page, name)
    for _, look in ipairs {{"wide", 1000, 700}, {"narrow", 390, 780}} do
        for _, theme in ipairs {"dark", "light"} do
            page:look(look[2], look[3], theme == "dark")
            page:screenshot(("%s%s_%s_%s.png"):format(SHOTS, name, look[1], theme))
        end
    end
end

local function url(port, path)
    return ("http://127.0.0.1:%d/%s"):format(port, path or "")
end

setup(function() browser = webdriver.start() end)
teardown(function() browser:close() end)

describe("in a browser", function()
    it("the responder says hello", function()
        local server <close>, port = example.serve("http_hello")
        local page <const> = browser:open(url(port, "browser"))
        page:sees("body", "hello /browser")
        page:screenshot(SHOTS .. "http_hello.png")
        example.stop(server)
    end)

    it("a folder is shown, and its files", function()
        local _ <close>, port = example.serve("files", "examples")
        local page <const> = browser:open(url(port))
        page:sees("body", "web_chat.lua")
        page:screenshot(SHOTS .. "files.png")
        page:click("a[href$='http_hello.lua']")
        page:sees("body", "http.server{")
        page:run("history.back()")
        page:sees("body", "web_chat.lua")
        page:click("a[href$='web/']")
        page:sees("body", "chat.html")
    end)

    it("the clock ticks, for every page that shows it", function()
        local _ <close>, port = example.serve("server_sent_events", 0.2)
        local first <const> = browser:open(url(port))
        first:sees("#watching", "1 watching")
        local second <const> = browser:open(url(port))
        first:sees("#watching", "2 watching")
        second:sees("#watching", "2 watching")
        local time <const> = first:text("#clock")
        assert.matches("^%d%d:%d%d:%d%d$", time)
        first:misses("#clock", time)
        first:screenshot(SHOTS .. "server_sent_events.png")
        second:close()
        first:sees("#watching", "1 watching")
    end)
end)

describe("the chat in a browser", function()
    local server, port, terminal, telly

    local function join(name)
        local page <const> = browser:open(url(port))
        page:type("#name", name .. "\n")
        page:sees("#log", name .. " has joined")
        return page
    end

    -- Somebody at a terminal, by the plain TCP room.
    local function dial(terminals)
        terminal, telly = example.visit(terminals)
        telly:write("telly\n")
        assert.equal("* your name? (1 to 20 letters or digits)", (telly:read()))
        assert.equal("* telly has joined", (telly:read()))
    end

    local function hears(line) assert.equal(line, (telly:read())) end

    before_each(function()
        local terminals
        server, port, terminals = example.web_chat()
        dial(terminals)
    end)
    after_each(function()
        telly:close()
        terminal:close()
        browser:close_pages()
        example.stop(server)
    end)

    it("is one room for two pages and a terminal", function()
        local ann <const>, bob <const> = join "ann", join "bob"
        hears("* ann has joined")
        hears("* bob has joined")
        ann:sees("#log", "bob has joined")
        ann:type("#text", "Hello everybody!\n")
        bob:sees("#log", "ann Hello everybody!")
        hears("ann: Hello everybody!")
        telly:write("Good evening. How is the weather inside the browser?\n")
        ann:sees("#log", "telly Good evening.")
        bob:sees("#log", "telly Good evening.")
        bob:type("#text", "Quite fine, thank you; and it looks as if it would stay like "
            .. "that, in the dark as well as in the light.\n")
        ann:sees("#log", "bob Quite fine")
        hears("bob: Quite fine, thank you; and it looks as if it would stay like "
            .. "that, in the dark as well as in the light.")
        assert.same({"ann", "bob", "telly"}, ann:run(
            "return [...document.querySelectorAll('#people li')].map(e => e.textContent)"))
        ann:type("#text", "/who\n")
        ann:sees("#log", "here: ann, bob, telly")
        bob:misses("#log", "here:")
        keep(ann, "web_chat")
        bob:click("#quit")
        bob:sees("#join", "What is your name?")
        ann:sees("#log", "bob has left")
        ann:misses("#people", "bob")
        hears("* bob has left")
        keep(bob, "web_chat_join")
        ann:close()
        hears("* ann has left")
    end)

    it("shows as text what others write, whatever it is", function()
        local ann <const>, bob <const> = join "ann", join "bob"
        local ATTACKS <const> = {
            "<img src=x onerror=\"document.title='broken'\">",
            "<script>document.title='broken'</script>",
            "</p><iframe srcdoc='&lt;script>parent.document.title=1&lt;/script>'>&amp;",
            "javascript:document.title='broken' ${document.title='broken'}",
        }
        for _, attack in ipairs(ATTACKS) do
            telly:write(attack .. "\n")
            bob:type("#text", attack .. "\n")
            ann:sees("#log", "telly " .. attack)
            ann:sees("#log", "bob " .. attack)
        end
        ann:type("#text", "that is all\n")
        bob:sees("#log", "that is all")
        for _, page in ipairs {ann, bob} do
            assert.equal("Tidewire chat", page:run("return document.title"))
            assert.equal(0, page:run(
                "return document.querySelectorAll('#log :not(p, span, bdi, time)').length"))
        end
        ann:screenshot(SHOTS .. "web_chat_injection.png")
    end)

    it("asks for another name when somebody has that one", function()
        local ann <const> = browser:open(url(port))
        ann:type("#name", "telly\n")
        ann:sees("#refused", "telly” is taken")
        ann:screenshot(SHOTS .. "web_chat_taken.png")
        ann:type("#name", "2\n")
        ann:sees("#log", "telly2 has joined")
        ann:misses("#join", "name")
        hears("* telly2 has joined")
    end)

    it("refuses what is too long, and keeps it to be shortened", function()
        local ann <const> = join "ann"
        hears("* ann has joined")
        local text <const> = ("z"):rep(999)
        ann:run("document.getElementById('text').value = arguments[1]", text .. "é")
        ann:type("#text", "\n")
        ann:sees("#long", "at most 999 bytes")
        ann:type("#text", "\u{E003}\n") -- the backspace key
        ann:misses("#long", "at most")
        hears("ann: " .. text)
    end)

    it("comes back by itself when the server does", function()
        local ann <const> = join "ann"
        server:kill()
        ann:sees("#state", "connecting")
        ann:type("#text", "kept")
        telly:close()
        terminal:close()
        local terminals
        server, port, terminals = example.web_chat(port)
        dial(terminals)
        hears("* ann has joined")
        ann:sees("#state", "here as ann")
        ann:type("#text", "\n")
        hears("ann: kept")
    end)

    it("needs nothing from elsewhere, and its fields have names", function()
        local ann <const> = browser:open(url(port))
        assert.equal("What is your name?", ann:label("#name"))
        ann:type("#name", "ann\n")
        ann:sees("#log", "ann has joined")
        assert.equal("Message", ann:label("#text"))
        assert.equal("Here: 2", ann:label("#people"))
        assert.equal(0, ann:run("return performance.getEntriesByType('resource').length"))
    end)
end)
