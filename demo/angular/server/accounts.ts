/** Who can sign in. Nobody here has a password. */
export const accounts: readonly { readonly id: string; readonly name: string }[] = [
  { id: 'ada', name: 'Ada Lovelace' },
  { id: 'grace', name: 'Grace Hopper' },
];

export const nameOf = (id: string | undefined): string | undefined =>
  accounts.find((account) => account.id === id)?.name;
