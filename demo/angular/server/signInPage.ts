import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Provider } from 'oidc-provider';
import { accounts, nameOf } from './accounts.js';

/** The provider's page that asks who it is. One click signs in, and agrees to what the application asks for. */
export async function signInPage(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response).catch(() => undefined);
  if (!details) {
    response.writeHead(400, HEADERS).end(TOO_LATE);
    return;
  }
  if (request.method !== 'POST') {
    response.writeHead(200, HEADERS).end(PAGE);
    return;
  }
  const accountId = new URLSearchParams(await text(request)).get('account') ?? '';
  if (nameOf(accountId) === undefined) {
    response.writeHead(400).end('There is no such account');
    return;
  }
  const { params } = details;
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope']));
  const result = { login: { accountId, remember: false }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

const TOO_LATE =
  '<!doctype html><title>Too late</title><p>This sign-in is over. <a href="/">Begin again</a></p>';

const buttons = accounts.map(
  ({ id, name }) => `<button name="account" value="${id}"><i>${name.charAt(0)}</i>${name}</button>`,
);

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width" />
<title>Sign in</title>
<style>
  :root {
    color-scheme: light dark;
    font: 1rem/1.5 system-ui, sans-serif;
    background: light-dark(#e9e5db, #0f1013);
    color: light-dark(#23211d, #ece7dc);
  }
  body { display: grid; place-items: center; min-height: 100vh; margin: 0; }
  form { width: min(22rem, 100vw - 3rem); }
  h1 { font-size: 1.4rem; line-height: 1.2; margin: 0 0 0.4rem; }
  p { margin: 0 0 1.5rem; color: light-dark(#6b655a, #a39d90); }
  button {
    display: flex; gap: 0.9rem; align-items: center; width: 100%; margin-top: 0.6rem; padding: 0.8rem 1rem;
    font: inherit; color: inherit; cursor: pointer; border-radius: 0.7rem;
    background: light-dark(#fbf9f4, #1a1c21); border: 1px solid light-dark(#d5cebf, #34363d);
  }
  button:hover { border-color: currentColor; }
  button:focus-visible { outline: 3px solid #4a7bec; outline-offset: 2px; }
  i {
    display: grid; place-items: center; width: 2rem; height: 2rem; border-radius: 50%;
    font-style: normal; font-weight: 600; color: #fff; background: #3465d1;
  }
  button:last-child i { background: #8a4fc7; }
</style>
<form method="post">
  <h1>Who is it?</h1>
  <p>This is the authorization server, a real one. It asks for no password.</p>
  ${buttons.join('\n  ')}
</form>
</html>
`;
