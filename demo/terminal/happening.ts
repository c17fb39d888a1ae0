import type { Calls } from './calls.js';

/** What a process tells about itself. No token crosses a border: `token` is a fingerprint. */
export type Report = { readonly at: number } & (
  | { readonly type: 'emitted'; readonly token: string }
  | { readonly type: 'refreshed' }
  | { readonly type: 'adopted' }
  | { readonly type: 'failed'; readonly code: string }
  | { readonly type: 'called'; readonly calls: Calls }
);

/** What its parent sees of it. `accident`: why it ended, where nobody had asked it to. */
export type Life = { readonly at: number } & (
  | { readonly type: 'started'; readonly pid: number }
  | { readonly type: 'ended'; readonly accident: Accident | undefined }
);

export interface Accident {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** What the authorization server knows. */
export interface Ruling {
  readonly at: number;
  /**
   * - `granted`: it exchanged a refresh token for a new pair.
   * - `expired`: an access token it issued has reached its end.
   * - `reused`: it was shown a refresh token that it had exchanged already.
   */
  readonly type: 'granted' | 'expired' | 'reused';
}

/** Everything that the diagram is made of. */
export type Happening = Ruling | ((Report | Life) & { readonly lane: number });
