-- problem.lua - problem documents (DESIGN.md section 3) for refusals by the front and the gateway.
-- Shared by lighttpd (answer.lua) and HAProxy (deploy/front/front.lua). Codes and titles come from
-- common/base/error.def.

local problem = {}

-- The name of the row in error.def for each status that lighttpd or HAProxy can send.
local names = {
	[400] = "MALFORMED_REQUEST", [403] = "FORBIDDEN", [404] = "NOT_FOUND", [405] = "METHOD_NOT_ALLOWED",
	[408] = "REQUEST_TIMEOUT", [411] = "MALFORMED_REQUEST", [413] = "TOO_LARGE",
	[415] = "UNSUPPORTED_MEDIA_TYPE", [416] = "RANGE_NOT_SATISFIABLE", [417] = "MALFORMED_REQUEST",
	[431] = "TOO_LARGE", [501] = "NOT_IMPLEMENTED", [502] = "BAD_GATEWAY",
	[503] = "UNAVAILABLE", [504] = "TIMEOUT", [505] = "MALFORMED_REQUEST",
}

-- Adds to the title what the client can do or what went wrong.
local details = {
	[400] = "The gateway does not accept this as an HTTP/1.1 request (RFC 9112), or its URL has a " ..
		"control character.",
	[404] = "No service has this path: see /docs.",
	[405] = "The Allow header lists the methods of this path.",
	[408] = "Nothing was done: send the request again, head and body without a pause.",
	[411] = "Send the body's length in Content-Length, or 0 if there is no body.",
	[413] = "The body is larger than the gateway accepts.",
	[417] = "The gateway supports only the expectation 100-continue.",
	[431] = "The path, the query and the headers together can have at most 16 KiB.",
	[502] = "The service did not complete its response. The request may have taken effect: " ..
		"check, or retry with the same Idempotency-Key.",
	[503] = "The service is not running; it is being started.",
	[504] = "The service took too long. The request may have taken effect: " ..
		"check, or retry with the same Idempotency-Key.",
	[505] = "The gateway supports HTTP/1.1 and HTTP/1.0.",
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

-- Returns the document as text. The row's name and the detail are optional.
function problem.document(status, id, name, detail)
	local fallback = status < 500 and "MALFORMED_REQUEST" or "INTERNAL"
	local refusal = errors[name or names[status] or fallback]

	return string.format('{"type":"/docs/errors#%s","title":"%s","status":%d,"code":"%s",' ..
		'"detail":"%s","request_id":"%s"}', refusal.code, refusal.title, status, refusal.code,
		detail or details[status] or refusal.title .. ".", id)
end

-- Returns a version 7 UUID, like those of the services. random(bits) returns a number below 2^bits.
function problem.request_id(milliseconds, random)
	return string.format("%08x-%04x-7%03x-%04x-%04x%04x%04x", milliseconds >> 16,
		milliseconds & 0xffff, random(12), 0x8000 | random(14), random(16), random(16), random(16))
end

return problem
