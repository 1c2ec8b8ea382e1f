-- ARGV, for each: tenant, machine, stage, key. Answers how many were parked.
local discarded = 0
for i = 1, #ARGV, 4 do
  local id = idOf(unpack(ARGV, i, i + 3))
  if redis.call('HEXISTS', jobOf(id), 'parked') == 1 then
    forget(jobOf(id), id)
    discarded = discarded + 1
  end
end
return discarded
