-- raw.lua - run by lighttpd for requests that come past the front's parser: what the front takes from all others.

local headers, folded = lighty.r.req_header, {}

-- CGI makes _ of every other character, so these names would become ours.
for name in pairs(headers) do
	if name:find("[^%w-]") then
		folded[#folded + 1] = name
	end
end
for _, name in ipairs(folded) do
	headers[name] = nil
end
headers["X-Forwarded-For"] = nil
return 0
