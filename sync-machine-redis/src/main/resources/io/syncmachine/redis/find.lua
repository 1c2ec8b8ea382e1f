-- ARGV: tenant, machine, stage, key. Answers what is known of a job: whether it runs and is parked, microseconds until it is due, attempts,
-- failure, causes, whether it settles; nothing if there is none.
local tenant, machine, stage, key = unpack(ARGV)
local job = redis.call('HMGET', jobOf(idOf(tenant, machine, stage, key)),
  'lane', 'token', 'parked', 'attempts', 'failure', 'causes', 'causes2', 'settle')
if not job[1] then
  return {}
end
local ready = number(redis.call('ZSCORE', lineOf(machine .. ZERO .. stage, job[1], tenant), key))
local rests = ready and math.max(ready - now, 0) or 0
return {
  (job[2] and rests > 0) and 1 or 0, job[3] and 1 or 0, whole(rests), number(job[4]) or 0, job[5],
  union(job[6], job[7], MOST_CAUSES), (job[8] and not job[2] and rests > 0) and 1 or 0
}
