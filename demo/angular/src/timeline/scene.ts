import { clock } from './clock';
import { REMEMBERED_MS } from './developed';
import { type Lane, type Life, type Mark, type MarkType, SERVER } from './lane';
import { nameOf } from './nameOf';
import { toSentence } from './toSentence';

/** How time is laid out: `x` of an instant is its distance from `epoch`. */
export interface Scale {
  readonly epoch: number;
  readonly pxPerMs: number;
  readonly skewMs: number;
}

/** A token, where a lane got hold of it. */
interface Marble {
  readonly x: number;
  /** `undefined` while the server's account of it has not arrived. */
  readonly serial: number | undefined;
  /** Filled: asked for here. Hollow: somebody else had asked. */
  readonly filled: boolean;
  readonly caption: string;
  readonly title: string;
}

/** What is left of its life, as a taper: thick at its birth, nothing at its end. */
interface Taper {
  readonly path: string;
  readonly serial: number | undefined;
  readonly current: boolean;
  readonly dueX: number;
  readonly endX: number;
}

interface Sign {
  readonly x: number;
  readonly type: MarkType;
  readonly caption: string;
  readonly title: string;
}

interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly type: 'open' | 'good' | 'unauthorized' | 'bad';
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly note: string;
  readonly isServer: boolean;
  readonly isClosed: boolean;
  readonly top: number;
  readonly centre: number;
  readonly marbles: readonly Marble[];
  readonly tapers: readonly Taper[];
  readonly signs: readonly Sign[];
  readonly bars: readonly Bar[];
}

/** From the server to the tab that had asked, and on to those that took it over. */
interface Thread {
  readonly x: number;
  readonly from: number;
  readonly to: number;
  readonly serial: number | undefined;
}

export interface Scene {
  readonly rows: readonly Row[];
  readonly threads: readonly Thread[];
  readonly height: number;
}

export const AXIS = 30;
const SERVER_HEIGHT = 80;
const TAB_HEIGHT = 102;
/** Of a row, from its top. */
const CENTRE = 54;
/** Half of a taper's height, at its birth. */
const THICK = 8;
const BAR_ROWS = 6;
/** Between what the server says and what a tab says of the same token, at most. */
const APART_MS = 3_000;
const CLOSED_FOR_MS = 60_000;
/** Of the font that captions are set in, in px. */
const HALF_CHARACTER = 3.2;
/** Longer than any picture: it is cut off at now. */
const STILL_OPEN = 100_000;

/** A pure function of what happened. */
export function scene(
  lanes: ReadonlyMap<number, Lane>,
  me: number | undefined,
  now: number,
  scale: Scale,
): Scene {
  const x = (at: number): number => (at - scale.epoch) * scale.pxPerMs;
  const issued = (lanes.get(SERVER)?.marks ?? []).filter(({ type }) => type === 'issued');
  let top = AXIS;
  const rows = inOrder(lanes, me, now).map((lane) => {
    const isServer = lane.id === SERVER;
    const row = isServer ? serverRow(lane, now, x) : tabRow(lane, issued, x, scale);
    const placed = { ...uncrowded(row), top, centre: top + CENTRE, note: noteOf(row, lane, me) };
    top += isServer ? SERVER_HEIGHT : TAB_HEIGHT;
    return placed;
  });
  return { rows, threads: threads(rows), height: top };
}

function inOrder(lanes: ReadonlyMap<number, Lane>, me: number | undefined, now: number): readonly Lane[] {
  const rank = ({ id }: Lane): number => (id === SERVER ? -2 : id === me ? -1 : id);
  return [...lanes.values()]
    .filter(({ closedAt }) => closedAt === undefined || closedAt > now - CLOSED_FOR_MS)
    .sort((a, b) => rank(a) - rank(b));
}

type Unplaced = Omit<Row, 'top' | 'centre' | 'note'>;

function serverRow({ id, marks }: Lane, now: number, x: (at: number) => number): Unplaced {
  const shown = marks.filter(({ at }) => at > now - REMEMBERED_MS);
  const marbles = shown
    .filter(({ type }) => type === 'issued')
    .map(({ at, serial }) => ({
      x: x(at),
      serial,
      filled: true,
      caption: '',
      title: `Token ${serial} issued, ${clock(at)}`,
    }));
  const signs = shown.filter(({ type }) => type !== 'issued').map((mark) => sign(id, mark, x));
  return { id, name: nameOf(id), isServer: true, isClosed: false, marbles, tapers: [], signs, bars: [] };
}

function tabRow(lane: Lane, issued: readonly Mark[], x: (at: number) => number, scale: Scale): Unplaced {
  const { id, marks, lives, attempts, closedAt } = lane;
  const known = lives.map((life) => ({ life, serial: serialOf(life, issued) }));
  return {
    id,
    name: nameOf(id),
    isServer: false,
    isClosed: closedAt !== undefined,
    marbles: known.map(({ life, serial }) => marble(life, serial, marks, x)),
    tapers: known.map(({ life, serial }) => taper(life, closedAt, serial, x, scale)),
    signs: marks.filter(({ type }) => !(type in origins)).map((mark) => sign(id, mark, x)),
    bars: attempts.map(({ id, from, until = closedAt, status }) => ({
      x: x(from),
      y: (id % BAR_ROWS) * 4,
      width: until === undefined ? STILL_OPEN : Math.max(2, x(until) - x(from)),
      type:
        status === undefined
          ? 'open'
          : status === 401
            ? 'unauthorized'
            : status < 400 && status > 0
              ? 'good'
              : 'bad',
    })),
  };
}

