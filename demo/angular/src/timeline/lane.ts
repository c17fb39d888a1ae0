/** Something that happened at one moment. */
export interface Mark {
  /** Epoch ms. */
  readonly at: number;
  readonly type: MarkType;
  /** How many of the kind at once; without it, one. */
  readonly times?: number;
  /** Of the authorization server: which pair of tokens it issued, counted from its start. */
  readonly serial?: number;
}

export type MarkType =
  /** Of a tab. */
  | 'refreshed'
  | 'adopted'
  | 'signed-in'
  | 'signed-in-elsewhere'
  | 'signed-out'
  | 'signed-out-elsewhere'
  | 'failed'
  | 'refused'
  | 'invalidated'
  | 'expired'
  | 'unauthorized'
  /** Of the authorization server. */
  | 'issued'
  | 'denied'
  | 'reused'
  | 'revoked';

/** How long a tab held one access token. All in epoch ms. */
export interface Life {
  /** From when this tab knew it. */
  readonly from: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When this tab let it go; without it, it has it still. */
  readonly until?: number;
}

/** One request on its way, as often as it was sent. */
export interface Attempt {
  readonly id: number;
  readonly from: number;
  readonly until?: number;
  /** 0: no answer came. */
  readonly status?: number;
}

/**
 * All that is shown of a tab, or of the authorization server. Tabs send it to each other whole: whoever misses one
 * has the next. It holds no token, and nothing that was made from one.
 */
export interface Lane {
  /** 0 is the authorization server. */
  readonly id: number;
  readonly marks: readonly Mark[];
  readonly lives: readonly Life[];
  readonly attempts: readonly Attempt[];
  readonly closedAt?: number;
}

export const SERVER = 0;

export const blankLane = (id: number): Lane => ({ id, marks: [], lives: [], attempts: [] });
