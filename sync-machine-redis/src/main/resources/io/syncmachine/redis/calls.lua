-- A sliding log of calls. KEYS: the log of a destination, the pauses of all. A log is
-- {latest, inFlight, windows}; entries are {from, until, calls}, windows are by their lengths.
-- ARGV from the fourth on: calls in flight (0 for no limit), then of each window its calls, its length, and how long a call counts.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local raw = redis.call('GET', KEYS[1])
local log = {latest = 0, inFlight = {}, windows = {}}
if raw then
  log = cmsgpack.unpack(raw)
end
if log.latest > now then
  now = log.latest
end
log.latest = now

local mostInFlight = tonumber(ARGV[4])
local windows = {}
for i = 5, #ARGV, 3 do
  windows[#windows + 1] = {calls = tonumber(ARGV[i]), name = ARGV[i + 1], length = tonumber(ARGV[i + 1]),
    counts = tonumber(ARGV[i + 2])}
end

local function without(entries, isGone)
  local left = {}
  for _, entry in ipairs(entries) do
    if not isGone(entry) then
      left[#left + 1] = entry
    end
  end
  return left
end

local function count(entries)
  local calls = 0
  for _, entry in ipairs(entries) do
    calls = calls + entry[3]
  end
  return calls
end

-- Keeps it as long as something of it counts.
local function keep()
  local last = now
  for _, entry in ipairs(log.inFlight) do
    last = math.max(last, entry[2])
  end
  for name, entries in pairs(log.windows) do
    if #entries == 0 then
      log.windows[name] = nil
    else
      last = math.max(last, entries[#entries][2] + 2 * tonumber(name))
    end
  end
  if last > now then
    redis.call('SET', KEYS[1], cmsgpack.pack(log), 'PX', string.format('%.0f', math.ceil((last - now) / 1000) + 1000))
  else
    redis.call('DEL', KEYS[1])
  end
end

local function number(value)
  return string.format('%.0f', value)
end
