-- Grants the keys that nobody else holds. ARGV: holder, milliseconds. Answers their positions.
local granted = {}
for i, key in ipairs(KEYS) do
  local holder = redis.call('GET', key)
  if not holder or holder == ARGV[1] then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    granted[#granted + 1] = i
  end
end
return granted
