/** As much of it as is used. */
declare module 'xhr2' {
  export default class XMLHttpRequest {
    open(method: string, url: string, ...rest: unknown[]): void;
  }
}
