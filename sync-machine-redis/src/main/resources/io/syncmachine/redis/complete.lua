-- ARGV, for each claim: tenant, machine, stage, key, token. Answers the endings.
local endings = {}
for i = 1, #ARGV, 5 do
  local tenant, machine, stage, key, token = unpack(ARGV, i, i + 4)
  local queue = machine .. ZERO .. stage
  local id = idOf(tenant, machine, stage, key)
  local name = jobOf(id)
  local job = redis.call('HMGET', name, 'token', 'requested', 'claimed', 'lane', 'changed2', 'causes2', 'oldest2', 'again')
  local ending = LOST
  if job[1] == token and job[2] ~= job[3] then
    redis.call('HSET', name, 'changed', job[5] or '', 'causes', job[6] or '')
    redis.call('HDEL', name, 'changed2', 'causes2', 'oldest2')
    if job[7] then
      redis.call('HSET', name, 'oldest', job[7])
      redis.call('ZADD', uncoveredOf(id), job[7], id)
    else
      redis.call('HDEL', name, 'oldest')
      redis.call('ZREM', uncoveredOf(id), id)
    end
    ending = runAgain(name, id, queue, job[4], tenant, key, job[8])
  elseif job[1] == token then
    redis.call('DEL', name)
    redis.call('ZREM', uncoveredOf(id), id)
    redis.call('ZREM', findingOf(id), id)
    leaveLine(queue, job[4], tenant, key)
    count(machine, -1)
    ending = SETTLED
  end
  endings[#endings + 1] = ending
end
placeTouched()
return endings
