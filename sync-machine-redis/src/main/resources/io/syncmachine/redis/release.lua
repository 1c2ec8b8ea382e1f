-- ARGV, for each: tenant, machine, stage, key, token, microseconds to rest, 1 if it counts as an attempt, reason. Answers the endings.
local endings = {}
for i = 1, #ARGV, 8 do
  local tenant, machine, stage, key, token, delay, counts, reason = unpack(ARGV, i, i + 7)
  local queue = machine .. ZERO .. stage
  local id = idOf(tenant, machine, stage, key)
  local name = jobOf(id)
  local job = redis.call('HMGET', name, 'token', 'lane', 'failing', 'changed', 'causes', 'changed2', 'causes2', 'oldest', 'oldest2',
    'settle')
  local ending = LOST
  if job[1] == token then
    unclaim(name, id)
    if job[10] then
      redis.call('HDEL', name, 'settle')
    end
    unite(name, job[4], job[5], job[6], job[7])
    uniteOldest(name, job[8], job[9])
    if counts ~= '1' then
      redis.call('HINCRBY', name, 'attempts', -1)
      if job[3] then
        redis.call('HSET', name, 'failing', whole(job[3] + delay))
      end
    elseif not job[3] then
      redis.call('HSET', name, 'failing', whole(now))
    end
    redis.call('HSET', name, 'failure', reason)
    lineUp(queue, job[2], tenant, key, now + delay)
    ending = SETTLED
  end
  endings[#endings + 1] = ending
end
placeTouched()
return endings
