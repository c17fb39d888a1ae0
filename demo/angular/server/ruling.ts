/**
 * `signed-in`, `refreshed`: the authorization server issued a pair of tokens. `refused`: it did not. `reused`: a
 * refresh token came a second time, and the grant is over. `revoked`: somebody signed out.
 */
export type RulingType = 'signed-in' | 'refreshed' | 'refused' | 'reused' | 'revoked';

/** What the authorization server did, as it saw it. Holds no token. */
export interface Ruling {
  /** Epoch ms. */
  readonly at: number;
  readonly type: RulingType;
  /** Which pair of tokens it issued, counted from its start. */
  readonly serial?: number;
}
