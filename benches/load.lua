-- wrk's script: every key in turn, one request each, and the result as one line of JSON.
-- Environment: KEYS_CSV, a file with the key in its first column; PAUSE_MS, how long each connection waits on average
-- before its next request (0: not at all, which is as fast as the server answers).

local requests, turn = {}, 0
local pause = tonumber(os.getenv("PAUSE_MS") or "0")

function init()
   local header = true
   for line in io.lines(os.getenv("KEYS_CSV")) do
      if not header then
         local key = line:match("^[^,]+")
         -- Made once, so that the load costs little more than wrk itself.
         requests[#requests + 1] = wrk.format("GET", "/auth/verify", { ["Authorization"] = "Bearer " .. key })
      end
      header = false
   end
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end

if pause > 0 then
   -- Spread out, or 64 connections would come in one burst each time.
   function delay()
      return math.random(0, 2 * pause)
   end
end

function done(summary, latency)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   print(string.format(
      '{"requests": %d, "seconds": %.6f, "failed": %d, "p50_us": %d, "p99_us": %d, "p999_us": %d, "max_us": %d}',
      summary.requests, summary.duration / 1e6, failed,
      latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
