/** The names of this machine, on which nobody listens in (RFC 8252 §8.3). */
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** True where plain http is safe: the request does not leave this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return LOOPBACK.test(hostname);
}
