import { type Departure, kept } from './departure';

/** The authorization server has sent the browser back to us. */
export interface Arrival {
  readonly at: URL;
  /** `undefined`: it was not this tab that had asked. */
  readonly departure: Departure | undefined;
}

/** Restores the address that the sign-in began from: a code in it is good for nothing more. */
export function arrival(): Arrival | undefined {
  const at = new URL(location.href);
  if (!at.searchParams.has('state')) return undefined;
  const departure = kept();
  history.replaceState(null, '', `/${departure?.search ?? ''}`);
  return { at, departure };
}
