import { describe, expect, it } from '@jest/globals';
import { turn } from '../../src/node/turn.js';

const patient = new AbortController();

describe('a turn', () => {
  it('comes first come, first served, for each key', async () => {
    const order: string[] = [];
    const take = async (name: string, key: string) => {
      const end = await turn(key, patient);
      order.push(name);
      await Promise.resolve();
      order.push(`${name} ends`);
      end();
    };
    await Promise.all([take('a', 'x'), take('b', 'x'), take('c', 'y'), take('d', 'x')]);
    expect(order.filter((name) => !name.startsWith('c'))).toEqual([
      'a',
      'a ends',
      'b',
      'b ends',
      'd',
      'd ends',
    ]);
    expect(order.indexOf('c')).toBeLessThan(order.indexOf('b'));
  });

  it('that is given up is over at once, though the one before it never ends, and lets nobody overtake', async () => {
    const end = await turn('z', patient);
    const leaving = new AbortController();
    const second = turn('z', leaving);
    let thirdIsIn = false;
    const third = turn('z', patient).then((endThird) => {
      thirdIsIn = true;
      return endThird;
    });
    leaving.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    expect(thirdIsIn).toBe(false);
    end();
    (await third)();
    const endFourth = await turn('z', patient);
    await expect(turn('z', leaving)).rejects.toMatchObject({ name: 'AbortError' }); // who has left does not wait
    endFourth();
    (await turn('z', patient))();
  });
});
