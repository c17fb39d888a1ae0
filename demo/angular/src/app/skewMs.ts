/** The tokens of this demo live for seconds; a minute is usual. */
export const SKEW_MS = 3_000;
