/** A provider that answers all requests when it is told to, and counts them. */
export interface Provider {
  readonly requests: number;
  /** Resolves with `body` once `answer` was called. */
  request<T>(body: T): Promise<T>;
  answer(): void;
}

export function heldBackProvider(): Provider {
  let requests = 0;
  let answer!: () => void;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  return {
    get requests() {
      return requests;
    },
    async request(body) {
      requests++;
      await answered;
      return body;
    },
    answer,
  };
}
