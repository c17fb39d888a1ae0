export { bearerInterceptor } from './bearerInterceptor.js';
export type { BearerTarget } from './bearerTargets.js';
export { BEARER_MANAGER, SKIP_BEARER } from './contextTokens.js';
export {
  withBearerTargets,
  withName,
  withProactiveRefresh,
  withStore,
  type TokenManagerFeature,
} from './features.js';
export { injectAuthEvents, injectAuthState, injectTokenManager } from './injectTokenManager.js';
export { provideTokenManager } from './provideTokenManager.js';
export {
  injectTokenManagerTesting,
  provideTokenManagerTesting,
  type TokenManagerTesting,
  type TokenManagerTestingOptions,
} from './provideTokenManagerTesting.js';
