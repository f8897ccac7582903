-- Asks Convergence about each request, for haproxy.cfg beside it.

local verify = "http://127.0.0.1:8000/auth/verify"
local timeout = 2000 -- milliseconds, for each of four tries

-- Not for the client: what belongs to the connection between the two, and what HAProxy makes itself.
local own = { ["connection"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true }

local unavailable = '{"title":"Authentication unavailable","status":503,"code":"authentication_unavailable"}'

-- A header's values in their order; HAProxy counts them from 0.
local function each(values)
    local index = -1
    return function()
        index = index + 1
        return values and values[index]
    end
end

-- Answers the client in place of the API.
local function refuse(txn, status, headers, body)
    local reply = txn:reply({ status = status, body = body })
    for name, values in pairs(headers) do
        if not own[name] then
            for value in each(values) do
                reply:add_header(name, value)
            end
        end
    end
    txn:done(reply)
end

core.register_action("convergence", { "http-req" }, function(txn)
    local asked = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-method"] = { txn.f:method() },
        ["x-original-uri"] = { txn.f:pathq() },
        ["x-forwarded-for"] = { txn.f:src() },
    }
    -- Every one of them: two are refused.
    local given = {}
    for value in each(asked["authorization"]) do
        table.insert(given, value)
    end
    if #given > 0 then
        headers["authorization"] = given
    end

    local answer = core.httpclient():get({ url = verify, headers = headers, timeout = timeout })
    if not answer or not answer.headers or not answer.headers["x-request-id"] then
        -- Nobody was asked: this is HAProxy's own answer, or another server's.
        local problem = { ["content-type"] = { [0] = "application/problem+json" }, ["retry-after"] = { [0] = "1" } }
        return refuse(txn, 503, problem, unavailable)
    end
    if answer.status ~= 200 then
        return refuse(txn, answer.status, answer.headers, answer.body)
    end
    txn:set_var("txn.admitted", true)
    for name, header in pairs({ client = "x-client-name", policy = "ratelimit-policy", limit = "ratelimit" }) do
        for value in each(answer.headers[header]) do
            txn:set_var("txn." .. name, value)
        end
    end
end)
