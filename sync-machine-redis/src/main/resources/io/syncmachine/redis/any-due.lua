-- ARGV: machine, stage. Answers whether a job of theirs is due.
local queue = ARGV[1] .. ZERO .. ARGV[2]
local later = number(redis.call('ZRANGE', ROOT .. 'later:' .. queue, 0, 0, 'WITHSCORES')[2])
return (redis.call('ZCARD', ROOT .. 'due:' .. queue) > 0 or (later and later <= now)) and 1 or 0
