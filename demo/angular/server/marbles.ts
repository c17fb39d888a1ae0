const colours = ['amber', 'blue', 'clear', 'green', 'red', 'milky', 'smoky', 'golden', 'violet', 'black'];
const kinds = ['cat’s eye', 'aggie', 'onionskin', 'swirl', 'oxblood'];

export interface Marble {
  readonly id: number;
  readonly name: string;
}

/** Fifty things to ask for. */
export const marbles: readonly Marble[] = kinds
  .flatMap((kind) => colours.map((colour) => `${colour} ${kind}`))
  .map((name, index) => ({ id: index + 1, name }));
