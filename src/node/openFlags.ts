import { constants } from 'node:fs';

// Windows lacks the last two: `undefined` then sets no bit
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

/** To read what may turn out to be a pipe, where opening would wait for a writer. */
export const READ = O_RDONLY | O_NONBLOCK;

/** To change a file of ours: no link that somebody put in its place is followed. */
export const CHANGE = O_RDWR | O_NOFOLLOW;

/** To make a file that is not there yet. */
export const CREATE = CHANGE | O_CREAT | O_EXCL;
