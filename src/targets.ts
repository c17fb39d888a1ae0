/** Where tokens may go. A token goes nowhere else. */
export interface Target {
  /** A URL of http or https: its origin, and its path if it has one, with all that lies below it. */
  readonly url: string | URL;
  /** Of these methods only; default all. */
  readonly methods?: readonly string[];
}

/** Tells whether a request may carry the token. */
export type IsTarget = (url: URL, method: string) => boolean;

/** What a server may take for a `/`, a `\` or a `.`, and may resolve when the path has been compared already. */
const HIDDEN = /%(2f|5c|2e|25)/i;

/**
 * Reads a list of targets. Compared are parsed URLs (https://url.spec.whatwg.org): exact origins and whole path
 * segments, and never the beginnings of strings.
 *
 * @throws TypeError that names the entry which is wrong
 */
export function readTargets(targets: readonly (string | URL | Target)[]): IsTarget {
  if (!Array.isArray(targets) || targets.length === 0)
    throw new TypeError('targets must list the URLs that tokens may go to, such as https://api.example.com');
  const known = targets.map((target: string | URL | Target, at) => readTarget(target, `targets[${at}]`));
  return (url, method) => known.some((isTarget) => isTarget(url, method));
}

function readTarget(given: string | URL | Target, name: string): IsTarget {
  const { url, methods }: Target = typeof given === 'string' || given instanceof URL ? { url: given } : given;
  const target = urlFrom(url);
  if (!target || !/^https?:$/.test(target.protocol))
    throw new TypeError(`${name} must be a URL of http or https`);
  if (target.username || target.password)
    throw new TypeError(`${name} must not hold a user name or a password`);
  if (target.search || target.hash) throw new TypeError(`${name} must end with its path`);
  if (methods?.length === 0) throw new TypeError(`${name}.methods must name a method, such as GET`);
  const allowed = methods?.map((method: string) => method.toUpperCase());
  const folder = target.pathname.replace(/\/*$/, '/');
  return (request, method) =>
    request.origin === target.origin &&
    isBelow(request.pathname, folder) &&
    (allowed?.includes(method.toUpperCase()) ?? true);
}

function isBelow(path: string, folder: string): boolean {
  return folder === '/' || (`${path}/`.startsWith(folder) && !HIDDEN.test(path));
}

/** The parsed URL; `undefined` for what is none. */
export function urlFrom(url: string | URL, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}
