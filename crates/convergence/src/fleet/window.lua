-- The exact sliding window of one client, which all servers share. Redis runs a script as one step, so checking and
-- recording are one.
--
-- KEYS[1]  the runs, a list of pairs, oldest first: the last millisecond at which a run's requests can have come, and how
--          many requests there have been up to its end. The first pair has left the window already: what it counts is
--          what the others are counted from.
-- ARGV     how many requests have been admitted already by whoever asks, then the limit of each request that is to be
--          decided, in their order.
-- Returns  for each limit two numbers: how many more requests it would have let in (-1: this one is refused), and the
--          milliseconds until it has room for one more than now.
--
-- With KEYS[2] the client has quotas as well: quota.lua says what is told and answered then.
--
-- A run counts until every instant of its tick is more than 60 s old, so that no 60 s ever hold more than the limit. Ticks
-- are 1 ms for limits up to 1,000, and 100 ms beyond and for what is admitted already; so no window has more than about
-- 1,600 runs.

local WINDOW, EXACT_UP_TO, COARSE = 60000, 1000, 100

-- `also` is asked of each request that has room here, and says whether it has room elsewhere as well. A limit of -1 is none.
local function decide(now, key, already, limits, also)
    local base, oldest -- the sum before the oldest run, and that run's stamp
    local function look()
        local head = redis.call('LRANGE', key, 0, 2)
        base, oldest = tonumber(head[2]), tonumber(head[3])
    end

    look()
    while oldest and oldest < now - WINDOW do
        redis.call('LPOP', key, 2)
        look()
    end
    local newest, sum = 0, 0
    if base then
        local tail = redis.call('LRANGE', key, -2, -1)
        newest, sum = tonumber(tail[1]), tonumber(tail[2])
    else
        base = 0
    end

    local function push(stamp, ...)
        redis.call('RPUSH', key, ...)
        redis.call('PEXPIRE', key, stamp + WINDOW + 1 - now)
        oldest, newest = oldest or stamp, stamp
    end

    if newest > now + COARSE then
        -- The clock was set back. What is counted is taken to have come now: held longer, and never for hours.
        redis.call('DEL', key)
        if sum > base then
            oldest = now
            push(now, 0, base, now, sum)
        else
            base, newest, sum = 0, 0, 0
        end
    end

    local function record(stamp, count)
        if count == 0 then return end
        sum = sum + count
        if oldest and newest >= stamp then
            redis.call('LSET', key, -1, sum)
        elseif newest == 0 then
            push(stamp, 0, base, stamp, sum)
        else
            push(stamp, stamp, sum)
        end
    end

    -- How many are let in, before any is recorded: a refusal changes nothing, and one write does for all.
    local counted, fine, coarse, answer = sum - base, 0, tonumber(already), {}
    counted = counted + coarse
    for i = 1, #limits do
        local limit, left = tonumber(limits[i]), -1
        if limit < 0 or counted < limit then
            if not also or also(i) then
                counted = counted + 1
                if limit >= 0 and limit <= EXACT_UP_TO then fine = fine + 1 else coarse = coarse + 1 end
            end
            left = math.max(limit - counted, 0)
        end
        answer[2 * i - 1] = left
    end
    record(now, fine)
    record(now - now % COARSE + COARSE - 1, coarse)

    -- The stamp of the run after whose end at most `kept` of the requests came.
    local function stamp_of(kept)
        local low, high = 1, redis.call('LLEN', key) / 2 - 1
        while low < high do
            local middle = math.floor((low + high) / 2)
            local upto = tonumber(redis.call('LINDEX', key, 2 * middle + 1))
            if sum - upto <= kept then high = middle else low = middle + 1 end
        end
        return tonumber(redis.call('LINDEX', key, 2 * low))
    end

    for i = 1, #limits do
        local limit, wait = tonumber(limits[i]), 0
        if limit == 0 then
            wait = WINDOW
        elseif limit > 0 and counted > 0 then
            local stamp = counted <= limit and oldest or stamp_of(limit - 1)
            wait = stamp + WINDOW + 1 - now
        end
        answer[2 * i] = wait
    end
    return answer
end
