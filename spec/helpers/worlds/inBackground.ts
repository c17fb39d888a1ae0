import type { AddressInfo, Server } from 'node:net';

/** Listens on loopback, and keeps no process alive, nor do its connections. Resolves with `host:port`. */
export async function inBackground(server: Server): Promise<string> {
  server.on('connection', (socket) => socket.unref());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  server.unref();
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
