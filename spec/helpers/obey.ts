/** For the scripts of actors (`spawnActor.ts`): answers calls by name, and tells things unasked. */
export function obey(commands: Record<string, (...args: never[]) => unknown>): void {
  process.on('message', (message: { id: number; name: string; args: never[] }) => {
    void (async () => {
      try {
        const value = await commands[message.name]?.(...message.args);
        send({ id: message.id, value });
      } catch (error) {
        const { name, message: text, stack, ...own } = error as Error;
        send({ id: message.id, error: { name, message: text, stack, ...own } });
      }
    })();
  });
  tell('ready');
}

export function tell(name: string, value?: unknown): void {
  send({ tells: name, value });
}

function send(message: object): void {
  if (process.connected) process.send?.(message);
}
