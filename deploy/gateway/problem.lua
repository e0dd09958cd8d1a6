-- problem.lua - the refusals that are made before any service is asked, as problem documents (DESIGN.md section 3): shared
-- by lighttpd (answer.lua) and HAProxy (deploy/front/front.lua). Codes and titles are those of common/base/error.def.

local problem = {}

-- The name of the row in error.def for each status that a gateway knows.
local names = {
	[400] = "MALFORMED_REQUEST", [403] = "FORBIDDEN", [404] = "NOT_FOUND", [405] = "METHOD_NOT_ALLOWED",
	[408] = "REQUEST_TIMEOUT", [411] = "MALFORMED_REQUEST", [412] = "MALFORMED_REQUEST", [413] = "TOO_LARGE", [414] = "TOO_LARGE",
	[415] = "UNSUPPORTED_MEDIA_TYPE", [416] = "RANGE_NOT_SATISFIABLE", [417] = "MALFORMED_REQUEST",
	[431] = "TOO_LARGE", [501] = "NOT_IMPLEMENTED", [502] = "BAD_GATEWAY",
	[503] = "UNAVAILABLE", [504] = "TIMEOUT", [505] = "MALFORMED_REQUEST",
}

-- What the title alone does not tell.
local details = {
	[400] = "This is not a request of HTTP/1.1 as RFC 9112 has it.",
	[404] = "No service answers at this path: see /docs.",
	[405] = "No path here takes that method: see /docs.",
	[408] = "Nothing was done: send it again, head and body without a pause.",
	[411] = "Say how long the body is: Content-Length, which is 0 without a body.",
	[413] = "The body is larger than the gateway lets through.",
	[417] = "The gateway meets no other expectation than 100-continue.",
	[431] = "The path, the query and the headers together may have 16 KiB.",
	[502] = "The service broke off its answer. Whether it did its work is not known: ask, or repeat with the same Idempotency-Key.",
	[503] = "The service is not running just now; it is being started.",
	[504] = "The service took too long. Whether it did its work is not known: ask, or repeat with the same Idempotency-Key.",
	[505] = "The gateway speaks HTTP/1.1 and HTTP/1.0.",
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

local errors = read_errors()

-- The document as text; the name of a row and a detail of one's own may be said.
function problem.document(status, id, name, detail)
	local refused = errors[name or names[status] or (status < 500 and "MALFORMED_REQUEST" or "INTERNAL")]

	return string.format('{"type":"/docs/errors#%s","title":"%s","status":%d,"code":"%s","detail":"%s","request_id":"%s"}',
		refused.code, refused.title, status, refused.code, detail or details[status] or refused.title .. ".", id)
end

-- A version 7 UUID, as the services make them. random(bits) is a number below 2^bits.
function problem.request_id(milliseconds, random)
	return string.format("%08x-%04x-7%03x-%04x-%04x%04x%04x", milliseconds >> 16, milliseconds & 0xffff, random(12),
		0x8000 | random(14), random(16), random(16), random(16))
end

return problem
