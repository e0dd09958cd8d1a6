-- read.lua - GETs for wrk: BENCH_PATH with the wallet's id for %s, as the wallet's owner. See
-- post.lua for the rest.

local tokens, wallets = {}, tonumber(os.getenv("BENCH_WALLETS"))
local path = os.getenv("BENCH_PATH")
for token in io.lines(os.getenv("BENCH_TOKENS")) do tokens[#tokens + 1] = token end

local tails = {}

function init()
	math.randomseed(os.time())
	for i, token in ipairs(tokens) do
		tails[i] = " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port .. "\r\nAuthorization: Bearer " .. token .. "\r\n\r\n"
	end
end

function request()
	local n = math.random(0, wallets - 1)
	return "GET " .. string.format(path, string.format("%08x-0000-7000-8000-000000000000", n)) .. tails[n % #tokens + 1]
end
