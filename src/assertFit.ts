/** What no header can hold (https://fetch.spec.whatwg.org/#header-value). */
const UNFIT = /[\0\r\n]|[^\0-\xff]/;

/** @throws TypeError without the token in it, which that of an HTTP client would have */
export function assertFit(token: string): void {
  if (UNFIT.test(token)) throw new TypeError('The access token has a character that no header can hold');
}
