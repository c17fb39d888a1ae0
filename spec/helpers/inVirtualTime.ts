import { expect } from '@jest/globals';
import { type VirtualTime, virtualTime, type VirtualTimeConfig } from 'rx-token/testing';

export { days, hours, minutes, seconds } from './units.js';

const withJest = virtualTime((actual, expected) => expect(actual).toEqual(expected));

/**
 * `virtualTime` with Jest's `toEqual`. What a test returns is called when virtual time is over: promises have
 * settled by then, and can be awaited.
 */
export function inVirtualTime(test: (time: VirtualTime) => unknown, config: VirtualTimeConfig = {}) {
  return (): void | Promise<void> => {
    let afterwards: unknown;
    withJest((time) => {
      afterwards = test(time);
    }, config)();
    if (typeof afterwards === 'function') return (afterwards as () => void | Promise<void>)();
  };
}
