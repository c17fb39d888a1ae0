/** Tells tabs apart. Plain chance: `crypto.randomUUID` is for secure contexts only. */
export const randomName = (): string => Math.random().toString(36).slice(2, 12);
