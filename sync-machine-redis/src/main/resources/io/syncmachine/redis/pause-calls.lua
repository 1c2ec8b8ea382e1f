-- Pauses a destination. KEYS: the pauses. ARGV: the destination, microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local untilThen = now + tonumber(ARGV[2])
local known = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', math.max(untilThen, known)))
local left = math.ceil((math.max(untilThen, known) - now) / 1000) + 1000
if redis.call('PTTL', KEYS[1]) < left then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left))
end
