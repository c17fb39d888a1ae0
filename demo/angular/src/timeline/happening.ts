import type { Attempt, Life, Mark } from './lane';

/** What changes a lane. */
export type Happening =
  | { readonly type: 'mark'; readonly mark: Mark }
  /** Another token, or none. */
  | { readonly type: 'life'; readonly at: number; readonly life: Life | undefined }
  | { readonly type: 'attempt'; readonly attempt: Attempt }
  | { readonly type: 'closed'; readonly at: number | undefined };
