-- ARGV: tenant, machine, stage, key. Answers of a dead letter: attempts, microseconds since the first failure and since it was parked,
-- failure, causes, refused document; nothing if there is none.
local job = redis.call('HMGET', jobOf(idOf(unpack(ARGV))), 'parked', 'attempts', 'failing', 'failure', 'causes', 'refused')
if not job[1] then
  return {}
end
return {number(job[2]) or 0, whole(now - job[3]), whole(now - job[1]), job[4], job[5], job[6]}
