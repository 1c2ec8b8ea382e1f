-- Takes calls back. ARGV: the destination, what is returned as "at,calls,made" joined by spaces, a zero, then as above.
local function remove(entries, at, calls, holds)
  for _, entry in ipairs(entries) do
    if calls > 0 and holds(entry) then
      local taken = math.min(calls, entry[3])
      entry[3] = entry[3] - taken
      calls = calls - taken
    end
  end
  return without(entries, function(entry) return entry[3] == 0 end)
end

for at, calls, made in string.gmatch(ARGV[2], '(%d+),(%d+),(%d)') do
  at = tonumber(at)
  calls = tonumber(calls)
  log.inFlight = remove(log.inFlight, at, calls, function(entry) return entry[1] == at end)
  if made == '0' then
    for _, window in ipairs(windows) do
      log.windows[window.name] = remove(log.windows[window.name] or {}, at, calls,
        function(entry) return entry[1] <= at and at <= entry[2] end)
    end
  end
end
keep()
