-- Answers for how many microseconds the job has been due that is due longest.
local first = now
for _, machine in ipairs(redis.call('HKEYS', ROOT .. 'backlog')) do
  for stage = 1, MOST_STAGES do
    for _, tenants in ipairs({'since:', 'later:'}) do
      local ready = number(redis.call('ZRANGE', ROOT .. tenants .. machine .. ZERO .. stage, 0, 0, 'WITHSCORES')[2])
      if ready and ready < first then
        first = ready
      end
    end
  end
end
return whole(now - first)
