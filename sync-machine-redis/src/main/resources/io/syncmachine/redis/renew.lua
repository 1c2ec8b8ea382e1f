-- ARGV: microseconds of the lease; for each claim: tenant, machine, stage, key, token. Answers the endings, settled where it was renewed.
local endings = {}
for i = 2, #ARGV, 5 do
  local tenant, machine, stage, key, token = unpack(ARGV, i, i + 4)
  local job = redis.call('HMGET', jobOf(idOf(tenant, machine, stage, key)), 'token', 'lane')
  local ending = LOST
  if job[1] == token then
    lineUp(machine .. ZERO .. stage, job[2], tenant, key, now + ARGV[1])
    ending = SETTLED
  end
  endings[#endings + 1] = ending
end
placeTouched()
return endings
