-- ARGV: a random name, for when there is none. Answers what is remembered, the number of the latest request, and up to which all are done.
-- What is remembered is named by a key, which goes when it is flushed, and by the process, which is another after a restart and when a replica
-- took over. A user who may not know the latter does not notice what is lost then.
redis.call('SETNX', ROOT .. 'memory', ARGV[1])
local info = redis.pcall('INFO', 'server')
local process = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local requested = number(redis.call('GET', ROOT .. 'requests')) or 0
local oldest = number(redis.call('ZRANGE', ROOT .. 'uncovered', 0, 0, 'WITHSCORES')[2])
return {process .. ' ' .. redis.call('GET', ROOT .. 'memory'), requested, oldest and oldest - 1 or requested}
