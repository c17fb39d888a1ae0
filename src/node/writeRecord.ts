import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ANY_VERSION, NO_VERSION, type Version, type WriteResult } from '../contracts.js';
import { asCredentials, isCredentials, type Credentials } from '../credentials.js';
import { compareAndSet } from './compareAndSet.js';
import { exclusively } from './exclusively.js';
import { reservationFor, siteOfParent } from './reservation.js';
import { readRecord } from './readRecord.js';
import type { Site } from './site.js';
import { writing } from './writing.js';

/** Replaces the record if its version is still `expected`, in the room that was reserved for it, if any was. */
export async function writeRecord(
  site: Site,
  next: Credentials | null,
  expected: Version,
): Promise<WriteResult> {
  if (next !== null && !isCredentials(next)) {
    throw new TypeError('write: credentials need an access_token that is a non-empty string');
  }
  if (next === null && !existsSync(dirname(site.target))) {
    const written = expected === NO_VERSION || expected === ANY_VERSION;
    return { written, snapshot: { credentials: null, version: NO_VERSION } }; // signing out makes no folder
  }
  next &&= asCredentials(next); // a copy: it is written a little later
  const parentSite = next && siteOfParent(site, expected);
  const at = parentSite && !(await holds(site, expected)) ? parentSite : site;
  const reservation = next && expected !== ANY_VERSION ? reservationFor(at.target, next) : undefined;
  const write = () => exclusively(at, () => compareAndSet(at, next, expected, reservation));
  return writing(at.target, () => (reservation ? reservation.lock.use(write) : write()));
}

/** Whether the link was turned to a copy, or the file moved: then the successor goes where all look for it now. */
function holds(site: Site, expected: Version): Promise<boolean> {
  return readRecord(site).then(
    ({ version }) => version === expected,
    () => false,
  );
}
