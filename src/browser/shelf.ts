/** What is kept of one credential: the record as others may read it, what is ours beside it, and who refreshes. */
export interface Texts {
  readonly record: string | null;
  readonly notes: string | null;
  readonly lease: string | null;
}

export interface Change<T> {
  /** What takes the place of what was there, in this order; `null` removes. */
  readonly put?: Partial<Texts> | undefined;
  /** Keeps a copy of the present record first, for whoever wants to know what happened. */
  readonly setAside?: boolean;
  readonly result: T;
}

/** Where the texts of one credential are kept, for all tabs of an origin. Fails with a `StoreError`. */
export interface Shelf {
  /** For people. */
  readonly place: string;
  read(): Promise<Texts>;
  /** Compare-and-set: nobody else's change comes between what `step` is given and what it puts. All or nothing. */
  change<T>(step: (found: Texts) => Change<T>): Promise<T>;
}
