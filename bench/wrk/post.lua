-- post.lua - deposits and purchases for wrk: each with a random wallet of its owner, a new
-- Idempotency-Key, a real body.
--
-- From the environment: BENCH_TOKENS (a file with a token per line), BENCH_WALLETS (how many to
-- spread over; 1 is a hot wallet), BENCH_DELAY_MS (mean pause before each request; 0 for none).
-- Wallet n belongs to owner n modulo their number.

local tokens, wallets = {}, tonumber(os.getenv("BENCH_WALLETS"))
local pause = tonumber(os.getenv("BENCH_DELAY_MS") or "0")
for token in io.lines(os.getenv("BENCH_TOKENS")) do tokens[#tokens + 1] = token end

local heads, run, sent, thread_count = {}, 0, 0, 0

function setup(thread)
	thread:set("number", thread_count)
	thread_count = thread_count + 1
end

function init()
	math.randomseed(os.time() * 1000 + number)
	run = string.format("%08x%08x", os.time(), math.random(0, 2 ^ 31 - 1))
	for i, token in ipairs(tokens) do
		heads[i] = "POST /v1/transactions HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port ..
			"\r\nAuthorization: Bearer " .. token .. "\r\nContent-Type: application/json\r\nIdempotency-Key: "
	end
end

function request()
	local n, amount = math.random(0, wallets - 1), math.random(1, 10000)
	local kind = math.random(2) == 1 and
		'"deposit","description":"Pay of the month"' or '"purchase","merchant":"Corner Shop","description":"Bread and milk"'
	local body = string.format('{"wallet_id":"%08x-0000-7000-8000-000000000000","kind":%s,"amount":%d}', n, kind, amount)
	sent = sent + 1
	return string.format("%s%s-%d-%d\r\nContent-Length: %d\r\n\r\n%s", heads[n % #tokens + 1], run, number, sent, #body, body)
end

if pause > 0 then
	-- Random, so that the connections do not synchronize.
	function delay() return math.random(0, 2 * pause) end
end
