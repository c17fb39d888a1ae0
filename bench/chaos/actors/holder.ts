/** A process that wants the lock, and keeps it until it is killed. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { NEVER } from 'rxjs';
import type { StoreDescription } from '../stores/backend.js';
import { openStore } from '../stores/openStore.js';
import { type Breakage, perhapsBroken } from './breakages.js';

export interface HolderConfig {
  readonly store: StoreDescription;
  readonly breakage?: Breakage | undefined;
}

export type HolderTold =
  | { readonly type: 'ready' }
  /** At which moment (`process.hrtime`, ms) it was let in, and how late its own timers had been of late. */
  | { readonly type: 'inside'; readonly at: number; readonly lateMs: number };

const { store: description, breakage } = JSON.parse(process.argv[2] ?? '{}') as HolderConfig;
const tell = (told: HolderTold): void => void process.send?.(told);
const lateness = monitorEventLoopDelay({ resolution: 5 });
lateness.enable();
setInterval(() => lateness.reset(), 500);

process.on('disconnect', () => process.exit());
const { store } = await openStore(description);
tell({ type: 'ready' });
perhapsBroken(store, breakage)
  .lock.hold(() => {
    const at = Number(process.hrtime.bigint()) / 1e6;
    tell({ type: 'inside', at, lateMs: lateness.max / 1e6 });
    return NEVER;
  })
  .subscribe();
