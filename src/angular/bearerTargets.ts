import { isLoopback } from '../isLoopback.js';
import { readTargets, urlFrom, type Target } from '../targets.js';

/** Where tokens may go. */
export interface BearerTarget extends Target {
  /** True: while nobody is signed in, requests go out without a token instead of failing. Default false. */
  readonly anonymous?: boolean | undefined;
}

/** The first target that a request is for. `undefined`: there is none, and the request gets no token. */
export type FindTarget = (url: URL, method: string) => { readonly isAnonymous: boolean } | undefined;

/** A path of the page's own origin. */
const OWN_PATH = /^\/(?![/\\])/;

/**
 * Reads the targets of a manager, as `bearerFetch` does, but that a path such as `/api` is one of the page's own
 * origin.
 *
 * @param pageUrl of the page itself, and not its base, which may lead elsewhere
 * @param isServer true: a page may be rendered under plain http, behind a proxy that the page's own origin is told by;
 *   its paths are no targets then, and no mistake
 * @throws TypeError that names the entry which is wrong
 */
export function bearerTargets(
  given: readonly (string | URL | BearerTarget)[],
  pageUrl: string,
  isServer: boolean,
): FindTarget {
  const targets = given.map((target) => {
    const {
      url = target as string,
      methods,
      anonymous,
      allowInsecureRequests,
    } = Object(target) as Partial<BearerTarget>;
    const own = typeof url === 'string' && OWN_PATH.test(url) ? urlFrom(url, pageUrl) : undefined;
    const isBehindProxy = isServer && own?.protocol === 'http:' && !isLoopback(own);
    return {
      ...({
        url: own ?? url,
        methods,
        allowInsecureRequests: allowInsecureRequests ?? isBehindProxy,
      } as Target),
      isAnonymous: anonymous === true,
      isBehindProxy,
    };
  });
  readTargets(targets); // all at once: what is wrong is named by its place
  const known = targets.map((target) => ({
    isTarget: target.isBehindProxy ? () => false : readTargets([target]),
    isAnonymous: target.isAnonymous,
  }));
  return (url, method) => known.find(({ isTarget }) => isTarget(url, method));
}
