-- Grants calls. ARGV: the destination, how many, how long they may last, then as above.
-- Answers how many are granted, when, and in how many microseconds there may be more.
local wanted = tonumber(ARGV[2])
local paused = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0) - now
if paused > 0 then
  return {'0', number(now), number(paused)}
end

log.inFlight = without(log.inFlight, function(entry) return entry[2] <= now end)
local free = wanted
for _, window in ipairs(windows) do
  local entries = without(log.windows[window.name] or {}, function(entry) return entry[2] + window.counts <= now end)
  log.windows[window.name] = entries
  free = math.min(free, window.calls - count(entries))
end
if mostInFlight > 0 then
  free = math.min(free, mostInFlight - count(log.inFlight))
end

local granted = math.max(free, 0)
if granted > 0 then
  for _, window in ipairs(windows) do
    local entries = log.windows[window.name]
    local last = entries[#entries]
    if last and now - last[1] < window.length / 128 then
      last[2] = now
      last[3] = last[3] + granted
    else
      entries[#entries + 1] = {now, now, granted}
    end
  end
  if mostInFlight > 0 then
    log.inFlight[#log.inFlight + 1] = {now, now + tonumber(ARGV[3]), granted}
  end
  keep()
end

-- There is more when there is room in all that have none now.
local retryAt = now
for _, window in ipairs(windows) do
  local entries = log.windows[window.name]
  if #entries > 0 and count(entries) >= window.calls then
    retryAt = math.max(retryAt, entries[1][2] + window.counts)
  end
end
if mostInFlight > 0 and #log.inFlight > 0 and count(log.inFlight) >= mostInFlight then
  local first = log.inFlight[1][2]
  for _, entry in ipairs(log.inFlight) do
    first = math.min(first, entry[2])
  end
  retryAt = math.max(retryAt, first)
end
local retryIn = granted < wanted and math.max(retryAt - now, 1) or 0
return {number(granted), number(now), number(retryIn)}
