-- ARGV: machine, stage, most, microseconds of the lease, owner; then a token for each. Answers tenant, key, token, attempt, microseconds
-- since the first failure, what changed, causes.
local machine, stage, left, lease, owner = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local FIND_SUBJECTS = '1'
local queue = machine .. ZERO .. stage
local claims = {}

local function claim(tenant, lane, key)
  local id = idOf(tenant, machine, stage, key)
  local name = jobOf(id)
  local job = redis.call('HMGET', name, 'requested', 'attempts', 'failing', 'changed', 'causes', 'changed2', 'causes2', 'oldest', 'oldest2',
    'settle', 'again')
  if not job[1] then
    redis.call('ZREM', lineOf(queue, lane, tenant), key)
    return
  end
  local token = ARGV[5 + #claims + 1]
  local attempt = (number(job[2]) or 0) + 1
  local failingFor = job[3] and now - tonumber(job[3]) or 0
  unite(name, job[4], job[5], job[6], job[7])
  local oldest = uniteOldest(name, job[8], job[9])
  if oldest and stage == FIND_SUBJECTS then
    redis.call('ZADD', findingOf(id), oldest, id)
  end
  if job[10] or job[11] then
    redis.call('HDEL', name, 'settle', 'again')
  end
  redis.call('HSET', name, 'claimed', job[1], 'token', token, 'owner', owner, 'attempts', attempt)
  redis.call('ZADD', lineOf(queue, lane, tenant), now + lease, key)
  claims[#claims + 1] = {
    tenant, key, token, attempt, whole(failingFor),
    job[6] and union(job[4], job[6]) or job[4], job[6] and union(job[5], job[7], MOST_CAUSES) or job[5]
  }
end

local function take(tenant, most)
  local taken = 0
  for lane = 0, 1 do
    if taken < most then
      local keys = redis.call('ZRANGEBYSCORE', lineOf(queue, lane, tenant), '-inf', now, 'LIMIT', 0, most - taken)
      for _, key in ipairs(keys) do
        claim(tenant, lane, key)
      end
      taken = taken + #keys
    end
  end
  return taken
end

for _, tenant in ipairs(redis.call('ZRANGEBYSCORE', ROOT .. 'later:' .. queue, '-inf', now, 'LIMIT', 0, MOST_PROMOTED)) do
  place(queue, tenant)
end

-- An equal share for each tenant whose turn it is; what some leave goes to the others.
local turns = redis.call('ZRANGE', ROOT .. 'due:' .. queue, 0, left - 1)
local hungry = turns
while left > 0 and #hungry > 0 do
  local share = math.max(math.floor(left / #hungry), 1)
  local still = {}
  for _, tenant in ipairs(hungry) do
    local most = math.min(share, left)
    if most > 0 then
      local taken = take(tenant, most)
      left = left - taken
      if taken == most then
        still[#still + 1] = tenant
      end
    end
  end
  hungry = still
end
for _, tenant in ipairs(turns) do
  place(queue, tenant, true)
end
return claims
