-- ARGV: tenant, machine, stage, key.
return redis.call('HDEL', jobOf(idOf(unpack(ARGV))), 'failure', 'refused')
