/** What has to survive the way to the authorization server and back, in this tab only. */
export interface Departure {
  readonly state: string;
  readonly verifier: string;
  /** Of the address that is left. */
  readonly search: string;
}

const KEY = 'rx-token-demo-sign-in';

export function keep(departure: Departure): void {
  sessionStorage.setItem(KEY, JSON.stringify(departure));
}

/** Once: a second time it is good for nothing. */
export function kept(): Departure | undefined {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return text === null ? undefined : (JSON.parse(text) as Departure);
}
