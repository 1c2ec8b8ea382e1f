-- Answers each machine and how many of its jobs are not parked.
return redis.call('HGETALL', KEYS[1] .. 'backlog')
