export { bearerFetch, type BearerFetchConfig } from './bearerFetch.js';
export type { Target } from '../targets.js';
