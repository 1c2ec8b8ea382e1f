-- What the node with the key tells of itself. ARGV: section.
return redis.call('INFO', ARGV[1])
