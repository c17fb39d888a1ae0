import { Subject } from 'rxjs';
import { fakeAuthorizationServer, type Rotation, seededRandom } from 'rx-token/testing';

/** A decision of the server. */
export interface Decision {
  readonly at: number;
  /** The process that asked. */
  readonly actor: string;
  readonly presented: string;
  /** The refresh token in the answer; none in a refusal. */
  readonly issued: string | undefined;
}

export interface ProviderConfig {
  readonly rotation: Rotation;
  readonly lifetimeMs: number;
  readonly seed: number;
  /** How long an answer takes, at most and in ms: the window in which a kill costs. */
  readonly latencyMs: number;
}

/** The fake authorization server over HTTP, and a ledger of what it has decided for whom. */
export async function startProvider({ rotation, lifetimeMs, seed, latencyMs }: ProviderConfig) {
  const random = seededRandom(seed);
  const decisions: Decision[] = [];
  const decided$ = new Subject<Decision>();
  const server = fakeAuthorizationServer({
    rotation,
    seed,
    accessTokenLifetimeMs: lifetimeMs,
    latencyMs: () => Math.round(random() * latencyMs),
    reply(reply, { at, form, headers }) {
      const issued = (reply.body as { refresh_token?: string }).refresh_token;
      const decision = {
        at,
        actor: headers['x-actor'] ?? '',
        presented: form['refresh_token'] ?? '',
        issued,
      };
      decisions.push(decision);
      decided$.next(decision);
      return reply;
    },
  });
  const { url, close } = await server.listen();
  return { server, url, close, decisions: decisions as readonly Decision[], decided$ };
}
