import { isLoopback } from './isLoopback.js';

/** Where tokens may go. A token goes nowhere else. */
export interface Target {
  /** A URL of http or https: its origin, and its path if it has one, with all that lies below it. */
  readonly url: string | URL;
  /** Of these methods only; default all. */
  readonly methods?: readonly string[] | undefined;
  /** True: plain http is not refused, wherever it leads. On loopback it never is. Default false. */
  readonly allowInsecureRequests?: boolean | undefined;
}

/** Tells whether a request may carry the token. */
export type IsTarget = (url: URL, method: string) => boolean;

/** What a server may take for a `/`, a `\` or a `.`, and may resolve when the path has been compared already. */
const HIDDEN = /%(2f|5c|2e|25)|\/\.{1,2}[;%]/i;

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
  const { url, methods, allowInsecureRequests } = Object(hasFields(given) ? given : { url: given }) as Target;
  const target = urlFrom(url);
  if (!target || !/^https?:$/.test(target.protocol))
    throw new TypeError(`${name} must be a URL of http or https`);
  // RFC 6750 §5.3: whoever hears a bearer token may use it.
  if (target.protocol === 'http:' && !isLoopback(target) && allowInsecureRequests !== true)
    throw new TypeError(
      `${name} must be https: plain http is for loopback only, or for allowInsecureRequests`,
    );
  if (target.username || target.password)
    throw new TypeError(`${name} must not hold a user name or a password`);
  if (target.search || target.hash) throw new TypeError(`${name} must end with its path`);
  if (HIDDEN.test(target.pathname))
    throw new TypeError(`${name} must not have an encoded slash, backslash, dot or percent sign in its path`);
  const allowed = readMethods(methods, `${name}.methods`);
  const folder = target.pathname.replace(/\/*$/, '/');
  return (request, method) =>
    request.host === target.host &&
    request.protocol === target.protocol && // not the origin, which a blob: has of its maker
    !request.username &&
    !request.password &&
    isBelow(request.pathname, folder) &&
    (allowed?.includes(method.toUpperCase()) ?? true);
}

function hasFields(target: string | URL | Target): target is Target {
  return typeof target === 'object' && (target as unknown) !== null && !('href' in target);
}

function readMethods(methods: unknown, name: string): readonly string[] | undefined {
  if (methods === undefined) return undefined;
  const isMethod = (method: unknown): method is string => typeof method === 'string' && method !== '';
  if (!Array.isArray(methods) || methods.length === 0 || !methods.every(isMethod))
    throw new TypeError(`${name} must name methods, such as GET`);
  return methods.map((method) => method.toUpperCase());
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
