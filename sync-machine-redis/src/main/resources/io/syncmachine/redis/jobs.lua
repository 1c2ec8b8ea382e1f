-- What the scripts of jobs have in common. KEYS[1] begins the names of all keys that they use, which are in one hash slot by its tag:
--
--   job:<id>          hash: a job. requested and claimed count requests; token, owner: who holds it; lane; changed, causes: what a
--                     claim is told; changed2, causes2: what was requested since; attempts; failing: since when; failure;
--                     parked: since when; refused: the document that was; oldest, oldest2: number of the oldest request that
--                     a run is still to cover, and of the oldest since the claim; settle: until when further requests
--                     put it off, while they do; again: of one that is claimed, when the run that follows is due
--   line:<queue><lane><tenant>   sorted set: keys of jobs by the time when they can be claimed; a claimed one when its lease ends
--   due:<queue>       sorted set: tenants with something due, in the order of their turns
--   since:<queue>     sorted set: the same tenants, by the time since when
--   later:<queue>     sorted set: tenants with nothing due yet, by the time of their first
--   backlog           hash: by machine, how many jobs are not parked
--   parked            sorted set: ids of parked jobs by the time since when
--   letters           sorted set: ids of parked jobs in their own order
--
-- and where requests are numbered, for those who keep changes until their jobs are done:
--
--   requests          how many there were
--   uncovered:<machine>   sorted set: ids of jobs that are not parked by the number of their oldest request
--   finding:<machine>     sorted set: the same of jobs that find subjects and are claimed: what is requested meanwhile may come of them
--   memory            a random name for all of this, which goes when it is forgotten
--
-- All but the number and the name exist only as long as there are jobs for them. An id is tenant, machine, stage and key, a queue is machine and stage, with
-- zero bytes in between. Times are microseconds since 1970 by Redis's clock, exact as numbers.

local ROOT = KEYS[1]
local ZERO = '\0'
local BETWEEN = '\31'
local MOST_CAUSES = 4
local MOST_STAGES = 3
local MOST_PROMOTED = 1000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function idOf(tenant, machine, stage, key)
  return tenant .. ZERO .. machine .. ZERO .. stage .. ZERO .. key
end

local function jobOf(id)
  return ROOT .. 'job:' .. id
end

local function lineOf(queue, lane, tenant)
  return ROOT .. 'line:' .. queue .. ZERO .. lane .. ZERO .. tenant
end

local function number(value)
  return value and tonumber(value) or nil
end

local function whole(value)
  return string.format('%.0f', value)
end

-- The entries of both lists, each once; at most so many if that is said.
local function union(some, more, most)
  if not more or more == '' or more == some then
    return some or ''
  end
  if not some or some == '' then
    some = ''
  end
  local known, entries = {}, {}
  for _, list in ipairs({some, more}) do
    for entry in string.gmatch(list, '[^' .. BETWEEN .. ']+') do
      if not known[entry] and (not most or #entries < most) then
        known[entry] = true
        entries[#entries + 1] = entry
      end
    end
  end
  return table.concat(entries, BETWEEN)
end

local function count(machine, change)
  if redis.call('HINCRBY', ROOT .. 'backlog', machine, change) == 0 then
    redis.call('HDEL', ROOT .. 'backlog', machine)
  end
end

-- Puts a tenant where its first job says; at the end of those that are due if it had its turn.
local function place(queue, tenant, served)
  local ready
  for lane = 0, 1 do
    local first = number(redis.call('ZRANGE', lineOf(queue, lane, tenant), 0, 0, 'WITHSCORES')[2])
    if first and (not ready or first < ready) then
      ready = first
    end
  end
  local due, since, later = ROOT .. 'due:' .. queue, ROOT .. 'since:' .. queue, ROOT .. 'later:' .. queue
  if ready and ready <= now then
    redis.call('ZREM', later, tenant)
    redis.call('ZADD', since, ready, tenant)
    if served or not redis.call('ZSCORE', due, tenant) then
      local last = redis.call('ZRANGE', due, -1, -1, 'WITHSCORES')[2]
      redis.call('ZADD', due, (number(last) or 0) + 1, tenant)
    end
  else
    redis.call('ZREM', due, tenant)
    redis.call('ZREM', since, tenant)
    if ready then
      redis.call('ZADD', later, ready, tenant)
    else
      redis.call('ZREM', later, tenant)
    end
  end
end

local touched = {}

local function touch(queue, tenant)
  touched[queue] = touched[queue] or {}
  touched[queue][tenant] = true
end

local function placeTouched()
  for queue, tenants in pairs(touched) do
    for tenant in pairs(tenants) do
      place(queue, tenant)
    end
  end
end

-- Lets a job be claimed from a time on.
local function lineUp(queue, lane, tenant, key, ready)
  redis.call('ZADD', lineOf(queue, lane, tenant), ready, key)
  touch(queue, tenant)
end

local function leaveLine(queue, lane, tenant, key)
  redis.call('ZREM', lineOf(queue, lane, tenant), key)
  touch(queue, tenant)
end

-- Makes what was requested since a claim a part of what the next one is told.
local function unite(name, changed, causes, changed2, causes2)
  if changed2 then
    redis.call('HSET', name, 'changed', union(changed, changed2), 'causes', union(causes, causes2, MOST_CAUSES))
    redis.call('HDEL', name, 'changed2', 'causes2')
  end
end

local function machineOf(id)
  return string.match(id, '^%Z*%z(%Z*)%z')
end

local function uncoveredOf(id)
  return ROOT .. 'uncovered:' .. machineOf(id)
end

local function findingOf(id)
  return ROOT .. 'finding:' .. machineOf(id)
end

local function unclaim(name, id)
  redis.call('HDEL', name, 'token', 'claimed', 'owner', 'again')
  redis.call('ZREM', findingOf(id), id)
end

-- Makes the oldest request since a claim a part of what the next one covers, and answers the oldest of both; nothing without numbers.
local function uniteOldest(name, oldest, oldest2)
  if oldest2 then
    oldest = whole(math.min(number(oldest) or math.huge, oldest2))
    redis.call('HSET', name, 'oldest', oldest)
    redis.call('HDEL', name, 'oldest2')
  end
  return oldest
end

local LOST, SETTLED, RUNS_AGAIN = 0, 1, 2

local function runAgain(name, id, queue, lane, tenant, key, again)
  unclaim(name, id)
  redis.call('HDEL', name, 'attempts', 'failing', 'failure')
  lineUp(queue, lane, tenant, key, math.max(number(again) or now, now))
  return RUNS_AGAIN
end

-- Takes a job from those that are parked, to run from a time on as if it had not before.
local function unpark(name, id, queue, lane, tenant, key, machine, ready)
  redis.call('HDEL', name, 'parked', 'refused', 'attempts', 'failing')
  redis.call('ZREM', ROOT .. 'parked', id)
  redis.call('ZREM', ROOT .. 'letters', id)
  count(machine, 1)
  lineUp(queue, lane, tenant, key, ready)
end

local function forget(name, id)
  redis.call('DEL', name)
  redis.call('ZREM', ROOT .. 'parked', id)
  redis.call('ZREM', ROOT .. 'letters', id)
end

