-- raw.lua - run by lighttpd for requests that bypass the front's parser: removes the headers that
-- the front removes from all others.

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
