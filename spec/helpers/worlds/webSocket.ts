import { createServer } from 'node:http';
import { inBackground } from './inBackground.js';

/**
 * A browser's `WebSocket`, and wss://api.example for it: greets who logs in, and says over which connection. An hour
 * passes after the first greeting of all; after the second the API restarts, and closes the connection.
 */
export async function giveWebSocket(
  isLetIn: (authorization: string) => boolean,
  anHourPasses: () => void,
): Promise<void> {
  const { WebSocket, WebSocketServer } = await import('ws');
  const http = createServer();
  let connections = 0;
  let greetings = 0;
  new WebSocketServer({ server: http }).on('connection', (socket) => {
    const connection = ++connections;
    socket.on('message', (data: Buffer) => {
      const { login } = JSON.parse(data.toString()) as { login: string };
      if (!isLetIn(`Bearer ${login}`)) return socket.close(4401);
      socket.send(JSON.stringify({ text: `connection ${connection}: hello ${login}` }));
      greetings++;
      if (greetings === 1) anHourPasses();
      if (greetings === 2) socket.close(1012);
    });
  });
  const host = await inBackground(http);
  Object.assign(globalThis, {
    WebSocket: class extends WebSocket {
      constructor(url: string) {
        super(url.replace('wss://api.example', `ws://${host}`));
      }
    },
  });
}
