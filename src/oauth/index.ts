export type {
  ClientAuthentication,
  ClientAuthenticationMethod,
  ClientOptions,
  GrantOptions,
} from './clientOptions.js';
export { clientCredentialsGrant, type ClientCredentialsGrant } from './clientCredentialsGrant.js';
export {
  deviceAuthorizationGrant,
  type DeviceAuthorization,
  type DeviceCredentials,
} from './deviceAuthorizationGrant.js';
export type { DevicePrompt } from './devicePrompt.js';
export { refreshTokenGrant, type RefreshTokenGrant } from './refreshTokenGrant.js';
export { revokeToken, type RevokeToken } from './revokeToken.js';
export type { ProviderProfile, ReusePolicy } from '../profile.js';
