-- The destinations that are paused, each followed by for how many microseconds. KEYS: the pauses.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local paused = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local left = tonumber(all[i + 1]) - now
  if left > 0 then
    paused[#paused + 1] = all[i]
    paused[#paused + 1] = string.format('%.0f', left)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return paused
