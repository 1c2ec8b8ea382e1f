-- ARGV: microseconds since they were parked, at least; how many at most. Answers how many were deleted.
local ids = redis.call('ZRANGEBYSCORE', ROOT .. 'parked', '-inf', now - ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do
  forget(jobOf(id), id)
end
return #ids
