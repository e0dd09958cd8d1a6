-- answer.lua - run by lighttpd before it sends a response: turns lighttpd's own refusals into the
-- contract's problem documents (DESIGN.md section 3) and adds a request id if there is none. The
-- services' own responses have both. Also passes on which part of a file to send.

local r = lighty.r

-- Cached between calls: the Lua state, and so this table, lives as long as lighttpd.
package.loaded.purse_problem = package.loaded.purse_problem or
	dofile(os.getenv("PURSE_ROOT") .. "/deploy/gateway/problem.lua")
local problem = package.loaded.purse_problem

-- "" is a method that lighttpd does not know.
local reads = { GET = true, HEAD = true, [""] = true }

local function random(bits)
	return (lighty.c.rand() & 0xffffffff) >> (32 - bits)
end

local status = r.req_item.http_status
local id = r.resp_header["X-Request-Id"]
if not id then
	-- Lua's clock has whole seconds only.
	id = problem.request_id(math.floor(lighty.c.time() * 1000) + lighty.c.rand() % 1000, random)
	r.resp_header["X-Request-Id"] = id
end

-- The statement service decides which part of a file is sent (common/http/reply_file.c): it ignores
-- a Range where RFC 9110 says so. lighttpd would refuse such a range, and after this script, with a
-- page of its own.
local range = r.resp_header["X-Sendfile-Range"]
if range or r.req_header["Range"] then
	r.req_header["Range"] = range
	r.req_header["If-Range"] = nil
	r.resp_header["X-Sendfile-Range"] = nil
end

local kind = r.resp_header["Content-Type"] or ""

-- The documents can only be read. lighttpd answers a POST with the document, OPTIONS with a list that
-- includes POST, and other methods with 501 (412 if they have conditions). A method that lighttpd
-- does not know stays a 501.
if not reads[r.req_attr["request.method"]] and (status < 400 or status == 412 or status == 501) then
	-- Not uri.path: after a refusal of the head that is the path of an earlier request.
	local path = r.req_attr["request.uri"]:match("^[^?]*") .. "/"

	if path:sub(1, 1) == "/" and not path:find("^/v1/") and not path:find("^/health/") and
		not path:find("^/%.well%-known/") then
		status, kind = 405, ""
		for _, name in ipairs({ "Allow", "ETag", "Last-Modified", "Location" }) do
			r.resp_header[name] = nil
		end
	end
end

if status < 400 or kind:find("application/problem+json", 1, true) then
	return 0
end

-- lighttpd answers 500 if a service died while serving the request. A service's own 500 is already
-- a problem document.
if status == 500 then
	status = 502
end
if status == 405 then
	r.resp_header["Allow"] = r.resp_header["Allow"] or "GET, HEAD"
elseif status == 503 then
	r.resp_header["Retry-After"] = r.resp_header["Retry-After"] or "1"
end
r.resp_header["Content-Type"] = "application/problem+json"
r.resp_header["Cache-Control"] = "no-store"
-- lighttpd.conf sets it only for requests whose head is valid.
r.resp_header["X-Content-Type-Options"] = "nosniff"
r.resp_body:set(problem.document(status, id))
-- Returning a number sets the status and marks the body as complete.
return status
