import { map, Observable, type OperatorFunction, pipe } from 'rxjs';
import type { Reply } from './wire.js';

interface Refusal {
  readonly error?: unknown;
}

function isRefusal(body: unknown): body is Refusal {
  return typeof (body as Refusal | null | undefined)?.error === 'string';
}

/** The body, or an error such as HTTP clients throw. */
function unwrap({ status, headers, body }: Reply): unknown {
  const succeeded = status < 300;
  const refused = [400, 401, 403].includes(status) && isRefusal(body);
  if (succeeded || refused) return body;
  const said = isRefusal(body) ? { error: body.error } : {};
  throw Object.assign(new Error(`The token endpoint answered ${status}`), { status, headers, body, ...said });
}

/** Errors with the signal's reason once it aborts, as `fetch` does; passes everything through until then. */
function untilAborted<T>(signal: AbortSignal | undefined): OperatorFunction<T, T> {
  return (source) => {
    if (signal === undefined) return source;
    return new Observable((client) => {
      const abort = () => client.error(signal.reason);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort);
      client.add(() => signal.removeEventListener('abort', abort));
      source.subscribe(client);
    });
  };
}

/** What is left of an HTTP client when there is no network: see `FakeAuthorizationServer.refresh`. */
export function inProcessClient(signal?: AbortSignal): OperatorFunction<Reply, unknown> {
  return pipe(map(unwrap), untilAborted(signal));
}
