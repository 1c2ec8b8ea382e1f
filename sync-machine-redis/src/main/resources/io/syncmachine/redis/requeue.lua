-- ARGV, for each: tenant, machine, stage, key, microseconds to rest. Answers how many were parked.
local requeued = 0
for i = 1, #ARGV, 5 do
  local tenant, machine, stage, key, delay = unpack(ARGV, i, i + 4)
  local id = idOf(tenant, machine, stage, key)
  local name = jobOf(id)
  local job = redis.call('HMGET', name, 'parked', 'lane')
  if job[1] then
    redis.call('HDEL', name, 'failure')
    unpark(name, id, machine .. ZERO .. stage, job[2], tenant, key, machine, now + delay)
    requeued = requeued + 1
  end
end
placeTouched()
return requeued
