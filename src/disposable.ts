/** Engines of before 2023 have none. */
const hasDisposeSymbols = 'dispose' in Symbol;

/**
 * `dispose` by its name and, where the engine has them, by the symbols of `using` and `await using`.
 *
 * @param settled what `await using` waits for, besides
 */
export function disposable(dispose: () => void, settled: () => Promise<unknown>) {
  return {
    dispose,
    ...(hasDisposeSymbols && {
      [Symbol.dispose]: dispose,
      [Symbol.asyncDispose]: async () => {
        dispose();
        await settled();
      },
    }),
  };
}
