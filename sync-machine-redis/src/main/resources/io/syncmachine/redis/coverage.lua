-- ARGV: a random name, for when there is none. Answers what is remembered, the number of the latest request, and of each
-- machine that has some to cover, up to which all are done.
-- What is remembered is named by a key, which goes when it is flushed; by the process, which is another after a restart; and by the history that
-- replicas follow, which is another whenever one took over, also if that is a process that was in its place before. A user who may not know
-- the latter two does not notice what is lost then.
redis.call('SET', ROOT .. 'memory', ARGV[1], 'NX')

local function told(section, what)
  local info = redis.pcall('INFO', section)
  return type(info) == 'string' and string.match(info, what .. ':(%x+)') or ''
end

local covered = {}
for _, machine in ipairs(redis.call('HKEYS', ROOT .. 'backlog')) do
  local oldest = number(redis.call('ZRANGE', ROOT .. 'uncovered:' .. machine, 0, 0, 'WITHSCORES')[2])
  if oldest then
    covered[#covered + 1] = machine
    covered[#covered + 1] = whole(oldest - 1)
  end
end
return {
  told('server', 'run_id') .. ' ' .. told('replication', 'master_replid') .. ' ' .. redis.call('GET', ROOT .. 'memory'),
  number(redis.call('GET', ROOT .. 'requests')) or 0, covered
}
