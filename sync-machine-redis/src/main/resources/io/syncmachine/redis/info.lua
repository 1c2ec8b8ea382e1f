-- What the node with the key tells of itself; nothing if the user may not know. ARGV: section.
local told = redis.pcall('INFO', ARGV[1])
return type(told) == 'string' and told or ''
