-- What programs do with coroutines: generators, filters, schedulers.

local check <const> = require "spec.support.coroutine.check"

-- Yields every permutation of the first n elements.
local function permute(a, n)
    if n <= 1 then
        coroutine.yield(a)
    end
    for i = 1, n > 1 and n or 0 do
        a[n], a[i] = a[i], a[n]
        permute(a, n - 1)
        a[n], a[i] = a[i], a[n]
    end
end

local function permutations(a)
    local co <const> = coroutine.create(permute)
    return function()
        local _, result <const> = coroutine.resume(co, a, #a)
        return coroutine.status(co) ~= "dead" and result or nil
    end
end

local function integers(last)
    return coroutine.wrap(function()
        for i = 2, last do coroutine.yield(i) end
    end)
end

local function not_divisible(by, source)
    return coroutine.wrap(function()
        for n in source do
            if n % by ~= 0 then coroutine.yield(n) end
        end
    end)
end

local function inorder(tree)
    if tree then
        inorder(tree.left)
        coroutine.yield(tree.key, tree.value)
        inorder(tree.right)
    end
end

-- Coroutines that hand control to each other: each yields who is next, and a
-- loop transfers.
local function transfers(first, ...)
    local target, values = first, table.pack(...)
    while target do
        values = table.pack(select(2, assert(coroutine.resume(target,
            table.unpack(values, 1, values.n)))))
        target = values[1]
        table.move(values, 2, values.n + 1, 1)
        values.n = math.max(values.n - 1, 0)
    end
    return table.unpack(values, 1, values.n)
end

return {
    {"a generator in a for loop", function()
        local got <const> = {}
        for i in coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i) end end) do
            got[#got + 1] = i
        end
        check.values("1 2 3 4 5", table.unpack(got))
    end},

    {"a generator of two values, with the loop's state and control", function()
        local got <const> = {}
        local iterator <const> = coroutine.wrap(function(state, control)
            while control < 3 do
                local s <const>, c <const> = coroutine.yield(control + 1, state .. control)
                assert(s == state and c == control + 1)
                control = c
            end
        end)
        for k, v in iterator, "s", 0 do
            got[#got + 1] = k .. "=" .. v
        end
        check.values("1=s0 2=s1 3=s2", table.unpack(got))
        check.raises("cannot resume dead coroutine", iterator)
    end},

    {"a loop that is left closes its closing value, and leaves the coroutine", function()
        local co <const> = coroutine.create(function()
            for i = 1, 10 do coroutine.yield(i) end
        end)
        local function iterator() return select(2, coroutine.resume(co)) end
        local closed = false
        local guard <const> = check.closing(function()
            closed = coroutine.close(co)
        end)
        for i in iterator, nil, nil, guard do
            if i == 3 then break end
        end
        check.values("true dead", closed, coroutine.status(co))
    end},

    {"permutations", function()
        local got <const>, count = {}, 0
        for p in permutations{"a", "b", "c"} do got[#got + 1] = table.concat(p) end
        check.values("bca cba cab acb bac abc", table.unpack(got))
        for _ in coroutine.wrap(function() permute({1, 2, 3, 4, 5, 6}, 6) end) do
            count = count + 1
        end
        assert(count == 720)
    end},

    {"producer, filter and consumer", function()
        local function producer(lines)
            return coroutine.create(function()
                for _, line in ipairs(lines) do coroutine.yield(line) end
            end)
        end
        local function receive(co)
            local ok <const>, value <const> = coroutine.resume(co)
            assert(ok)
            return value
        end
        local function filter(source)
            return coroutine.create(function()
                local number = 1
                for line in receive, source do
                    coroutine.yield(("%d %s"):format(number, line))
                    number = number + 1
                end
            end)
        end
        local got <const> = {}
        for line in receive, filter(filter(producer{"x", "y", "z"})) do
            got[#got + 1] = line
        end
        check.values("1 1 x|2 2 y|3 3 z", table.concat(got, "|"))
    end},

    {"a consumer that drives, and one that is driven", function()
        local sum = 0
        local consumer <const> = check.started(function()
            while true do sum = sum + coroutine.yield(sum) end
        end)
        for i = 1, 100 do
            check.values("true " .. i * (i + 1) // 2, coroutine.resume(consumer, i))
        end
        check.values("true", coroutine.close(consumer))
    end},

    {"a chain of filters: the primes below 100", function()
        local primes <const> = {}
        local source = integers(100)
        for prime in function() return source() end do
            primes[#primes + 1] = prime
            source = not_divisible(prime, source)
        end
        check.values("25 2 97", #primes, primes[1], primes[25])
    end},

    {"a walk through a tree", function()
        local function node(key, left, right)
            return {key = key, value = key:upper(), left = left, right = right}
        end
        local tree <const> = node("d", node("b", node "a", node "c"), node("e", nil, node "f"))
        local got <const> = {}
        for k, v in coroutine.wrap(function() inorder(tree) end) do
            got[#got + 1] = k .. v
        end
        check.values("aA bB cC dD eE fF", table.unpack(got))
    end},

    {"two generators in step", function()
        local function same_fringe(a, b)
            local f <const> = coroutine.wrap(function() inorder(a) return nil end)
            local g <const> = coroutine.wrap(function() inorder(b) return nil end)
            local x, y
            repeat
                x, y = f(), g()
            until x ~= y or x == nil
            return x == y
        end
        local one <const> = {key = 2, left = {key = 1}, right = {key = 3}}
        local two <const> = {key = 1, right = {key = 2, right = {key = 3}}}
        check.values("true false", same_fringe(one, two), same_fringe(one, two.right))
    end},

    {"symmetric transfers", function()
        local seen <const> = {}
        local ping, pong
        ping = coroutine.create(function(n)
            while n > 0 do
                seen[#seen + 1] = "i" .. n
                n = coroutine.yield(pong, n - 1)
            end
            return nil, "ping ends"
        end)
        pong = coroutine.create(function(n)
            while n > 0 do
                seen[#seen + 1] = "o" .. n
                n = coroutine.yield(ping, n - 1)
            end
            return nil, "pong ends"
        end)
        check.values("pong ends", transfers(ping, 5))
        check.values("i5 o4 i3 o2 i1", table.unpack(seen))
        check.values("suspended dead", coroutine.status(ping), coroutine.status(pong))
    end},

    {"a coroutine resumed by another than its first resumer", function()
        local resumer <const> = {}
        local co <const> = coroutine.create(function()
            for i = 1, 4 do coroutine.yield(i) end
            return "end"
        end)
        local function resume()
            resumer[coroutine.running()] = true
            return coroutine.resume(co)
        end
        check.values("true 1", resume())
        check.values("true 2", check.inside(resume))
        local other <const> = coroutine.create(function()
            coroutine.yield(resume())
            return resume()
        end)
        check.values("true true 3", coroutine.resume(other))
        check.values("suspended suspended", coroutine.status(co), coroutine.status(other))
        check.values("true true 4", coroutine.resume(other))
        check.values("true end", check.inside(resume))
        local count = 0
        for _ in pairs(resumer) do count = count + 1 end
        assert(count == 4)
    end},

    {"a scheduler that takes turns", function()
        local done <const> = {}
        local ready <const> = {}
        for _, name in ipairs{"a", "b", "c"} do
            ready[#ready + 1] = coroutine.create(function()
                for i = 1, #done + 2 do
                    coroutine.yield()
                    done[#done + 1] = name .. i
                end
            end)
        end
        while #ready > 0 do
            local co <const> = table.remove(ready, 1)
            assert(coroutine.resume(co))
            if coroutine.status(co) ~= "dead" then ready[#ready + 1] = co end
        end
        check.values("a1 b1 c1 a2 b2 c2", table.unpack(done))
    end},

    {"closures of a coroutine share its variables, after its end as well", function()
        local co <const> = coroutine.create(function()
            local n = 0
            coroutine.yield(function() n = n + 1 return n end)
            n = n + 10
            coroutine.yield(n)
            error "over"
        end)
        local _, increment <const> = coroutine.resume(co)
        check.values("1 2", increment(), increment())
        check.values("true 12", coroutine.resume(co))
        check.values("13", increment())
        assert(not coroutine.resume(co) and not coroutine.close(co))
        collectgarbage()
        check.values("14", increment())
    end},
}
