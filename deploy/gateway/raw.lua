-- raw.lua - run by lighttpd for requests that bypass the front's parser: removes the headers that
-- the front removes from all others, and refuses a control character in the path or query, which
-- lighttpd would escape.

if lighty.r.req_attr["request.orig-uri"]:find("%c") then
	return 400
end

local headers, unsafe = lighty.r.req_header, {}

-- CGI turns every other character into _, so these headers could pose as our own.
for name in pairs(headers) do
	if name:find("[^%w-]") then
		unsafe[#unsafe + 1] = name
	end
end
for _, name in ipairs(unsafe) do
	headers[name] = nil
end
headers["X-Forwarded-For"] = nil
return 0
