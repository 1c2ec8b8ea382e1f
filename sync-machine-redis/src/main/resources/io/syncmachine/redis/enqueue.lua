-- ARGV, for each request: tenant, machine, stage, key, what changed, lane, causes.
for i = 1, #ARGV, 7 do
  local tenant, machine, stage, key, changed, lane, causes = unpack(ARGV, i, i + 6)
  local queue = machine .. ZERO .. stage
  local id = idOf(tenant, machine, stage, key)
  local name = jobOf(id)
  local job = redis.call('HMGET', name, 'requested', 'token', 'parked', 'lane', 'changed', 'causes', 'changed2', 'causes2')
  if not job[1] then
    redis.call('HSET', name, 'requested', 1, 'lane', lane, 'changed', changed, 'causes', causes)
    count(machine, 1)
    lineUp(queue, lane, tenant, key, now)
  else
    redis.call('HINCRBY', name, 'requested', 1)
    if job[2] then
      redis.call('HSET', name, 'changed2', union(job[7], changed), 'causes2', union(job[8], causes, MOST_CAUSES))
    else
      redis.call('HSET', name, 'changed', union(job[5], changed), 'causes', union(job[6], causes, MOST_CAUSES))
    end
    local ready = redis.call('ZSCORE', lineOf(queue, job[4], tenant), key)
    if lane < job[4] then
      redis.call('HSET', name, 'lane', lane)
      if ready then
        leaveLine(queue, job[4], tenant, key)
        lineUp(queue, lane, tenant, key, ready)
      end
    else
      lane = job[4]
    end
    if job[3] and changed ~= '' then
      unpark(name, id, queue, lane, tenant, key, machine, now)
    end
  end
end
placeTouched()
return #ARGV / 7
