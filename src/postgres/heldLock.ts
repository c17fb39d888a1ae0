import { firstValueFrom, noop } from 'rxjs';
import { connect, LostConnection, type Connection } from './connection.js';
import { codeOf, pgError } from './pgError.js';
import type { Row } from './pool.js';
import { processName } from './processName.js';
import { openLease } from './record.js';
import { ask, isUnmade, ready, type Site } from './site.js';
import { begin } from './statements.js';

/** A refresh lock that this process holds, by a transaction that is open on its own connection. */
export interface HeldLock {
  readonly connection: Connection;
  /** The process of the server that holds it for us. */
  readonly pid: number;
  /** Names this tenure. */
  readonly lease: string;
  /** Who holds it, for people. */
  readonly by: string;
  /**
   * Ends the transaction, and the tenure. `last` comes after it: within, it would keep the row from others if this
   * process were stopped right then.
   */
  release(last?: [statement: string, values: unknown[]]): void;
}

/** How long one wait for the lock lasts, in ms; for so long whoever has left may still stand in the queue. */
const WAIT_MS = 500;

/**
 * How long, in ms, the lock is kept from the next refresh when its holder had journalled and then vanished: its
 * process may be alive, and only its connection gone, as when the server was restarted. What it was granted is
 * saved in that time; after that the others have to decide without it.
 */
const VANISHED_MS = 3_000;
const LOOK_MS = 20;
const AFTER_LOSS_MS = 100;

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Waits a while for the lock, on a connection of its own; `null` if it was not to be had. Calls `leaveSlot` when
 * the connection is back in its pool, however this ends.
 */
export async function attempt(
  site: Site,
  hasLeft: () => boolean,
  leaveSlot: () => void,
): Promise<HeldLock | null> {
  const { statements, key, table } = site;
  let giveBack: (isBroken?: boolean) => void = leaveSlot;
  try {
    await firstValueFrom(ready(site));
    const connection = await connect(site.pool);
    giveBack = (isBroken) => {
      connection.release(isBroken);
      leaveSlot();
    };
    if (hasLeft()) {
      giveBack();
      return null;
    }
    await connection.query(begin(WAIT_MS, processName));
    if (!(await isGot(connection.query(statements.lock, [key])))) {
      await connection.query('ROLLBACK');
      giveBack();
      return null;
    }
    const [row = {}] = await connection.query(statements.enter);
    await waitForVanished(site, hasLeft);
    return heldLock(row, connection, giveBack);
  } catch (error) {
    giveBack(true); // with its transaction, whatever has become of that
    if (!(error instanceof LostConnection || isUnmade(site, error)))
      throw pgError('store_unreadable', table.name, error);
    await after(AFTER_LOSS_MS); // as when the server is restarted, or the table dropped
    return null;
  }
}

/** False: somebody else had it all that time. */
async function isGot(lock: Promise<unknown>): Promise<boolean> {
  try {
    await lock;
    return true;
  } catch (error) {
    if (codeOf(error) === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

/** Waits, once the lock is ours, for whoever was here before and has vanished. */
async function waitForVanished(site: Site, hasLeft: () => boolean): Promise<void> {
  const { look, suspect } = site.statements;
  let firstLookAt: number | undefined;
  while (!hasLeft()) {
    const [row = {}] = await firstValueFrom(ask(site, 'store_unreadable', look));
    const lease = openLease(row);
    const now = Number(row['now']);
    firstLookAt ??= now;
    const since = Math.min(lease?.since ?? firstLookAt, firstLookAt); // the clock may have been set back since
    if (!lease || now >= since + VANISHED_MS) return;
    if (lease.since === undefined) {
      const noted$ = ask(site, 'store_unwritable', suspect, [lease.id]);
      await firstValueFrom(noted$).catch(noop); // then it is ours alone to wait
    }
    await after(LOOK_MS);
  }
}

function heldLock(row: Row, connection: Connection, giveBack: (isBroken?: boolean) => void): HeldLock {
  connection.letEnd(); // who refreshes keeps the process alive; that a lock is only held is nothing to wait for
  return {
    connection,
    pid: Number(row['pid']),
    lease: String(row['lease']),
    by: `${processName}${String(row['place'])}`,
    release(last) {
      const ended = async (): Promise<void> => {
        await connection.query('COMMIT');
        if (last) await connection.query(...last);
      };
      ended().then(
        () => giveBack(),
        () => giveBack(true), // that ends the transaction, too
      );
    },
  };
}

function after(delayMs: number): Promise<unknown> {
  return new Promise((settle) => setTimeout(settle, delayMs));
}
