export { redisStore, type RedisStoreOptions } from './redisStore.js';
export type { IoredisClient, NodeRedisClient, RedisClient } from './commandsOf.js';
