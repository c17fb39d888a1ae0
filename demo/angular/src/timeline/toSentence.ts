import type { Mark } from './lane';

/** A mark in words. */
export function toSentence({ type, times = 1, serial }: Mark): string {
  switch (type) {
    case 'refreshed':
      return 'renewed the token';
    case 'adopted':
      return 'took over the token that another tab had renewed';
    case 'signed-in':
      return 'signed in';
    case 'signed-in-elsewhere':
      return 'is signed in, by another tab';
    case 'signed-out':
      return 'signed out';
    case 'signed-out-elsewhere':
      return 'is signed out, by another tab';
    case 'failed':
      return 'could not renew the token, and will try again';
    case 'refused':
      return 'needs a new sign-in';
    case 'invalidated':
      return 'cut the token short, as if it had expired';
    case 'expired':
      return 'let the token expire';
    case 'unauthorized':
      return times === 1 ? 'met a 401' : `met ${times} 401s`;
    case 'issued':
      return `issued token ${serial}`;
    case 'denied':
      return 'refused to issue a token';
    case 'reused':
      return 'saw a refresh token a second time, and ended the grant';
    case 'revoked':
      return 'ended the grant, as was asked for';
  }
}
