-- front.lua - what HAProxy's configuration cannot express: problem documents, request ids, chunks.
-- haproxy.cfg loads it once.

local problem = dofile(os.getenv("PURSE_ROOT") .. "/deploy/gateway/problem.lua")

local requests, bulk = tonumber(os.getenv("REQUESTS_MAX")), tonumber(os.getenv("REQUESTS_BULK"))

math.randomseed(os.time(), core.now().usec)

local function random(bits)
	return math.random(0, (1 << bits) - 1)
end

local function fresh_id()
	local now = core.now()
	return problem.request_id(now.sec * 1000 + now.usec // 1000, random)
end

-- The response's header, its body and the log show the same id.
local function request_id(txn)
	local id = txn:get_var("txn.id")

	if id == nil then
		id = fresh_id()
		txn:set_var("txn.id", id)
	end
	return id
end

-- The detail for each value that haproxy.cfg sets in txn.why.
local too_much = {
	client = "Your address has too many open connections: close some and reuse the others.",
	all = "Too many requests are arriving at once.",
}

core.register_fetches("request_id", request_id)

core.register_fetches("problem", function(txn, status)
	local id, why = request_id(txn), txn:get_var("txn.why")

	status = tonumber(status)
	if status == 503 then
		-- Either the request waited too long for a free slot, or the gateway is down.
		if why == nil and (txn.f:be_conn("gateway") >= requests or txn.f:be_conn("bulk") >= bulk) then
			why = "all"
		end
		if why ~= nil then
			return problem.document(status, id, "OVERLOADED", too_much[why])
		end
	end
	return problem.document(status, id)
end)

-- True if the chunks that have arrived after the head are well formed. HAProxy's parser reads them
-- with the head.
core.register_converters("well_chunked", function(text)
	local _, at = text:find("\n\r?\n")

	if at == nil or not text:sub(1, at):lower():find("\ntransfer%-encoding:") then
		return true
	end
	at = at + 1
	while at <= #text do
		local line, size = text:match("^([^\n]*\n)", at), text:match("^%x+", at)
		if line == nil then
			return text:find("^%x*[ \t]*;?", at) == at and (size ~= nil or text:sub(at) == "")
		end
		if size == nil or #size > 8 or not line:find("^%x+[ \t]*;?[^\r]*\r?\n$") or
			line:find("^%x+[ \t]*[^;\r\n \t]") then
			return false
		end
		if tonumber(size, 16) == 0 then
			return true
		end
		at = at + #line + tonumber(size, 16)
		if at <= #text and not text:find("^\r?\n", at) and text:sub(at) ~= "\r" then
			return false
		end
		at = (text:match("^\r?\n()", at) or #text + 1)
	end
	return true
end)

-- Answers a head that did not arrive in time, while the connection is still in TCP mode.
core.register_service("late", "tcp", function(applet)
	local id = fresh_id()
	local body = problem.document(408, id)

	applet:send("HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n" ..
		"Content-Length: " .. #body .. "\r\nCache-Control: no-store\r\nX-Request-Id: " .. id ..
		"\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" .. body)
end)
