-- ARGV: 1 if requests are numbered; then for each: tenant, machine, stage, key, what changed, lane, causes, and to settle the
-- microseconds of the quiet period and of the longest wait, or two empty texts.
local ENSURE_PUBLICATION, FOLLOW_UP = '2', '3'
local LIVE = '0'
local latest
local oldestFinding = {}
if ARGV[1] == '1' then
  latest = redis.call('INCR', ROOT .. 'requests')
end

-- The oldest request that a subject which is found now may come of; the latest one if none.
local function cause(id)
  local finding = findingOf(id)
  if not oldestFinding[finding] then
    oldestFinding[finding] = number(redis.call('ZRANGE', finding, 0, 0, 'WITHSCORES')[2]) or latest
  end
  return oldestFinding[finding]
end

-- Not for what goes through a stock, nor for what only tells of a publication: no change is kept for these.
local function numberIt(name, id, stage, lane, field, isToRun)
  if latest and lane == LIVE and stage ~= FOLLOW_UP then
    local one = stage == ENSURE_PUBLICATION and math.min(latest, cause(id)) or latest
    redis.call('HSET', name, field, whole(math.min(one, number(redis.call('HGET', name, field)) or one)))
    if isToRun then
      redis.call('ZADD', uncoveredOf(id), 'LT', one, id)
    end
  end
end

-- When a job is due that nothing was requested of before.
local function begin(name, quiet, longest)
  if not longest then
    return now
  end
  redis.call('HSET', name, 'settle', whole(now + longest))
  return now + quiet
end

-- When a job is due that settles, after one more request; where that does not, it settles no more.
local function goOn(name, before, settle, quiet)
  if quiet then
    return math.max(tonumber(before), math.min(tonumber(settle), now + quiet))
  end
  redis.call('HDEL', name, 'settle')
  return math.min(tonumber(before), now)
end

for i = 2, #ARGV, 9 do
  local tenant, machine, stage, key, changed, lane, causes, quiet, longest = unpack(ARGV, i, i + 8)
  quiet, longest = number(quiet), number(longest)
  local queue = machine .. ZERO .. stage
  local id = idOf(tenant, machine, stage, key)
  local name = jobOf(id)
  local job = redis.call('HMGET', name, 'requested', 'token', 'parked', 'lane', 'changed', 'causes', 'changed2', 'causes2',
    'claimed', 'settle', 'again')
  if not job[1] then
    redis.call('HSET', name, 'requested', 1, 'lane', lane, 'changed', changed, 'causes', causes)
    numberIt(name, id, stage, lane, 'oldest', true)
    count(machine, 1)
    lineUp(queue, lane, tenant, key, begin(name, quiet, longest))
  else
    redis.call('HINCRBY', name, 'requested', 1)
    numberIt(name, id, stage, lane, job[2] and 'oldest2' or 'oldest', not job[3] or changed ~= '')
    if job[2] then
      redis.call('HSET', name, 'changed2', union(job[7], changed), 'causes2', union(job[8], causes, MOST_CAUSES))
    else
      redis.call('HSET', name, 'changed', union(job[5], changed), 'causes', union(job[6], causes, MOST_CAUSES))
    end
    local ready = number(redis.call('ZSCORE', lineOf(queue, job[4], tenant), key))
    if job[2] and quiet and job[1] == job[9] then
      redis.call('HSET', name, 'again', whole(begin(name, quiet, longest)))
    elseif job[10] and job[2] then
      redis.call('HSET', name, 'again', whole(goOn(name, job[11], job[10], quiet)))
    elseif job[10] and ready then
      ready = goOn(name, ready, job[10], quiet)
      lineUp(queue, job[4], tenant, key, ready)
    end
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
      unpark(name, id, queue, lane, tenant, key, machine, begin(name, quiet, longest))
    end
  end
end
placeTouched()
return (#ARGV - 1) / 9
