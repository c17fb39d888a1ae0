/** The longest delay that a timer can be asked for, in ms: with more it fires at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;
