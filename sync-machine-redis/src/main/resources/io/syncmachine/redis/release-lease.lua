-- Ends the leases that the holder still has. ARGV: holder. Answers their positions.
local released = {}
for i, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    redis.call('DEL', key)
    released[#released + 1] = i
  end
end
return released
