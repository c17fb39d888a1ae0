import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';

/** What has arrived, whole. */
export interface Arrived {
  readonly method: string | undefined;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** The token it came with. */
  readonly token: string | undefined;
  readonly body: Buffer;
  /** The same, as UTF-8. */
  readonly text: string;
}

export interface ListeningApi {
  readonly origin: string;
  /** In the order of arrival. */
  readonly arrived: readonly Arrived[];
  readonly tokens: readonly (string | undefined)[];
  /** As a server is shut down: resolves when no request and no answer is under way any more. */
  shutDown(): Promise<void>;
}

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** An HTTP server on loopback, on a port of its own, until the test ends. What does not answer hangs. */
export async function listeningApi(
  answer: (request: Arrived, response: ServerResponse) => void,
): Promise<ListeningApi> {
  const arrived: Arrived[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method, url = '', headers } = request;
    const token = /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
    const body = Buffer.concat(chunks);
    const whole = { method, url, headers, token, body, text: body.toString() };
    arrived.push(whole);
    answer(whole, response);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    get tokens() {
      return arrived.map(({ token }) => token);
    },
    shutDown: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
