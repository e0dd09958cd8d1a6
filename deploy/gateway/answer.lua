-- answer.lua - run by lighttpd before each answer leaves: what lighttpd refuses by itself becomes a problem document
-- as of the contract (DESIGN.md section 3), and whatever has no request id gets one. The services' own answers have both.

local r = lighty.r

-- The refusals that lighttpd knows, by the name of their row in common/base/error.def, the one list of codes.
local names = {
	[400] = "MALFORMED_REQUEST", [403] = "FORBIDDEN", [404] = "NOT_FOUND", [405] = "METHOD_NOT_ALLOWED",
	[408] = "TIMEOUT", [411] = "MALFORMED_REQUEST", [412] = "MALFORMED_REQUEST", [413] = "TOO_LARGE", [414] = "TOO_LARGE",
	[415] = "UNSUPPORTED_MEDIA_TYPE", [416] = "RANGE_NOT_SATISFIABLE", [417] = "MALFORMED_REQUEST",
	[431] = "TOO_LARGE", [502] = "BAD_GATEWAY",
	[503] = "UNAVAILABLE", [504] = "TIMEOUT", [505] = "MALFORMED_REQUEST",
}

-- What the title alone does not tell.
local details = {
	[400] = "This is not a request of HTTP/1.1 as RFC 9112 has it.",
	[404] = "No service answers at this path: see /docs.",
	[405] = "No path here takes that method: see /docs.",
	[411] = "Say how long the body is: Content-Length, which is 0 without a body.",
	[413] = "The body is larger than the gateway lets through.",
	[431] = "The path, the query and the headers together may have 16 KiB.",
	[502] = "The service broke off its answer. Whether it did its work is not known: ask, or repeat with the same Idempotency-Key.",
	[503] = "The service is not running just now; it is being started.",
	[504] = "The service took too long. Whether it did its work is not known: ask, or repeat with the same Idempotency-Key.",
}

local function read_errors()
	local errors = {}
	for line in io.lines(os.getenv("PURSE_ROOT") .. "/common/base/error.def") do
		local name, code, title = line:match('^ERROR%(([%u_]+),%s*%d+,%s*"([%l%d_]+)",%s*"(.*)"%)')
		if name then
			errors[name] = { code = code, title = title }
		end
	end
	return errors
end

-- A version 7 UUID, as the services make them. Lua knows the time in whole seconds only, so the rest is by chance.
local function request_id()
	local ms = math.floor(lighty.c.time() * 1000) + lighty.c.rand() % 1000
	local function bits(n)
		return (lighty.c.rand() & 0xffffffff) >> (32 - n)
	end
	return string.format("%08x-%04x-7%03x-%04x-%04x%04x%04x", ms >> 16, ms & 0xffff, bits(12), 0x8000 | bits(14),
		bits(16), bits(16), bits(16))
end

local status = r.req_item.http_status
local id = r.resp_header["X-Request-Id"]
if not id then
	id = request_id()
	r.resp_header["X-Request-Id"] = id
end

local kind = r.resp_header["Content-Type"] or ""
if status < 400 or kind:find("application/problem+json", 1, true) then
	return 0
end

-- lighttpd says 500 where a service died over the request; a service's own 500 is a problem document already.
if status == 500 then
	status = 502
elseif status == 501 then
	status = 405
end

-- Kept between calls: a Lua state, and so this table, lives as long as lighttpd.
package.loaded.purse_errors = package.loaded.purse_errors or read_errors()
local refused = package.loaded.purse_errors[names[status] or (status < 500 and "MALFORMED_REQUEST" or "INTERNAL")]

if status == 405 then
	r.resp_header["Allow"] = r.resp_header["Allow"] or "GET, HEAD"
elseif status == 503 then
	r.resp_header["Retry-After"] = r.resp_header["Retry-After"] or "1"
end
local body = string.format('{"type":"/docs/errors#%s","title":"%s","status":%d,"code":"%s","detail":"%s","request_id":"%s"}',
	refused.code, refused.title, status, refused.code, details[status] or refused.title .. ".", id)
r.resp_header["Content-Type"] = "application/problem+json"
r.resp_header["Cache-Control"] = "no-store"
r.resp_body:set(body)
-- Answering with a number makes it the status, and the body complete.
return status
