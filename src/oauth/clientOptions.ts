import type { SchedulerLike } from 'rxjs';
import type { ProviderProfile } from '../profile.js';

type Text = string | undefined;
type Fetch = typeof globalThis.fetch;

/**
 * Says who the client is, by what it adds to the body or to the headers: any of oauth4webapi's (`PrivateKeyJwt(key)`,
 * `ClientSecretJwt(secret)`, …), or one of your own.
 */
export type ClientAuthentication = (
  server: { readonly issuer: string },
  client: { readonly client_id: string },
  body: URLSearchParams,
  headers: Headers,
) => void | Promise<void>;

/** The standard names of the methods that need no key (RFC 7591 §2). */
export type ClientAuthenticationMethod = NonNullable<ProviderProfile['clientAuthentication']>;

/**
 * Who asks, and where. Endpoints are those that are given; else what the `issuer` publishes, if that is given; else
 * the provider's; else what the provider's issuer publishes.
 */
export interface ClientOptions {
  /**
   * A profile, or the name of one. A manager that is given the grant itself takes it over; one that is given a
   * function around it has to be given the same. Default: any server that keeps to the standards.
   */
  readonly provider?: ProviderProfile | string | undefined;
  /** Its metadata (OpenID Connect Discovery 1.0 §4, RFC 8414 §3) are asked for once, by the first request. */
  readonly issuer?: string | URL | undefined;
  readonly tokenEndpoint?: string | URL | undefined;
  /** RFC 8628 §3.1. */
  readonly deviceAuthorizationEndpoint?: string | URL | undefined;
  /** RFC 7009 §2. */
  readonly revocationEndpoint?: string | URL | undefined;
  readonly clientId: string;
  readonly clientSecret?: Text;
  /** Default: with a `clientSecret` the provider's, else `'client_secret_basic'`; without one `'none'`. */
  readonly clientAuthentication?: ClientAuthentication | ClientAuthenticationMethod | undefined;
  /** Sent beside what the standard asks for, such as `audience` or `resource`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Sent with every request, over those of the provider. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What sends. Default the global `fetch`, as it is when it is called. It must not repeat a request by itself. */
  readonly fetch?: Fetch | undefined;
  /** True: plain http is not refused, wherever it leads. On loopback it never is. Default false. */
  readonly allowInsecureRequests?: boolean | undefined;
  /** How long discovery may take, and each request that is not a manager's, in ms. Default 10 000. */
  readonly timeoutMs?: number | undefined;
  /** The clock, and every timer. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

export interface GrantOptions extends ClientOptions {
  /** Separated by spaces (RFC 6749 §3.3). Default: not sent, which means what was granted before, or the default. */
  readonly scope?: Text;
}
