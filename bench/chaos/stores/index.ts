import type { Backend } from './backend.js';
import { file } from './file.js';
import { postgres } from './postgres.js';
import { redis } from './redis.js';

export const backends = { file, redis, postgres } satisfies Record<string, Backend>;

export type StoreName = keyof typeof backends;
