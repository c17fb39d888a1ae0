import { createHash, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

/** As much of a browser's as is used. */
export interface PageLocation {
  readonly href: string;
  readonly pathname: string;
  assign(url: string): void;
}

type Form = Readonly<Record<string, string>>;

const ISSUER = 'https://provider.example';
const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  code_challenge_methods_supported: ['S256'],
};

const session = new Map<string, string>();
export const sessionStorage = {
  getItem: (key: string): string | null => session.get(key) ?? null,
  setItem: (key: string, value: string): void => void session.set(key, value),
  removeItem: (key: string): void => void session.delete(key),
};

/**
 * A page of https://app.example in a browser, and a provider that signs its user in, without asking.
 *
 * @param network for what this provider does not answer
 * @param signIn makes a token response
 */
export function givePage(network: typeof fetch, signIn: () => object): void {
  /** What each code was made for. */
  const asked = new Map<string, Form>();

  /** The authorization endpoint: where the browser is sent back to (RFC 6749 §4.1.2). */
  function authorize(url: URL): URL {
    const request: Form = Object.fromEntries(url.searchParams);
    const { response_type, client_id, code_challenge_method, redirect_uri = '', state } = request;
    if (url.href.split('?')[0] !== metadata.authorization_endpoint)
      throw new TypeError(`nobody at ${url.href}`);
    if (response_type !== 'code' || client_id !== 'my-app' || code_challenge_method !== 'S256' || !state) {
      throw new TypeError(`not a request: ${url.search}`);
    }
    const code = randomUUID();
    asked.set(code, request);
    return new URL(`${redirect_uri}?${new URLSearchParams({ code, state }).toString()}`);
  }

  /** The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.6). */
  function redeem({ code = '', redirect_uri, client_id, code_verifier = '' }: Form): Response {
    const request = asked.get(code);
    asked.delete(code);
    const isSame =
      request?.['redirect_uri'] === redirect_uri &&
      request?.['client_id'] === client_id &&
      request?.['code_challenge'] === createHash('sha256').update(code_verifier).digest('base64url');
    return isSame ? Response.json(signIn()) : Response.json({ error: 'invalid_grant' }, { status: 400 });
  }

  let shown = new URL('https://app.example/');
  const location: PageLocation = {
    get href() {
      return shown.href;
    },
    get pathname() {
      return shown.pathname;
    },
    assign(url) {
      shown = authorize(new URL(url));
      void import(`${pathToFileURL(process.argv[1] ?? '').href}?again`); // the script of the page
    },
  };

  const request: typeof fetch = async (input, init = {}) => {
    if (typeof input === 'string' && input.startsWith(`${ISSUER}/.well-known/`))
      return Response.json(metadata);
    const form: Form = init.body instanceof URLSearchParams ? Object.fromEntries(init.body) : {};
    return form['grant_type'] === 'authorization_code' ? redeem(form) : network(input, init);
  };
  Object.assign(globalThis, { location, fetch: request });
}
