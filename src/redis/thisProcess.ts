interface MaybeNode {
  readonly process?: { readonly pid?: number; readonly env?: Record<string, string | undefined> };
}

/** Who we are, for people, as far as can be told without the modules of Node. */
export function thisProcess(): string {
  const { process } = globalThis as MaybeNode;
  const host = process?.env?.['HOSTNAME']?.replace(/[^\w.-]/g, '?').slice(0, 64);
  return `pid ${process?.pid ?? '?'}${host ? ` on ${host}` : ''}`;
}
