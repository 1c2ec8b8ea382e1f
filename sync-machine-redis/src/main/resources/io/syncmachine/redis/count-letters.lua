-- Answers how many jobs are parked.
return redis.call('ZCARD', KEYS[1] .. 'parked')
