import { connect, createServer, type Socket } from 'node:net';
import { finally_ } from './redisServer.js';

/** A TCP proxy on loopback: may keep requests or answers back, and cut all connections. */
export async function tcpProxy(target: number) {
  const sockets = new Set<Socket>();
  const passing = {
    /** Requests that hold this are lost, and all that come after them. */
    losing: undefined as string | undefined,
    /** The answers to those are lost, and all that come after them. */
    losingAnswerOf: undefined as string | undefined,
    keepsRequests: false,
    keepsAnswers: false,
    /** Lets no connection come to stand. */
    refuses: false,
    /** How long an answer takes, in ms. */
    answerMs: 0,
  };
  const state = { ...passing };
  const server = createServer((client) => {
    if (state.refuses) return void client.destroy();
    const upstream = connect(target, '127.0.0.1');
    for (const one of [client, upstream]) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (state.losing !== undefined && bytes.includes(state.losing)) state.keepsRequests = true;
      if (state.losingAnswerOf !== undefined && bytes.includes(state.losingAnswerOf))
        state.keepsAnswers = true;
      if (!state.keepsRequests) upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      const pass = () => state.keepsAnswers || client.write(bytes);
      if (state.answerMs > 0) setTimeout(pass, state.answerMs);
      else pass();
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  finally_(() => {
    server.close();
    for (const one of sockets) one.destroy();
  });
  return {
    state,
    url: `redis://127.0.0.1:${(server.address() as { port: number }).port}`,
    /** Ends all connections; later ones pass everything again, but for what is said here. */
    cut(then: Partial<typeof passing> = {}) {
      Object.assign(state, passing, then);
      for (const one of sockets) one.destroy();
    },
  };
}
