-- raw.lua - run by lighttpd for requests that come past the front's parser: what the front takes from all others.

local headers, folded = lighty.r.req_header, {}

-- Names with _ would be ours once CGI has made _ of every -.
for name in pairs(headers) do
	if name:find("_", 1, true) then
		folded[#folded + 1] = name
	end
end
for _, name in ipairs(folded) do
	headers[name] = nil
end
headers["X-Forwarded-For"] = nil
return 0
