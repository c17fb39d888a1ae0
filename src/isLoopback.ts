const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** True for what never leaves this machine: there, plain http may carry secrets. */
export function isLoopback({ hostname }: URL): boolean {
  return LOOPBACK.test(hostname);
}
