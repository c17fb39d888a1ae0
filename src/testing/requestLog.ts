import type { TokenRequest } from './wire.js';

/** One request to the token endpoint. Instants in epoch ms, on the server's clock. */
export interface LoggedRequest {
  readonly at: number;
  readonly grantType: string | undefined;
  /** The refresh token that was presented. */
  readonly refreshToken: string | undefined;
  /**
   * What the server decided: `granted`; `forgiven`, a spent refresh token inside its grace; `reuse`, one
   * outside of it; `refused`, for any other reason; `undefined`, nothing (yet), because of a fault.
   */
  readonly outcome: 'granted' | 'forgiven' | 'reuse' | 'refused' | undefined;
  /** When it decided. */
  readonly committedAt: number | undefined;
  /** When the answer went out; `undefined` while it has not, and for ever if it was lost or nobody waited. */
  readonly repliedAt: number | undefined;
}

/** Sums over all requests to the token endpoint. */
export interface RequestCounters {
  readonly requests: number;
  /** Answers with a new access token to a refresh token, those inside a grace included. */
  readonly refreshes: number;
  /** Spent refresh tokens presented inside their grace. */
  readonly forgiven: number;
  /** **The judge**: spent refresh tokens presented where no policy forgives it. */
  readonly reuses: number;
  /** Families that ended because of a reuse. */
  readonly familiesRevoked: number;
  /** Refresh tokens presented again after they had been refused. */
  readonly refusedAgain: number;
  /** The most requests that were open at one time. */
  readonly maxConcurrent: number;
}

type Entry = { -readonly [Field in keyof LoggedRequest]: LoggedRequest[Field] };

/** The server's memory of who asked what, and when. */
export function requestLog() {
  const log: Entry[] = [];
  const presented = new Map<string, number>();
  const refused = new Set<string>();
  const sums = { requests: 0, refreshes: 0, forgiven: 0, reuses: 0, refusedAgain: 0, maxConcurrent: 0 };
  let open = 0;

  return {
    log: log as readonly LoggedRequest[],
    presented: presented as ReadonlyMap<string, number>,
    sums: sums as Omit<RequestCounters, 'familiesRevoked'>,
    arrived({ at, form }: TokenRequest): Entry {
      const refreshToken = form.grant_type === 'refresh_token' ? form.refresh_token : undefined;
      const entry: Entry = {
        at,
        grantType: form.grant_type,
        refreshToken,
        outcome: undefined,
        committedAt: undefined,
        repliedAt: undefined,
      };
      log.push(entry);
      sums.requests++;
      sums.maxConcurrent = Math.max(sums.maxConcurrent, ++open);
      if (refreshToken !== undefined) {
        presented.set(refreshToken, (presented.get(refreshToken) ?? 0) + 1);
        if (refused.has(refreshToken)) sums.refusedAgain++;
      }
      return entry;
    },
    decided(entry: Entry, outcome: NonNullable<Entry['outcome']>, at: number): void {
      entry.outcome = outcome;
      entry.committedAt = at;
      if (outcome === 'forgiven') sums.forgiven++;
      if (outcome === 'reuse') sums.reuses++;
      if (entry.refreshToken === undefined) return;
      if (outcome === 'reuse' || outcome === 'refused') refused.add(entry.refreshToken);
      else sums.refreshes++;
    },
    replied(entry: Entry, at: number): void {
      entry.repliedAt = at;
    },
    /** The answer has gone out, or the client has left. */
    closed(): void {
      open--;
    },
  };
}
