/** The lowest number that no other tab has. It is free again when this page is gone, however it went. */
export function claimedNumber(number = 1): Promise<number> {
  return new Promise((resolve, reject) => {
    const forGood = new Promise<never>(() => undefined);
    navigator.locks
      .request(`rx-token-demo tab ${number}`, { ifAvailable: true }, (lock) => {
        resolve(lock ? number : claimedNumber(number + 1));
        return lock && forGood;
      })
      .catch(reject);
  });
}
