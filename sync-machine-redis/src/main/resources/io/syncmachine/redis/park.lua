-- ARGV, for each: tenant, machine, stage, key, token, failure, the refused document after a 1, or nothing. Answers the endings.
local endings = {}
for i = 1, #ARGV, 7 do
  local tenant, machine, stage, key, token, failure, refused = unpack(ARGV, i, i + 6)
  local queue = machine .. ZERO .. stage
  local id = idOf(tenant, machine, stage, key)
  local name = jobOf(id)
  local job = redis.call('HMGET', name, 'token', 'requested', 'claimed', 'lane', 'failing', 'changed', 'causes', 'changed2', 'causes2', 'oldest', 'oldest2',
    'again')
  local ending = LOST
  if job[1] == token then
    unite(name, job[6], job[7], job[8], job[9])
    uniteOldest(name, job[10], job[11])
    if job[2] ~= job[3] then
      ending = runAgain(name, id, queue, job[4], tenant, key, job[12])
    else
      unclaim(name, id)
      redis.call('HDEL', name, 'oldest')
      redis.call('ZREM', uncoveredOf(id), id)
      redis.call('HSET', name, 'parked', whole(now), 'failing', job[5] or whole(now), 'failure', failure)
      if refused ~= '' then
        redis.call('HSET', name, 'refused', string.sub(refused, 2))
      end
      redis.call('ZADD', ROOT .. 'parked', now, id)
      redis.call('ZADD', ROOT .. 'letters', 0, id)
      count(machine, -1)
      leaveLine(queue, job[4], tenant, key)
      ending = SETTLED
    end
  end
  endings[#endings + 1] = ending
end
placeTouched()
return endings
