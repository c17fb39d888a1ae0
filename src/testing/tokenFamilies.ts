/**
 * What a server does with a refresh token that was used:
 *
 * - `none`: it stays good, and no new one is sent (Google, Dropbox, HubSpot);
 * - `strict`: a new one takes its place, and whoever presents the old one again ends the whole family
 *   (oidc-provider, RFC 9700 §4.14.2);
 * - a grace: the old one is forgiven for `graceMs` after its first use, as long as its successor was not used
 *   yet; `idempotent` answers with the same successor again (Supabase, RingCentral), `forking` with another
 *   one (Auth0, WSO2). Outside of the window it is strict.
 */
export type Rotation =
  'none' | 'strict' | { readonly graceMs: number; readonly kind: 'idempotent' | 'forking' };

/** How to spell the `count`th token of a kind; counts start at 1 and run through all families. */
export type TokenName = (kind: 'access' | 'refresh', count: number) => string;

export interface TokenFamiliesConfig {
  readonly rotation: Rotation;
  readonly accessTokenLifetimeMs: number;
  /** True: an access token ends when the refresh token that came with it is used (GitHub, GitLab, Atlassian). */
  readonly endsPreviousAccessToken: boolean;
  readonly tokenName: TokenName;
}

/** Tokens on their way to a client. */
export interface Issued {
  readonly access_token: string;
  /** How much longer the access token lasts. */
  readonly lastsMs: number;
  /** Absent where the answer carries none. */
  readonly refresh_token?: string;
  readonly scope?: string;
}

/** `forgiven`: a spent refresh token, inside its grace. `reuse`: outside of it, and its family has ended. */
export type Outcome =
  { readonly kind: 'granted' | 'forgiven'; readonly issued: Issued } | { readonly kind: 'reuse' | 'refused' };

interface RefreshManners {
  /** The server does not rotate this time: the presented token stays good and is not in the answer. */
  readonly keepRefreshToken?: boolean | undefined;
  /** The server answers with the access token it gave before, while that lasts longer than this. */
  readonly sameAccessTokenUntilMs?: number | undefined;
}

interface Family {
  ended: boolean;
  readonly scope?: string;
}

interface Access {
  readonly token: string;
  readonly family: Family;
  expiresAt: number;
}

interface Refresh {
  readonly token: string;
  readonly family: Family;
  /** The access token given last with, or for, this refresh token. */
  access: Access;
  spentAt: number | null;
  readonly successors: Refresh[];
}

export interface TokenFamilies {
  /** How many families ended because a spent token came back. */
  readonly endedByReuse: number;
  /** Starts a family; its tokens may be given names, and its first access token another lifetime. */
  start(now: number, first?: FirstTokens): Issued;
  /** The refresh grant (RFC 6749 §6). */
  refresh(presented: string, now: number, manners?: RefreshManners): Outcome;
  /** The client credentials grant (RFC 6749 §4.4): an access token and nothing else. */
  grantClient(now: number, scope?: string): Issued;
  /** A refresh token takes its family with it, an access token goes alone (RFC 7009 §2.1). */
  revoke(token: string): void;
  isAccessTokenValid(token: string, now: number): boolean;
  /** Whether a refresh with it would be granted now. */
  isRefreshTokenValid(token: string, now: number): boolean;
  /** The scope of a valid access token. */
  scopeOf(token: string): string | undefined;
}

interface FirstTokens {
  readonly access_token?: string | undefined;
  readonly refresh_token?: string | undefined;
  readonly scope?: string | undefined;
  readonly lifetimeMs?: number | undefined;
}

