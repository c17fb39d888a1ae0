import type { Answer } from '../classify.js';
import { isText } from '../credentials.js';
import { urlFrom } from '../targets.js';
import { lifetimeMsFrom } from '../tokenResponse.js';

/** What to show to the user (RFC 8628 §3.2): an address to open, on any device, and a code to enter there. */
export interface DevicePrompt {
  readonly type: 'prompt';
  readonly userCode: string;
  /** A URL of http or https, as it came. */
  readonly verificationUri: string;
  /** With the code in it, to be shown as a QR code, or opened. */
  readonly verificationUriComplete?: string;
  /** Epoch ms at which the code ends. */
  readonly expiresAt: number;
  /** How often the server wants to be asked. */
  readonly intervalMs: number;
}

/** RFC 8628 §3.2 requires `expires_in`; who leaves it out means minutes. */
const DEFAULT_LIFETIME_MS = 15 * 60_000;
/** RFC 8628 §3.2. */
const DEFAULT_INTERVAL_MS = 5_000;
/** Seconds is what it is told in. */
const LEAST_INTERVAL_MS = 1_000;

/** It is shown, and may be handed to what opens it: nothing but the address of a page. */
function isPage(uri: unknown): uri is string {
  return isText(uri) && /^https?:$/.test(urlFrom(uri)?.protocol ?? '');
}

/** The prompt in an answer, and the code to poll with; `undefined` where it is no such answer. */
export function devicePrompt(
  { body, status = 0 }: Answer,
  sentAt: number,
): { readonly prompt: DevicePrompt; readonly deviceCode: string } | undefined {
  const fields = Object(body) as Readonly<Record<string, unknown>>;
  const { device_code, user_code, interval, verification_uri_complete: complete } = fields;
  const uri = fields['verification_uri'] ?? fields['verification_url']; // as Google has it, from a draft
  if (status > 299 || !isText(device_code) || !isText(user_code) || !isPage(uri)) return undefined;
  return {
    deviceCode: device_code,
    prompt: {
      type: 'prompt',
      userCode: user_code,
      verificationUri: uri,
      ...(isPage(complete) && { verificationUriComplete: complete }),
      expiresAt: sentAt + (lifetimeMsFrom(fields['expires_in']) ?? DEFAULT_LIFETIME_MS),
      intervalMs: Math.max(lifetimeMsFrom(interval) ?? DEFAULT_INTERVAL_MS, LEAST_INTERVAL_MS),
    },
  };
}
