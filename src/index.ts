export { createTokenManager } from './manager.js';
export { mergeRotation } from './mergeRotation.js';
export { tokenManagers } from './tokenManagers.js';
export { withToken, type WithTokenOptions } from './withToken.js';
export { encrypted } from './stores/encrypted/encrypted.js';
export { memoryStore } from './stores/memoryStore.js';
export { ANY_VERSION, NO_VERSION } from './contracts.js';
export {
  ConfigurationError,
  DisposedError,
  LockTimeoutError,
  NoCredentialsError,
  RefreshRejectedError,
  RefreshUnavailableError,
  StoreError,
  TokenError,
} from './errors.js';
export type {
  OAuthErrorBody,
  RefreshAnswer,
  RefreshContext,
  RefreshResult,
  TokenManagerConfig,
} from './config.js';
export type {
  CredentialLock,
  CredentialStore,
  GetSetPair,
  Lease,
  LockHolder,
  Pending,
  Snapshot,
  Version,
  WriteResult,
} from './contracts.js';
export type { Credentials } from './credentials.js';
export type { TokenErrorCode, TokenErrorDetails } from './errors.js';
export type { By, TokenEvent } from './events.js';
export type { TokenState } from './held.js';
export type { ProviderProfile, ReusePolicy } from './profile.js';
export type { RetryPolicy } from './retryPolicy.js';
export type { EncryptionKey, EncryptionOptions } from './stores/encrypted/readEncryption.js';
export type { HkdfKey, WebCrypto } from './stores/encrypted/webCrypto.js';
export type { ClearOptions, TokenManager, TokenOptions } from './tokenManager.js';
export type { KeyedTokenEvent, TokenManagers, TokenManagersConfig } from './tokenManagersConfig.js';
export type { TokenResponse } from './tokenResponse.js';
