-- The kernel's cryptography as sockets. The values are those of the standards:
-- FIPS 180, RFC 2202, RFC 3602, and McGrew and Viega's for GCM.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local function hex(bytes)
    return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function bytes(text)
    return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- A socket that does what the algorithm is for.
local function accepted(algorithm)
    local op <const>, from <const> = assert(algorithm:accept())
    assert.is_nil(from)
    op:settimeout(net.LIMIT)
    return op
end

-- Ditto, with a key if there is one; and the algorithm, which it belongs to.
local function operation(kind, name, key)
    local algorithm <const> = machine.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
    assert(algorithm:bind{kind, name})
    if key then
        assert(algorithm:setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key))
    end
    return accepted(algorithm), algorithm
end

describe("a hash by the kernel", function()
    it("G19/341 is sha256", function()
        local op <close>, algorithm = operation("hash", "sha256")
        local _ <close> = algorithm
        assert(op:sendall("abc"))
        local expected <const> =
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert.equal(expected, hex(assert(op:recv(512))))
        assert.equal(1, op:send("a", socket.MSG_MORE))
        assert.equal(2, op:send("bc", socket.MSG_MORE))
        assert.equal(0, op:send(""))
        assert.equal(expected, hex(assert(op:recv(512))))
        machine.carried("ALG hash")
    end)

    it("G19/341 is an hmac with a key", function()
        local op <close>, algorithm = operation("hash", "hmac(sha1)", "Jefe")
        local _ <close> = algorithm
        assert(op:sendall("what do ya want for nothing?"))
        assert.equal("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", hex(assert(op:recv(512))))
    end)
end)

describe("a cipher by the kernel", function()
    it("G19/342 is aes in blocks that are chained", function()
        local key <const> = bytes "06a9214036b8a15b512e03d534120006"
        local iv <const> = bytes "3dafba429d9eb430b422da802c9fac41"
        local op <close>, algorithm = operation("skcipher", "cbc(aes)", key)
        local _ <close> = algorithm
        local plain <const> = "Single block msg"
        assert.equal(16, op:sendmsg_afalg({plain},
            {op = socket.ALG_OP_ENCRYPT, iv = iv}))
        local secret <const> = assert(op:recv(16))
        assert.equal("e353779c1079aeb82708942dbe77181a", hex(secret))
        assert.equal(16, op:sendmsg_afalg({secret},
            {op = socket.ALG_OP_DECRYPT, iv = iv}))
        assert.equal(plain, op:recv(16))
        machine.carried("ALG cipher")
    end)

    it("takes long texts in pieces", function()
        local op <close>, algorithm = operation("skcipher", "cbc(aes)", ("k"):rep(16))
        local _ <close> = algorithm
        local iv <const>, plain <const> = ("i"):rep(16), ("p"):rep(2048)
        local function turn(what, text)
            assert.equal(0, op:sendmsg_afalg({},
                {op = what, iv = iv, flags = socket.MSG_MORE}))
            assert.equal(1024, op:sendmsg({text:sub(1, 512), text:sub(513, 1024)},
                nil, socket.MSG_MORE))
            assert.equal(1024, op:sendmsg{text:sub(1025)})
            return assert(op:recv(2048))
        end
        local secret <const> = turn(socket.ALG_OP_ENCRYPT, plain)
        assert.not_equal(plain, secret)
        assert.equal(plain, turn(socket.ALG_OP_DECRYPT, secret))
    end)

    it("G19/342 is aes that authenticates", function()
        local key <const> = bytes "c939cc13397c1d37de6ae0e1cb7c423c"
        local iv <const> = bytes "b3d8cc017cbb89b39e0f67e2"
        local plain <const> = bytes "c3b3c41f113a31b73d9a5cd432103069"
        local assoc <const> = bytes "24825602bd12a984e0092d3e448eda5f"
        local expected <const> = "93fe7d9e9bfd10348a5606e5cafa7354"
        local tag <const> = "0032a1dc85f1c9786925a2e71d8272dd"
        local algorithm <close> = machine.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
        assert(algorithm:bind{"aead", "gcm(aes)"})
        assert(algorithm:setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key))
        assert(algorithm:setsockopt(socket.SOL_ALG, socket.ALG_SET_AEAD_AUTHSIZE, nil, 16))

        local sealing <close> = accepted(algorithm)
        assert.equal(32, sealing:sendmsg_afalg({assoc, plain},
            {op = socket.ALG_OP_ENCRYPT, iv = iv, assoclen = #assoc}))
        assert.equal(hex(assoc) .. expected .. tag, hex(assert(sealing:recv(48))))

        local opening <close> = accepted(algorithm)
        assert.equal(48, opening:sendmsg_afalg({assoc, bytes(expected), bytes(tag)},
            {op = socket.ALG_OP_DECRYPT, iv = iv, assoclen = #assoc}))
        assert.equal(assoc .. plain, opening:recv(32))

        local forged <close> = accepted(algorithm)
        assert.equal(48, forged:sendmsg_afalg({assoc, bytes(expected), ("f"):rep(16)},
            {op = socket.ALG_OP_DECRYPT, iv = iv, assoclen = #assoc}))
        net.fails("EBADMSG", forged:recv(32))
        machine.carried("ALG authenticated cipher")
    end)
end)

describe("random bytes by the kernel", function()
    it("G19/342 are as many as were asked for", function()
        local op <close>, algorithm = operation("rng", "drbg_pr_sha256", ("seed"):rep(8))
        local _ <close> = algorithm
        assert.equal(32, #assert(op:recv(32)))
        machine.carried("ALG random bytes")
    end)
end)

describe("an ALG address", function()
    it("G19/344 of an algorithm that is not there fails", function()
        local s <close> = machine.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
        net.fails("ENOENT", s:bind{("t"):rep(13), "name"})
        net.fails("ENOENT", s:bind{"hash", ("n"):rep(63)})
        net.raises("longer than 13 bytes", s.bind, s, {("t"):rep(14), "name"})
        net.raises("longer than 63 bytes", s.bind, s, {"hash", ("n"):rep(64)})
    end)
end)
