/** Engines of before 2023 have none. */
const hasDisposeSymbols = 'dispose' in Symbol;

/** `dispose` by its name and, where the engine has them, by the symbols of `using` and `await using`. */
export function disposable(dispose: () => void) {
  return {
    dispose,
    ...(hasDisposeSymbols && {
      [Symbol.dispose]: dispose,
      [Symbol.asyncDispose]: () => Promise.resolve(dispose()),
    }),
  };
}
