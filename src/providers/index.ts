export * from './known.js';
export type { ProviderProfile, ReusePolicy } from '../profile.js';