/** All tokens of a server, and what follows when one is presented. No clock and no chance: `now` is told. */
export function tokenFamilies(config: TokenFamiliesConfig): TokenFamilies {
  const { rotation, accessTokenLifetimeMs, tokenName } = config;
  const accesses = new Map<string, Access>();
  const refreshes = new Map<string, Refresh>();
  const counts = { access: 0, refresh: 0 };
  let endedByReuse = 0;

  const name = (kind: 'access' | 'refresh') => tokenName(kind, ++counts[kind]);

  function addAccess(
    family: Family,
    now: number,
    lifetimeMs = accessTokenLifetimeMs,
    token = name('access'),
  ) {
    const access: Access = { token, family, expiresAt: now + lifetimeMs };
    accesses.set(token, access);
    return access;
  }

  function addRefresh(access: Access, token = name('refresh')): Refresh {
    const refresh: Refresh = { token, family: access.family, access, spentAt: null, successors: [] };
    refreshes.set(token, refresh);
    return refresh;
  }

  function issued(access: Access, now: number, refresh?: Refresh): Issued {
    const { scope } = access.family;
    return {
      access_token: access.token,
      lastsMs: access.expiresAt - now,
      ...(refresh && { refresh_token: refresh.token }),
      ...(scope !== undefined && { scope }),
    };
  }

  /** The access token for `held`: the present one while it lasts longer than `untilMs`, else a new one. */
  function accessFor(held: Refresh, now: number, untilMs = Infinity): Access {
    return held.access.expiresAt - now > untilMs ? held.access : addAccess(held.family, now);
  }

  function succeed(held: Refresh, now: number, untilMs?: number): Issued {
    const access = accessFor(held, now, untilMs);
    if (config.endsPreviousAccessToken && access !== held.access) held.access.expiresAt = -Infinity;
    const successor = addRefresh(access);
    held.spentAt ??= now;
    held.successors.push(successor);
    return issued(access, now, successor);
  }

  function keep(held: Refresh, now: number, untilMs?: number): Issued {
    const access = accessFor(held, now, untilMs);
    if (config.endsPreviousAccessToken && access !== held.access) held.access.expiresAt = -Infinity;
    held.access = access;
    return issued(access, now);
  }

  function repeat(successor: Refresh, now: number): Issued {
    successor.access = accessFor(successor, now, 0);
    return issued(successor.access, now, successor);
  }

  function isForgiven(held: Refresh, now: number): boolean {
    return (
      typeof rotation === 'object' &&
      held.spentAt !== null &&
      now - held.spentAt <= rotation.graceMs &&
      held.successors.every((successor) => successor.spentAt === null)
    );
  }

  function refresh(presented: string, now: number, manners: RefreshManners = {}): Outcome {
    const held = refreshes.get(presented);
    if (!held) return { kind: 'refused' };
    if (held.family.ended) return { kind: held.spentAt === null ? 'refused' : 'reuse' };
    if (held.spentAt === null) {
      const keeps = rotation === 'none' || manners.keepRefreshToken === true;
      return { kind: 'granted', issued: (keeps ? keep : succeed)(held, now, manners.sameAccessTokenUntilMs) };
    }
    if (isForgiven(held, now)) {
      const successor = held.successors[0];
      const again = typeof rotation === 'object' && rotation.kind === 'idempotent' && successor;
      return { kind: 'forgiven', issued: again ? repeat(again, now) : succeed(held, now) };
    }
    held.family.ended = true;
    endedByReuse++;
    return { kind: 'reuse' };
  }

  return {
    get endedByReuse() {
      return endedByReuse;
    },
    start(now, first = {}) {
      const family: Family = { ended: false, ...(first.scope !== undefined && { scope: first.scope }) };
      const access = addAccess(family, now, first.lifetimeMs, first.access_token);
      return issued(access, now, addRefresh(access, first.refresh_token));
    },
    refresh,
    grantClient(now, scope) {
      return issued(addAccess({ ended: false, ...(scope !== undefined && { scope }) }, now), now);
    },
    revoke(token) {
      const held = refreshes.get(token);
      if (held) held.family.ended = true;
      const access = accesses.get(token);
      if (access) access.expiresAt = -Infinity;
    },
    isAccessTokenValid(token, now) {
      const access = accesses.get(token);
      return access !== undefined && !access.family.ended && access.expiresAt > now;
    },
    isRefreshTokenValid(token, now) {
      const held = refreshes.get(token);
      return held !== undefined && !held.family.ended && (held.spentAt === null || isForgiven(held, now));
    },
    scopeOf: (token) => accesses.get(token)?.family.scope,
  };
}
