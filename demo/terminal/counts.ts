import type { Picture } from './picture.js';

export interface Count {
  readonly name: string;
  /** Where there is no room for the name. */
  readonly short: string;
  readonly value: string;
  readonly alarming: boolean;
}

/** What the diagram says in numbers. */
export function counts({ expiries, refreshes, reuses, calls }: Picture): Count[] {
  return [
    count('expiries', 'expiries', expiries),
    count('refreshes', 'refreshes', refreshes),
    count('reuse seen by the provider', 'reuse seen', reuses, reuses > 0),
    count('calls served', 'calls served', calls.served),
    count('callers that had to wait', 'had to wait', calls.waited),
    ...(calls.refused > 0 ? [count('callers refused', 'refused', calls.refused, true)] : []),
  ];
}

function count(name: string, short: string, value: number, alarming = false): Count {
  return { name, short, value: grouped(value), alarming };
}

/** 1234567 is 1 234 567. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}
