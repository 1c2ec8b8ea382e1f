-- ARGV: from, to: a range of ids; tenant, machine, text, microseconds: filters, empty for none; how many to look at, how many to answer, 1 to
-- only count them. Answers the id to go on after, or nothing at the end; how many it found; and of each: id, attempts, microseconds since
-- the first failure and since it was parked, failure, causes.
local from, to, tenant, machine, text, least, look, most, counts = unpack(ARGV)
local ids = redis.call('ZRANGEBYLEX', ROOT .. 'letters', from, to, 'LIMIT', 0, look)
local found, letters, last = 0, {}, false
most = tonumber(most)
for _, id in ipairs(ids) do
  local ofTenant, ofMachine = string.match(id, '^(%Z*)%z(%Z*)%z')
  if (tenant == '' or string.sub(tenant, 2) == ofTenant) and (machine == '' or machine == ofMachine) then
    local job = redis.call('HMGET', jobOf(id), 'attempts', 'failing', 'parked', 'failure', 'causes')
    local parkedFor = now - (number(job[3]) or now)
    if (text == '' or (job[4] and string.find(job[4], text, 1, true))) and (least == '' or parkedFor >= tonumber(least)) then
      found = found + 1
      if counts ~= '1' then
        letters[#letters + 1] = {
          id, number(job[1]) or 0, whole(now - (number(job[2]) or now)), whole(parkedFor), job[4], job[5] or ''
        }
      end
    end
  end
  last = id
  if found == most then
    break
  end
end
if found < most and #ids < tonumber(look) then
  last = false
end
return {last, found, letters}
