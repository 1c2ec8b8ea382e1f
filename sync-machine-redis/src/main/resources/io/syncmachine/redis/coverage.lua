-- ARGV: a random name, for when there is none. Answers what is remembered, the number of the latest request, and up to which all are done.
-- What is remembered is named by a key, which goes when it is flushed; by the process, which is another after a restart; and by the history that
-- replicas follow, which is another whenever one took over, also if that is a process that was in its place before. A user who may not know
-- the latter two does not notice what is lost then.
redis.call('SET', ROOT .. 'memory', ARGV[1], 'NX')

local function told(section, what)
  local info = redis.pcall('INFO', section)
  return type(info) == 'string' and string.match(info, what .. ':(%x+)') or ''
end

local requested = number(redis.call('GET', ROOT .. 'requests')) or 0
local oldest = number(redis.call('ZRANGE', ROOT .. 'uncovered', 0, 0, 'WITHSCORES')[2])
return {
  told('server', 'run_id') .. ' ' .. told('replication', 'master_replid') .. ' ' .. redis.call('GET', ROOT .. 'memory'),
  requested, oldest and oldest - 1 or requested
}
