export type {
  ClientContext,
  FakeAuthorizationServer,
  FakeAuthorizationServerConfig,
  FakeErrorResponse,
  FakeTokenResponse,
} from './authorizationServer.js';
export { fakeAuthorizationServer } from './fakeAuthorizationServer.js';
export type { Drop, Fault, Faults } from './faults.js';
export type { LoopbackServer } from './listenOnLoopback.js';
export { refreshOverHttp } from './refreshOverHttp.js';
export type { LoggedRequest, RequestCounters } from './requestLog.js';
export { seededRandom } from './seededRandom.js';
export {
  type Capability,
  storeContract,
  type StoreContract,
  type StoreContractConfig,
  type StoreLaw,
  type StoreUnderTest,
} from './storeContract.js';
export type { Rotation, TokenName } from './tokenFamilies.js';
export type { Reply, TokenRequest } from './wire.js';
export {
  virtualTime,
  type VirtualTime,
  type VirtualTimeConfig,
  type VirtualTimeTools,
} from './virtualTime.js';
