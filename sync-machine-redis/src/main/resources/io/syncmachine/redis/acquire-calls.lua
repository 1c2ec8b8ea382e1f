-- Grants calls. ARGV: the destination, how many, how long they may last, then as above.
-- Answers how many are granted, when, and in how many microseconds there may be more.
local wanted = tonumber(ARGV[2])
local paused = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0) - now
if paused > 0 then
  return {'0', number(now), number(paused)}
end

log.inFlight = without(log.inFlight, function(entry) return entry[2] <= now end)
local granted = wanted
for _, window in ipairs(windows) do
  window.entries = without(log.windows[window.name] or {}, function(entry) return entry[2] + window.counts <= now end)
  log.windows[window.name] = window.entries
  granted = math.min(granted, window.calls - count(window.entries))
end
if mostInFlight > 0 then
  granted = math.min(granted, mostInFlight - count(log.inFlight))
end
granted = math.max(granted, 0)

if granted > 0 then
  for _, window in ipairs(windows) do
    local last = window.entries[#window.entries]
    if last and now - last[1] < window.length / 128 then
      last[2] = now
      last[3] = last[3] + granted
    else
      window.entries[#window.entries + 1] = {now, now, granted}
    end
  end
  if mostInFlight > 0 then
    log.inFlight[#log.inFlight + 1] = {now, now + tonumber(ARGV[3]), granted}
  end
  keep()
end

-- When there will be room for one more call in all that has none now.
local freeAt = now
for _, window in ipairs(windows) do
  if #window.entries > 0 and count(window.entries) >= window.calls then
    freeAt = math.max(freeAt, window.entries[1][2] + window.counts)
  end
end
if mostInFlight > 0 and #log.inFlight > 0 and count(log.inFlight) >= mostInFlight then
  local first = log.inFlight[1][2]
  for _, entry in ipairs(log.inFlight) do
    first = math.min(first, entry[2])
  end
  freeAt = math.max(freeAt, first)
end
local retryIn = granted < wanted and math.max(freeAt - now, 1) or 0
return {number(granted), number(now), number(retryIn)}
