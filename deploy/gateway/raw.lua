-- raw.lua - run by lighttpd for requests that bypass the front's parser: removes the headers that
-- the front removes from all others.

local headers, unsafe = lighty.r.req_header, {}

-- CGI turns every - into _, so a header with _ could pose as one of our own.
for name in pairs(headers) do
	if name:find("_", 1, true) then
		unsafe[#unsafe + 1] = name
	end
end
for _, name in ipairs(unsafe) do
	headers[name] = nil
end
headers["X-Forwarded-For"] = nil
return 0
