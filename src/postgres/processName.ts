const { pid } = Object((globalThis as { process?: unknown }).process) as { pid?: unknown };

/** Who we are, for people; the server adds where. */
export const processName = typeof pid === 'number' ? `pid ${pid}` : 'a process';
