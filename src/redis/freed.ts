/** What the channel says when the lock was let go; everything else says that the record may have changed. */
export const FREED = 'freed';
