-- ARGV: machine, stage; the tenant, with a letter before it, and key after which to begin, or two empty texts; how many at most. Answers
-- tenants and keys of jobs that wait, by tenant and key. A job that is not due may be claimed, and is not told then.
local machine, stage, afterTenant, afterKey, limit = unpack(ARGV)
local queue = machine .. ZERO .. stage
limit = tonumber(limit)
local tenants = {}
for _, places in ipairs({'due:', 'later:'}) do
  for _, tenant in ipairs(redis.call('ZRANGE', ROOT .. places .. queue, 0, -1)) do
    if afterTenant == '' or tenant >= string.sub(afterTenant, 2) then
      tenants[#tenants + 1] = tenant
    end
  end
end
table.sort(tenants)

local found = {}
for _, tenant in ipairs(tenants) do
  local ready, keys = {}, {}
  for lane = 0, 1 do
    local jobs = redis.call('ZRANGE', lineOf(queue, lane, tenant), 0, -1, 'WITHSCORES')
    for i = 1, #jobs, 2 do
      if '1' .. tenant ~= afterTenant or jobs[i] > afterKey then
        keys[#keys + 1] = jobs[i]
        ready[jobs[i]] = tonumber(jobs[i + 1])
      end
    end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    local isClaimed = ready[key] > now
      and redis.call('HEXISTS', jobOf(idOf(tenant, machine, stage, key)), 'token') == 1
    if not isClaimed then
      found[#found + 1] = tenant
      found[#found + 1] = key
      if #found == 2 * limit then
        return found
      end
    end
  end
end
return found
