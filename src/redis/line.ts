/** A connection that hears what is published. */
export interface Line {
  /** Resolves when all that is published from then on will be heard. */
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
}
