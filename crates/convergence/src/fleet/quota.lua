-- The quotas of one client, which all servers share, in the same step as its window: all limits are looked at before
-- anything is spent.
--
-- KEYS[2]  three numbers: the latest Unix second that a server has asked at, which says what day and month it is, and how
--          many requests were admitted in that day and in that month.
-- ARGV     how many requests the window is told of, as without quotas; the moment of whoever asks, in Unix seconds; for
--          the day and then for the month in which that lies: its first second, the first one after it, the most that the
--          server knows to have been admitted in it, and how many it has admitted alone beside that. Then for each
--          request that is to be decided three limits: of the minute, the day and the month; -1 is none.
-- Returns  for each request three numbers: the two of the window, and 1 if it is admitted; and at the end what is used of
--          the day and of the month of whoever asks.
--
-- A count goes to 0 when somebody asks in a later day or month than anybody before. So a server whose clock is behind, or
-- that has another time zone, gives nobody a quota twice. A server whose clock is ahead is not believed: what it asks
-- counts in the present day, and it is told of nothing that it would take for the count of the day that it is in.

-- By how many seconds a server's clock may be ahead of Redis', and for how many milliseconds the counts are kept.
local AHEAD, KEPT = 60, 40 * 86400 * 1000
-- Where in ARGV what is told of the day begins, and of the month, and the first limits.
local PERIODS, LIMITS = { 3, 7 }, 11

local function quotas(now, key, argv)
    local state = redis.call('GET', key)
    local at, used = nil, { 0, 0 }
    if state then
        local moment, day, month = string.match(state, '^(%S+) (%S+) (%S+)$')
        at, used = tonumber(moment), { tonumber(day), tonumber(month) }
    end
    local unix, seconds = tonumber(argv[2]), math.floor(now / 1000)
    local believed = unix <= seconds + AHEAD
    if believed then
        for i = 1, 2 do
            if at and at < tonumber(argv[PERIODS[i]]) then used[i] = 0 end
        end
        -- A latest moment that is yet to come was told while Redis' clock was wrong.
        if not at or at < unix or at > seconds + AHEAD then at = unix end
    else
        at = at or seconds
    end
    for i = 1, 2 do
        local told = PERIODS[i]
        local is_present = at < tonumber(argv[told + 1])
        -- What Redis has forgotten, or never heard of.
        if believed and is_present then used[i] = math.max(used[i], tonumber(argv[told + 2])) end
        if is_present then used[i] = used[i] + tonumber(argv[told + 3]) end
    end

    local function admit(limits)
        for i = 1, 2 do
            local limit = tonumber(argv[limits + i])
            if limit >= 0 and used[i] >= limit then return false end
        end
        used = { used[1] + 1, used[2] + 1 }
        return true
    end

    local function keep()
        local told = string.format('%.0f %.0f %.0f', at, used[1], used[2])
        if told ~= state then redis.call('SET', key, told, 'PX', KEPT) end
        if believed then return used end
        return { 0, 0 }
    end

    return admit, keep
end

local function decide_all(now, keys, argv)
    if not keys[2] then return decide(now, keys[1], table.remove(argv, 1), argv) end
    local admit, keep = quotas(now, keys[2], argv)
    local limits, admitted, answer = {}, {}, {}
    for i = LIMITS, #argv, 3 do
        limits[#limits + 1] = argv[i]
    end
    local said = decide(now, keys[1], argv[1], limits, function(i)
        admitted[i] = admit(LIMITS + 3 * (i - 1))
        return admitted[i]
    end)
    for i = 1, #limits do
        answer[3 * i - 2], answer[3 * i - 1] = said[2 * i - 1], said[2 * i]
        answer[3 * i] = admitted[i] and 1 or 0
    end
    local used = keep()
    answer[#answer + 1], answer[#answer + 2] = used[1], used[2]
    return answer
end