/** How a tab came by a token. */
const origins: Readonly<
  Partial<Record<MarkType, readonly [filled: boolean, caption: string, title: string]>>
> = {
  refreshed: [true, '', 'refreshed here'],
  'signed-in': [true, 'sign-in', 'from signing in here'],
  adopted: [false, '', 'taken over from another tab'],
  'signed-in-elsewhere': [false, 'sign-in', 'from signing in in another tab'],
};
const loaded = [false, 'loaded', 'found in the store'] as const;

function marble(
  life: Life,
  serial: number | undefined,
  marks: readonly Mark[],
  x: (at: number) => number,
): Marble {
  const origin = marks.find(({ type, at }) => type in origins && Math.abs(at - life.from) < 250);
  const [filled, caption, title] = (origin && origins[origin.type]) ?? loaded;
  return {
    x: x(life.from),
    serial,
    filled,
    caption,
    title: `Token ${serial ?? ''}, ${title}, ${clock(life.from)}`,
  };
}

/** The server counts what it issues; a tab knows only when. */
function serialOf({ issuedAt }: Life, issued: readonly Mark[]): number | undefined {
  const apart = ({ at }: Mark): number => Math.abs(at - issuedAt);
  const nearest = [...issued].sort((a, b) => apart(a) - apart(b))[0];
  return nearest && apart(nearest) < APART_MS ? nearest.serial : undefined;
}

function taper(
  { from, issuedAt, expiresAt, until: letGoAt }: Life,
  closedAt: number | undefined,
  serial: number | undefined,
  x: (at: number) => number,
  { skewMs }: Scale,
): Taper {
  const left = (at: number): number =>
    THICK * Math.max(0, Math.min(1, (expiresAt - at) / (expiresAt - issuedAt)));
  const until = letGoAt ?? closedAt;
  const end = Math.min(until ?? expiresAt, expiresAt);
  const [x0, x1, y0, y1] = [x(from), x(end), left(from), left(end)].map(rounded) as [
    number,
    number,
    number,
    number,
  ];
  return {
    path: `M${x0} ${-y0}L${x1} ${-y1}V${y1}L${x0} ${y0}Z`,
    serial,
    current: until === undefined,
    dueX: rounded(x(expiresAt - Math.min(skewMs, (expiresAt - issuedAt) / 2))),
    endX: x1,
  };
}

/** What stands above a sign. */
const captions: Readonly<Partial<Record<MarkType, string>>> = {
  'signed-out': 'sign-out',
  'signed-out-elsewhere': 'sign-out',
  failed: 'failed',
  refused: 'refused',
  invalidated: 'cut short',
  expired: 'expired',
  unauthorized: '401',
  denied: 'refused',
  reused: 'reused!',
  revoked: 'revoked',
};

function sign(id: number, mark: Mark, x: (at: number) => number): Sign {
  const { type, at, times = 1 } = mark;
  const caption = (captions[type] ?? type) + (times > 1 ? ` × ${times}` : '');
  return { x: x(at), type, caption, title: `${nameOf(id)} ${toSentence(mark)}, ${clock(at)}` };
}

/** Of captions that would touch, the one that says more stays; the others are in the titles, and in the diary. */
function uncrowded(row: Unplaced): Unplaced {
  const kept: { readonly left: number; readonly right: number }[] = [];
  const fit = ({ x, caption, type }: { x: number; caption: string; type?: MarkType }): boolean => {
    const half = caption.length * HALF_CHARACTER;
    const left = type === 'unauthorized' ? x - 8 : x - half;
    const right = type === 'unauthorized' ? x + 12 + 2 * half : x + half;
    if (kept.some((other) => left < other.right && other.left < right)) return false;
    kept.push({ left, right });
    return true;
  };
  const quiet = <T extends { readonly x: number; readonly caption: string }>(said: T): T =>
    said.caption === '' || fit(said) ? said : { ...said, caption: '' };
  const isAlarm = ({ type }: Sign): boolean => !(type in calm);
  const loud = row.signs.filter(isAlarm).map(quiet);
  const calmer = row.signs.filter((sign) => !isAlarm(sign)).map(quiet);
  return { ...row, signs: [...calmer, ...loud], marbles: row.marbles.map(quiet) };
}

/** What belongs to the course of things. */
const calm: Readonly<Partial<Record<MarkType, true>>> = { expired: true, invalidated: true, revoked: true };

function noteOf({ tapers, isClosed, isServer }: Unplaced, { id }: Lane, me: number | undefined): string {
  if (isServer) return 'what it issued';
  const current = tapers.find((taper) => taper.current);
  const holds = isClosed ? 'closed' : current ? `holds token ${current.serial ?? ''}` : 'no token';
  return id === me ? `this one, ${holds}` : holds;
}

function threads(rows: readonly Row[]): readonly Thread[] {
  const [server, ...tabs] = rows;
  if (!server?.isServer) return [];
  return server.marbles.flatMap(({ x, serial }) => {
    const reached = tabs.filter(({ marbles }) =>
      marbles.some((marble) => marble.serial === serial && Math.abs(marble.x - x) < 24),
    );
    const to = reached.at(-1)?.centre;
    return to === undefined ? [] : [{ x, from: server.centre, to, serial }];
  });
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
