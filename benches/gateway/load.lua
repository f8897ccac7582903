-- wrk's script: every key in turn, one request each, and the result as one line of JSON.
-- Environment: KEYS_CSV, a file with the key in its first column; REQUEST_PATH.

local requests, turn = {}, 0

function init()
   local header = true
   for line in io.lines(os.getenv("KEYS_CSV")) do
      if not header then
         local key = line:match("^[^,]+")
         -- Made once, so that the load costs little more than wrk itself.
         requests[#requests + 1] = wrk.format("GET", os.getenv("REQUEST_PATH"), { ["Authorization"] = "Bearer " .. key })
      end
      header = false
   end
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end

function done(summary)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.timeout
   print(string.format(
      '{"requests": %d, "seconds": %.6f, "failed": %d, "refused": %d}',
      summary.requests, summary.duration / 1e6, failed, errors.status))
end
