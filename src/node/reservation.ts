import { closeSync, existsSync, fstatSync, ftruncateSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Version } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { pairFingerprint } from '../fingerprint.js';
import { createPrivate } from './createPrivate.js';
import type { Disk } from './disk.js';
import type { HeldLock } from './heldLock.js';
import { errnoOf } from './fsError.js';
import { patiently } from './patiently.js';
import { toBytes } from './record.js';
import { removeTemp } from './removeTemp.js';
import type { Site } from './site.js';
import { syncFolder } from './syncFolder.js';
import { tempPath } from './tempFile.js';
import { writeAll } from './writeAll.js';

/** Room on the disk for the successor of a pair that is about to be used, taken before it is used. */
export interface Reservation {
  path: string;
  /** Open until the room is used or given back: a system that runs out of descriptors loses no successor. */
  readonly fd: number;
  /** The version whose successor it is for. */
  parent: Version;
  /** The pair in use: a successor has another one. */
  readonly pair: string;
  readonly site: Site;
  /** The refresh lock under which it was made. */
  readonly lock: HeldLock;
}

/** Of this process, by target: one at a time, since it goes with the refresh lock. */
const reservations = new Map<string, Reservation>();

/** The successor may be longer than what is there, but hardly twice as long. */
const MIN_BYTES = 16 * 1024;

/**
 * Room is held by line feeds: white space after JSON, so that the successor is whole the moment it is written
 * over them; and, since no JSON string may hold one, a page lost in a power failure makes it no JSON.
 */
const FILL = 0x0a;

/** Not synced: the room is taken when it is written (measured). */
export function reserve(held: Credentials, parent: Version, lock: HeldLock, site: Site): void {
  const pair = pairFingerprint(held);
  const earlier = reservations.get(site.target);
  if (earlier?.pair === pair && earlier.parent === parent && existsSync(earlier.path)) return;
  unreserve(lock, site);

  const path = tempPath(site.target, parent);
  try {
    const fd = createPrivate(path, site.target, site.disk);
    reservations.set(site.target, { path, fd, parent, pair, site, lock });
    writeAll(fd, Buffer.alloc(Math.max(MIN_BYTES, 2 * toBytes(held).length), FILL));
  } catch (error) {
    unreserve(lock, site);
    removeTemp(path); // of which there may be no descriptor
    throw error;
  }
}

/** Gives the room of `lock` back, if it was not used. */
export function unreserve(lock: HeldLock, { target }: Site): void {
  const reservation = reservations.get(target);
  if (reservation?.lock !== lock) return;
  end(reservation);
  removeTemp(reservation.path);
}

function end({ site, fd }: Reservation): void {
  reservations.delete(site.target);
  closeSync(fd);
}

/** The room that this process reserved for `next`, if `next` can be what it was reserved for. */
export function reservationFor(target: string, next: Credentials): Reservation | undefined {
  const reservation = reservations.get(target);
  if (!reservation || reservation.lock.released) return undefined;
  return reservation.pair === pairFingerprint(next) ? undefined : reservation;
}

/** Where `path` led when room was reserved for the successor of `parent`, if a link was turned since. */
export function siteOfParent({ path, target }: Site, parent: Version): Site | undefined {
  const turned = (one: Reservation) => one.site.path === path && one.site.target !== target;
  return [...reservations.values()].find((one) => one.parent === parent && turned(one))?.site;
}

/**
 * Replaces the target by the successor, in the room that was reserved: no step takes any more of the disk, and
 * after each the file is either no JSON or all of it. What fails can be repeated; false if there is no room.
 * `makeWay` is called when the new is on the disk and only lacks its name.
 */
export async function redeem(
  reservation: Reservation,
  { target, disk }: Site,
  successor: Buffer,
  parent: Version,
  makeWay: () => Promise<void>,
): Promise<boolean> {
  if (reservations.get(target) !== reservation) return false;
  const { fd } = reservation;
  try {
    if (reservation.parent !== parent) await reparent(reservation, target, parent, disk);
    const room = Buffer.alloc(Math.max(successor.length, fstatSync(fd).size), FILL);
    successor.copy(room);
    writeAll(fd, room); // over what an earlier attempt has left, too
    ftruncateSync(fd, successor.length); // another attempt writes as much
    await disk.sync(fd);
    await makeWay();
    await patiently(() => disk.rename(reservation.path, target), disk);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    end(reservation); // somebody has tidied the room away: what is left of it is free only when it is closed
    return false;
  }
  end(reservation); // it is the target now
  await syncFolder(dirname(target), disk);
  return true;
}

/** The parent may have got another version since, by somebody who wrote another field. */
async function reparent(
  reservation: Reservation,
  target: string,
  parent: Version,
  disk: Disk,
): Promise<void> {
  const path = tempPath(target, parent);
  await patiently(() => disk.rename(reservation.path, path), disk);
  Object.assign(reservation, { path, parent });
}
