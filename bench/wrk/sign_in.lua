-- sign_in.lua - sign-ins for wrk. BENCH_USERS is a file with an e-mail address per line;
-- BENCH_PASSWORD is everyone's password.

local requests, turn = {}, 0
local emails = {}
for email in io.lines(os.getenv("BENCH_USERS")) do emails[#emails + 1] = email end

function init()
	for i, email in ipairs(emails) do
		requests[i] = wrk.format("POST", "/v1/auth/sign-in", { ["Content-Type"] = "application/json" },
			string.format('{"email":"%s","password":"%s"}', email, os.getenv("BENCH_PASSWORD")))
	end
end

function request()
	turn = turn % #requests + 1
	return requests[turn]
end
